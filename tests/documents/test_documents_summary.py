"""The county's summary of a month: every household counted once where groups do not overlap."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from documents_builders import clues, departments, summary, warnings
from openpyxl import load_workbook

from shouwang.documents.summary import write_summary


def test_a_month_without_warnings_is_a_table_of_nothing(tmp_path: Path) -> None:
    write_summary(tmp_path / "汇总.xlsx", summary(), warnings(0), departments())
    sheet = load_workbook(tmp_path / "汇总.xlsx")["月度汇总"]
    totals = [
        [cell.value for cell in row][1:5] for row in sheet.iter_rows() if row[0].value == "合计"
    ]
    assert totals == [[0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_county_does_not_get_the_phones_of_its_townships(tmp_path: Path) -> None:
    write_summary(
        tmp_path / "汇总.xlsx", summary(), warnings(5), departments(), {"大河镇": clues(5)}
    )
    with ZipFile(tmp_path / "汇总.xlsx") as parts:
        everything = "".join(parts.read(name).decode() for name in parts.namelist())
    assert "1380000" not in everything
    assert "202609-0005" in everything


def test_a_township_with_marks_that_no_sheet_may_bear_gets_its_sheet(tmp_path: Path) -> None:
    write_summary(
        tmp_path / "汇总.xlsx", summary(), warnings(1), departments(), {"大河[镇]/东": clues(1)}
    )
    assert load_workbook(tmp_path / "汇总.xlsx").sheetnames == ["月度汇总", "部门数据", "大河镇东"]
