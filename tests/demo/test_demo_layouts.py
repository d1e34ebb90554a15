"""However a file looks, the rows lie where the truth says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from demo_reading import cells_of

from demo.census import Census
from demo.dirt import expected
from demo.forms import FORMS
from demo.layouts import DATES, KINDS, MONEY, ONE_TABLE, choose, neat
from demo.medical import settlements
from demo.people import make_people
from demo.writing import write_export
from shouwang.core.month import Month

MONTH = Month(2026, 9)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    people = make_people(40, 1, MONTH.first)
    return expected(
        settlements(people, MONTH, None, np.random.default_rng(1)),
        "medical_insurance",
        Census(people),
    )


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(
    "look",
    [
        {},
        {"title": True, "unit_row": True},
        {"title": True, "serial": True, "remark": True, "foot": True},
        {"blank_row": True, "foot": True},
        {"encoding": "gb18030"},
        {"encoding": "utf-16"},
        {"gaps": True},
        {"pages": True},
        {"unit": "万元"},
        {"money": "comma", "date": "chinese"},
    ],
    ids=str,
)
def test_rows_lie_where_the_truth_says(
    tmp_path: Path, rows: pd.DataFrame, kind: str, look: dict[str, Any]
) -> None:
    _check(tmp_path, rows, kind, {"date": "dashes", **look})


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "xml"])
@pytest.mark.parametrize(
    "look",
    [
        {"two_tiers": True, "title": True},
        {"two_tiers": True, "serial": True, "remark": True, "blank_column": True},
        {"by_township": True, "foot": True, "title": True},
        {"dictionary": True},
        {"blank_column": True, "title": True},
        {"date": "cell"},
        {"date": "serial"},
    ],
    ids=str,
)
def test_so_they_do_in_workbooks_only(
    tmp_path: Path, rows: pd.DataFrame, kind: str, look: dict[str, Any]
) -> None:
    _check(tmp_path, rows, kind, look)


def _check(folder: Path, rows: pd.DataFrame, kind: str, look: dict[str, Any]) -> None:
    layout = replace(neat("medical_insurance"), kind=kind, **look)
    path = folder / f"file.{KINDS[kind]}"
    place = write_export(path, rows, "medical_insurance", MONTH, layout, 1)
    sheets = cells_of(path)
    assert not place.duplicated().any()
    for sheet, row, number, written in zip(
        place["sheet"], place["row"], rows["settlement_id"], rows["written_id"], strict=True
    ):
        assert number in sheets[sheet][row - 1]
        assert written in sheets[sheet][row - 1]
    assert set(sheets) == set(place["sheet"]) | ({"字典"} if layout.dictionary else set())
    wordings = {
        str(cell) for sheet in place["sheet"].unique() for line in sheets[sheet] for cell in line
    }
    assert set(layout.wordings) <= wordings


def test_many_months_use_every_way_of_writing() -> None:
    looks = [
        choose(d, 100, np.random.default_rng([seed, n]))
        for seed in range(60)
        for n, d in enumerate(FORMS)
    ]
    assert {look.kind for look in looks} == set(KINDS)
    assert {look.money for look in looks} == set(MONEY)
    assert {look.date for look in looks} == set(DATES)
    assert all(
        any(getattr(look, name) for look in looks)
        for name in ("two_tiers", "by_township", "dictionary", "tabs", "gaps", "pages")
    )
    assert all(look.kind not in ONE_TABLE for look in looks if look.by_township or look.dictionary)


def test_an_old_workbook_is_never_asked_to_hold_too_many_rows() -> None:
    assert "xls" not in {
        choose("water", 70_000, np.random.default_rng(seed)).kind for seed in range(50)
    }
