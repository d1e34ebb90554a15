"""The wiring in a real scheduler, with steps that are doubles: who starts whom, who waits, who is skipped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shouwang.demo.scheduler import Airflow, Api

STANDIN = Path(__file__).parent / "standin"
PATIENCE = 90
DONE = ("success", "failed")


class County:
    """A scratch county beside a scheduler."""

    def __init__(self, home: Path, api: Api) -> None:
        self.home, self.api = home, api

    def put(self, month: str, **files: str) -> None:
        """Files that departments put into the inbox, with the words that steer the doubles."""
        for department, words in files.items():
            folder = self.home / "inbox" / month / department
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "台账.txt").write_text(words)

    def calls(self, month: str) -> list[str]:
        """What the steps were asked for, for one month."""
        return [
            line.replace(f" {month}", "")
            for line in (self.home / "calls.txt").read_text().splitlines()
            if month in line
        ]

    def story(self, dag_id: str, run: dict[str, Any]) -> dict[str, str]:
        """The state of each task of a run; mapped ones under their names."""
        return {
            f"{task['task_id']}[{task['rendered_map_index']}]" if task["map_index"] >= 0 else task["task_id"]: task[
                "state"
            ]
            for task in self.api.tasks(dag_id, run["dag_run_id"])
        }

    def wait(self, what: str, found: Callable[[], Any]) -> Any:
        """What ``found`` gives as soon as it gives something."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if result := found():
                return result
            time.sleep(0.3)
        pytest.fail(f"in {PATIENCE} s there was no {what}")

    def runs(self, dag_id: str, month: str) -> list[dict[str, Any]]:
        """The runs of a DAG for a month, oldest first."""
        return [run for run in reversed(self.api.runs(dag_id)) if run["partition_key"] == month]

    def finish(self, dag_id: str, month: str, count: int = 1) -> dict[str, str]:
        """Wait until a DAG's run number ``count`` for a month is over; its story."""

        def over() -> dict[str, Any] | None:
            runs = self.runs(dag_id, month)
            return runs[count - 1] if len(runs) >= count and runs[count - 1]["state"] in DONE else None

        return self.story(dag_id, self.wait(f"end of {dag_id} for {month}", over))

    def decide(self, month: str, choice: str) -> str:
        """Answer the open question about a month's release; gives what the clerk was shown."""

        def asked() -> tuple[str, dict[str, Any]] | None:
            runs = self.runs("screening", month)
            shown = self.api.question("screening", runs[-1]["dag_run_id"], "approve") if runs else None
            return (runs[-1]["dag_run_id"], shown) if shown else None

        run_id, shown = self.wait(f"question about {month}", asked)
        self.api.answer("screening", run_id, "approve", choice)
        return f"{shown['subject']}\n{shown['body']}"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[County]:
    top = tmp_path_factory.mktemp("scheduler")
    home = top / "county"
    home.mkdir()
    path = os.pathsep.join([str(STANDIN), str(project / "include")])
    airflow = Airflow(top / "airflow", {"SHOUWANG_HOME": str(home), "PYTHONPATH": path})
    try:
        airflow.start()
        airflow.wait_until_healthy()
        county = County(home, Api(airflow))
        county.wait("screening DAG", lambda: len(county.api.dags()) == 7)
        yield county
    finally:
        airflow.stop()


ALL_WENT_WELL = {
    "wait_for_files": "success",
    "take_in": "success",
    "validate": "success",
    "match": "success",
    "load": "success",
    "declare_late": "skipped",
}
ARRIVED = {"take_in": "success", "declare_late": "skipped", "wait_for_files": "success"}


@pytest.mark.timeout(400)
def test_a_month_with_a_refused_and_a_late_department_is_screened_approved_and_corrected(county):
    month = "2026-08"
    (county.home / f"deadline-{month}").write_text("2026-09-10T23:59:59+08:00")
    county.api.trigger("registry", month, {"file": "农户信息表.xlsx"})
    county.put(month, civil_affairs="good", housing="refused", medical_insurance="unsound")
    for department in ("civil_affairs", "housing", "medical_insurance", "water"):
        county.api.trigger(f"exchange_{department}", month)

    told = {
        d: county.finish(f"exchange_{d}", month) for d in ("civil_affairs", "housing", "medical_insurance", "water")
    }
    settled = [told[department].pop("settle") for department in told]
    assert told == {
        "civil_affairs": ALL_WENT_WELL,
        "housing": ARRIVED | dict.fromkeys(("validate", "match", "load"), "skipped"),
        "medical_insurance": ARRIVED | {"validate": "success", "match": "skipped", "load": "skipped"},
        "water": dict.fromkeys(("wait_for_files", "take_in", "validate", "match", "load"), "skipped")
        | {"declare_late": "success"},
    }
    assert "success" in settled  # the last one to end, at least

    shown = county.decide(month, "Approve")
    assert "2026-08 预警名单" in shown
    assert "**未报送部门：** water" in shown
    assert "**数据被退回部门：** housing、medical_insurance" in shown
    assert "| 东乡 | 1 | 2 | 0 |" in shown
    assert county.finish("screening", month) == {
        "screen": "success",
        "plan": "success",
        "approve": "success",
        "release[东乡]": "success",
        "release[西乡]": "success",
        "summarise": "success",
    }
    released = sorted(call for call in county.calls(month) if call.startswith("release"))
    assert released == ["release 东乡 admin", "release 西乡 admin"]

    # A corrected file re-opens the month; as nothing new has to go out, nobody is asked.
    before = len(county.runs("screening", month))
    county.put(month, housing="good")
    county.api.trigger("exchange_housing", month)
    assert county.finish("exchange_housing", month, 2) == ALL_WENT_WELL | {"settle": "success"}
    assert county.finish("screening", month, before + 1) == {
        "screen": "success",
        "plan": "skipped",
        "approve": "skipped",
        "release": "skipped",
        "summarise": "success",
    }


@pytest.mark.timeout(200)
def test_a_rejected_release_sends_nothing(county):
    month = "2026-05"
    county.put(month, water="good")
    county.api.trigger("exchange_water", month)
    county.decide(month, "Reject")
    told = county.finish("screening", month)
    assert told["approve"] == "success"
    assert told["summarise"] == "skipped"
    assert not [call for call in county.calls(month) if call.startswith(("release", "summarise"))]


@pytest.mark.timeout(200)
def test_a_file_that_comes_while_waiting_is_taken_and_a_fault_of_ours_names_delivery_and_remedy(county):
    month = "2026-06"
    county.api.trigger("exchange_water", month)

    def waiting() -> bool:
        runs = county.runs("exchange_water", month)
        return bool(runs) and county.story("exchange_water", runs[0])["wait_for_files"] == "deferred"

    county.wait("deferred task", waiting)
    county.put(month, water="broken")
    told = county.finish("exchange_water", month)
    assert told["wait_for_files"] == "success"
    assert told["match"] == "failed"
    assert told["settle"] == "upstream_failed"

    run_id = county.runs("exchange_water", month)[0]["dag_run_id"]
    (failed,) = [task for task in county.api.tasks("exchange_water", run_id) if task["task_id"] == "match"]
    assert failed["try_number"] == 1  # trying again would not help
    log = county.api.task_log(failed).read_text(encoding="utf-8")
    assert (
        "FAILED 2026-06 · 水利局 (water/supplies) · step match after try 1: 2 of 10 rows were not accounted for." in log
    )
    assert "clear this task" in log
