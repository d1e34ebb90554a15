"""Versions listed and restored; the scorecard."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from water_department import MONTH, Water, rows

from shouwang.casework import monthly, versioning
from shouwang.casework.warnings import month_warnings
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.statistics import publishing
from shouwang.store.tables import audit_event
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace


@pytest.fixture
def three(water: Water) -> Water:
    """Version 2 lacks a row, has a new one and changes one; version 3 is refused."""
    water.put(rows())
    water.receive()
    content = rows()[1:]
    content[4][5] = "25"
    water.put([*content, ["大河镇", "上河村", "何建国", "60", "达标", "5", "0", ""]])
    water.receive()
    water.put(rows(r2="#N/A", r3="#N/A", r4="#N/A"))
    water.receive()
    return water


def test_versions_are_listed(three: Water) -> None:
    assert [(v["version"], v["status"]) for v in versioning.versions(MONTH, "water")] == [
        (1, "taken"),
        (2, "in force"),
        (3, "refused"),
    ]
    with pytest.raises(UsageError, match="no version 9"):
        versioning.restore_version(MONTH, "water", 9, "测试员")


def test_a_refusal_is_over_when_the_version_in_force_comes_once_more(water: Water) -> None:
    water.put(rows())
    water.receive()
    for _ in range(2):  # a refused file may be followed by the same good one again and again
        water.put(rows(r2="#N/A", r3="#N/A", r4="#N/A"))
        water.receive()
        assert handover.settled(MONTH)["refused"] == ["water"]
        water.put(rows())
        assert water.receive()["version"] == 1
        assert handover.settled(MONTH)["refused"] == []
    assert [v["status"] for v in versioning.versions(MONTH, "water")] == ["in force", "refused"]
    assert publishing.scorecard("water")[0]["refused"] == 1


def test_a_refusal_is_over_when_an_older_version_comes_back(three: Water) -> None:
    assert handover.settled(MONTH)["refused"] == ["water"]
    three.put(rows())
    assert three.receive()["version"] == 1
    assert handover.settled(MONTH)["refused"] == []


def test_a_restored_version_stays_and_its_month_is_screened_anew(three: Water) -> None:
    three.put(rows(r3="不达标"))
    assert three.receive()["version"] == 4
    assert "H001" in _warned()
    done = versioning.restore_version(MONTH, "water", 1, "测试员")
    assert (done["version"], done["screened"], done["outdated"]) == (1, True, [])
    assert "H001" not in _warned(screen=False)
    assert three.receive()["status"] == "unchanged"
    assert [v["status"] for v in versioning.versions(MONTH, "water")] == [
        "in force",
        "taken",
        "refused",
        "taken",
    ]
    with load_workspace().database.read() as connection:
        events = (
            connection.execute(audit_event.select().where(audit_event.c.kind == "restored"))
            .mappings()
            .all()
        )
    assert [(event["by"], event["detail"]) for event in events] == [("测试员", {"version": 1})]
    three.put(rows(r4="不达标"))
    assert three.receive()["version"] == 5
    with pytest.raises(UsageError, match="refused"):
        versioning.restore_version(MONTH, "water", 3, "测试员")


def _warned(screen: bool = True) -> set[str]:

    if screen:
        monthly.screen(MONTH)
    with load_workspace().database.read() as connection:
        return set(month_warnings(connection, Month.parse(MONTH))["household_id"])


def test_a_later_month_that_was_screened_with_the_older_version_is_named(three: Water) -> None:
    monthly.screen(MONTH)
    folder = three.home / "inbox" / "2026-10"
    (folder / "water").mkdir(parents=True)
    (folder / "water" / "台账.csv").write_bytes(
        (three.inbox / "台账.csv").read_bytes().replace(b"#N/A", "达标".encode())
    )
    handover.receive("2026-10", "water")
    monthly.screen("2026-10")
    assert monthly.month_table("2026-10")["outdated"] == []
    assert versioning.restore_version(MONTH, "water", 1, "测试员")["outdated"] == ["2026-10"]
    monthly.screen("2026-10")
    assert monthly.month_table("2026-10")["outdated"] == []


def test_the_scorecard_keeps_a_departments_figures_month_by_month(
    three: Water, tmp_path: Path
) -> None:
    out = tmp_path / "评分卡.xlsx"
    (card,) = publishing.scorecard("water", str(out))
    assert (card["versions"], card["refused"], card["status"], card["rows"]) == (
        3,
        1,
        "in force",
        20,
    )
    assert card["ignored"] == ["备注"]
    sheet = load_workbook(out)["水利局"]
    lines = {head.value: cell.value for head, cell in zip(sheet[3], sheet[4], strict=True)}
    assert (lines["数据月份"], lines["报送次数"], lines["退回率"], lines["未使用的列"]) == (
        MONTH,
        3,
        "0.0%",
        "备注",
    )
    with pytest.raises(UsageError, match="no department"):
        publishing.scorecard("weather")
