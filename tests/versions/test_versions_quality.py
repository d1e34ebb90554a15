"""Severities of a suite, Data Docs, and what is out of the usual: told everywhere, blocking
nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from water_department import HEADINGS, MONTH, NAMES, Water, rows

from shouwang.casework import monthly
from shouwang.core.errors import ConfigError
from shouwang.county.settings import Drift
from shouwang.quality.drift import drift
from shouwang.quality.suites import load_suite
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

FETCHING = {
    "type": "expect_column_max_to_be_between",
    "kwargs": {"column": "fetch_minutes", "max_value": 100},
}


@pytest.fixture
def suites(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the suites that a test may change."""
    folder = tmp_path / "expectations"
    shutil.copytree(project / "expectations", folder)
    monkeypatch.setenv("SHOUWANG_EXPECTATIONS", str(folder))
    return folder


def add(suites: Path, effect: str) -> None:
    path = suites / "water.supplies.json"
    suite = json.loads(path.read_text())
    meta = {
        "id": "fetch.max",
        "effect": effect,
        "columns": ["fetch_minutes"],
        "reason": "取水往返时间有超过 100 分钟的",
    }
    suite["expectations"].append({**FETCHING, "meta": meta})
    path.write_text(json.dumps(suite, ensure_ascii=False))


def far(water: Water) -> Any:
    content = rows()
    content[3][5] = "300"
    water.put(content)
    return water.receive()


def told(path: Path) -> str:
    return "\n".join(
        str(cell.value)
        for row in load_workbook(path)["回执"].iter_rows()
        for cell in row
        if cell.value
    )


def test_a_warning_of_the_suite_is_told_and_blocks_nothing(water: Water, suites: Path) -> None:
    add(suites, "warn")
    assert far(water)["accepted"] == 20
    assert "取水往返时间有超过 100 分钟的" in told(water.receipt(1))
    assert monthly.month_table(MONTH)["warnings"] == ["水利局：取水往返时间有超过 100 分钟的"]


def test_settlements_of_earlier_months_are_taken_and_told(water: Water) -> None:
    """Month sums go by the settlement date (handbook section 7): they count for the year, and
    somebody has to know."""
    titles = "结算流水号,姓名,身份证号,就诊类别,结算日期,医疗总费用,统筹支付,个人自付"
    folder = water.home / "inbox" / MONTH / "medical_insurance"
    folder.mkdir(parents=True)
    lines = [
        f"S{n},{name},,住院,2026-09-{n + 1:02d},30000,10000,20000"
        for n, name in enumerate(NAMES[:10])
    ]
    lines.append(f"S99,{NAMES[11]},,住院,2026-08-30,30000,10000,20000")
    (folder / "结算.csv").write_text("\n".join([titles, *lines]), encoding="utf-8")
    assert handover.receive(MONTH, "medical_insurance")["accepted"] == 11
    lines.append(f"S98,{NAMES[12]},,住院,2026-09-30,30000,10000,")
    (folder / "结算.csv").write_text("\n".join([titles, *lines]), encoding="utf-8")
    assert handover.receive(MONTH, "medical_insurance")["rejected"] == 1
    with load_workspace().database.read() as connection:
        reasons = (
            connection.execute(
                sa.text("SELECT reason FROM submission_row WHERE outcome = 'rejected'")
            )
            .scalars()
            .all()
        )
    assert reasons == ["“个人自付”不能为空"], "that the sum is wrong without it says nothing more"
    (said,) = monthly.month_table(MONTH)["warnings"]
    assert said.startswith("医保局：有以前月份结算的行：只计入当年累计")


def test_an_expectation_may_refuse_the_whole_file(water: Water, suites: Path) -> None:
    add(suites, "refuse_file")
    done = far(water)
    assert done["status"] == "refused"
    assert "取水往返时间有超过 100 分钟的" in done["message"]


def test_an_unknown_severity_is_a_mistake_of_the_suite(suites: Path) -> None:
    add(suites, "shrug")
    with pytest.raises(ConfigError, match="shrug"):
        load_suite(suites / "water.supplies.json")


def test_every_submission_keeps_its_data_docs_without_people_and_without_the_outside(
    water: Water,
) -> None:
    water.put(rows(r5="#N/A"))
    done = water.receive()
    page = (
        load_workspace()
        .validation_page_of(MONTH, "water", done["submission_id"])
        .read_text(encoding="utf-8")
    )
    assert "water.supplies" in page
    assert "unexpected values found" in page
    assert "://" not in page
    assert not any(name in page for name in NAMES)


def deliver(water: Water, month: str, content: list[list[str]]) -> list[str]:
    folder = water.home / "inbox" / month / "water"
    folder.mkdir(parents=True)
    text = "\n".join(",".join(row) for row in [HEADINGS, *content])
    (folder / "台账.csv").write_text(text, encoding="utf-8")
    assert handover.receive(month, "water")["status"] == "loaded"
    return monthly.month_table(month)["warnings"]


def test_a_submission_unlike_the_last_months_is_pointed_out(water: Water) -> None:
    assert deliver(water, "2026-09", rows()) == []
    assert deliver(water, "2026-10", rows()) == []
    odd = rows()[:12]
    for row in odd[:6]:
        row[4], row[7] = "达标", "x"
    odd[0][6] = "三天"
    said = deliver(water, "2026-11", odd)
    assert said == [
        "水利局：共 12 行，前 2 期一般为 20 行",
        "水利局：“本年累计停水天数”认不出的占 8.3%，前几期一般为 0.0%",
    ]
    receipt = (
        water.home
        / "outbox"
        / "2026-11"
        / "departments"
        / "water"
        / "水利局数据回执_2026-11_第1版.xlsx"
    )
    assert all(sentence.removeprefix("水利局：") in told(receipt) for sentence in said)


def test_sums_and_empty_cells_are_compared_too() -> None:
    contract = load_workspace().county.contracts["medical_insurance"]
    nothing = dict.fromkeys(contract.columns, 0.0)
    sums = {"total": 1000.0}
    before = [{"rows": 100, "empty": nothing, "unreadable": nothing, "sums": sums}] * 3
    now = {
        "rows": 100,
        "empty": nothing | {"hospital": 0.5},
        "unreadable": nothing,
        "sums": {"total": 0.1},
    }
    assert drift(now, before, contract, Drift()) == [
        "“医疗总费用”合计 0.10 元，前几期一般为 1,000.00 元，请核对单位",
        "“医疗机构”空白的占 50.0%，前几期一般为 0.0%",
    ]
    assert drift(now, [], contract, Drift()) == []


@pytest.mark.parametrize(
    ("amounts", "times", "told"), [(12, 4.0, 0), (12, 1000.0, 1), (80, 4.0, 1)]
)
def test_a_sum_of_few_amounts_is_told_of_only_when_its_unit_must_be_wrong(
    amounts: int, times: float, told: int
) -> None:
    contract = load_workspace().county.contracts["medical_insurance"]
    nothing = dict.fromkeys(contract.columns, 0.0)
    usual = {
        "rows": 200,
        "empty": nothing,
        "unreadable": nothing,
        "sums": {"assistance_paid": 1000.0},
        "amounts": {"assistance_paid": amounts},
    }
    now = usual | {"sums": {"assistance_paid": 1000.0 * times}}
    assert len(drift(now, [usual] * 3, contract, Drift())) == told
