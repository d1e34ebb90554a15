"""Layouts that real systems print: tiers, units, column numbers, second tables, village lines,
feet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shouwang.county.contract import Contract
from shouwang.intake.sheets import Opened, Sheet, columns_of
from shouwang.recognition import reading
from shouwang.recognition.reading import Reading
from shouwang.recognition.units import numbers_row, unit_row, units_of_notes
from shouwang.submissions.receiving import without_day

WATER = [
    "姓名",
    "乡镇",
    "行政村",
    "人均日用水量",
    "水质是否达标",
    "取水往返时间",
    "本年累计停水天数",
]
HOME = ["甲某", "东乡", "上村", "60", "达标", "5", "3"]
PAID = [
    "结算流水号",
    "姓名",
    "身份证号",
    "就诊类别",
    "结算日期",
    "医疗总费用",
    "统筹支付",
    "个人自付",
]
BILL = ["J1", "甲某", "532999199001011233", "住院", "2026-09-03", "3", "2", "1"]


def read(
    rows: Sequence[Sequence[Any]],
    contract: Contract,
    patch: pytest.MonkeyPatch,
    merges: tuple[Any, ...] = (),
) -> Reading:
    """A sheet of these rows, read by a contract."""
    sheet = Sheet(
        "表.xlsx", "Sheet1", False, columns_of("表.xlsx", rows), range(1, len(rows) + 1), merges
    )
    patch.setattr(reading, "open_file", lambda *_: Opened([sheet]))
    return reading.read_files([Path("表.xlsx")], contract)


@pytest.mark.parametrize(
    "under",
    [
        ["1", "2", "3", "4", "5", "6", "7"],
        ["甲", "乙", "丙", "1", "2", "3", "4"],
        ["", "", "", "升/天", "", "分钟", "天"],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
    ],
)
def test_a_line_of_units_or_column_numbers_is_no_row(
    under: list[str], contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(
        [["某县台账"], WATER, under, HOME, [*HOME[:5], "6", "3"]], contracts["water"], monkeypatch
    )
    assert found.table["row"].tolist() == [4, 5]


@pytest.mark.parametrize(
    "line",
    [
        ["一、东乡上村"],
        ["以下空白"],
        ["共 8 条记录"],
        ["续表"],
        ["制表时间：2026-10-08", "", "操作员：系统"],
        ["填表人：", "", "审核人："],
        ["小计", "", "", "", "", "", "3"],
        ["（盖章）"],
        ["东乡"],
        WATER,
    ],
)
def test_lines_between_rows_that_are_no_data_are_passed_over_and_told(
    line: list[str], contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read([WATER, HOME, line, [*HOME[:5], "6", "3"]], contracts["water"], monkeypatch)
    assert found.table["row"].tolist() == [2, 4]
    assert [row for row, _ in found.sheets[0].passed_over] == [3]


def test_a_row_with_nothing_but_a_name_is_a_row(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read([WATER, HOME, ["王某某"]], contracts["water"], monkeypatch)
    assert found.table["row"].tolist() == [2, 3]


def test_headers_of_three_tiers_tell_whose_a_name_is(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiers = [
        ["学生信息", "", "监护人信息", "", "就学情况", "", "费用", ""],
        ["姓名", "证件", "姓名", "证件", "学段", "学籍状态", "年度", ""],
        ["", "身份证号", "", "身份证号", "", "", "学费（元）", "住宿费（元）"],
    ]
    row = [
        "王小某",
        "532999201301011232",
        "王某",
        "532999198001011236",
        "小学",
        "在读",
        "900",
        "600",
    ]
    found = read([["某县学生"], *tiers, row], contracts["education"], monkeypatch)
    [sheet] = found.sheets
    assert sheet.header_row == 4
    assert {name: sheet.columns[name] for name in ("name", "id_number", "stage", "tuition")} == {
        "name": 0,
        "id_number": 1,
        "stage": 4,
        "tuition": 6,
    }


def test_a_second_table_in_another_order_is_read_by_its_own_header(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = [*PAID[:6], "个人自付", "统筹支付"]
    bill = ["J2", *BILL[1:5], "30", "25", "5"]
    found = read([PAID, BILL, ["门诊"], other, bill], contracts["medical_insurance"], monkeypatch)
    assert found.table[["row", "self_paid", "pooled_paid"]].to_numpy().tolist() == [
        [2, 1, 2],
        [5, 25, 5],
    ]


@pytest.mark.parametrize(
    ("above", "heading", "yuan"),
    [
        ("单位：户、人、万元", "个人自付", 10_000),
        ("单 位：万 元", "个人自付", 10_000),
        ("（金额单位：人、万元）", "个人自付", 10_000),
        ("填报单位：元阳县医疗保障局 金额单位：万元", "个人自付", 10_000),
        ("填报单位：元谋县医保局", "个人自付", 1),
        ("单位：元", "个人自付", 1),
        ("", "个人自付/万元", 10_000),
        ("", "个人自付（单位：人民币万元）", 10_000),
        ("", "个人自付（万元/年）", 10_000),
        ("", "个人自付（千元）", 1_000),
        ("单位：万元", "个人自付（元）", 1),
        ("货币单位:人民币元", "个人自付", 1),
        ("", "个人自付万元", 10_000),
    ],
)
def test_units_of_money_are_understood_as_people_write_them(
    above: str,
    heading: str,
    yuan: float,
    contracts: dict[str, Contract],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = read([[above], [*PAID[:7], heading], BILL], contracts["medical_insurance"], monkeypatch)
    assert found.table["self_paid"].tolist() == [yuan]


@pytest.mark.parametrize(
    ("above", "unit", "worth", "asked"),
    [
        ("单位：元、万元", "", 1.0, ("单位：万元、元", ("万元", "元"))),
        ("", "（元/万元）", 1.0, ("单位：元、万元", ("元", "万元"))),
        ("", "", 1e-4, ("医疗总费用", ("万元", "元"))),
        ("单位：万元", "", 1e-4, None),
        ("", "（万元）", 1e-4, None),
        ("", "", 1.0, None),
    ],
)
def test_two_units_that_are_both_possible_are_asked_and_not_guessed(
    above: str,
    unit: str,
    worth: float,
    asked: tuple[str, tuple[str, ...]] | None,
    contracts: dict[str, Contract],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = contracts["medical_insurance"]
    titles = [title + (unit if place > 4 else "") for place, title in enumerate(PAID)]
    bills = [
        [f"J{n}", *BILL[1:5], *(worth * n * float(cell) for cell in BILL[5:])] for n in range(1, 9)
    ]
    rows = [[above], titles, *bills]
    found = read(rows, contract, monkeypatch)
    assert [(q.kind, (q.heading, q.candidates)) for q in found.questions] == (
        [("unit", asked)] if asked else []
    )
    assert found.held == bool(asked)
    if asked:  # what a clerk says holds for every amount of the table
        said = contract.model_copy(update={"units": {asked[0]: "万元"}})
        found = read(rows, said, monkeypatch)
        assert not found.held
        wanted = [worth * 1e4 * n * float(BILL[7]) for n in range(1, 9)]
        assert found.table["self_paid"].tolist() == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("heading", "cells", "candidates"),
    [
        ("人均日用水量", [0.06, 0.055, 0.08], ("立方米", "升")),
        ("人均日用水量", [60, 0.055, 80, 0.06, 70], ("升", "立方米")),  # of two magnitudes
        ("取水往返时间", [0.5, 0.25, 0.75], ("小时", "分钟")),
        ("取水往返时间", [5, 25, 10], None),
        ("人均日用水量（立方米/天）", [0.06, 0.055, 0.08], None),
    ],
)
def test_numbers_of_another_magnitude_are_asked_about(
    heading: str,
    cells: list[float],
    candidates: tuple[str, ...] | None,
    contracts: dict[str, Contract],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = 3 if "用水量" in heading else 5
    titles = [heading if n == place else title for n, title in enumerate(WATER)]
    rows = [[*HOME[:place], cell, *HOME[place + 1 :]] for cell in cells * 4]
    found = read([titles, *rows], contracts["water"], monkeypatch)
    units = [q.candidates for q in found.questions if q.kind == "unit"]
    assert units == ([candidates] if candidates else [])


@pytest.mark.parametrize(
    ("place", "heading", "cell", "value"),
    [
        (5, "取水往返时间（小时）", "0.5", 30),
        (5, "往返取水时间（秒）", "90", 1.5),
        (3, "人均日用水量（m³）", "0.06", 60),
        (3, "人均用水量（吨/月）", "3", 100),
        (3, "人均日用水量（L）", "60", 60),
        (5, "取水往返时间（分）", "30", 30),
    ],
)
def test_other_units_of_numbers_are_converted(
    place: int,
    heading: str,
    cell: str,
    value: float,
    contracts: dict[str, Contract],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles, row = [*WATER], [*HOME]
    titles[place], row[place] = heading, cell
    found = read([titles, row], contracts["water"], monkeypatch)
    name = {3: "litres_per_person_day", 5: "fetch_minutes"}[place]
    assert found.table[name].tolist() == pytest.approx([value])


@pytest.mark.parametrize("written", ["2026-09", "202609", 202609.0, "2026年9月", " ２０２６．９ "])
def test_a_month_is_no_day_where_a_day_is_needed(
    written: object, contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles, bill = [*PAID, "出院日期", "入院日期"], [*BILL, "2026-09-03", "2026-09-01"]
    bill[4] = written
    found = read([titles, bill], contracts["medical_insurance"], monkeypatch)
    assert found.table["unreadable"].tolist() == ["settled"]
    assert found.table["settled"].isna().all()
    bill[4], bill[9] = "2026-09-03", written
    found = read([titles, bill], contracts["medical_insurance"], monkeypatch)
    assert found.table["unreadable"].tolist() == ["admitted"]
    ledger = ["户主", "身份证号", "鉴定等级", "鉴定日期", "是否唯一住房", "改造状态"]
    home = ["甲某", "532999199001011233", "C级", written, "是", "未改造"]
    found = read([ledger, home], contracts["housing"], monkeypatch)
    assert found.table["appraised"].astype("str").tolist() == ["2026-09-01"]  # no day is needed


def test_a_birth_month_leaves_the_day_to_the_number_and_is_told(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = ["户编号", "乡镇", "行政村", "姓名", "证件号码", "与户主关系", "户类型", "出生年月日"]
    person = ["H1", "东乡", "上村", "甲某", "532999199001011233", "户主", "一般农户"]
    rows = [titles, [*person, "1990-01"], [*person, "1990-01-01"]]
    found = read(rows, contracts["registry"], monkeypatch)
    assert found.table["birth_date"].isna().tolist() == [True, False]
    assert found.table["unreadable"].isna().all()
    told = without_day(found.report(), contracts["registry"])
    assert told == ["“出生日期”有 1 行只写到月，没有日，按不详处理"]


def test_starred_headings_are_headings(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read([[f"*{title}" for title in WATER], HOME], contracts["water"], monkeypatch)
    assert found.sheets[0].guesses == {}


def test_a_name_written_once_over_its_household_counts_for_each_row(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = ["姓名", "身份证号", "乡镇", "救助类别", "保障金额", "享受起始日期", "状态"]
    rest = ["东乡", "农村低保", "500", "2024-01-01", "在保"]
    rows = [
        ["甲某", "532999199001011233", *rest],
        ["", "532999201301011232", *rest],
        ["", "", *rest],
    ]
    found = read([titles, *rows], contracts["civil_affairs"], monkeypatch)
    assert found.table["name"].fillna("").tolist() == ["甲某", "甲某", ""]


@pytest.mark.parametrize(
    ("cells", "is_units"),
    [
        (["元", "人"], True),
        (["万元", "", "升/天", "分钟"], True),
        (["甲某", "元"], False),
        (["元"], False),
    ],
)
def test_a_unit_row_holds_nothing_but_units(cells: list[str], is_units: bool) -> None:
    assert unit_row(cells) == is_units


def test_column_numbers_count_up() -> None:
    assert numbers_row(["栏次", "甲", "乙", "1", "2", "3=1+2"])
    assert not numbers_row(["1", "3", "9"])
    assert not numbers_row(["1", "2"])


def test_a_note_names_its_units() -> None:
    assert units_of_notes(["填报单位：元江县", "计量单位: 万元、人"]) == {"万元"}
    assert units_of_notes(["填报单位：元氏县住建局"]) == set()


def test_a_school_number_tells_a_missing_or_damaged_identity_number(
    contracts: dict[str, Contract], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = ["全国学籍号", "姓名", "身份证号", "学段", "学籍状态"]
    numbers = [("G532999201301010016", ""), ("", ""), ("G532999201301010016", "53299920130101****")]
    rows = [[school, "王小某", number, "小学", "在读"] for school, number in numbers]
    found = read([titles, *rows], contracts["education"], monkeypatch)
    assert found.table["id_number"].fillna("").tolist() == [
        "532999201301010016",
        "",
        "532999201301010016",
    ]
    assert found.table["id_state"].tolist() == ["valid", "missing", "valid"]
