"""Which office a township means when it writes that data are wrong."""

from __future__ import annotations

import pytest

from shouwang.casework.data_errors import _names


@pytest.mark.parametrize(
    "text", ["教育体育局学费有误", "教体局学费有误", "请教育局核实", "教育体育部门有误"]
)
def test_an_office_is_named_in_full_or_as_people_shorten_it(text: str) -> None:
    assert _names("教育体育局", text)
    assert not _names("医保局", text)


def test_nobody_is_named_where_no_office_is() -> None:
    assert not _names("教育体育局", "体育局、育局和县局都不是")
    assert not _names("水利局", "水费有误，已问镇水管站")
