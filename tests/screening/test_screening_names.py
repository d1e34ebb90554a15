"""People and numbers as a list may show them."""

from __future__ import annotations

import pytest

from shouwang.screening.households import shown
from shouwang.screening.sentences import number, percent, whole_money


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("张三", "张某"),
        ("欧阳小明", "欧阳某"),
        ("欧阳", "欧某"),
        ("阿不都热合曼·阿布都", "阿某"),
        (" ", "某"),
        (None, "某"),
    ],
)
def test_a_person_is_shown_by_the_surname(name: str | None, said: str) -> None:
    assert shown(name) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.545, "54.5%"), (0.49999, "49.9%"), (1.0, "100%"), (0.29, "29%")]
)
def test_a_share_is_never_shown_on_the_other_side_of_its_threshold(share: float, said: str) -> None:
    assert percent(share) == said


def test_numbers_have_no_more_places_than_they_need() -> None:
    assert [number(v) for v in (36.0, 34.9, 1200.25, 0.0)] == ["36", "34.9", "1,200.25", "0"]
    assert [whole_money(v) for v in (10000.0, 8800.5)] == ["10,000", "8,800.50"]
