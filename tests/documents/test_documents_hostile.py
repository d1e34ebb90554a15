"""Text that would be a formula, a link or markup goes through a whole month and stays text in
everything we write."""

from __future__ import annotations

import csv
import os
import re
import zipfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from demo.county import make_county
from sealed import opened
from shouwang.casework import monthly
from shouwang.cli.app import app
from shouwang.cli.exporting import KINDS
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.submissions import handover

MONTH = "2026-09"
HOSTILE = (
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    '=HYPERLINK("http://bad.example","点")',
    "=cmd|' /C calc'!A0",
    "|calc",
    "%0A=1",
    "http://bad.example/x",
    "mailto:a@bad.example",
    "<b>粗</b>",
    "&lt;!--<![CDATA[",
    "_x003D_1+1",
    "\x0b=1\x00",
    "=" + "长" * 40_000,
    "'=1+1",
    "＝1+1",
)
DANGEROUS = ("=", "+", "-", "@", "\t", "|", "%")
FORBIDDEN = re.compile(rb"<f>|<f |<hyperlink|<ddeLink|externalLink|<oleObject")


def poison(path: Path, columns: tuple[str, ...], every: int = 1) -> None:
    """Put hostile text into these columns of the first sheet, a new column behind the last, and its
    heading."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    words = cycle(HOSTILE)
    titles = {str(cell.value): cell.column for cell in sheet[1]}
    extra = sheet.max_column + 1
    sheet.cell(1, extra, '=HYPERLINK("http://bad.example")备考').data_type = "s"
    for row in range(2, sheet.max_row + 1, every):
        for column in (*(titles[name] for name in columns), extra):
            cell = sheet.cell(row, column)
            cell.value = re.sub(r"[\x00\x0b]", "", next(words))[:32_000]
            cell.data_type = "s"
    book.save(path)


COMMANDS = (
    f"review write {MONTH}",
    f"results {MONTH}",
    f"registry check {MONTH} --by 测试员",
    "scorecard --out {home}/clerk/评分卡.xlsx",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("workspace")
    county = make_county(
        home / "county", households=120, months=(Month(2026, 9),), seed=5, dirt=False
    )
    poison(county.registry, ("村民小组", "民族", "联系电话", "与户主关系"))
    poison(county.registry, ("姓名", "行政村"), every=7)
    for folder in (county.inbox / MONTH).iterdir():
        (path,) = folder.iterdir()
        poison(path, (), every=1)
        wrong = {"housing": "鉴定等级", "water": "水质是否达标", "medical_insurance": "就诊类别"}
        if folder.name in wrong:
            poison(path, (wrong[folder.name],), every=19)
        poison(path, ("姓名", "乡镇"), every=8)
        path.rename(path.with_name(f"=@cmd 'x'+{path.name}"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_KEYS"
        ]:
            patch.delenv(name)
        patch.setenv("SHOUWANG_HOME", str(home))
        patch.setenv("SHOUWANG_INBOX", str(county.inbox))
        patch.setenv("SHOUWANG_TODAY", "2026-10-12")
        handover.init()
        handover.load_registry(str(county.registry), MONTH)
        for department in ("housing", "water", "civil_affairs", "education", "medical_insurance"):
            taken = handover.receive(MONTH, department)
            assert taken["status"] == "loaded", taken
        monthly.screen(MONTH)
        releasing.release(MONTH, "=1+1 操作员")
        for words in COMMANDS:
            done = CliRunner().invoke(app, [word.format(home=home) for word in words.split()])
            assert done.exit_code == 0, f"{words}: {done.output}"
        yield home


def books(home: Path) -> dict[str, tuple[bytes, Any]]:
    """Every workbook that was written: its parts, and the cells."""
    found = {}
    for path in sorted([*home.glob("outbox/**/*.xlsx"), *home.glob("clerk/**/*.xlsx")]):
        content = opened(path, home)
        with zipfile.ZipFile(content) as packed:
            parts = b"".join(packed.read(name) for name in packed.namelist())
        found[str(path.relative_to(home))] = (parts, load_workbook(content))
    return found


def test_what_was_hostile_stays_text_everywhere(home: Path) -> None:
    written = books(home)
    for words in ("数据回执", "预警名单", "汇总", "有待核实", "评分卡", "结果反馈", "核对清单"):
        assert any(words in name for name in written), (words, list(written))
    met = set()
    for name, (parts, book) in written.items():
        assert not FORBIDDEN.search(parts), name
        assert not re.search(rb'TargetMode="External"', parts), name
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", (name, sheet.title, cell.coordinate)
                    assert cell.hyperlink is None
                    if cell.data_type == "s":
                        assert not re.search("[\x00-\x08\x0b-\x1f]", str(cell.value)), (
                            name,
                            cell.coordinate,
                        )
                        if str(cell.value).startswith(DANGEROUS):
                            assert cell.quotePrefix, (name, sheet.title, cell.coordinate)
                            met.add(Path(name).name)
    for words in ("数据回执", "预警名单", "有待核实", "结果反馈", "核对清单"):
        assert any(words in name for name in met), words


def test_a_table_for_other_programs_is_no_trap_for_those_that_open_it_in_a_spreadsheet(
    home: Path,
) -> None:
    met = 0
    for kind in KINDS:
        path = home / "clerk" / f"{kind}.csv"
        assert (
            CliRunner()
            .invoke(app, ["export", kind, "--month", MONTH, "--out", str(path)])
            .exit_code
            == 0
        )
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))], kind
        met += sum(cell.startswith("'=") for cell in cells)
    assert met > 100
