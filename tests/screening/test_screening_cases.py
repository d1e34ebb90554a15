"""The handbook's rules, levels and categories, case by case; the cases are YAML files that a clerk
can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from screening_cases import people_of, records_of

from shouwang.core.month import Month
from shouwang.screening.evaluate import screen
from shouwang.screening.rulebook import RuleBook

FOLDER = Path(__file__).parent / "cases"
CASES, EXAMPLES = (
    {
        f"{file.stem}-{case['title']}": case
        for file in sorted(folder.glob("*.yaml"))
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    }
    for folder in (FOLDER, FOLDER / "examples")
)


def ends_as_expected(case: dict[str, Any], book: RuleBook) -> None:
    people = people_of(case["household"])
    records = records_of(case["month"], people, case["records"])

    found = screen(book, Month.parse(case["month"]), records, people)

    expect = case["expect"]
    if "signals" in expect:
        assert (
            dict(zip(found.signals["rule"], found.signals["sentence"], strict=True))
            == expect["signals"]
        )
        assert len(found.signals) == len(expect["signals"])
    if "silent" in expect:
        assert list(found.silent) == expect["silent"]
    for column in set(expect) - {"signals", "silent"}:
        said = found.warnings[column].item()
        assert (None if pd.isna(said) else said) == expect[column], column


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_ends_as_the_handbook_says(case: dict[str, Any], county_book: RuleBook) -> None:
    ends_as_expected(case, county_book)


@pytest.mark.parametrize("case", EXAMPLES.values(), ids=EXAMPLES)
def test_a_rule_of_every_kind_is_written_without_programming(
    case: dict[str, Any], example_book: RuleBook
) -> None:
    codes = set(case["rules"].split())
    assert codes <= {rule.code for rule in example_book.rules}
    ends_as_expected(
        case,
        example_book.model_copy(
            update={"rules": tuple(r for r in example_book.rules if r.code in codes)}
        ),
    )


@pytest.mark.parametrize(
    ("cases", "book"),
    [(CASES, "county_book"), (EXAMPLES, "example_book")],
    ids=["county", "examples"],
)
def test_every_rule_has_a_case_where_it_fires(
    cases: dict[str, Any], book: str, county_book: RuleBook, request: pytest.FixtureRequest
) -> None:
    rules = {rule.code for rule in request.getfixturevalue(book).rules}
    fired = {code for case in cases.values() for code in case["expect"].get("signals", {})}
    assert fired == (rules if cases is CASES else rules - {rule.code for rule in county_book.rules})
