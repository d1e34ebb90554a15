"""The record of what Airflow ran, and the figures for whoever watches machines."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from test_board_pages import VIEWER, client  # noqa: F401 - a fixture
from typer.testing import CliRunner

from shouwang.board import runs
from shouwang.board.gauges import gauges
from shouwang.board.runs import Run
from shouwang.cli.app import app
from shouwang.compliance import trail
from shouwang.workspace.workspace import load_workspace


def run(dag: str, month: str | None, day: int, state: str = "success", *failed: str) -> Run:
    started = dt.datetime(2026, 10, day, 0, 0, tzinfo=dt.UTC)
    return Run(dag, month, "scheduled", state, started, started + dt.timedelta(seconds=95), failed)


def note(each: Run) -> None:
    runs.note(load_workspace(), f"{each.dag} {each.started}", each)


def record() -> int:
    return runs.record_noted(load_workspace())


@pytest.fixture(params=[True, False], ids=["on record", "noted"])
def recorded(september, request):
    for each in (
        run("exchange_water", "2026-09", 6),
        run("followup", None, 7, "success", "reopen"),
        run("screening", "2026-09", 11, "failed", "release[大河镇]", "send[小河乡]"),
    ):
        note(each)
    if request.param:
        assert record() == 3
    return september


def test_runs_are_told_the_newest_first_in_the_countys_time(recorded):
    newest, *_, oldest = runs.last_runs("", 30)
    assert (newest.dag, newest.month, newest.state) == ("screening", "2026-09", "failed")
    assert newest.failed == ("release[大河镇]", "send[小河乡]")
    assert newest.seconds == 95
    assert f"{oldest.started:%Y-%m-%d %H:%M}" == "2026-10-06 08:00"
    assert [each.dag for each in runs.last_runs("2026-09", 30)] == ["screening", "exchange_water"]
    assert [each.dag for each in runs.last_runs("", 1)] == ["screening"]


def test_what_was_noted_is_put_on_record_once_whoever_tells_of_it_and_wherever_it_is_killed(
    september,
):
    first, second = run("screening", "2026-09", 11), run("followup", None, 12)
    note(first)
    note(first)  # by the scheduler and by the API server
    kept = {path: path.read_bytes() for path in september.workspace.ended_runs.iterdir()}
    assert len(kept) == 1
    assert record() == 1
    for path, content in kept.items():  # killed before the note was gone
        path.write_bytes(content)
    note(second)
    assert [each.dag for each in runs.last_runs("", 30)] == ["followup", "screening"]
    assert record() == 2
    assert [each.dag for each in runs.last_runs("", 30)] == ["followup", "screening"]
    assert record() == 0
    assert list(september.workspace.ended_runs.iterdir()) == []


def test_they_are_entries_of_the_audit_trail_and_as_hard_to_change(recorded):
    record()
    told = trail.check(recorded.workspace)
    assert told["faults"] == []
    assert told["entries"] >= 3


def test_one_command_lists_them(recorded):
    told = CliRunner().invoke(app, ["runs", "--month", "2026-09"]).output
    assert "release[大河镇], send[小河乡]" in told.replace("\n", "")
    (newest, _) = json.loads(
        CliRunner().invoke(app, ["runs", "--month", "2026-09", "--json"]).output
    )
    assert newest["ended"] == "2026-10-11 08:01:35+08:00"
    assert newest["failed"] == ["release[大河镇]", "send[小河乡]"]


def test_the_board_shows_them_and_leads_to_airflow(recorded, client):  # noqa: F811
    page = client.get("/", headers=VIEWER).text
    assert "release[大河镇]、send[小河乡]" in page
    assert 'href="/base/dags/screening/runs/of 2026-09" data-airflow' in page
    assert "10-11 08:01" in page
    last = page[page.index('id="runs"') :]
    assert last.index("水利局</a>") > last.index("反馈收取与督办</a>") > last.index("信息比对</a>")


def test_a_run_that_failed_asks_for_somebody_until_one_went_well(recorded, client):  # noqa: F811
    def asked() -> list[str]:
        page = client.get("/", headers=VIEWER).text
        return re.findall(
            r'任务失败</b><span class="who"><a href="([^"]+)" data-airflow>([^<]+)</a>', page
        )

    assert asked() == [("/base/dags/screening/runs/of 2026-09", "信息比对")]
    note(run("screening", "2026-09", 12))
    assert asked() == []
    record()
    assert asked() == []


def test_the_board_of_a_county_where_nothing_ran_says_so(september, client):  # noqa: F811
    assert "Airflow 还没有运行过。" in client.get("/", headers=VIEWER).text


def test_figures_are_counts_by_county_department_outcome_level_and_state(september):
    told = {(each.name, *each.tags.values()): each.value for each in gauges(september.workspace)}
    code = september.workspace.county.settings.code
    assert {key: told[key] for key in told if key[2:3] == ("water",)} == {
        ("rows", code, "water", "read"): 100,
        ("rows", code, "water", "matched"): 90,
        ("rows", code, "water", "review"): 2,
        ("rows", code, "water", "unmatched"): 3,
        ("rows", code, "water", "rejected"): 4,
        ("rows", code, "water", "duplicate"): 1,
        ("age_days", code, "water"): 4,
    }
    assert {key[2] for key in told if key[0] == "age_days"} == {"water", "medical_insurance"}
    assert [told["warnings", code, level] for level in ("red", "yellow", "blue")] == [1, 2, 3]
    assert (told["lists", code, "sent"], told["lists", code, "waiting"]) == (0, 0)
    assert told["overdue", code] == 2


def test_an_empty_house_has_few_figures(story):
    assert {each.name for each in gauges(story.workspace)} == {"lists", "overdue"}
