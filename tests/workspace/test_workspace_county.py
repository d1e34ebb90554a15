"""What a county edits, misspelt: the sentence names the file, the line and the key."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.county.contract import RESERVED, read_contract, read_vocabulary, read_wordings
from shouwang.county.settings import read_county
from shouwang.matching.index import COLUMNS, RegistryIndex
from shouwang.matching.ladder import match
from shouwang.quality.check import check
from shouwang.quality.suites import ROW_ID
from shouwang.recognition.reading import read_files
from shouwang.store.records import record_table


@pytest.mark.parametrize(
    ("file", "written", "instead", "key", "hint"),
    [
        ("county.yaml", "office:", "ofice:", "ofice", "did you mean “office”"),
        ("county.yaml", 'code: "', 'code: "x', "code", "pattern"),
        (
            "departments/water.yaml",
            "required: true",
            "required: maybe",
            "columns.name.required",
            "“maybe”",
        ),
        (
            "departments/water.yaml",
            "dataset_title: ",
            "dataset_title: ]",
            "",
            "cannot be read as YAML",
        ),
        ("registry.yaml", "title: 乡村振兴局", "title: x\ntitle: y", "", "a second time"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(
    project: Path, tmp_path: Path, file: str, written: str, instead: str, key: str, hint: str
) -> None:
    county_folder = project / "include" / "county"
    for path in county_folder.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(county_folder)
        copy.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if str(path.relative_to(county_folder)) == file:
            assert written in text
            line = text[: text.index(written)].count("\n") + 1 + instead.count("\n")
            text = text.replace(written, instead, 1)
        copy.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_county(tmp_path)
    said = str(refused.value)
    assert f"{Path(file).name}, line {line}" in said
    assert key in said
    assert hint in said


def water_contract(folder: Path, to: Path, written: str, instead: str) -> Path:
    """The water department's contract with something else in one place."""
    text = (folder / "departments" / "water.yaml").read_text(encoding="utf-8")
    assert written in text
    path = to / "water.yaml"
    path.write_text(text.replace(written, instead), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_column_may_not_bear_a_name_of_ours(project: Path, tmp_path: Path, name: str) -> None:
    folder = project / "include" / "county"
    path = water_contract(folder, tmp_path, "  fetch_minutes:", f"  {name}:")
    with pytest.raises(ConfigError, match=rf"water\.yaml, line 1.*columns\.{name}: a name of our"):
        read_contract(path, read_wordings(folder), read_vocabulary(folder))


@pytest.mark.parametrize("name", ["_unit", "before.minutes", "fetch minutes", "{minutes}"])
def test_a_columns_name_can_be_told_from_every_other(
    project: Path, tmp_path: Path, name: str
) -> None:
    folder = project / "include" / "county"
    path = water_contract(folder, tmp_path, "  fetch_minutes:", f'  "{name}":')
    with pytest.raises(ConfigError, match="letters, digits and _ only"):
        read_contract(path, read_wordings(folder), read_vocabulary(folder))


def test_whatever_a_reading_gains_on_its_way_is_reserved(project: Path, tmp_path: Path) -> None:
    contract = read_county(project / "include" / "county").contracts["medical_insurance"]
    balance = contract.balances[0]
    headings = {contract.columns[name].wordings[0]: "1" for name in contract.columns}
    headings |= {contract.columns["name"].wordings[0]: "张三"}
    assert {balance.total, *balance.given} <= contract.columns.keys()
    path = tmp_path / "结算.csv"
    path.write_text(
        "\n".join(",".join(line) for line in (headings, headings.values())), encoding="utf-8"
    )
    reading = read_files([path], contract).table
    people = pd.DataFrame(columns=[*COLUMNS], dtype="str")
    matches = match(reading, RegistryIndex(people))
    verdicts = check(reading, contract, project / "expectations", Month(2026, 9))
    gained = {*reading, *record_table(contract).c.keys()} - contract.columns.keys()
    gained |= {*matches, *vars(verdicts), ROW_ID} - {"refusals", "warnings", "page"}
    assert gained - contract.derived.keys() <= RESERVED


@pytest.mark.parametrize("months", ["[3, 13]", "[0]", "[]"])
def test_only_months_of_the_calendar_are_handed_over(
    project: Path, tmp_path: Path, months: str
) -> None:
    folder = project / "include" / "county"
    added = f"department: water\ncadence: {{months: {months}}}\n"
    path = water_contract(folder, tmp_path, "department: water\n", added)
    with pytest.raises(ConfigError, match=r"water\.yaml, line [0-9]+, key cadence"):
        read_contract(path, read_wordings(folder), read_vocabulary(folder))


def test_the_registry_is_excused_from_one_name_only(project: Path, tmp_path: Path) -> None:
    folder = project / "include" / "county"
    text = (folder / "registry.yaml").read_text(encoding="utf-8")
    path = tmp_path / "registry.yaml"
    path.write_text(text.replace("  ethnicity:", "  reason:"), encoding="utf-8")
    assert "household_id" in read_county(folder).registry.columns
    with pytest.raises(ConfigError, match=r"columns\.reason: a name of our own"):
        read_contract(path, read_wordings(folder), read_vocabulary(folder))
