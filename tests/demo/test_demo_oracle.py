"""The oracle, held to the handbook's section 7 by hand-made households."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from demo.oracle import Evidence, income_line, warnings_of
from shouwang.core.month import Month

SEPTEMBER = Month(2026, 9)


def household(number: int, **facts: Any) -> list[dict[str, Any]]:
    """Two people, able to work and well off, unless told otherwise; their running numbers are 2n
    and 2n+1."""
    usual = {
        "household": number,
        "household_id": f"H{number}",
        "township": "甲镇",
        "household_type": "一般农户",
        "risk_removed": "",
        "income": 20_000,
        "labour": "普通劳动力",
        "birth_date": pd.Timestamp(1980, 1, 1),
    }
    return [{**usual, **facts}, {**usual, "birth_date": pd.Timestamp(2012, 5, 1), **facts}]


def settlement(person: int, cents: int, **facts: Any) -> dict[str, Any]:
    usual = {
        "person": person,
        "household": person // 2,
        "visit_type": "住院",
        "hospital": "甲",
        "self_paid": cents,
        "admitted": pd.Timestamp(2026, 9, 1),
        "discharged": pd.Timestamp(2026, 9, 5),
        "expect": "match",
    }
    return {**usual, **facts}


def student(person: int, status: str = "在读", **facts: Any) -> dict[str, Any]:
    usual = {
        "person": person,
        "household": person // 2,
        "status": status,
        "tuition": 0,
        "boarding_fee": 0,
        "book_fee": 0,
        "grant": 0,
        "expect": "match",
    }
    return {**usual, **facts}


def aid(person: int, **facts: Any) -> dict[str, Any]:
    usual = {
        "person": person,
        "household": person // 2,
        "aid_type": "农村低保",
        "amount": 50_000,
        "status": "在保",
        "stop_reason": "",
        "start": pd.Timestamp(2024, 1, 1),
        "expect": "match",
    }
    return {**usual, **facts}


def water(person: int, **facts: Any) -> dict[str, Any]:
    usual = {
        "person": person,
        "household": person // 2,
        "litres_per_person_day": 35.0,
        "quality": "达标",
        "fetch_minutes": 20,
        "outage_days": 36,
        "expect": "match",
    }
    return {**usual, **facts}


def workspace(person: int, **facts: Any) -> dict[str, Any]:
    usual = {
        "person": person,
        "household": person // 2,
        "grade": "D",
        "sole_dwelling": "是",
        "rebuild_status": "未改造",
        "expect": "match",
    }
    return {**usual, **facts}


def warned(
    people: list[dict[str, Any]], month: Month = SEPTEMBER, **rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """The only warning; ``rows`` by department, ``medical_insurance_8`` for those of August."""
    evidence: Evidence = {}
    for key, given in rows.items():
        department, _, number = key.rpartition("_")
        when, department = (
            (Month(2026, int(number)), department) if number.isdigit() else (month, key)
        )
        evidence[when, department] = pd.DataFrame(given)
    found = warnings_of(pd.DataFrame(people), evidence, month).to_dict("records")
    assert len(found) <= 1
    return (
        {str(k): v for k, v in found[0].items()}
        if found
        else {"must_rules": "", "may_rules": "", "level": ""}
    )


SPECIAL = {"household_type": "脱贫户"}


@pytest.mark.parametrize(
    ("facts", "rows", "rules"),
    [
        ({}, [settlement(0, 1_000_000)], "MED-1"),
        ({}, [settlement(0, 999_999)], ""),
        (SPECIAL, [settlement(0, 600_000)], "MED-1"),
        (SPECIAL, [settlement(0, 599_999)], ""),
        ({}, [settlement(0, 600_000), settlement(0, 400_000)], "MED-1"),
        ({}, [settlement(0, 600_000), settlement(1, 400_000)], ""),
        ({}, [settlement(0, 1_200_000), settlement(0, -1_200_000), settlement(0, 300_000)], ""),
        (
            {},
            [
                settlement(0, 49_000, visit_type="门诊慢特病"),
                settlement(0, 1_000, visit_type="门诊慢特病"),
            ],
            "MED-3",
        ),
        (
            {},
            [
                settlement(0, 49_000, visit_type="门诊慢特病"),
                settlement(1, 1_000, visit_type="门诊慢特病"),
            ],
            "",
        ),
        (SPECIAL, [settlement(p, 550_000, hospital=h) for p, h in ((0, "甲"), (0, "乙"))], "MED-2"),
        ({}, [settlement(0, 2_200_000, visit_type="普通门诊")], "MED-2"),
        ({}, [settlement(0, 2_199_999, visit_type="普通门诊")], ""),
    ],
)
def test_medical_rules(facts: dict[str, Any], rows: list[dict[str, Any]], rules: str) -> None:
    assert warned(household(0, **facts), medical_insurance=rows)["must_rules"] == rules


def test_the_years_bills_count_only_in_a_month_with_a_new_one() -> None:
    august = [settlement(0, 2_300_000, visit_type="普通门诊")]
    new, back = settlement(1, 1, visit_type="普通门诊"), settlement(1, -1, visit_type="普通门诊")
    assert (
        warned(household(0), medical_insurance_8=august, medical_insurance=[new])["must_rules"]
        == "MED-2"
    )
    assert (
        warned(household(0), medical_insurance_8=august, medical_insurance=[back])["must_rules"]
        == ""
    )


@pytest.mark.parametrize(
    ("facts", "row", "rules"),
    [
        ({}, aid(0, status="停保", stop_reason="收入超标"), "CIV-1"),
        ({}, aid(0, status="停保", stop_reason="死亡"), ""),
        ({}, aid(0, start=pd.Timestamp(2026, 9, 1)), "CIV-2"),
        ({}, aid(0, start=pd.Timestamp(2026, 8, 31)), ""),
        ({"household_type": "边缘易致贫户"}, aid(0, start=pd.Timestamp(2026, 9, 1)), ""),
        ({}, aid(0, start=pd.Timestamp(2026, 9, 30), aid_type="临时救助", amount=300_000), "CIV-3"),
        ({}, aid(0, start=pd.Timestamp(2026, 9, 30), aid_type="临时救助", amount=299_999), ""),
    ],
)
def test_assistance_rules(facts: dict[str, Any], row: dict[str, Any], rules: str) -> None:
    assert warned(household(0, **facts), civil_affairs=[row])["must_rules"] == rules


@pytest.mark.parametrize(
    ("born", "rules"),
    [((2010, 10, 1), "EDU-1"), ((2010, 9, 30), ""), ((2020, 9, 30), "EDU-1"), ((2020, 10, 1), "")],
)
def test_a_child_out_of_school_is_6_to_15_at_the_months_end(
    born: tuple[int, int, int], rules: str
) -> None:
    people = household(0, birth_date=pd.Timestamp(*born))
    assert warned(people, education=[student(1, "疑似辍学")])["must_rules"] == rules


def test_school_fees_of_all_children_less_the_grants_must_exceed_the_line() -> None:
    two = [
        student(0, tuition=600_000, boarding_fee=100_000),
        student(1, tuition=400_000, grant=100_000),
    ]
    assert warned(household(0), education=two)["must_rules"] == ""
    assert (
        warned(household(0), education=[*two[:1], student(1, tuition=400_000, grant=99_999)])[
            "must_rules"
        ]
        == "EDU-2"
    )


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        (workspace(0), "HOU-1"),
        (workspace(0, grade="C", rebuild_status="改造中"), "HOU-1"),
        (workspace(0, grade="B"), ""),
        (workspace(0, sole_dwelling="否"), ""),
        (workspace(0, rebuild_status="已竣工"), ""),
    ],
)
def test_the_dwelling_rule(row: dict[str, Any], rules: str) -> None:
    assert warned(household(0), housing=[row])["must_rules"] == rules


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        (water(0), ""),
        (water(0, litres_per_person_day=34.9), "WAT-1"),
        (water(0, quality="不达标"), "WAT-2"),
        (water(0, fetch_minutes=21), "WAT-3"),
        (water(0, outage_days=37), "WAT-4"),
    ],
)
def test_water_rules(row: dict[str, Any], rules: str) -> None:
    assert warned(household(0), water=[row])["must_rules"] == rules


@pytest.mark.parametrize(
    ("facts", "level", "category"),
    [
        ({}, "蓝", "突发严重困难户"),
        ({"income": 8_800}, "红", "边缘易致贫户"),
        ({"income": 8_801}, "蓝", "突发严重困难户"),
        ({"income": 8_800, "household_type": "脱贫户"}, "红", "脱贫不稳定户"),
        ({"household_type": "脱贫户"}, "黄", "突发严重困难户"),
        ({"household_type": "边缘易致贫户", "risk_removed": "否"}, "黄", "边缘易致贫户"),
        ({"household_type": "边缘易致贫户", "risk_removed": "是"}, "蓝", "边缘易致贫户"),
        ({"labour": "丧失劳动力"}, "红", "突发严重困难户"),
        ({"labour": "弱劳动力或半劳动力"}, "蓝", "突发严重困难户"),
    ],
)
def test_level_and_category(facts: dict[str, Any], level: str, category: str) -> None:
    found = warned(household(0, **facts), housing=[workspace(0)])
    assert (found["level"], found["category"]) == (level, category)


def test_kinds_of_risk_and_money_raise_the_level() -> None:
    bad, dry = [workspace(0)], [water(0, quality="不达标")]
    assert warned(household(0), housing=bad, water=dry)["level"] == "黄"
    assert (
        warned(household(0), housing=bad, water=dry, education=[student(1, "辍学")])["level"]
        == "红"
    )
    all_of_it = [settlement(0, 3_000_000), settlement(1, 999_999)]
    assert warned(household(0), medical_insurance=all_of_it)["level"] == "蓝"
    assert (
        warned(household(0), medical_insurance=all_of_it, education=[student(1, tuition=1)])[
            "level"
        ]
        == "红"
    )


def test_what_a_clerk_may_have_been_asked_about_is_possible_only() -> None:
    sure, asked = settlement(0, 1_000_000), settlement(1, 3_000_000, expect="either")
    found = warned(household(0), medical_insurance=[sure, asked])
    assert (found["must_rules"], found["may_rules"]) == ("MED-1", "MED-1 MED-2")
    assert found["level"] == "", "the bill that was asked about decides it"
    rejected = settlement(1, 9_000_000, expect="reject")
    assert warned(household(0), medical_insurance=[rejected])["may_rules"] == ""


def test_fees_of_the_school_year_are_counted_once() -> None:
    march = Month(2026, 3)
    before = {(Month(2025, 9), "education"): pd.DataFrame([student(1, tuition=3_000_000)])}
    again = {**before, (march, "education"): pd.DataFrame([student(1, tuition=3_000_000)])}
    (found,) = warnings_of(pd.DataFrame(household(0)), again, march).to_dict("records")
    assert (found["must_rules"], found["level"]) == ("EDU-2", "蓝")


def test_the_income_line_is_dated() -> None:
    days = [
        dt.date(2021, 12, 31),
        dt.date(2022, 6, 1),
        dt.date(2023, 6, 1),
        dt.date(2024, 3, 13),
        dt.date(2024, 3, 14),
    ]
    assert [income_line(day) for day in days] == [6000, 6700, 7500, 7500, 8800]
