"""Any table of the made-up county, in any layout, format, wording and style of cells, is read back
as it was."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.census import Census
from demo.county import _world as world
from demo.dirt import expected
from demo.forms import FORMS
from demo.layouts import DATES, GRADES, KINDS, MONEY, ONE_TABLE, Layout
from demo.people import make_people
from demo.writing import write_export
from overlaid import EXAMPLES, PROJECT
from shouwang.core.month import Month
from shouwang.county.contract import read_contract
from shouwang.county.yamls import read_yaml
from shouwang.intake.opening import open_content
from shouwang.intake.sheets import Opened
from shouwang.recognition import reading
from shouwang.workspace.workspace import load_workspace

MONTH = Month(2026, 9)
CASES = 300
CONTRACTS = dict(load_workspace({}).county.contracts)
for path in (EXAMPLES / "departments").iterdir():
    CONTRACTS[path.stem] = read_contract(
        path, read_yaml(PROJECT / "include" / "county" / "wordings.yaml")
    )
NAMES = {"written_name": "name", "written_id": "id_number"}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    people = make_people(120, 1, MONTH.first)
    census = Census(people)
    return {
        department: expected(rows, department, census).reset_index(drop=True)
        for _, department, rows in world(people, [MONTH], 1, added=True)
    }


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are opened in this process: starting one for each of thousands would take minutes."""

    def open_here(path: Path, passwords: Any = ()) -> Opened:
        return open_content(path.name, path.read_bytes(), passwords)

    monkeypatch.setattr(reading, "open_file", open_here)


@st.composite
def layouts(draw: Any, department: str) -> Layout:
    columns = FORMS[department].columns
    kind = draw(st.sampled_from(list(KINDS)))
    flag = st.booleans()
    money = [c for c in columns if c.kind == "money"]
    unit = draw(st.sampled_from(["元", "万元"])) if money else "元"
    two_tiers = bool(money) and kind not in ("csv", "tsv") and draw(flag)
    own = ["", "（元）", "(元)", " ", "【元】"] if unit == "元" else ["", " "]
    wordings = []
    for column in columns:
        word = draw(st.sampled_from(column.wordings)) + draw(
            st.sampled_from(own if column.kind == "money" else ["", "\u3000"])
        )
        if draw(st.integers(0, 5)) == 0:
            word = (
                word[0]
                + draw(
                    st.sampled_from(
                        [" ", "\u3000", "\u200b"] + ["\n"] * (kind not in ("csv", "tsv"))
                    )
                )
                + word[1:]
            )
        wordings.append(word)
    order = list(range(len(columns)))
    return Layout(
        kind=kind,
        encoding=draw(st.sampled_from(["utf-8-sig", "utf-8", "gb18030", "utf-16"])),
        wordings=tuple(wordings),
        order=tuple(order if two_tiers else draw(st.permutations(order))),
        money=draw(st.sampled_from(list(MONEY))),
        date=draw(st.sampled_from(list(DATES))),
        grade=draw(st.sampled_from(list(GRADES))),
        blank=draw(st.sampled_from(["", "-", "无", "/"])),
        title=draw(flag),
        unit_row=draw(flag),
        serial=draw(flag),
        remark=draw(flag),
        foot=draw(flag),
        dictionary=kind not in ONE_TABLE and draw(flag),
        two_tiers=two_tiers,
        by_township=kind not in ONE_TABLE and draw(flag),
        blank_row=draw(flag),
        blank_column=draw(flag),
        tabs=kind in ("csv", "tsv") and draw(flag),
        unit=unit,
        unit_in=draw(st.sampled_from(["row", "header", *(["tier"] if two_tiers else [])])),
        gaps=draw(flag),
        pages=draw(flag),
    )


@pytest.mark.parametrize("department", list(FORMS))
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(data=st.data())
def test_a_table_is_read_back_as_it_was(
    department: str, tables: dict[str, pd.DataFrame], data: st.DataObject
) -> None:
    layout = data.draw(layouts(department))
    whole = tables[department]
    first, count = data.draw(st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 32)))
    rows = whole.iloc[first : first + count].reset_index(drop=True)
    contract = CONTRACTS[department]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, f"台账.{KINDS[layout.kind]}")
        place = write_export(path, rows, department, MONTH, layout, 1)
        read = reading.read_files([path], contract)
    table = read.table.set_index(["sheet", "row"])
    assert len(table) == len(rows)
    table = table.loc[list(zip(place["sheet"], place["row"], strict=True))].reset_index()
    assert table["unreadable"].isna().all()
    for column in FORMS[department].columns:
        got = table[NAMES.get(column.name, column.name)]
        wanted = rows[column.name]
        match column.kind:
            case "money":
                np.testing.assert_allclose(got, wanted.to_numpy(dtype=float) / 100, atol=0.001)
            case "date":
                assert got.tolist() == pd.to_datetime(wanted).astype("datetime64[ms]").tolist() or (
                    got.fillna(pd.Timestamp(0)).tolist()
                    == pd.to_datetime(wanted).fillna(pd.Timestamp(0)).tolist()
                )
            case "number" if contract.columns[column.name].type != "text":
                np.testing.assert_allclose(got.astype(float), wanted.astype(float))
            case _:
                assert got.fillna("").tolist() == [str(value) for value in wanted.tolist()]


def test_the_cases_are_enough() -> None:
    assert CASES * len(FORMS) >= 2000


def test_so_it_is_through_the_process_that_opens_files(
    tmp_path: Path, tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    contract = CONTRACTS["housing"]
    columns = FORMS["housing"].columns
    neat = Layout(wordings=tuple(c.wordings[0] for c in columns), order=tuple(range(len(columns))))
    for kind, ending in KINDS.items():
        path = tmp_path / f"{kind}.{ending}"
        place = write_export(path, tables["housing"], "housing", MONTH, replace(neat, kind=kind), 1)
        assert reading.read_files([path], contract).table["row"].tolist() == place["row"].tolist()
