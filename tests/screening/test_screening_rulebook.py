"""A rule file with a mistake is refused with a sentence that names the place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shouwang.core.errors import ConfigError
from shouwang.county.contract import Column, Contract
from shouwang.county.settings import read_county
from shouwang.screening.rulebook import load_rulebook

CONTRACTS = read_county(Path(__file__).parents[2] / "include" / "county").every_contract

MISTAKES = {
    "an unknown key": (
        "unit: household\n    period",
        "unitt: household\n    period",
        "rules[1].unitt",
        "“unit”",
    ),
    "a missing key": ("    title: 单次住院自付较高\n", "", "rules[0].title", "this key is needed"),
    "an operator that does not exist": (
        'compare: ">="',
        'compare: "=>"',
        "rules[0].compare",
        "“=>”",
    ),
    "a threshold in words": (
        "special: 6000",
        "special: 六千",
        "rules[0].threshold.special",
        "“六千”",
    ),
    "a threshold with quotation marks": (
        "special: 6000",
        'special: "6000"',
        "rules[0].threshold.special",
        "number",
    ),
    "a threshold that is not positive": (
        "special: 6000",
        "special: -6000",
        "rules[0].threshold.special",
        "greater",
    ),
    "half a threshold": (
        "{special: 6000, general: 10000}",
        "{special: 6000}",
        "rules[0].threshold",
        "'all', or both",
    ),
    "a unit that does not exist": ("unit: person", "unit: village", "rules[0].unit", "household"),
    "a span that does not exist": (
        "{span: month, date",
        "{span: week, date",
        "rules[0].period.span",
        "school_year",
    ),
    "a period without its date": (
        "{span: month, date: settled}",
        "{span: month}",
        "rules[0].period",
        "'date' column",
    ),
    "a condition with two tests": (
        "in: [住院]}",
        "in: [住院], above: 3}",
        "rules[0].where[0]",
        "exactly one test",
    ),
    "a condition without a test": (
        "{column: visit_type, in: [住院]}",
        "{column: visit_type}",
        "rules[0].where[0]",
        "one test",
    ),
    "an empty list": ("in: [住院]", "in: []", "rules[0].where[0].in", "at least 1"),
    "a measure without a comparison": ('    compare: ">="\n', "", "rules[0]", "belong together"),
    "a sum of nothing": (
        "plus: [self_paid]}\n    compare",
        "plus: []}\n    compare",
        "rules[0].measure",
        "need columns",
    ),
    "an unknown department": (
        "department: medical_insurance",
        "department: medical",
        "rules[0].department",
        "water",
    ),
    "an unknown dataset": (
        "dataset: settlements",
        "dataset: settlement",
        "rules[0].dataset",
        "medical_insurance.settl",
    ),
    "an unknown risk": ("risk: 因病", "risk: 生病", "rules[0].risk", "因学"),
    "an unknown parameter": (
        "divided_by: reference_income",
        "divided_by: income",
        "measure.divided_by",
        "monitoring_line",
    ),
    "the same code twice": (
        "code: MED-2",
        "code: MED-1",
        "rules[1].code",
        "a second time for the same days",
    ),
    "a code of another form": ("code: MED-1", "code: 医保1", "rules[0].code", "match pattern"),
    "a date that is none": (
        "valid: {from: 2021-01-01}",
        "valid: {from: 2021年}",
        "rules[0].valid.from",
        "date",
    ),
    "a day that does not exist": (
        "valid: {from: 2021-01-01}",
        "valid: {from: 2021-02-30}",
        "line",
        "a day that exists",
    ),
    "a condition with an empty test": ("in: [住院]}", "above: }", "rules[0].where[0]", "one test"),
    "a threshold without end": (
        "special: 6000",
        "special: .inf",
        "rules[0].threshold.special",
        "finite",
    ),
    "a rule that ends before it begins": (
        "valid: {from: 2021-01-01}",
        "valid: {from: 2021-01-01, until: 2020-01-01}",
        "rules[0].valid",
        "before 'from'",
    ),
    "a name in a sentence": (
        "{person} {month}住院",
        "{name} {month}住院",
        "rules[0].sentence",
        "no list may show",
    ),
    "a value where none is measured": (
        "鉴定为 {grade} 级",
        "鉴定为 {value} 级",
        "rules[8].sentence",
        "without a measure",
    ),
    "a brace left open": (
        "{beyond} {threshold} 元",
        "{beyond} {threshold 元",
        "rules[0].sentence",
        "not closed",
    ),
    "a roster summed over months": (
        "{span: delivery}\n    where:\n      - {column: status, in: [停保]}",
        "{span: month, date: start}\n    where:\n      - {column: status, in: [停保]}",
        "rules[3].period.span",
        "whole roster",
    ),
    "a level fact that does not exist": (
        "column: burden,",
        "column: debts,",
        "levels[0].any[1][0].column",
        "burden",
    ),
    "a level bound that does not exist": (
        "at_most: monitoring_line}]\n      -",
        "at_most: line}]\n      -",
        "at_most",
        "“line”",
    ),
    "a level of another name": ("level: 蓝", "level: 绿", "levels[2].level", "红、黄、蓝"),
    "levels in another order": ("level: 红", "level: 黄", "levels[0].level", "in this order"),
    "a last level with conditions": (
        "title: Ⅲ级",
        "title: Ⅲ级\n    any: [[{column: risks, at_least: 1}]]",
        "levels[2].any",
        "last",
    ),
    "help for an unknown rule": (
        "rules: [HOU-1], where: [{column: grade, in: [C]}]",
        "rules: [HOU-9]",
        "measures[2].rules[0]",
        "HOU-1",
    ),
    "a source that does not exist": (
        "requires: # 当月要有正数结算\n      - period",
        "requires:\n      - source: police.deaths\n        period",
        "rules[1].requires[0].source",
        "water.supplies",
    ),
    "rows of which nothing is said": (
        "requires: # 当月要有正数结算\n      - period: {span: month, date: settled}\n        where:",
        "without:\n      - where:",
        "rules[1].without[0].period",
        "this key is needed",
    ),
    "a threshold by a parameter that does not exist": (
        "special: 6000",
        "special: 0.5 * income_line",
        "rules[0].threshold.special",
        "reference_income",
    ),
    "a comparison without its kind": (
        "plus: [self_paid]}\n    compare",
        "plus: [self_paid], compared_to: {span: month, date: settled, back: 1}}\n    compare",
        "rules[0].measure",
        "rise, fall or ratio",
    ),
    "a kind of comparison that does not exist": (
        "plus: [self_paid]}\n    compare",
        "plus: [self_paid], compared_to: {span: month, date: settled, back: 1}, by: more}\n    compare",
        "rules[0].measure.by",
        "“ratio”",
    ),
    "a submission before of a dataset with a key": (
        "period: {span: month, date: settled}\n    where:\n      - {column: visit_type, in: [住院]}",
        "period: {span: previous}\n    where:\n      - {column: visit_type, in: [住院]}",
        "rules[0].period",
        "back: 1",
    ),
    "a roster that is moved back": (
        "period: {span: delivery}",
        "period: {span: delivery, back: 1}",
        "rules[3].period",
        "span: previous",
    ),
    "a second measure of nothing": (
        '"{office}：{person} {month}名册显示{aid_type}已停保',
        '"{also.value} {month}名册显示{aid_type}已停保',
        "rules[3].sentence",
        "without a measure",
    ),
    "an earlier value in a rule that compares with nothing": (
        "{person} {month}住院自付 {value}",
        "{person} {month}住院自付由 {before} 到 {value}",
        "rules[0].sentence",
        "compared_to",
    ),
    "a required row's column where nothing is required": (
        "{person} {month}住院自付",
        "{person} {required.died}住院自付",
        "rules[0].sentence",
        "requires",
    ),
    "a key written twice": (
        "    unit: household\n",
        "    unit: household\n    unit: person\n",
        "“unit”",
        "a second time",
    ),
    "a tab": ("    unit: household\n", "\tunit: household\n", "line", "tabs are not allowed"),
    "a bracket left open": ("in: [住院]}", "in: [住院}", "line", "cannot be read as YAML"),
    "an age of a whole household": (
        "{head}户 {school_year}",
        "{head}户 {person.age} {school_year}",
        "rules[7].unit",
        "person.age",
    ),
}


def copy_of(folder: Path, to: Path) -> Path:
    for name in ("rules.yaml", "parameters.yaml"):
        (to / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    return to


@pytest.mark.parametrize(("written", "instead", "key", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place(
    county_folder: Path, tmp_path: Path, written: str, instead: str, key: str, hint: str
) -> None:
    folder = copy_of(county_folder, tmp_path)
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    assert written in text
    (folder / "rules.yaml").write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_rulebook(folder)
    said = str(refused.value)
    assert said.startswith("rules.yaml, line ")
    assert key in said
    assert hint in said


VALUES = {
    "a value that the contract does not have": (
        "in: [住院]",
        "in: [住园]",
        "rules[0].where[0].in",
        "did you mean “住院”",
    ),
    "a household type that the registry does not have": (
        "not_in: [脱贫不稳定户, 边缘易致贫户, 突发严重困难户]}",
        "not_in: [脱贫不稳定户, 边缘易至贫户, 突发严重困难户]}",
        "rules[4].where[3].not_in",
        "did you mean “边缘易致贫户”",
    ),
    "a threshold for a household type that does not exist": (
        "threshold: {special: 6000, general: 10000}",
        "threshold: {special: 6000, general: 10000, types: {贫困户: 1}}",
        "rules[0].threshold.types",
        "脱贫户",
    ),
    "a special household that does not exist": (
        "special_households: [脱贫户,",
        "special_households: [脱贫,",
        "special_households",
        "did you mean “脱贫户”",
    ),
    "a level by a household type that does not exist": (
        "[{column: household_type, in: [脱贫户]}]",
        "[{column: household_type, in: [脱平户]}]",
        "levels[1].any[0][0].in",
        "“脱平户”",
    ),
    "a column of a similar name": (
        "plus: [self_paid]",
        "plus: [self_pay]",
        "measure.plus[0]",
        "did you mean “self_paid”",
    ),
    "a number compared with a text": (
        "{column: quality, in: [不达标]}",
        "{column: quality, above: 1}",
        "where[0].column",
        "of type code for “above”",
    ),
    "a date that is a number": (
        "{span: month, date: settled}",
        "{span: month, date: self_paid}",
        "rules[0].period.date",
        "admitted, discharged, settled",
    ),
    "an agreement on a column that the other has not": (
        "requires: # 当月要有正数结算\n      - period",
        "requires:\n      - same: [grade]\n        period",
        "rules[1].requires[0].same[0]",
        "“grade”",
    ),
}


@pytest.mark.parametrize(("written", "instead", "key", "hint"), VALUES.values(), ids=VALUES)
def test_a_mistake_against_the_contracts_is_named_with_its_line(
    county_folder: Path, tmp_path: Path, written: str, instead: str, key: str, hint: str
) -> None:
    folder = copy_of(county_folder, tmp_path)
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    assert written in text
    text = text.replace(written, instead, 1)
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
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
    folder = copy_of(county_folder, tmp_path)
    text = (folder / "rules.yaml").read_text(encoding="utf-8")
    (folder / "rules.yaml").write_text(
        text.replace("risk: 住房", "risk: 房").replace("risk: 饮水", "risk: 水"), "utf-8"
    )
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
    folder = copy_of(county_folder, tmp_path)
    text = (folder / "parameters.yaml").read_text(encoding="utf-8")
    (folder / "parameters.yaml").write_text(text.replace(written, instead, 1), encoding="utf-8")
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
    text = (
        (county_folder / "rules.yaml").read_text(encoding="utf-8").replace("{all: 36}", "{all: 20}")
    )
    tried = tmp_path / "try.yaml"
    tried.write_text(text, encoding="utf-8")
    book = load_rulebook(county_folder, rules=tried)
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
