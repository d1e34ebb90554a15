"""One answer on the board of a running Airflow: a run that waits goes on, a month whose time is
over is run again."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from asked import OPEN, hand_over, ledger
from browser import USERS
from scheduled import CommandLine, Watched

from demo.scheduler import Airflow, Api
from shouwang.core.month import Month

pytestmark = pytest.mark.timeout(1800)

REGISTRY, OVER, FAR = "2025-07", "2025-08", "2098-01"
"""A month whose waiting time is over, and one whose waiting time lasts."""
DAG = "exchange_water"


@dataclass
class Told:
    """What was seen on the way."""

    while_waiting: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, Any] = field(default_factory=dict)
    far: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    in_force: list[tuple[Any, ...]] = field(default_factory=list)


def board_of(airflow: Airflow, user: str) -> httpx.Client:
    api = Api(airflow, user)
    api.log_in()
    headers = dict(api.client.headers) | {"accept": "application/json"}
    return httpx.Client(
        base_url=f"{airflow.url}/shouwang", headers=headers, timeout=180, trust_env=False
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, made_county: Any, one_airflow: None) -> Told:
    top = tmp_path_factory.mktemp("asked")
    home = top / "home"
    settings = {"SHOUWANG_HOME": str(home), "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"]}
    airflow = Airflow(
        top / "airflow", {**settings, "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": USERS}
    )
    told = Told()
    try:
        airflow.start(0)
        county = made_county(top / "county", households=60, months=(Month.parse(OVER),), seed=4)
        CommandLine(home, settings).run(
            "init", f"registry load {county.registry} --as-of {REGISTRY}"
        )
        files = [hand_over(home / "inbox", ledger(county), month) for month in (OVER, FAR)]
        airflow.wait_until_healthy(600)
        answered(told, airflow, Watched(Api(airflow)), files)
        with closing(sqlite3.connect(home / "shouwang.db")) as connection:
            query = "SELECT month, json_extract(counts, '$.rows') FROM submission WHERE in_force ORDER BY month"
            told.in_force = connection.execute(query).fetchall()
    finally:
        airflow.stop(patience=3)
    return told


def answered(told: Told, airflow: Airflow, watched: Watched, files: list[Path]) -> None:
    api = watched.api
    api.client.timeout = 180  # a busy machine is no mistake
    watched.wait("DAGs", lambda: DAG in api.dags())
    over, far = (api.trigger(DAG, month) for month in (OVER, FAR))
    (told.while_waiting[OVER],) = watched.finish((DAG, over))
    watched.wait("waiting", lambda: watched.story(DAG, far)["take_in"] == "deferred")
    told.while_waiting[FAR] = watched.story(DAG, far)
    for file in files:
        file.unlink()
    with httpx.Client(base_url=f"{airflow.url}/shouwang", timeout=60, trust_env=False) as nobody:
        told.refused["nobody"] = nobody.get("/questions").status_code
    with board_of(airflow, "watcher") as watcher, board_of(airflow, "admin") as admin:
        told.refused["watcher"] = watcher.get("/questions").status_code
        told.asked = admin.get("/questions").json()["waiting"]
        path, answer = f"/questions/{told.asked[0]['id']}/answer", {"candidate": "fetch_minutes"}
        told.refused["watcher answers"] = watcher.post(path, json=answer).status_code
        told.done = admin.post(path, json=answer).json()
    (told.far,) = watched.finish((DAG, far))
    again = watched.wait(
        "second run", lambda: [r for r in watched.runs(DAG, OVER) if r["dag_run_id"] != over]
    )
    (told.again,) = watched.finish((DAG, again[0]["dag_run_id"]))


def test_a_held_file_is_waited_for_while_its_time_lasts_and_left_when_it_is_over(told):
    assert told.while_waiting[FAR]["take_in"] == "deferred"
    assert told.while_waiting[OVER]["take_in"] == "success"
    assert {told.while_waiting[OVER][name] for name in ("validate", "match", "load")} == {"skipped"}


def test_only_whoever_may_see_personal_data_is_asked_and_answers(told):
    assert told.refused == {"nobody": 401, "watcher": 403, "watcher answers": 403}
    assert [(one["heading"], one["months"]) for one in told.asked] == [(OPEN, [OVER, FAR])]


def test_one_answer_reads_both_months_on_without_another_upload(told):
    assert told.done["months"] == [OVER, FAR]
    for story in (told.far, told.again):
        assert {
            story[name] for name in ("wait_for_files", "take_in", "validate", "match", "load")
        } == {"success"}
    assert told.in_force == [(OVER, 40), (FAR, 40)]
