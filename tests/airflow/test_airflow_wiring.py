"""Waiting for a department's files when the waiting time is over."""

from __future__ import annotations

import datetime as dt
import os
import sys
from types import SimpleNamespace

import pytest

from shouwang.submissions import handover

MONTH = "2025-08"


@pytest.fixture
def wait(plugin, project, monkeypatch, tmp_path):
    """One look of the waiting task at the inbox; what it then does."""
    monkeypatch.syspath_prepend(str(project / "plugins"))
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    for name in ("shouwang_dags", "shouwang_waiting"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    handover.init()
    from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

    from shouwang_waiting import AwaitFiles

    def look(**seen: object) -> tuple[str, dict[str, object]]:
        try:
            AwaitFiles(task_id="wait_for_files", month=MONTH, department="water").execute(
                {}, **seen
            )
        except AirflowSkipException:
            return "late", {}
        except TaskDeferred as deferred:
            return "waits", {**deferred.trigger.serialize()[1], **(deferred.kwargs or {})}
        return "takes", {}

    return look


@pytest.fixture
def file(tmp_path):
    """A file that was put into the inbox this moment."""
    folder = tmp_path / "inbox" / MONTH / "water"
    folder.mkdir(parents=True)
    (folder / "台账.csv").write_text("all of it")
    return folder / "台账.csv"


def test_nothing_there_is_late_at_once(wait):
    assert wait() == ("late", {})


def test_what_lies_there_is_taken_also_late(wait, file):
    os.utime(file, (0, 0))
    assert wait() == ("takes", {})


def test_a_late_file_that_may_still_be_copied_is_waited_for_not_declared_missing(wait, file):
    ahead = dt.datetime.now().timestamp() + 60
    os.utime(file, (ahead, ahead))
    what, how = wait()
    assert what == "waits"
    assert dt.datetime.fromisoformat(how["until"]) > dt.datetime.now(dt.UTC)
    assert how["last_chance"] is True
    assert wait(event="", last_chance=True) == ("late", {})  # it never stood still


@pytest.mark.parametrize(("key", "conf"), [(MONTH, None), (None, {"month": MONTH})])
def test_a_failure_names_the_month_also_of_a_run_by_hand(wait, caplog, key, conf):
    from shouwang_dags import explain_failure

    instance = SimpleNamespace(dag_id="exchange_water", task_id="take_in", try_number=1)
    run = SimpleNamespace(partition_key=key, conf=conf, run_id="one")
    explain_failure(
        {"ti": instance, "dag_run": run, "exception": OSError()}, "", {"exchange_water": "水利局"}
    )
    assert f"FAILED {MONTH} · 水利局 · step take_in" in caplog.text
