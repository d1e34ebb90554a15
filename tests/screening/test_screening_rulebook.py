"""A rule file with a mistake is refused with a sentence that names the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from shouwang.core.errors import ConfigError
from shouwang.county.contract import Column, Contract
from shouwang.county.settings import read_county
from shouwang.screening.rulebook import load_rulebook

CONTRACTS = read_county(Path(__file__).parents[2] / "include" / "county").every_contract

MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))
ITSELF, CONTRADICTING = MISTAKES["in the book itself"], MISTAKES["against the contracts"]
COLUMNS = ("written", "instead", "key", "hint")


def copy_of(folder: Path, to: Path) -> Path:
    for name in ("rules.yaml", "parameters.yaml"):
        (to / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    return to


def changed(folder: Path, to: Path, written: str, instead: str, file: str = "rules.yaml") -> Path:
    """A copy of the rules with something else in one place."""
    folder = copy_of(folder, to)
    text = (folder / file).read_text(encoding="utf-8")
    assert written in text
    (folder / file).write_text(text.replace(written, instead, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(COLUMNS, ITSELF.values(), ids=ITSELF)
def test_a_mistake_is_named_with_its_place(
    county_folder: Path, tmp_path: Path, written: str, instead: str, key: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_rulebook(changed(county_folder, tmp_path, written, instead))
    said = str(refused.value)
    assert said.startswith("rules.yaml, line ")
    assert key in said
    assert hint in said


@pytest.mark.parametrize(COLUMNS, CONTRADICTING.values(), ids=CONTRADICTING)
def test_a_mistake_against_the_contracts_is_named_with_its_line(
    county_folder: Path, tmp_path: Path, written: str, instead: str, key: str, hint: str
) -> None:
    folder = changed(county_folder, tmp_path, written, instead)
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    first = text[: text.index(instead)].count("\n") + 1
    with pytest.raises(ConfigError) as refused:
        load_rulebook(folder, contracts=CONTRACTS)
    said = str(refused.value)
    place = re.match(r"rules\.yaml, line (\d+), key (\S+)", said)
    assert place is not None
    assert first <= int(place[1]) <= first + instead.count("\n")
    assert key in place[2]
    assert hint in said
    assert "Correct the file at these places" in said


def test_the_line_of_a_mistake_is_the_line_of_the_file(county_folder: Path, tmp_path: Path) -> None:
    folder = copy_of(county_folder, tmp_path)
    lines = (folder / "rules.yaml").read_text(encoding="utf-8").splitlines()
    at = lines.index("    risk: 住房")
    lines[at] = "    risk: 房屋"
    (folder / "rules.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(
        ConfigError,
        match=rf"^rules\.yaml, line {at + 1}, key rules\[8\]\.risk \(rule HOU-1\): found “房屋”",
    ):
        load_rulebook(folder)


def test_all_mistakes_are_named_at_once(county_folder: Path, tmp_path: Path) -> None:
    folder = changed(county_folder, tmp_path, "risk: 住房", "risk: 房")
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    (folder / "rules.yaml").write_text(text.replace("risk: 饮水", "risk: 水"), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_rulebook(folder)
    assert str(refused.value).count("found “") == 8


@pytest.mark.parametrize(
    ("written", "instead", "hint"),
    [
        ("value: 8800", 'value: "8800"', "parameters.monitoring_line.values[3].value"),
        ("from: 2023-01-01", "from: 2022-01-01", "parameters.monitoring_line.values[2].from"),
        ("school_year_starts", "school_year_start", "no school_year_starts"),
        ("value: 9}", "value: 13}", "1 to 12"),
        ("parameters:", "parameter:", "under 'parameters'"),
    ],
)
def test_a_mistake_among_the_parameters_names_their_file(
    county_folder: Path, tmp_path: Path, written: str, instead: str, hint: str
) -> None:
    folder = changed(county_folder, tmp_path, written, instead, "parameters.yaml")
    with pytest.raises(ConfigError) as refused:
        load_rulebook(folder)
    assert str(refused.value).startswith("parameters.yaml")
    assert hint in str(refused.value)


@pytest.mark.parametrize("content", [None, "", "- a\n- b\n", "规则".encode("gb18030")])
def test_a_file_that_is_no_rule_file_is_refused(
    county_folder: Path, tmp_path: Path, content: str | bytes | None
) -> None:
    folder = copy_of(county_folder, tmp_path)
    (folder / "rules.yaml").unlink()
    if content is not None:
        (folder / "rules.yaml").write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    with pytest.raises(ConfigError, match=r"^rules\.yaml"):
        load_rulebook(folder)


def test_a_changed_file_can_be_tried_from_elsewhere(county_folder: Path, tmp_path: Path) -> None:
    tried = changed(county_folder, tmp_path, "{all: 36}", "{all: 20}") / "rules.yaml"
    book = load_rulebook(county_folder, rules=tried.rename(tmp_path / "try.yaml"))
    assert next(r for r in book.rules if r.code == "WAT-4").threshold.all == 20  # type: ignore[union-attr]


def test_the_countys_rules_fit_the_contracts(county_folder: Path) -> None:
    assert len(load_rulebook(county_folder, contracts=CONTRACTS).rules) == 15


@pytest.mark.parametrize(
    ("source", "column", "kind", "said"),
    [
        (
            "medical_insurance.settlements",
            "self_paid",
            None,
            r"rules\[0\]\.measure\.plus\[0\] \(rule MED-1\): found “self_paid”",
        ),
        (
            "medical_insurance.settlements",
            "self_paid",
            "text",
            "“self_paid”, which is of type text",
        ),
        (
            "medical_insurance.settlements",
            "settled",
            "text",
            r"period\.date.*“settled”, which is of type text",
        ),
        ("medical_insurance.settlements", "hospital", None, r"split_by\[0\]"),
        (
            "medical_insurance.settlements",
            "settlement_id",
            None,
            r"datasets\.medical_insurance\.settlements\.key",
        ),
        (
            "civil_affairs.assistance",
            "start",
            "text",
            "of type text for “in_data_month”; allowed: stopped",
        ),
        ("civil_affairs.assistance", "stop_reason", None, r"rules\[3\]\.sentence"),
        ("education.students", "grant", None, r"burden\[1\]\.measure\.minus\[0\]"),
        ("housing.dwellings", "grade", "number", r"measures\[2\]\.where\[0\]\.column"),
        ("water.supplies", "quality", "yuan", r"rules\[10\]\.where\[0\]\.column \(rule WAT-2\)"),
    ],
)
def test_a_rule_that_asks_for_what_a_contract_has_not_is_refused(
    county_folder: Path, source: str, column: str, kind: str | None, said: str
) -> None:
    def changed(contract: Contract) -> Contract:
        columns = {name: known for name, known in contract.columns.items() if name != column}
        if kind:
            columns[column] = Column(type=kind)  # type: ignore[arg-type]
        return contract.model_copy(update={"columns": columns})

    contracts = [changed(c) if c.slug == source else c for c in CONTRACTS]
    with pytest.raises(ConfigError, match=r"(?s)^rules\.yaml, line [0-9]+.*" + said):
        load_rulebook(county_folder, contracts=contracts)


def test_a_rule_for_a_department_without_a_contract_is_refused(county_folder: Path) -> None:
    contracts = [c for c in CONTRACTS if c.slug != "water.supplies"]
    with pytest.raises(
        ConfigError, match=r"rules\[9\]\.dataset \(rule WAT-1\): found “water\.supplies”"
    ):
        load_rulebook(county_folder, contracts=contracts)
