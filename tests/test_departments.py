"""Two more departments, by three files each and no Python: contract, suite, rules
(docs/add-a-department.md)."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from demo.county import DemoCounty
from overlaid import overlay, settings_of
from sealed import opened
from shouwang.board.figures import month_rows
from shouwang.casework import monthly
from shouwang.cli.app import app
from shouwang.cli.drafting import check_contract, draft_contract
from shouwang.cli.exporting import export
from shouwang.core.errors import ConfigError, FileRefused
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.statistics.scorecards import score
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

MONTH = "2026-09"


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    folder = tmp_path_factory.mktemp("county")
    return made_county(folder, households=120, months=(Month(2026, 9),), seed=5)


@pytest.fixture
def home(county: DemoCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = overlay(tmp_path)
    for name, value in {
        "SHOUWANG_HOME": tmp_path / "home",
        "SHOUWANG_INBOX": tmp_path / "inbox",
        "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_DATABASE_URL": f"sqlite:///{tmp_path / 'home' / 'shouwang.db'}",
        **settings_of(folder),
    }.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path


def people_of(county: DemoCounty) -> pd.DataFrame:
    """A member of each household, the head first."""
    people = pd.read_excel(county.registry, dtype=str, engine="calamine")
    return people.drop_duplicates("户编号").reset_index(drop=True)


def save(path: Path, title: str, rows: list[list[Any]]) -> None:
    """A workbook as an office exports it: a title row, then the table."""
    path.parent.mkdir(parents=True)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([title])
    for row in rows:
        sheet.append(row)
    book.save(path)


def exports(county: DemoCounty, inbox: Path) -> dict[str, set[str]]:
    """What the two departments hand over, with an unknown kind and a row without a day; the
    households of each rule."""
    people = people_of(county)
    who = people[["姓名", "证件号码", "乡镇", "行政村"]].to_numpy().tolist()
    disasters: list[list[Any]] = [
        [
            "灾情编号",
            "户主姓名",
            "身份证号",
            "乡镇",
            "行政村",
            "受灾日期",
            "灾种",
            "直接经济损失（元）",
            "倒塌房屋间数",
        ]
    ]
    kinds = ("洪涝", "水灾", "冰雹", "火灾")
    for number, person in enumerate(who[:12]):
        loss, fallen = (12_000 if number < 4 else 300), (2 if number == 6 else 0)
        disasters.append(
            [
                f"Z{number:03d}",
                *person,
                dt.date(2026, 9, 3 + number),
                kinds[number % 4],
                loss,
                fallen,
            ]
        )
    disasters.append(["Z099", *who[20], dt.date(2026, 9, 9), "外星人", 1, 0])
    save(inbox / MONTH / "emergency" / "受灾户.xlsx", "2026年9月农村受灾户台账", disasters)
    certificates: list[list[Any]] = [
        [
            "序号",
            "姓名",
            "身份证号码",
            "所属乡镇",
            "村",
            "残疾类别",
            "残疾等级",
            "发证日期",
            "变动情况",
        ]
    ]
    for number, person in enumerate(who[30:40]):
        grade = ("一级", "贰级", "3级", "四级", "2")[number % 5]
        certificates.append([number + 1, *person, "2026-09-15", "肢体残疾", "新办"])
        certificates[-1][5:9] = ["肢体残疾", grade, "2026-09-15", "新办"]
    certificates.append([11, *who[41], "视力", "一级", "", "新办"])
    save(inbox / MONTH / "disabled" / "变动名册.xlsx", "持证残疾人变动名册", certificates)
    homes = people["户编号"]
    grave = {homes[30 + n] for n in range(10) if n % 5 in (0, 1, 4)}
    return {"DIS-1": set(homes[:4]), "DIS-2": {homes[6]}, "CJ-1": grave}


def cells_of(outbox: Path) -> list[str]:
    """What stands in the townships' lists."""
    books = (
        openpyxl.load_workbook(opened(path, outbox.parent))
        for path in outbox.rglob("*预警名单*.xlsx")
    )
    return [
        str(cell)
        for book in books
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if cell
    ]


def test_they_work_from_the_inbox_to_the_lists(county: DemoCounty, home: Path) -> None:
    wanted = exports(county, home / "inbox")
    handover.init()
    handover.load_registry(str(county.registry), MONTH)
    for department, rejected in (("emergency", 0), ("disabled", 1)):
        reference = handover.receive(MONTH, department)
        assert (reference["status"], reference["rejected"]) == ("loaded", rejected)
    for contract in handover.departments(MONTH):
        if contract["department"] not in ("emergency", "disabled"):
            handover.declare_late(MONTH, contract["department"])
    monthly.screen(MONTH)
    with load_workspace().database.read() as connection:
        signals = export(connection, "signals", Month.parse(MONTH))
    found = {rule: set(rows["household_id"]) for rule, rows in signals.groupby("rule")}
    assert found["DIS-1"] == wanted["DIS-1"]
    assert found["DIS-2"] == wanted["DIS-2"]
    assert found["CJ-1"] == wanted["CJ-1"]
    releasing.release(MONTH, "测试员")
    text = "\n".join(cells_of(home / "home" / "outbox"))
    assert "应急管理局：" in text
    assert "近 3 个月受灾损失累计 12,000.00 元" in text
    assert "倒塌房屋 2 间" in text
    assert "残联：" in text
    assert "新办肢体残疾二级" in text
    assert "残疾人两项补贴" in text
    receipts = [path.name for path in (home / "home" / "outbox").rglob("*数据回执*.xlsx")]
    assert sorted(name.split("数据回执")[0] for name in receipts) == ["应急管理局", "残联"]


def push(county: DemoCounty, home: Path, name: str, losses: dict[str, float]) -> dict[str, str]:
    """Hand over a file of disasters, alone in the inbox, and take it in; who bears which number."""
    inbox = home / "inbox" / MONTH / "emergency"
    shutil.rmtree(inbox, ignore_errors=True)
    people = people_of(county)[["姓名", "证件号码", "乡镇", "行政村"]].to_numpy().tolist()
    head = [
        "灾情编号",
        "户主姓名",
        "身份证号",
        "乡镇",
        "行政村",
        "受灾日期",
        "灾种",
        "直接经济损失",
    ]
    rows = [
        [number, *people[int(number[1:])], "2026-09-03", "洪涝", loss]
        for number, loss in losses.items()
    ]
    save(inbox / name, "受灾户", [head, *rows])
    reference = handover.receive(MONTH, "emergency")
    return {key: str(reference.get(key)) for key in ("status", "accepted", "rejected", "void")}


def taken(what: str) -> pd.DataFrame:
    with load_workspace().database.read() as connection:
        return export(connection, what, Month.parse(MONTH))


def test_what_adds_to_a_month_adds_up_and_a_later_row_takes_the_place_of_an_earlier_one(
    county: DemoCounty, home: Path
) -> None:
    handover.init()
    handover.load_registry(str(county.registry), MONTH)
    first = push(county, home, "灾情.xlsx", {"Z001": 12_000, "Z002": 100, "Z003": 90})
    assert (first["status"], first["accepted"]) == ("loaded", "3")
    second = push(county, home, "灾情.xlsx", {"Z001": 200, "Z004": 15_000})
    assert (second["status"], second["accepted"], second["void"]) == ("loaded", "4", "1")
    receipts = (home / "home" / "outbox" / MONTH / "departments" / "emergency").glob("*第2版.xlsx")
    told = openpyxl.load_workbook(next(receipts)).active.iter_rows(values_only=True)
    assert "另有 1 行作废" in str([*told])
    lines = taken("matches")
    assert lines.groupby(["file", "outcome"]).size().to_dict() == {
        ("灾情.xlsx", "matched"): 2,
        ("灾情.xlsx", "void"): 1,
        ("第2批_灾情.xlsx", "matched"): 2,
    }
    monthly.screen(MONTH)
    homes = people_of(county)["户编号"]
    assert set(taken("signals")["household_id"]) == {homes[4]}
    assert handover.receive(MONTH, "emergency")["status"] == "unchanged"
    third = push(county, home, "又一批.xlsx", {"Z001": 12_000})
    assert (third["accepted"], third["void"]) == (
        "4",
        "2",
    )  # as the first said, and yet the last word
    monthly.screen(MONTH)
    assert set(taken("signals")["household_id"]) == {homes[1], homes[4]}
    (home / "inbox" / MONTH / "emergency" / "空.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    assert handover.receive(MONTH, "emergency")["status"] == "refused"
    assert len(taken("matches")) == 6  # what was there before stays


def test_a_dataset_that_comes_on_arrival_is_never_missing_and_never_late(
    county: DemoCounty, home: Path
) -> None:
    handover.init()
    handover.load_registry(str(county.registry), MONTH)
    assert "emergency" not in handover.settled(MONTH)["missing"]
    assert handover.declare_late(MONTH, "emergency")["status"] == "not due"
    workspace = load_workspace()
    with workspace.database.read() as connection:
        [row] = month_rows(workspace, connection, [Month.parse(MONTH)], dt.date(2026, 10, 12))
    assert [c.state for c in row.cells if c.department == "emergency"] == ["not due"]
    push(county, home, "灾情.xlsx", {"Z001": 12_000})
    monthly.screen(MONTH)  # though nobody who is due has come
    assert set(taken("signals")["rule"]) == {"DIS-1"}
    shutil.copytree(home / "inbox" / MONTH, home / "inbox" / "2026-10")  # this very month
    for path in (home / "inbox").rglob("*.xlsx"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert {"month": "2026-10", "department": "emergency"} in handover.come_late()
    assert all(line["days_late"] == 0 for line in score(load_workspace(), "emergency"))


def test_cadence_belongs_to_a_dataset(home: Path) -> None:
    departments = home / "county" / "departments"
    students = yaml.safe_load((departments / "education.yaml").read_text(encoding="utf-8"))
    dropouts = students | {"department": "dropouts", "dataset": "dropouts"}
    del dropouts["cadence"]
    (departments / "dropouts.yaml").write_text(yaml.safe_dump(dropouts, allow_unicode=True))
    quarterly = yaml.safe_load((departments / "disabled.yaml").read_text(encoding="utf-8"))
    quarterly["cadence"] = "quarter"
    (departments / "disabled.yaml").write_text(yaml.safe_dump(quarterly, allow_unicode=True))
    due = {
        month: {one["department"] for one in handover.departments(month) if one["cadence"]}
        for month in ("2026-03", "2026-04", "2026-06")
    }
    assert {"education", "dropouts", "disabled"} <= due["2026-03"]
    assert due["2026-04"] & {"education", "dropouts", "disabled"} == {"dropouts"}
    assert due["2026-06"] & {"education", "dropouts", "disabled"} == {"dropouts", "disabled"}
    (departments / "disabled.yaml").write_text(
        yaml.safe_dump(quarterly | {"cadence": {"months": []}}, allow_unicode=True)
    )
    with pytest.raises(ConfigError, match="on arrival"):
        handover.departments("2026-03")


def test_rules_over_additions_need_their_key(home: Path) -> None:
    rules = home / "county" / "rules.yaml"
    book = yaml.safe_load(rules.read_text(encoding="utf-8"))
    del book["datasets"]["emergency.disasters"]["key"]
    rules.write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigError, match="additions"):
        check_contract(load_workspace(), home / "county" / "departments" / "emergency.yaml")


def test_check_holds_a_contract_against_suite_and_rules(home: Path) -> None:
    contract = home / "county" / "departments" / "emergency.yaml"
    told = check_contract(load_workspace(), contract)
    assert told["rules"] == ["DIS-1", "DIS-2"]
    assert told["columns"]["loss"] == "yuan"
    assert CliRunner().invoke(app, ["contract", "check", str(contract)]).exit_code == 0
    text = contract.read_text(encoding="utf-8")
    for broken, words in (
        (text.replace("type: yuan", "type: money"), "loss.type"),
        (text.replace("  loss: ", "  damage: "), "loss"),
        (text.replace("key: [disaster_id]", "key: [number]"), "number"),
        (text.replace("  name: {type: name, required: true}\n", ""), "name"),
    ):
        assert broken != text
        contract.write_text(broken, encoding="utf-8")
        with pytest.raises(ConfigError, match=words):
            check_contract(load_workspace(), contract)


def test_draft_reads_an_export_and_its_draft_is_in_order(county: DemoCounty, home: Path) -> None:
    exports(county, home / "inbox")
    sample = home / "inbox" / MONTH / "emergency" / "受灾户.xlsx"
    contract, suite, left_out = draft_contract(
        load_workspace(), sample, "rescue", "losses", "救灾办"
    )
    content = yaml.safe_load(contract)
    types = {
        (column.get("wordings") or [name])[0]: column["type"]
        for name, column in content["columns"].items()
    }
    assert types == {
        "灾情编号": "text",
        "name": "name",
        "id_number": "identity",
        "township": "text",
        "village": "text",
        "受灾日期": "date",
        "灾种": "code",
        "直接经济损失（元）": "yuan",
        "倒塌房屋间数": "integer",
    }
    (home / "county" / "departments" / "rescue.yaml").write_text(contract, encoding="utf-8")
    (home / "expectations" / "rescue.losses.json").write_text(suite, encoding="utf-8")
    assert (
        check_contract(load_workspace(), home / "county" / "departments" / "rescue.yaml")["rules"]
        == []
    )
    assert left_out == []
    (home / "inbox" / MONTH / "rescue").mkdir()
    shutil.copy(sample, home / "inbox" / MONTH / "rescue")
    handover.init()
    handover.load_registry(str(county.registry), MONTH)
    assert handover.receive(MONTH, "rescue")["matched"] >= 12
    nobody = home / "没有姓名.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])
    book.active.append(["1", "2"])
    book.save(nobody)
    with pytest.raises(FileRefused, match="没有认得的姓名列"):
        draft_contract(load_workspace(), nobody, "rescue", "losses", "救灾办")


def test_a_heading_that_would_be_a_name_of_ours_is_called_otherwise(home: Path) -> None:
    sample = home / "火灾户.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["姓名", "身份证号", "Reason", "row"])
    for n in range(1, 9):
        book.active.append([f"张{n}", "532999198506037605", f"起火{n}", f"A{n}"])
    book.save(sample)
    contract, _, _ = draft_contract(load_workspace(), sample, "fires", "losses", "消防队")
    columns = yaml.safe_load(contract)["columns"]
    assert {name for name in columns if name.startswith("column_")} == {"column_3", "column_4"}


def test_a_draft_is_checked_where_it_was_written_also_where_people_are_called_heads(
    home: Path,
) -> None:
    sample = home / "火灾户.xlsx"
    book = openpyxl.Workbook()
    for line in (
        ["户主", "乡镇", "村", "损失（元）"],
        *([f"张{n}", "大河镇", "上河村", n * 100] for n in range(1, 9)),
    ):
        book.active.append(line)
    book.save(sample)
    words = [
        "contract",
        "draft",
        str(sample),
        "--department",
        "fire",
        "--dataset",
        "fires",
        "--title",
        "消防大队",
    ]
    assert CliRunner().invoke(app, [*words, "--out", str(home / "draft")]).exit_code == 0
    draft = home / "draft" / "departments" / "fire.yaml"
    assert yaml.safe_load(draft.read_text(encoding="utf-8"))["columns"]["name"]["wordings"] == [
        "户主"
    ]
    assert CliRunner().invoke(app, ["contract", "check", str(draft)]).exit_code == 0
