"""Coded values as systems print them: each leads to its code, or is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from shouwang.county.contract import Contract
from shouwang.intake.cells import CodeReader, UnknownValue
from shouwang.quality.suites import suite_path

EXPECTATIONS = Path(__file__).parents[2] / "expectations"
VALUES = yaml.safe_load((Path(__file__).parent / "values.yaml").read_text("utf-8"))
OF = {
    "visit_type": ("medical_insurance", "visit_type"),
    "void_flag": ("medical_insurance", "void_flag"),
    "aid_type": ("civil_affairs", "aid_type"),
    "civil_status": ("civil_affairs", "status"),
    "stage": ("education", "stage"),
    "education_status": ("education", "status"),
    "grade": ("housing", "grade"),
    "sole_dwelling": ("housing", "sole_dwelling"),
    "rebuild_status": ("housing", "rebuild_status"),
    "quality": ("water", "quality"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_lead_to_their_code_by_words_or_are_asked(
    kind: str, contracts: dict[str, Contract]
) -> None:
    department, name = OF.get(kind, ("registry", kind))
    reader = CodeReader(contracts[department].columns[name])

    def read(value: str) -> str | None:
        try:
            return reader.read(value)
        except UnknownValue:
            return "unknown"

    wrong = {v: read(v) for code, values in VALUES[kind].items() for v in values if read(v) != code}
    assert wrong == {}


def test_codes_by_number_are_known(contracts: dict[str, Contract]) -> None:
    reader = CodeReader(contracts["medical_insurance"].columns["visit_type"])
    codes = [reader.read(code) for code in (21, 21.0, "21", "14", 11, 41, 52)]
    stay, chronic, visit = "住院", "门诊慢特病", "普通门诊"
    assert codes == [stay, stay, stay, chronic, visit, visit, stay]


def test_no_suite_turns_a_row_down_for_its_code(contracts: dict[str, Contract]) -> None:
    """A contract says which codes there are; a list beside it in the suite would lag behind."""
    for contract in contracts.values():
        codes = {name for name, column in contract.columns.items() if column.type == "code"}
        suite = json.loads(suite_path(EXPECTATIONS, contract.slug).read_text("utf-8"))
        judged = {
            (one["type"], one["kwargs"]["column"])
            for one in suite["expectations"]
            if one["kwargs"].get("column") in codes
        }
        assert {kind for kind, _ in judged} <= {"expect_column_values_to_not_be_null"}, (
            contract.slug
        )
