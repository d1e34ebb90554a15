"""What matching leaves to a clerk: the list, the choices that come back, and how long they are
remembered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from demo.county import DemoCounty
from sealed import opened
from shouwang.cli.exporting import export
from shouwang.core.errors import FileRefused, UsageError
from shouwang.core.month import Month
from shouwang.documents.review import CHOICE, NUMBER, REVIEW
from shouwang.matching import deciding
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

pytestmark = pytest.mark.slow

FIRST, SECOND = "2026-08", "2026-09"
DEPARTMENTS = ("medical_insurance", "housing", "water")


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    months = (Month.parse(FIRST), Month.parse(SECOND))
    return made_county(tmp_path_factory.mktemp("county"), households=900, months=months, seed=11)


def enter(patch: pytest.MonkeyPatch, home: Path, county: DemoCounty) -> None:
    patch.setenv("SHOUWANG_HOME", str(home))
    patch.setenv("SHOUWANG_INBOX", str(county.inbox))
    patch.setenv("SHOUWANG_TODAY", "2026-10-12")


@pytest.fixture(scope="module")
def received(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the first month is taken in."""
    home = tmp_path_factory.mktemp("received") / "home"
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home, county)
        handover.init()
        handover.load_registry(str(county.registry), FIRST)
        receive(FIRST)
    return home


@pytest.fixture
def workspace(
    received: Path, county: DemoCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    shutil.copytree(received, home := tmp_path / "home")
    enter(monkeypatch, home, county)
    return home


def receive(month: str) -> None:
    for department in DEPARTMENTS:
        handover.receive(month, department)


def lines(month: str) -> pd.DataFrame:
    """Every line of a month with its household as matched, by place."""
    with load_workspace().database.read() as connection:
        rows = export(connection, "matches", Month.parse(month))
    return rows.set_index(["department", "file", "sheet", "row"]).sort_index()


def truth(county: DemoCounty, month: str) -> pd.DataFrame:
    """The household that each line is about, by place."""
    told = pd.read_csv(county.truth / "records.csv", dtype=str, keep_default_na=False).astype(
        {"row": int}
    )
    return (
        told[told["month"] == month].set_index(["department", "file", "sheet", "row"]).sort_index()
    )


def fill_in(path: Path, right: dict[str, set[str]]) -> int:
    """A clerk who knows chooses whoever is of the household that a line's place says; how many have
    a choice."""
    book = unlocked(path)
    sheet = book[REVIEW]
    head = next(row for row in sheet.iter_rows() if any(cell.value == NUMBER for cell in row))
    at = {str(cell.value): cell.column for cell in head}
    chosen = 0
    for row in range(head[0].row + 1, sheet.max_row + 1):
        place = str(sheet.cell(row, at["来文位置"]).value).splitlines()[0]
        wanted = right.get(place, set())
        shown = [str(sheet.cell(row, at[f"候选{n}"]).value or "") for n in (1, 2, 3)]
        fits = [
            n
            for n, text in enumerate(shown, start=1)
            if any(f"户号{home} " in text for home in wanted)
        ]
        sheet.cell(row, at[CHOICE]).value = f"候选{fits[0]}" if fits else "都不是"
        chosen += 1
    book.save(path)
    return chosen


def homes(county: DemoCounty, month: str) -> dict[str, set[str]]:
    titles = {"medical_insurance": "医保局", "housing": "住建局", "water": "水利局"}
    found: dict[str, set[str]] = {}
    for (department, file, sheet, row), home in truth(county, month)["household"].items():
        if department in titles:
            place = f"{titles[department]} {file}" + (f"“{sheet}”" if sheet else "") + f"第{row}行"
            found.setdefault(place, set()).add(home)
    return found


def test_a_decision_is_applied_remembered_and_revoked(county: DemoCounty, workspace: Path) -> None:
    before = lines(FIRST)
    waiting = before[before["outcome"] == "review"]
    assert len(waiting) >= 5
    written = deciding.write_review(FIRST)
    path = Path(written["file"])
    chosen = fill_in(path, homes(county, FIRST))
    assert chosen == written["reviews"] <= len(waiting)
    taken = deciding.load_review(str(path), "测试员")
    assert (taken["taken"], taken["problems"]) == (chosen, [])
    assert deciding.load_review(str(path), "测试员")["known_already"] == chosen

    receive(FIRST)
    after = lines(FIRST)
    assert not (after["outcome"] == "review").any()
    assert set(after.loc[waiting.index, "method"]) <= {"decided", "decided_none"}
    decided = after[after["method"] == "decided"]
    assert len(decided) >= 3
    assert (
        decided["household_id"] == truth(county, FIRST)["household"].reindex(decided.index)
    ).all()
    pd.testing.assert_frame_equal(after.drop(waiting.index), before.drop(waiting.index))
    assert deciding.write_review(FIRST)["reviews"] == 0

    receive(SECOND)
    remembered = lines(SECOND)
    again = remembered[remembered["method"] == "decided"]
    assert len(again)
    assert (again["household_id"] == truth(county, SECOND)["household"].reindex(again.index)).all()

    held = deciding.list_decisions()
    assert len(held) == chosen
    for entry in held:
        deciding.revoke_decision(entry["decision_id"], "测试员")
    receive(FIRST)
    pd.testing.assert_frame_equal(lines(FIRST), before)
    with pytest.raises(UsageError):
        deciding.revoke_decision(999_999, "测试员")


def test_a_decision_does_not_outlive_its_person_or_a_change(
    county: DemoCounty, workspace: Path, tmp_path: Path
) -> None:
    path = Path(deciding.write_review(FIRST)["file"])
    fill_in(path, homes(county, FIRST))
    deciding.load_review(str(path), "测试员")
    receive(SECOND)
    held = lines(SECOND)
    decided = held[held["method"] == "decided"]
    gone = set(decided["household_id"])
    registry = pd.read_excel(county.registry, dtype=str, engine="calamine")
    smaller = tmp_path / "农户信息表.xlsx"
    registry[~registry["户编号"].isin(gone)].to_excel(smaller, index=False)
    handover.load_registry(str(smaller), SECOND)
    receive(SECOND)
    later = lines(SECOND)
    assert not later["household_id"].isin(gone).any()
    assert (later.loc[decided.index, "method"] != "decided").all()
    list_now = unlocked(Path(deciding.write_review(FIRST)["file"]))[REVIEW]
    assert list_now.max_row >= 5
    moved = registry.copy()
    moved.loc[moved["户编号"].isin(gone), "行政村"] = "新迁村"
    moved.to_excel(smaller, index=False)
    handover.load_registry(str(smaller), SECOND)
    receive(SECOND)
    assert (lines(SECOND).loc[decided.index, "method"] != "decided").all()


def test_what_became_of_a_candidate_since_is_said(
    county: DemoCounty, workspace: Path, tmp_path: Path
) -> None:
    registry = pd.read_excel(county.registry, dtype=str, engine="calamine")
    path = tmp_path / "农户信息表.xlsx"
    registry.head(50).to_excel(path, index=False)
    handover.load_registry(str(path), SECOND)
    texts = [str(cell) for row in _rows(Path(deciding.write_review(FIRST)["file"])) for cell in row]
    assert any("现已不在册" in text for text in texts)


def test_faulty_rows_are_answered_with_their_place(
    county: DemoCounty, workspace: Path, tmp_path: Path
) -> None:
    path = Path(deciding.write_review(FIRST)["file"])
    book = unlocked(path)
    sheet = book[REVIEW]
    head = next(row for row in sheet.iter_rows() if any(cell.value == NUMBER for cell in row))
    at, first = {str(cell.value): cell.column for cell in head}, head[0].row + 1
    sheet.cell(first, at[CHOICE]).value = "候选9"
    sheet.cell(first + 1, at[CHOICE]).value = "都不是"
    sheet.cell(first + 1, at[NUMBER]).value = "2608-00000000-0000"
    lonely = next(
        r for r in range(first + 2, sheet.max_row + 1) if not sheet.cell(r, at["候选3"]).value
    )
    sheet.cell(lonely, at[CHOICE]).value = "候选3"
    book.save(path)
    taken = deciding.load_review(str(path), "测试员")
    assert taken["taken"] == 0
    assert [(p["sheet"], p["row"]) for p in taken["problems"]] == [
        (REVIEW, first),
        (REVIEW, first + 1),
        (REVIEW, lonely),
    ]
    empty = tmp_path / "空.xlsx"
    openpyxl.Workbook().save(empty)
    with pytest.raises(FileRefused):
        deciding.load_review(str(empty), "测试员")


def test_a_township_gets_its_own_and_no_full_number_leaves(
    county: DemoCounty, workspace: Path
) -> None:
    rows = _rows(Path(deciding.write_review(FIRST)["file"]))
    townships = {str(row[4]).split("\n")[0] for row in rows[4:] if row[4]}
    mine = sorted(townships & set(county.townships))[0]
    own = _rows(Path(deciding.write_review(FIRST, mine)["file"]))
    assert 4 < len(own) < len(rows)
    assert all(mine in str(cell) for row in own[4:] for cell in row[6:9] if cell)
    numbers = set(pd.read_csv(county.truth / "identities.csv", dtype=str)["id"].dropna())
    text = "\n".join(str(cell) for row in rows for cell in row)
    assert not any(number in text for number in numbers if len(number) >= 15)


def unlocked(path: Path) -> Any:
    """A list as the clerk sees it who knows the password."""
    return openpyxl.load_workbook(opened(path, Path(os.environ["SHOUWANG_HOME"])))


def _rows(path: Path) -> list[tuple[Any, ...]]:
    return list(unlocked(path)[REVIEW].iter_rows(values_only=True))
