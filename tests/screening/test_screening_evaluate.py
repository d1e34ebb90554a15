"""What holds for a screening as a whole, whatever its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from screening_cases import people_of, records_of

from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.screening.evaluate import SIGNALS, WARNINGS, screen
from shouwang.screening.rulebook import RuleBook

SEPTEMBER = Month(2026, 9)
WATER = {"water.supplies": [{"person": "张一", "quality": "不达标"}]}


def with_rule(book: RuleBook, **rule: Any) -> RuleBook:
    """The same book with one rule of a county's own, on settlements."""
    new = {
        "code": "NEW-1",
        "title": "新规则",
        "department": "medical_insurance",
        "dataset": "settlements",
        "risk": "因病",
        "basis": "试验",
        "responsible": "医保局",
        "valid": {"from": "2021-01-01"},
        "unit": "person",
        "compare": ">=",
        "sentence": "{office}：{person} {value}，{beyond} {threshold}",
        **rule,
    }
    content = book.model_dump(by_alias=True, exclude_unset=True)
    return RuleBook.model_validate({**content, "rules": [*content["rules"], new]})


def settlements(*rows: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [
        {
            "person": person,
            "settled": day,
            "submission_month": day[:7],
            "visit_type": "普通门诊",
            "self_paid": paid,
        }
        for person, day, paid in rows
    ]


def test_a_month_without_signals_gives_empty_frames_of_the_same_shape(
    county_book: RuleBook,
) -> None:
    found = screen(county_book, SEPTEMBER, {}, people_of({}))
    assert list(found.signals.columns) == SIGNALS
    assert list(found.warnings.columns) == WARNINGS
    assert found.signals.empty
    assert found.warnings.empty
    full = screen(
        county_book, SEPTEMBER, records_of("2026-09", people_of({}), WATER), people_of({})
    )
    assert full.signals.dtypes.to_dict() == found.signals.dtypes.to_dict()
    assert full.warnings.dtypes.to_dict() == found.warnings.dtypes.to_dict()


def test_the_order_of_rows_and_departments_does_not_matter(county_book: RuleBook) -> None:
    people = people_of(
        {"members": [{"name": "张一"}, {"name": "张二"}]},
        {"id": "H2", "members": [{"name": "李一"}]},
    )
    rows = settlements(
        ("张一", "2026-09-01", 25000.0), ("李一", "2026-03-02", 1.1), ("张二", "2026-09-03", -0.7)
    )
    records = records_of(
        "2026-09", people, {**WATER, "medical_insurance.settlements": [*rows, *rows[::-1]]}
    )
    once = screen(county_book, SEPTEMBER, records, people)
    turned = {
        source: frame.iloc[::-1].reset_index(drop=True)
        for source, frame in reversed(records.items())
    }
    again = screen(county_book, SEPTEMBER, turned, people.iloc[::-1].reset_index(drop=True))
    pd.testing.assert_frame_equal(once.signals, again.signals)
    pd.testing.assert_frame_equal(once.warnings, again.warnings)
    assert len(once.signals) == 2


def test_a_past_month_does_not_see_what_was_delivered_later(county_book: RuleBook) -> None:
    people = people_of({})
    rows = settlements(("张一", "2026-08-02", 25000.0), ("张一", "2026-09-02", 25000.0))
    records = records_of("2026-09", people, {"medical_insurance.settlements": rows})
    found = screen(county_book, Month(2026, 8), records, people)
    assert found.signals["value"].tolist() == [pytest.approx(25000 / 22000)]


def test_signals_point_at_the_first_row_of_the_newest_submission(county_book: RuleBook) -> None:
    people = people_of({})
    rows = settlements(
        ("张一", "2026-03-02", 9.0), ("张一", "2026-09-02", 25000.0), ("张一", "2026-09-03", 1.0)
    )
    records = records_of("2026-09", people, {"medical_insurance.settlements": rows})
    found = screen(county_book, SEPTEMBER, records, people).signals
    assert found[["rule", "submission_month", "row"]].to_numpy().tolist() == [
        ["MED-2", "2026-09", 3]
    ]
    assert found["person_id"].isna().all()


def test_the_most_urgent_come_first_and_negative_indicators_come_after(
    county_book: RuleBook,
) -> None:
    people = people_of(
        *({"id": f"H{n}", "members": [{"name": f"张{n}"}]} for n in range(1, 5)),
        {"id": "H5", "income": 5000, "members": [{"name": "张5"}]},
    )
    days = {"张1": 40, "张2": 90, "张3": 50, "张4": 50, "张5": 37}
    records = records_of(
        "2026-09",
        people,
        {
            "water.supplies": [{"person": name, "outage_days": n} for name, n in days.items()],
            "negative_screen.indicators": [{"person": "张2", "indicator": "公职人员"}],
        },
    )
    found = screen(county_book, SEPTEMBER, records, people).warnings
    assert found["household_id"].tolist() == ["H5", "H3", "H4", "H1", "H2"]
    assert found["over"].tolist() == [1.0278, 1.3889, 1.3889, 1.1111, 2.5]


def test_the_values_used_are_recorded(county_book: RuleBook) -> None:
    used = screen(county_book, Month(2023, 12), {}, people_of({})).parameters
    assert used["monitoring_line"] == 7500
    assert used["reference_income"] == 22000
    assert used["MED-1"] == ">= 6000 / 10000"
    assert used["WAT-1"] == "< 35"
    assert used["HOU-1"] == "any"


def test_a_month_before_the_first_value_of_a_parameter_is_refused(county_book: RuleBook) -> None:
    with pytest.raises(ConfigError, match=r"parameters\.monitoring_line.*2020-12-31.*2021-01-01"):
        screen(county_book, Month(2020, 12), {}, people_of({}))


def test_a_household_that_the_registry_does_not_know_is_kept_and_what_is_missing_is_said(
    county_book: RuleBook,
) -> None:
    records = records_of(
        "2026-09", people_of({}), {"water.supplies": [{"name": "张一", "quality": "不达标"}]}
    )
    found = screen(county_book, SEPTEMBER, records, people_of({"id": "H9"}))
    assert found.signals["sentence"].tolist() == ["水利局：张某 2026年9月饮水水质不达标"]
    assert found.warnings["missing"].tolist() == ["人均纯收入、劳动能力、户类型"]
    assert found.warnings["township"].isna().all()


def test_a_record_without_a_column_that_a_rule_asks_for_is_refused(county_book: RuleBook) -> None:
    records = records_of("2026-09", people_of({}), WATER)
    records["water.supplies"] = records["water.supplies"].drop(columns="outage_days")
    with pytest.raises(ConfigError, match=r"rule WAT-4.*water\.supplies.*outage_days"):
        screen(county_book, SEPTEMBER, records, people_of({}))


OWN = yaml.safe_load((Path(__file__).parent / "own_rules.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_a_rule_of_the_countys_own_takes_effect_without_programming(
    county_book: RuleBook, own: dict[str, Any]
) -> None:
    people, rows = people_of({}), settlements(*own["rows"])
    records = records_of("2026-09", people, {"medical_insurance.settlements": rows})
    found = screen(with_rule(county_book, **own["rule"]), SEPTEMBER, records, people).signals
    assert found.loc[found["rule"] == "NEW-1", "sentence"].tolist() == own["said"]


def test_a_changed_threshold_takes_effect_from_its_day(county_book: RuleBook) -> None:
    people = people_of({})
    content = county_book.model_dump(by_alias=True, exclude_unset=True)
    old = next(r for r in content["rules"] if r["code"] == "WAT-4")
    new = {**old, "valid": {"from": "2026-09-01"}, "threshold": {"all": 45}}
    rules = [r for r in content["rules"] if r["code"] != "WAT-4"]
    old = {**old, "valid": {"from": "2021-01-01", "until": "2026-08-31"}}
    changed = RuleBook.model_validate({**content, "rules": [*rules, new, old]})
    outage = {"water.supplies": [{"person": "张一", "outage_days": 40}]}
    for month, fires in (("2026-08", 1), ("2026-09", 0)):
        found = screen(changed, Month.parse(month), records_of(month, people, outage), people)
        assert len(found.signals) == fires
