"""The handbook's rules, levels and categories, case by case; the cases are YAML files that a clerk can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from screening_cases import people_of, records_of

from shouwang.month import Month
from shouwang.screening.evaluate import screen
from shouwang.screening.rulebook import RuleBook

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
CASES = {
    f"{file.stem}-{case['title']}": case for file in FILES for case in yaml.safe_load(file.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_ends_as_the_handbook_says(case: dict[str, Any], county_book: RuleBook) -> None:
    people = people_of(case["household"])
    records = records_of(case["month"], people, case["records"])

    found = screen(county_book, Month.parse(case["month"]), records, people)

    expect = case["expect"]
    if "signals" in expect:
        assert dict(zip(found.signals["rule"], found.signals["sentence"], strict=True)) == expect["signals"]
        assert len(found.signals) == len(expect["signals"])
    for column in set(expect) - {"signals"}:
        said = found.warnings[column].item()
        assert (None if pd.isna(said) else said) == expect[column], column


def test_every_rule_of_the_county_has_a_case_where_it_fires(county_book: RuleBook) -> None:
    fired = {code for case in CASES.values() for code in case["expect"].get("signals", {})}
    assert fired == {rule.code for rule in county_book.rules}
