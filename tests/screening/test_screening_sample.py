"""The sample county beside the repository, where there is one: with its true matches, every warning
is right.

The files of the clean sample are as tidy as a department's file gets, so plain pandas reads them.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from screening_cases import typed

from shouwang.core.month import Month
from shouwang.screening.evaluate import screen
from shouwang.screening.rulebook import RuleBook

SAMPLE = Path(__file__).parents[3] / "shared" / "sample" / "clean"
DATASETS = {
    "medical_insurance": "settlements",
    "civil_affairs": "assistance",
    "education": "students",
    "housing": "dwellings",
    "water": "supplies",
}
HEADERS = {
    "settlement_id": "结算流水号",
    "visit_type": "就诊类别",
    "admitted": "入院日期",
    "discharged": "出院日期",
    "settled": "结算日期",
    "self_paid": "个人自付",
    "hospital": "医疗机构",
    "aid_type": "救助类别",
    "amount": "保障金额",
    "start": "享受起始日期",
    "stop_reason": "停保原因",
    "tuition": "学费",
    "boarding_fee": "住宿费",
    "book_fee": "教材费",
    "grant": "资助金额",
    "sole_dwelling": "是否唯一住房",
    "rebuild_status": "改造状态",
    "litres_per_person_day": "人均日用水量",
    "quality": "水质是否达标",
    "fetch_minutes": "取水往返时间",
    "outage_days": "本年累计停水天数",
    "name": "姓名",
    "id_number": "身份证号",
}
SHARED = {"状态": "status", "就学状态": "status", "鉴定等级": "grade"}
PEOPLE = {
    "household_id": "户编号",
    "township": "乡镇",
    "village": "行政村",
    "name": "姓名",
    "id_number": "证件号码",
    "birth_date": "出生日期",
    "relation": "与户主关系",
    "household_type": "户类型",
    "risk_removed": "风险是否消除",
    "income": "人均纯收入",
    "labour": "劳动能力",
}


def records_of(sample: Path) -> dict[str, pd.DataFrame]:
    truth = pd.read_csv(
        sample / "truth" / "records.csv", dtype={"household": "str", "person_id": "str"}
    )
    truth = truth[truth["expect"].isin(["match", "either"])].rename(
        columns={"household": "household_id"}
    )
    names = {chinese: canonical for canonical, chinese in HEADERS.items()} | SHARED
    result = {}
    for file in sorted((sample / "inbox").glob("*/*/*.xlsx")):
        department = file.parent.name
        rows = pd.read_excel(
            file, engine="calamine", dtype={"身份证号": "str"}, na_values=["-"]
        ).rename(columns=names)
        rows = rows[[c for c in rows.columns if c in names.values()]]
        rows = rows.assign(
            row=range(2, len(rows) + 2),
            file=file.name,
            sheet="Sheet1",
            submission_month=file.parts[-3],
        )
        if department == "water":
            rows = rows.assign(fetch_metres=float("nan"), fetch_height=float("nan"))
        mine = truth.loc[truth["department"] == department, ["row", "household_id", "person_id"]]
        source = f"{department}.{DATASETS[department]}"
        result[source] = typed(rows.merge(mine, on="row"), source)
    return result


def test_the_sample_with_its_true_matches_gives_exactly_its_true_warnings(
    county_book: RuleBook,
) -> None:
    registry = pd.read_excel(
        next((SAMPLE / "registry").glob("*.xlsx")), engine="calamine", dtype="str"
    )
    people = registry.rename(columns={chinese: canonical for canonical, chinese in PEOPLE.items()})
    people = typed(people.assign(person_id=people["id_number"]))

    found = screen(county_book, Month(2026, 9), records_of(SAMPLE), people).warnings

    truth = pd.read_csv(SAMPLE / "truth" / "warnings.csv", dtype="str")
    truth = truth.rename(columns={"household": "household_id", "must_rules": "rules"})
    columns = ["household_id", "rules", "level", "category", "township"]
    pd.testing.assert_frame_equal(
        found[columns].sort_values("household_id", ignore_index=True),
        truth[columns].sort_values("household_id", ignore_index=True),
    )
