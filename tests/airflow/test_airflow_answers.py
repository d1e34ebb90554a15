"""Waiting for a clerk's answer: the trigger that asks the county's database, and the steps that it
lets go on."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from types import SimpleNamespace

import pytest

from shouwang.submissions import handover

MONTH, WHO = "2098-01", "water"
HELD = {
    "month": MONTH,
    "department": WHO,
    "status": "held",
    "message": "待确认：1 个问题",
    "questions": [7],
}
READ = HELD | {"status": "read", "questions": []}


@pytest.fixture
def wiring(plugin, project, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(project / "plugins"))
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    for name in ("shouwang_dags", "shouwang_waiting"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import shouwang_dags as wiring

    told = []
    monkeypatch.setattr(wiring, "tell", lambda notice: told.append(notice.what))
    return SimpleNamespace(module=wiring, told=told)


@pytest.fixture
def step(wiring, monkeypatch):
    """One of the two steps, beside what the pipeline says; what it then does."""
    from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

    import shouwang_waiting
    from shouwang.submissions import asking, handover
    from shouwang.workspace.workspace import load_workspace

    def run(
        judge: str, event: str | None, said: dict[str, list[dict[str, object]]], over: bool = False
    ) -> tuple:
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(days=-1 if over else 1)
        monkeypatch.setattr(handover, "deadline", lambda month: moment)
        monkeypatch.setattr(asking, "waiting", lambda month, department: [7])
        for name in ("take_in", "validate"):
            monkeypatch.setattr(handover, name, lambda *_, n=name: said[n].pop(0))
        here = wiring.module.CountyDags("", load_workspace().county)
        one = shouwang_waiting.UntilAnswered(
            task_id="any", here=here, month=MONTH, department=WHO, judge=judge
        )
        context = {"ti": SimpleNamespace(xcom_pull=lambda task_ids: said["take_in"].pop(0))}
        try:
            return "gives", one.execute(context, event)["status"]
        except AirflowSkipException:
            return "skips", ""
        except TaskDeferred as deferred:
            return "waits", deferred.trigger.serialize()[1]["asked"]

    return run


def test_what_is_held_is_waited_for_and_told_once(step, wiring):
    assert step("", None, {"take_in": [HELD]}) == ("waits", [7])
    assert wiring.told == [f"{MONTH} 水利局（water）的报送待确认，暂未读入：1 个问题"]


def test_an_answer_takes_in_again_and_what_still_asks_waits_again(step):
    assert step("", "answered", {"take_in": [READ]}) == ("gives", "read")
    assert step("", "answered", {"take_in": [HELD]}) == ("waits", [7])


def test_sums_of_another_base_are_waited_for_where_the_rows_are_judged(step):
    assert step("take_in", None, {"take_in": [READ], "validate": [HELD]}) == ("waits", [7])
    checked = READ | {"status": "checked"}
    assert step("take_in", "answered", {"take_in": [READ], "validate": [checked]}) == (
        "gives",
        "checked",
    )
    assert step("take_in", "answered", {"take_in": [READ | {"status": "unchanged"}]}) == (
        "gives",
        "unchanged",
    )


def test_silence_leaves_it_held_without_another_word(step, wiring):
    assert step("", "", {"take_in": [HELD]}) == ("gives", "held")
    assert wiring.told == []
    assert step("", None, {"take_in": [HELD]}, over=True) == ("gives", "held")
    assert step("take_in", None, {"take_in": [HELD]}) == ("skips", "")


def test_values_that_are_not_known_are_told_of_without_being_quoted(wiring):
    from shouwang.workspace.workspace import load_workspace

    here = wiring.module.CountyDags("", load_workspace().county)
    here.tell_of_a_submission(HELD | {"status": "loaded", "submission_id": "d"})
    assert wiring.told == [f"{MONTH} 水利局（water）的报送有不认得的写法：1 个问题"]


@pytest.fixture
def trigger(plugin, monkeypatch, tmp_path):
    """What the trigger fires with, while ``asked`` waited when it began."""
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    handover.init()

    def fires(asked: list[int], seconds: float) -> str:
        async def run() -> str:
            until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
            one = plugin.AnswerTrigger(
                month=MONTH, department=WHO, asked=asked, until=until.isoformat(), seconds=0.05
            )
            return await anext(event.payload async for event in one.run())

        return asyncio.run(run())

    return fires


def test_the_trigger_fires_when_other_questions_wait_than_before(trigger):
    assert trigger([7], 60) == "answered"


def test_the_trigger_ends_when_the_waiting_time_is_over(trigger):
    assert trigger([], 0.3) == ""


def test_the_trigger_asks_again_while_the_database_is_away(trigger, monkeypatch, tmp_path):
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/at/all.db")
    assert trigger([7], 0.5) == ""


def test_the_trigger_survives_being_stored_and_asks_every_twenty_seconds_at_least(plugin):
    one = plugin.AnswerTrigger(
        month=MONTH, department=WHO, asked=[9, 7], until="2098-02-10T23:59:59+08:00"
    )
    path, words = one.serialize()
    assert path == "shouwang_plugin.AnswerTrigger"
    assert plugin.AnswerTrigger(**json.loads(json.dumps(words))).serialize() == (path, words)
    assert words["seconds"] <= 20
