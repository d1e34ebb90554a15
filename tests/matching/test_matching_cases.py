"""The golden cases: a clerk can read `cases/*.yaml` and say whether they are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from matching_builders import people, rows

from shouwang.matching.index import RegistryIndex
from shouwang.matching.ladder import match
from shouwang.matching.methods import METHODS
from shouwang.matching.remembered import DECIDED, DECIDED_BEFORE, DECIDED_NONE

CASES = Path(__file__).parent / "cases"


def _read(file: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _person(entry: dict[str, str]) -> dict[str, str | None]:
    renamed = {"person": "person_id", "household": "household_id", "number": "id_number"}
    return {renamed.get(key, key): value for key, value in entry.items()}


ALL = [case for file in sorted(CASES.glob("[0-9]*.yaml")) for case in _read(file)]
REGISTERED = list(map(_person, _read(CASES / "registry.yaml")))
INDEX = RegistryIndex(people(*REGISTERED))


@pytest.mark.parametrize("case", ALL, ids=[case["case"] for case in ALL])
def test_case_ends_as_the_handbook_says(case: dict[str, Any]) -> None:
    registered = [*REGISTERED, *map(_person, case.get("also", []))]
    index = INDEX
    if "also" in case or "former" in case:
        former = people(*map(_person, case.get("former", [])))
        index = RegistryIndex(people(*registered), former)
    found = match(rows(_person(case["row"])), index).iloc[0]
    expected = case["is"]
    assert (found["outcome"], found["method"]) == (expected["outcome"], expected["method"])
    home = {person["person_id"]: person["household_id"] for person in registered}
    household = expected.get("household") or home.get(expected.get("person", ""))
    assert (None if pd.isna(found["person_id"]) else found["person_id"]) == expected.get("person")
    assert (None if pd.isna(found["household_id"]) else found["household_id"]) == household
    assert found["candidates"] == expected.get("candidates")


def test_every_method_has_a_case() -> None:
    by_clerks = {DECIDED, DECIDED_NONE, DECIDED_BEFORE}  # see tests/test_review.py
    assert {case["is"]["method"] for case in ALL} == set(METHODS) - by_clerks


def test_every_method_explains_itself_and_keeps_to_its_outcome() -> None:
    for code, method in METHODS.items():
        assert method.code == code
        assert method.sentence.endswith("。")
        assert 0 < method.confidence <= 1
        assert method.outcome in {"matched", "review", "unmatched"}
