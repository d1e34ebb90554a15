"""What a changed rule file would have done: counted on past months, told three ways, touching
nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from shouwang.casework import monthly
from shouwang.cli.app import app
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.documents.charts import chinese_font
from shouwang.registry.history import people_as_of
from shouwang.screening.evaluate import screen
from shouwang.screening.recorded import records_for
from shouwang.screening.rulebook import load_rulebook
from shouwang.screening.trials import try_rules
from shouwang.store.records import matched_records
from shouwang.workspace.workspace import Workspace

MONTHS = "2026-08..2026-09"
NEW_RULE = """
  - code: WAT-9
    title: 取水时间比上次增加
    department: water
    dataset: supplies
    risk: 饮水
    basis: 试算
    responsible: 水利局
    valid: {from: 2021-01-01}
    unit: household
    period: {span: delivery}
    measure: {kind: max, plus: [fetch_minutes], compared_to: {span: previous}, by: rise}
    compare: ">="
    threshold: {all: 5}
    sentence: "{office}：{head}户取水时间比上次增加 {value} 分钟"
"""


def changed(
    workspace: Workspace,
    to: Path,
    written: str = "{all: 20}",
    instead: str = "{all: 25}",
    more: str = "",
) -> Path:
    """The county's rules with a threshold changed, and perhaps a rule added."""
    text = (workspace.county_folder / "rules.yaml").read_text(encoding="utf-8")
    assert written in text
    text = text.replace(written, instead, 1).replace("\n# 家庭负担", more + "\n# 家庭负担", 1)
    path = to / "试算.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, ["rules", *map(str, words)])
    assert done.exception is None, done.output
    return done


def test_a_higher_threshold_loses_households_and_names_the_confirmed_one(
    county: Workspace, tmp_path: Path
) -> None:
    report = json.loads(run("try", changed(county, tmp_path), "--months", MONTHS, "--json").stdout)
    august, september = report["months"]
    assert august["households"] == {"now": 11, "then": 6, "gained": 0, "lost": 5}
    assert september["households"] == {"now": 12, "then": 7, "gained": 0, "lost": 5}
    assert september["by_rule"] == {"WAT-2": {"now": 1, "then": 1}, "WAT-3": {"now": 11, "then": 6}}
    assert september["by_level"] == {"蓝": {"now": 12, "then": 7}}
    assert september["by_township"] == {"大河镇": {"now": 12, "then": 7}}
    assert august["confirmed"]["now"] == 1
    assert len(august["confirmed"]["missed"]) == 1
    assert report["total"]["confirmed"]["missed"] == august["confirmed"]["missed"]
    assert report["total"]["households"] == {"now": 23, "then": 13, "gained": 0, "lost": 10}


def test_a_new_rule_is_tried_and_its_silence_is_said(county: Workspace, tmp_path: Path) -> None:
    file = changed(county, tmp_path, "{all: 20}", "{all: 20}", NEW_RULE)
    report = json.loads(run("try", file, "--months", MONTHS, "--json").stdout)
    assert report["silent"] == [
        "2026-08 WAT-9 取水时间比上次增加：本月未作比较，因为“农村饮水安全台账”没有此前月份的数据"
    ]
    assert report["total"]["households"] == {"now": 23, "then": 23, "gained": 0, "lost": 0}


def test_it_touches_nothing(county: Workspace, tmp_path: Path) -> None:
    def content() -> str:
        with county.database.read() as connection:
            tables = sorted(sa.inspect(connection).get_table_names())
            rows = [
                connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall() for name in tables
            ]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    before = content()
    run("try", changed(county, tmp_path), "--months", MONTHS)
    assert content() == before


def test_workbook_and_charts_say_the_same(county: Workspace, tmp_path: Path) -> None:
    file = changed(county, tmp_path)
    run(
        "try",
        file,
        "--months",
        MONTHS,
        "--out",
        tmp_path / "试算.xlsx",
        "--chart",
        tmp_path / "试算.svg",
    )
    book = openpyxl.load_workbook(tmp_path / "试算.xlsx")
    assert book.sheetnames == ["按月", "按规则", "按等级", "按乡镇", "增减农户"]
    assert [c.value for c in book["按月"][5]] == ["2026-09", 12, 7, 0, 5, 1, 1]
    assert [c.value for c in book["按规则"][5]] == ["WAT-3 取水时间过长", 22, 12, -10]
    lost = [[c.value for c in row] for row in book["增减农户"].iter_rows(min_row=4)]
    assert len(lost) == 10
    assert {row[1] for row in lost} == {"减少"}
    assert {row[4] for row in lost} == {f"H{n:03d}" for n in range(9, 14)}
    svg = (tmp_path / "试算.svg").read_text(encoding="utf-8")
    assert "WAT-3 取水时间过长" in svg
    assert "试算规则" in svg
    if chinese_font():
        run("try", file, "--months", MONTHS, "--chart", tmp_path / "试算.png")
        assert (tmp_path / "试算.png").read_bytes().startswith(b"\x89PNG")


def test_the_trial_says_what_a_screening_with_that_file_says(
    county: Workspace, tmp_path: Path
) -> None:
    file = changed(
        county, tmp_path, "special_households: [脱贫户, ", "special_households: [一般农户, 脱贫户, "
    )
    book = load_rulebook(county.county_folder, file)
    month = Month(2026, 9)
    with county.database.read() as connection:
        trial = try_rules(connection, county, file, [month])
        contract = county.county.contracts["water"]
        everything = {contract.slug: matched_records(connection, contract, ["2026-08", "2026-09"])}
        whole = screen(book, month, everything, people_as_of(connection, month))
    tried = (
        trial.warnings[trial.warnings["then"].notna()]
        .set_index("household_id")["then"]
        .sort_index()
    )
    assert (
        tried.to_dict() == whole.warnings.set_index("household_id")["level"].sort_index().to_dict()
    )
    assert set(tried) == {"蓝"}


def test_only_what_the_rules_ask_for_is_read(county: Workspace) -> None:
    book = load_rulebook(county.county_folder)
    with county.database.read() as connection:
        records = records_for(
            connection, county.county.contracts.values(), [book], [Month(2026, 9)]
        )
    water = records["water.supplies"]
    assert sorted(water["submission_month"].unique()) == ["2026-08", "2026-09"]
    assert "fetch_minutes" in water
    assert "village" not in water
    assert water["fetch_minutes"].dtype == "float64"


def test_a_changed_threshold_and_a_new_rule_take_effect_by_editing_the_file(
    county: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "county"
    folder.mkdir()
    for path in county.county_folder.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "rules.yaml").unlink()
    edited = changed(county, tmp_path, more=NEW_RULE)
    edited.rename(folder / "rules.yaml")
    monkeypatch.setenv("SHOUWANG_COUNTY", str(folder))
    assert monthly.screen("2026-09")["households"] == 7
    first = monthly.screen("2026-08")
    assert first["households"] == 6
    assert first["warnings"] == [
        "WAT-9 取水时间比上次增加：本月未作比较，因为“农村饮水安全台账”没有此前月份的数据"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--months", "2026-09..2026-08"], "ends before it begins"),
        (["--months", "2026-09", "--out", "x.csv"], "x.csv"),
        (["--months", "2026-09", "--chart", "x.gif"], "x.gif"),
    ],
)
def test_wrong_words_are_told(
    county: Workspace, tmp_path: Path, words: list[str], said: str
) -> None:
    done = CliRunner().invoke(app, ["rules", "try", str(changed(county, tmp_path)), *words])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
