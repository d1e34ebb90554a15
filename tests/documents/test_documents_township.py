"""The township's workbook: what it shows, what it hides, what can be filled in."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from documents_builders import as_clues, clue, clues, details, release
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.core.conclusions import CONCLUSIONS
from shouwang.documents.township import write_township_workbook

COLUMNS = (
    *(
        "线索编号",
        "村",
        "组",
        "户主",
        "家庭人口",
        "涉及成员",
        "联系电话",
        "户类型",
        "预警等级",
        "风险类型",
    ),
    *("预警原因", "建议类别", "建议措施", "核查截止日期", "上次核查结论"),
    *("核查结论", "原因说明", "核查日期", "核查人", "人均纯收入", "拟帮扶措施"),
)
FIRST_FILL_IN = COLUMNS.index("核查结论")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "大河镇.xlsx"


def header_row(sheet: Worksheet) -> int:
    return next(row for row in range(1, 12) if sheet.cell(row, 1).value == "线索编号")


def test_the_columns_are_those_of_the_handbook_and_only_the_last_six_are_open(path: Path) -> None:
    listed = clues(30)
    write_township_workbook(path, release(), listed, details(listed))
    sheet = load_workbook(path)["预警名单"]
    head = header_row(sheet)
    assert tuple(cell.value for cell in sheet[head]) == COLUMNS
    for row in range(1, sheet.max_row + 1):
        is_household = head < row <= head + 30
        opened = [not cell.protection.locked for cell in sheet[row]]
        assert opened == [is_household and place >= FIRST_FILL_IN for place in range(len(COLUMNS))]


def test_every_sheet_is_protected_without_password_and_filtering_stays_free(path: Path) -> None:
    write_township_workbook(path, release(), clues(2), details(clues(2)))
    for sheet in load_workbook(path):
        assert sheet.protection.sheet
        assert sheet.protection.password is None
    protection = load_workbook(path)["预警名单"].protection
    assert not any(
        (protection.autoFilter, protection.sort, protection.formatColumns, protection.formatRows)
    )


def test_drop_downs_and_checks_cover_every_household_and_no_other_row(path: Path) -> None:
    write_township_workbook(path, release(), clues(7), details(clues(7)))
    workbook = load_workbook(path)
    sheet = workbook["预警名单"]
    head = header_row(sheet)
    checks = {str(check.sqref): check for check in sheet.data_validations.dataValidation}
    conclusion, visited, income, measure = (
        checks[f"{column}{head + 1}:{column}{head + 7}"] for column in "PRTU"
    )
    assert len(checks) == 4
    assert conclusion.formula1 == "核查结论选项"
    assert (visited.type, visited.formula1, visited.formula2) == (
        "date",
        "名单编制日",
        "核查最晚日",
    )
    days = [workbook["选项"][place].value.date().isoformat() for place in ("C1", "C2")]
    assert days == ["2026-10-12", "2027-10-13"]
    assert (income.operator, income.formula1) == ("greaterThanOrEqual", "0")
    assert not measure.showErrorMessage
    assert all(len(check.error or "") <= 255 for check in checks.values())
    choices = [cell.value for cell in workbook["选项"]["A"]]
    assert choices == [conclusion.choice for conclusion in CONCLUSIONS]
    assert workbook.defined_names["核查结论选项"].attr_text == f"选项!$A$1:$A${len(choices)}"
    assert workbook["选项"].sheet_state == workbook["名单标识"].sheet_state == "hidden"


def test_it_prints_on_a4_landscape_with_headings_on_every_page(path: Path) -> None:
    write_township_workbook(path, release(), clues(60), details(clues(60)))
    sheet = load_workbook(path)["预警名单"]
    head = header_row(sheet)
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == f"${head - 1}:${head}"
    assert sheet.oddFooter.left.text == "供大河镇入户核查使用，不得公示转发"
    assert sheet.oddFooter.right.text == "清源县农业农村局  2026-10-12  第1版"


@pytest.mark.parametrize(
    "nasty",
    ["=1+1", "+86", "-5", "@SUM(A1)", '=HYPERLINK("http://x","y")', "#REF!", "=cmd|' /C'!A0"],
)
def test_text_of_departments_never_becomes_a_formula(path: Path, nasty: str) -> None:
    listed = as_clues(
        [clue(0, head=nasty, reasons=nasty, village=nasty, phone=nasty, clue_no=nasty)]
    )
    evidence = details(listed).assign(file=nasty, sheet=nasty, sentence=nasty)
    write_township_workbook(path, release(receiver=nasty, missing=(nasty,)), listed, evidence)
    workbook = load_workbook(path)
    cells = [
        cell
        for sheet in workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert sum(cell.value == nasty for cell in cells) >= 7
    with ZipFile(path) as parts:
        sheets = [
            parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name
        ]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    quoted = [cell.quotePrefix for cell in workbook["预警名单"]["D"] if cell.value == nasty]
    assert quoted == [nasty[0] in "=+-@"]


def test_control_characters_are_left_out_and_line_breaks_kept(path: Path) -> None:
    listed = as_clues([clue(0, head="赵\x00\x0b\u202e明", reasons="甲\x1f\r\n乙")])
    write_township_workbook(path, release(), listed, details(listed))
    sheet = load_workbook(path)["预警名单"]
    row = header_row(sheet) + 1
    assert (sheet.cell(row, 4).value, sheet.cell(row, 11).value) == ("赵明", "①甲\n②乙")


def test_no_identity_number_or_account_is_shown_whole(path: Path) -> None:
    number, account = "532999198001010018", "6222021234567890123"
    listed = as_clues(
        [clue(0, reasons=f"医保局：{number} 住院，账户{account}", involved=f"赵明{number}")]
    )
    write_township_workbook(
        path, release(), listed, details(listed).assign(file=f"{number}.xlsx", sheet=account)
    )
    with ZipFile(path) as parts:
        everything = "".join(parts.read(name).decode() for name in parts.namelist())
    assert number not in everything
    assert account not in everything
    assert "532999********0018" in everything


def test_rows_are_high_enough_for_long_reasons(path: Path) -> None:
    long = "\n".join(
        [
            "医保局：某人 2026年9月住院自付 18,320.50 元，超过 10,000 元，且全年自付超过参考收入的一半"
        ]
        * 4
    )
    listed = as_clues([clue(0), clue(1, reasons=long)])
    write_township_workbook(path, release(), listed, details(listed))
    sheet = load_workbook(path)["预警名单"]
    head = header_row(sheet)
    assert sheet.row_dimensions[head + 2].height >= 4 * 3 * 13
    assert sheet.row_dimensions[head + 1].height < 80


def test_a_frame_without_a_column_is_turned_away(path: Path) -> None:
    with pytest.raises(ValueError, match="lacks phone"):
        write_township_workbook(path, release(), clues(1).drop(columns="phone"), details(clues(1)))
