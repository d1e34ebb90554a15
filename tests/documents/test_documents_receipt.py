"""The department's receipt: its own rows under its own headings, ready to be corrected."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents_builders import receipt, rejected
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from shouwang.documents.receipt import RejectedRow, SheetHeader, write_receipt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "回执.xlsx"


def test_rejected_rows_stand_under_the_departments_own_headings_from_the_first_row_on(
    path: Path,
) -> None:
    write_receipt(path, receipt(), rejected())
    workbook = CalamineWorkbook.from_path(path)
    sheets = [workbook.get_sheet_by_name(name).to_python() for name in ("退回数据", "退回数据2")]
    headers = receipt().headers
    for rows, header, written in zip(
        sheets, headers, (rejected()[:2], rejected()[2:]), strict=True
    ):
        assert tuple(rows[0]) == (*header.cells, "退回原因", "回执编号")
        assert [tuple(row[:-2]) for row in rows[1:]] == [row.cells for row in written]
        assert all(row.reasons in line[-2] for row, line in zip(written, rows[1:], strict=True))
        assert [line[-1] for line in rows[1:]] == [
            f"0123456789abcdef/{row.file}/{row.sheet}/{row.row}" for row in written
        ]


def test_bad_cells_are_coloured_and_only_they(path: Path) -> None:
    write_receipt(path, receipt(), rejected())
    sheet = load_workbook(path)["退回数据"]
    coloured = {
        cell.coordinate for row in sheet.iter_rows() for cell in row if cell.style == "退回单元格"
    }
    assert coloured == {"E2", "F2", "G3"}
    assert (sheet["A3"].data_type, sheet["A3"].value, sheet["A3"].quotePrefix) == (
        "s",
        "=1+1",
        True,
    )
    assert not sheet.protection.sheet


def test_a_receipt_that_was_sent_again_does_not_gather_reasons(path: Path) -> None:
    again = receipt(
        headers=(SheetHeader("更正.xlsx", "退回数据", ("姓名", "退回原因", "金额", "回执编号")),)
    )
    write_receipt(
        path,
        again,
        [
            RejectedRow(
                "更正.xlsx", "退回数据", 2, ("赵明", "旧原因", "一万", "旧编号"), (2,), "不是金额"
            )
        ],
    )
    sheet = load_workbook(path)["退回数据"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["姓名", "金额", "退回原因", "回执编号"],
        ["赵明", "一万", "第 2 行：不是金额", "0123456789abcdef/更正.xlsx/退回数据/2"],
    ]
    assert sheet["B2"].style == "退回单元格"


def test_a_row_longer_than_its_headings_loses_nothing(path: Path) -> None:
    longer = receipt(headers=(SheetHeader("x.csv", "", ("姓名",)),))
    write_receipt(path, longer, [RejectedRow("x.csv", "", 9, ("赵明", "多出的"), (), "缺身份证号")])
    sheet = load_workbook(path)["退回数据"]
    assert [cell.value for cell in sheet[2]][:3] == ["赵明", "多出的", "第 9 行：缺身份证号"]
    assert [name for name, column in sheet.column_dimensions.items() if column.hidden] == ["D"]
    assert sheet["C1"].value == "退回原因"


def test_rows_of_a_sheet_without_headings_are_turned_away_not_dropped(path: Path) -> None:
    with pytest.raises(ValueError, match="3 rejected rows"):
        write_receipt(path, receipt(headers=()), rejected())
    assert not path.exists()
