"""Each case from the field as its expected.txt says, from the inbox to the household, or to the
signal where a value was in doubt."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from sealed import opened
from shouwang.casework import monthly
from shouwang.cli.exporting import export
from shouwang.core.month import Month
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

FIELD = Path(__file__).parents[3] / "shared" / "field"
MONTH = "2026-09"
REVIEW = "review"


@dataclass(frozen=True)
class Expected:
    """What comes of a case: rows that were read and rows that were rejected; by a row of the first
    file, what may come of it (the household's last digits, or a review); if values matter, the
    households of which a rule fires, with the value."""

    read: int
    rejected: int = 0
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    fires: dict[str, dict[str, float]] | None = None


def one(*outcomes: str, rows: range) -> dict[int, tuple[str, ...]]:
    return dict.fromkeys(rows, outcomes)


BOTH = {"01": 15_000.0, "11": 15_000.0}
TEN_THOUSANDS = Expected(8, fires={"MED-1": BOTH})
LEDGER = Expected(14)
CASES = {
    "A1-number-with-words": Expected(17, rows={2: ("18",)} | one("18", REVIEW, rows=range(3, 7))),
    "A2-mask-of-fixed-length": Expected(16, rows=one("18", REVIEW, rows=range(2, 6))),
    "A3-mask-with-other-signs": Expected(18, rows=one("18", REVIEW, rows=range(2, 8))),
    "B1-unit-among-units": TEN_THOUSANDS,
    "B2-unit-written-1": TEN_THOUSANDS,
    "B2-unit-written-3": TEN_THOUSANDS,
    "B3-unit-or-county-name": TEN_THOUSANDS,
    "B4-unit-in-heading-1": TEN_THOUSANDS,
    "B4-unit-in-heading-5": TEN_THOUSANDS,
    "B5-other-unit-1": Expected(
        8, fires={"WAT-3": dict.fromkeys(["01", "02", "20", "21", "22", "23", "24", "25"], 30.0)}
    ),
    "B5-other-unit-3": Expected(8, fires={}),
    "B6-second-table-other-order": Expected(14, fires={"MED-1": {"11": 25_000.0}}),
    "B7-utc-dates": Expected(2, fires={"MED-1": BOTH}),
    "B8-formula-without-value": Expected(26, 1, {2: ("rejected",)}, {"EDU-2": {"11": 13_000.0}}),
    "C1-open-quote": Expected(18),
    "C2-folder-within": LEDGER,
    "C3-dot-lost-to-question-mark": Expected(13, rows={2: ("06",)}),
    "C5-names-with-words": Expected(
        17,
        rows={
            row: (home, REVIEW)
            for row, home in zip(range(2, 7), ("01", "02", "10", "11", "12"), strict=True)
        },
    ),
    "C6-rare-characters-replaced": Expected(17, rows=one("07", REVIEW, rows=range(2, 7))),
    "D1-jxl-code-page-1252": LEDGER,
    "D10-xml-gb2312-rare-name": LEDGER,
    "D12-starred-headings": LEDGER,
    "D14-stray-file-1": LEDGER,
    "D14-stray-file-3": LEDGER,
    "D15-empty-note-in-zip": LEDGER,
    "D16-village-headings": Expected(8),
    "D17-merged-in-ods": Expected(15, rows={2: ("01",), 3: ("02",), 4: ("03",)}),
    "D18-written-once": Expected(17, rows=one("01", rows=range(2, 5))),
    "D19-half-a-character": LEDGER,
    "D2-excel-95-gbk": LEDGER,
    "D20-commas-in-a-tab-file": LEDGER,
    "D22-two-phones": LEDGER,
    "D24-day-with-time": Expected(15, fires={"MED-1": {"01": 15_000.0, "02": 15_000.0}}),
    "D26-ticks": Expected(16),
    "D4-crystal-reports-formats": Expected(15),
    "D5-utf16-text-as-xls": LEDGER,
    "D6-macro-sheet": LEDGER,
    "D7-sheet-without-part": LEDGER,
    "E1-foot-1": Expected(8),
    "E1-foot-3": Expected(8),
    "E1-foot-5": Expected(8),
    "E2-column-numbers": Expected(8),
    "E4-county-before-township": Expected(15, rows={2: ("01",), 3: ("02",), 4: ("11",)}),
}
REFUSED = {"E3-zip-of-another-method": "重新压缩"}
STRAY = {
    "D14-stray-file-1": "新建文本文档.txt",
    "D14-stray-file-3": "说明.txt",
    "D15-empty-note-in-zip": "新建文本文档.txt",
}
"""Stray files, which the receipt says are passed over."""


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the cases' registry."""
    home = tmp_path_factory.mktemp("field") / "home"
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home)
        handover.init()
        handover.load_registry(str(FIELD / "registry" / "农户信息表.xlsx"), MONTH)
    return home


def enter(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name, value in {
        "SHOUWANG_HOME": str(home),
        "SHOUWANG_INBOX": str(home.parent / "inbox"),
        "SHOUWANG_TODAY": "2026-10-12",
    }.items():
        patch.setenv(name, value)


@pytest.fixture
def home(registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(registered, tmp_path / "home")
    enter(monkeypatch, tmp_path / "home")
    return tmp_path / "home"


def received(case: str, home: Path) -> dict[str, object]:
    (department,) = [folder for folder in (FIELD / case).iterdir() if folder.is_dir()]
    inbox = home.parent / "inbox" / MONTH / department.name
    shutil.copytree(department, inbox)
    for path in inbox.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return dict(handover.receive(MONTH, department.name))


def exported(kind: str) -> pd.DataFrame:
    with load_workspace().database.read() as connection:
        return export(connection, kind, Month.parse(MONTH))


def receipt(home: Path) -> str:
    """Every cell of the department's receipt."""
    (path,) = (home / "outbox" / MONTH / "departments").rglob("*第1版.xlsx")
    book = openpyxl.load_workbook(opened(path, home))
    return "\n".join(
        str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value
    )


def test_every_case_that_lies_there_is_known() -> None:
    cases = {path.name for path in FIELD.iterdir() if (path / "expected.txt").exists()}
    assert cases == CASES.keys() | REFUSED.keys()


@pytest.mark.parametrize("case", CASES)
def test_a_case_from_the_field_ends_as_it_should(case: str, home: Path) -> None:
    expected, done = CASES[case], received(case, home)
    assert (done["status"], done["rows"], done["rejected"]) == (
        "loaded",
        expected.read,
        expected.rejected,
    ), done.get("message")
    matches = exported("matches")
    first = matches[matches["file"] == matches["file"].iloc[0]].set_index("row")
    for row, outcomes in expected.rows.items():
        outcome, household = first.loc[row, ["outcome", "household_id"]]
        assert (household[-2:] if outcome == "matched" else outcome) in outcomes, row
    if not expected.rows:
        assert (matches["outcome"] == "matched").mean() > 0.9
    if expected.fires is not None:
        monthly.screen(MONTH)
        signals = exported("signals")
        for rule in ("MED-1", "EDU-2", "WAT-1", "WAT-3"):
            fired = signals[signals["rule"] == rule]
            fired = dict(zip(fired["household_id"].str[-2:], fired["value"], strict=True))
            wanted = expected.fires.get(rule, {})
            assert {household: fired.get(household) for household in wanted} == wanted, rule
            assert wanted or not fired, rule
    if case in STRAY:
        assert STRAY[case] in receipt(home)


@pytest.mark.parametrize("case", REFUSED)
def test_a_case_that_cannot_be_read_says_what_to_do(case: str, home: Path) -> None:
    done = received(case, home)
    assert done["status"] == "refused"
    assert REFUSED[case] in str(done["message"])
    assert "密码" not in str(done["message"])
