"""What a township filled in, whatever its spreadsheet program and its hands made of the form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from documents_builders import clues, details, release
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.core.errors import FileRefused
from shouwang.documents.township import write_township_workbook
from shouwang.recognition.forms import sheets_of
from shouwang.responses.reading import RETURNED, find_list_name, read_lists

FILL_IN = ("核查结论", "原因说明", "核查日期", "核查人", "人均纯收入", "拟帮扶措施")
COMPLETE = (
    "05 未发现风险",
    "已核实，自付由商业保险赔付",
    dt.date(2026, 10, 15),
    "王某",
    12500,
    "健康帮扶",
)


def read_back(path: Path) -> Any:
    return read_lists(sheets_of(path))


class Form:
    """A released form in an officer's hands."""

    def __init__(self, path: Path, households: int) -> None:
        self.path = path
        write_township_workbook(path, release(), clues(households), details(clues(households)))
        self.workbook = load_workbook(path)
        self.sheet: Worksheet = self.workbook["预警名单"]
        self.head = next(row for row in range(1, 12) if self.sheet.cell(row, 1).value == "线索编号")
        self.columns = {cell.value: cell.column for cell in self.sheet[self.head]}

    def fill(self, household: int, *answers: Any) -> None:
        for header, answer in zip(FILL_IN, answers, strict=False):
            self.sheet.cell(self.head + household, self.columns[header]).value = answer

    def unmerge(self) -> None:
        """Officers unmerge before they move columns; so must a program."""
        for area in list(self.sheet.merged_cells.ranges):
            self.sheet.unmerge_cells(str(area))

    def read(self, name: str = "报回.xlsx") -> pd.DataFrame:
        self.path = self.path.with_name(name)
        self.workbook.save(self.path)
        return read_back(self.path)


@pytest.fixture
def form(tmp_path: Path) -> Iterator[Form]:
    return iter([Form(tmp_path / "大河镇.xlsx", 6)])


@pytest.fixture
def filled(form: Iterator[Form]) -> Form:
    """A form of six households, the second of them filled in completely."""
    sheet = next(form)
    sheet.fill(2, *COMPLETE)
    return sheet


def answers(found: pd.DataFrame) -> tuple[Any, ...]:
    """The answers of the one row that is filled in."""
    row = found[found["conclusion"].notna()].squeeze()
    return tuple(
        row[["clue_no", "conclusion", "reason", "visited", "visitor", "income", "measure"]]
    )


EXPECTED = (
    "202609-0002",
    "05",
    "已核实，自付由商业保险赔付",
    "2026-10-15",
    "王某",
    12500.0,
    "健康帮扶",
)


def test_a_filled_in_form_comes_back_whole(filled: Form) -> None:
    found = filled.read()
    assert {name: str(kind) for name, kind in found.dtypes.items()} == RETURNED
    assert answers(found) == EXPECTED
    assert list(found["clue_no"]) == list(clues(6)["clue_no"])
    assert list(found["row"]) == [filled.head + place for place in range(1, 7)]
    assert found["problem"].isna().all()


def test_a_word_for_nothing_is_nothing(form: Iterator[Form]) -> None:
    """无 and - are no answer (handbook section 4): no income is wanted, but a reason is."""
    sheet = next(form)
    sheet.fill(1, *COMPLETE[:4], "暂无", "-")
    sheet.fill(2, COMPLETE[0], "无", *COMPLETE[2:])
    found = sheet.read()
    assert found["problem"].isna().tolist()[:2] == [True, False]
    assert found.loc[0, ["income", "measure"]].isna().all()
    assert "结论 05 须在“原因说明”写明" in found.loc[1, "problem"]


def test_the_manifest_says_which_list_it_is_whatever_the_file_is_called(filled: Form) -> None:
    filled.sheet.title = "我的表"
    found = filled.read("新建 Microsoft Excel 工作表(2).xlsx")
    manifest = find_list_name(sheets_of(filled.path))
    assert manifest is not None
    assert (manifest.township, str(manifest.month), manifest.version) == ("大河镇", "2026-09", 1)
    assert answers(found) == EXPECTED
    assert set(found["sheet"]) == {"我的表"}


def test_sorted_and_deleted_rows_keep_their_household(filled: Form) -> None:
    first, last = filled.head + 1, filled.head + 6
    rows = [[cell.value for cell in filled.sheet[row]] for row in range(first, last + 1)]
    for row, values in zip(range(first, last + 1), reversed(rows), strict=True):
        for column, value in enumerate(values, start=1):
            filled.sheet.cell(row, column).value = value
    filled.sheet.delete_rows(first, 2)
    found = filled.read()
    assert list(found["clue_no"]) == [f"202609-000{number}" for number in (4, 3, 2, 1)]
    assert answers(found) == EXPECTED
    assert found["problem"].isna().all()


def test_moved_and_added_columns_are_found_by_their_headings(filled: Form) -> None:
    filled.unmerge()
    filled.sheet.insert_cols(1)
    filled.sheet.cell(filled.head, 1).value = "序号"
    filled.sheet.insert_cols(18)
    filled.sheet.cell(filled.head, 18).value = "备注"
    filled.sheet.insert_rows(1, 3)
    filled.sheet.move_range(f"T{filled.head + 3}:T{filled.head + 9}", cols=20)
    assert answers(filled.read()) == EXPECTED


def test_a_heading_that_was_wrapped_by_hand_is_still_known(filled: Form) -> None:
    filled.sheet.cell(filled.head, filled.columns["人均纯收入"]).value = "人均\n纯收入（元）"
    assert answers(filled.read()) == EXPECTED


def test_what_stands_beside_a_number_is_read_with_it(filled: Form) -> None:
    before = filled.read()["beside"]
    head = filled.columns["户主"]
    one, two = (filled.sheet.cell(filled.head + place, head) for place in (2, 3))
    one.value, two.value = two.value, one.value
    assert (filled.read()["beside"] == before).tolist() == [True, False, False, True, True, True]
    filled.sheet.cell(filled.head, head).value = "姓名"
    assert filled.read()["beside"].isna().all()


def test_a_copy_of_the_sheet_gives_way_to_the_one_that_is_filled_in(filled: Form) -> None:
    filled.fill(3, *COMPLETE)
    copied = filled.workbook.copy_worksheet(filled.sheet)
    for cell in copied[filled.head + 2][-6:]:
        cell.value = None
    copied.cell(filled.head + 3, filled.columns["核查结论"]).value = "13"
    problems = filled.read().set_index(["sheet", "clue_no"])["problem"]
    assert len(problems) == 7, (
        "what is blank beside an answer is left out, and the same twice counts once"
    )
    assert problems.notna().sum() == 2
    assert "填写不一致" in problems["预警名单", "202609-0003"]


def test_a_number_that_was_typed_anew_is_known(filled: Form) -> None:
    filled.sheet.cell(filled.head + 2, 1).value = " ２０２６O9—OOO2 "
    assert answers(filled.read()) == EXPECTED


def test_answers_without_a_number_are_reported(filled: Form) -> None:
    filled.sheet.cell(filled.head + 2, 1).value = None
    assert filled.read()["problem"].iloc[1] == "有填写内容但没有线索编号，无法对应到户"


def test_a_form_without_its_manifest_is_read(filled: Form) -> None:
    del filled.workbook["名单标识"]
    assert answers(filled.read()) == EXPECTED
    assert find_list_name(sheets_of(filled.path)) is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("01 拟纳入监测", "01"),
        ("01", "01"),
        (1, "01"),
        (12.0, "12"),
        ("０５　未发现风险", "05"),
        ("未发现风险", "05"),
        ("05未发现风险。", "05"),
        ("04 存在困难但可自行应对,暂不纳入", "04"),
        ("12 不符合条件(负面情况属实)", "12"),
    ],
)
def test_a_conclusion_is_understood_in_every_usual_writing(
    filled: Form, written: object, code: str
) -> None:
    filled.fill(2, written)
    assert filled.read()["conclusion"].iloc[1] == code


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("10", "不在代码表中"),
        ("没风险", "不在代码表中"),
        ("01 未发现风险", "代码与文字不一致"),
        ("01、02", "不在代码表中"),
    ],
)
def test_a_conclusion_that_is_none_is_kept_as_written(
    filled: Form, written: str, problem: str
) -> None:
    filled.fill(2, written)
    row = filled.read().iloc[1]
    assert row["conclusion"] == written
    assert problem in row["problem"]


@pytest.mark.parametrize(
    ("written", "visited", "problem"),
    [
        (dt.datetime(2026, 10, 15, 9, 30), "2026-10-15", None),
        ("2026年10月15日", "2026-10-15", None),
        ("2026.10.15", "2026-10-15", None),
        (20261015, "2026-10-15", None),
        (46310, "2026-10-15", None),
        ("10月15日", "10月15日", "无法识别"),
        ("2026-13-45", "2026-13-45", "无法识别"),
    ],
)
def test_a_visit_is_dated_or_said_not_to_be(
    filled: Form, written: object, visited: str, problem: str | None
) -> None:
    filled.fill(2, *COMPLETE[:2], written)
    row = filled.read().iloc[1]
    assert row["visited"] == visited
    assert pd.isna(row["problem"]) if problem is None else problem in row["problem"]


@pytest.mark.parametrize(
    ("written", "income", "problem"),
    [
        ("12,500.50元", 12500.5, None),
        ("1.2万", 12000.0, None),
        (0, 0.0, None),
        (-5, None, "小于 0"),
        ("大约一万", None, "不是数字"),
    ],
)
def test_income_is_a_number_or_said_not_to_be(
    filled: Form, written: object, income: float | None, problem: str | None
) -> None:
    filled.fill(2, *COMPLETE[:4], written)
    row = filled.read().iloc[1]
    assert row["income"] == income if income is not None else pd.isna(row["income"])
    assert pd.isna(row["problem"]) if problem is None else problem in row["problem"]


@pytest.mark.parametrize(
    ("answered", "lacking"),
    [
        (("01", None, dt.date(2026, 10, 15), "王某"), None),
        (("02", "有理由", dt.date(2026, 10, 15), "王某"), "结论 02 须在“拟帮扶措施”写明"),
        (("06", None, dt.date(2026, 10, 15), "王某"), "结论 06 须在“原因说明”写明：转给哪个部门"),
        (("04", "能自行应对", dt.date(2026, 10, 15), "王某"), "下次走访的日期"),
        (("04", "能自行应对，12月5日再访", dt.date(2026, 10, 15), "王某"), None),
        (("07", "已死亡", dt.date(2026, 10, 15), "王某"), "死亡日期"),
        (("07", "2026年8月去世", dt.date(2026, 10, 15), "王某"), None),
        (("12", "不符合", dt.date(2026, 10, 15), "王某"), "公职人员"),
        (("12", "儿子名下有小轿车", dt.date(2026, 10, 15), "王某"), None),
        (("01", "脱贫不稳定户、边缘易致贫户", dt.date(2026, 10, 15), "王某"), "几个监测类别"),
        (("05", "已核实", None, None), "缺核查日期；缺核查人"),
        ((None, "已核实"), "没有选核查结论"),
    ],
)
def test_what_a_conclusion_needs_is_asked_for(
    filled: Form, answered: tuple[Any, ...], lacking: str | None
) -> None:
    filled.fill(3, *answered)
    problem = filled.read()["problem"].iloc[2]
    assert pd.isna(problem) if lacking is None else lacking in problem


@pytest.mark.parametrize(
    ("reason", "category", "risks"),
    [
        ("应为突发严重困难户", "突发严重困难户", None),
        ("不是边缘易致贫户，应为脱贫不稳定户，因病因残", "脱贫不稳定户", "因病、因残"),
        ("与建议一致", None, None),
    ],
)
def test_a_reason_names_category_and_risks(
    filled: Form, reason: str, category: str | None, risks: str | None
) -> None:
    filled.fill(2, "01", reason, *COMPLETE[2:])
    row = filled.read().iloc[1]
    assert [None if pd.isna(row[name]) else row[name] for name in ("category", "risks")] == [
        category,
        risks,
    ]


@pytest.mark.parametrize(
    ("reason", "day"),
    [
        ("2026年10月已谈，下次走访2026年12月5日", "2026-12-05"),
        ("10月看过，来年1月再去", "2027-01-01"),
        ("自付3.2万元，下个月再访", None),
    ],
)
def test_the_next_visit_is_the_next_day_that_the_reason_names(
    filled: Form, reason: str, day: str | None
) -> None:
    filled.fill(2, "04", reason, *COMPLETE[2:])
    found = filled.read()["next_visit"].iloc[1]
    assert found == day if day else pd.isna(found)


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_form_saved_by_libreoffice_comes_back_whole(
    filled: Form, kind: str, libreoffice: Callable[[Path, str], Path]
) -> None:
    filled.read()
    saved = libreoffice(filled.path, kind)
    found = read_back(saved)
    assert answers(found) == EXPECTED
    assert found["problem"].isna().all()
    assert len(found) == 6


def test_libreoffice_keeps_drop_downs_locks_and_hidden_sheets(
    filled: Form, libreoffice: Callable[[Path, str], Path]
) -> None:
    filled.read()
    workbook = load_workbook(libreoffice(filled.path, "xlsx"))
    sheet = workbook["预警名单"]
    kinds = sorted(check.type for check in sheet.data_validations.dataValidation)
    assert kinds == ["date", "decimal", "list", "list"]
    assert sheet.protection.sheet
    assert sheet.cell(filled.head + 1, 1).protection.locked
    assert not sheet.cell(filled.head + 1, 16).protection.locked
    assert workbook["名单标识"].sheet_state == workbook["选项"].sheet_state == "hidden"
    assert sheet.auto_filter.ref is not None


def test_an_empty_list_comes_back_empty(tmp_path: Path) -> None:
    write_township_workbook(tmp_path / "空.xlsx", release(), clues(0), details(clues(0)))
    assert read_back(tmp_path / "空.xlsx").empty


def test_what_is_no_form_is_refused_in_words_an_officer_understands(tmp_path: Path) -> None:
    (tmp_path / "坏.xlsx").write_bytes(b"not a workbook")
    assert read_back(tmp_path / "坏.xlsx") is None
    write_township_workbook(tmp_path / "截断.xlsx", release(), clues(3), details(clues(3)))
    (tmp_path / "截断.xlsx").write_bytes((tmp_path / "截断.xlsx").read_bytes()[:9000])
    with pytest.raises(FileRefused, match="打不开"):
        read_back(tmp_path / "截断.xlsx")
    Workbook().save(tmp_path / "别的.xlsx")
    assert read_back(tmp_path / "别的.xlsx") is None
