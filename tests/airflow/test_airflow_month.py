"""A month through a real scheduler on PostgreSQL: one department late, one refused; the late one comes after all.

One Airflow, one story; the tests say what must hold of it. The command line goes the same way beside it, on SQLite.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from leftovers import ordinary_texts, people_of, texts_left, who_is_named
from scheduled import CommandLine, Watched

from shouwang.demo.county import DemoCounty, make_county
from shouwang.demo.month import Demo
from shouwang.demo.scheduler import Airflow, Api, SchedulerError
from shouwang.month import Month

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.timeout(1200)]

MONTH = "2025-08"
"""Long over, so that a department that has not delivered is late at once; education does not report it."""

FAR = "2098-01"
"""A month whose waiting time lasts."""

ALL_WENT_WELL = {
    "wait_for_files": "success",
    "take_in": "success",
    "validate": "success",
    "match": "success",
    "load": "success",
    "declare_late": "skipped",
    "settle": "success",
}
NOTHING_TO_DO = ALL_WENT_WELL | dict.fromkeys(("validate", "match", "load"), "skipped")


@dataclass
class Told:
    """What was seen on the way."""

    county: DemoCounty
    home: Path
    airflow: Airflow
    stories: dict[str, dict[str, str]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    exports: dict[str, dict[str, bytes]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    released_after_rejection: list[Path] = field(default_factory=list)
    screenings: int = 0
    failure: str = ""
    failed_task: dict[str, object] = field(default_factory=dict)
    failed_log: str = ""


@pytest.fixture(scope="module")
def database(postgresql_url: str) -> str:
    """A database of its own on the tests' PostgreSQL."""
    url = sa.make_url(postgresql_url)
    address = f"host={url.host} port={url.port} user={url.username} dbname={url.database}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE scheduled")
    return url.set(database="scheduled").render_as_string(hide_password=False)


def put(county: DemoCounty, inbox: Path, *departments: str) -> None:
    """Departments put their files into the inbox; the housing office one that is no workbook."""
    for name in departments:
        folder = inbox / MONTH / name
        if name == "housing":
            folder.mkdir(parents=True)
            (folder / "台账.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
        else:
            shutil.copytree(county.inbox / MONTH / name, folder)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, database: str) -> Told:
    top = tmp_path_factory.mktemp("month")
    home = top / "scheduled"
    settings = {"SHOUWANG_DATABASE_URL": database, "SHOUWANG_TODAY": "2025-09-12"}
    airflow = Airflow(top / "airflow", {"SHOUWANG_HOME": str(home), **settings})
    try:
        airflow.start(0)
        county = make_county(top / "county", households=300, months=(Month.parse(MONTH),), seed=7)
        told = Told(county, home, airflow)
        by_hand(told, CommandLine(top / "by-hand", {"SHOUWANG_TODAY": "2025-09-12"}))
        airflow.wait_until_healthy(600)
        by_scheduler(told, CommandLine(home, settings), Watched(Api(airflow)))
    finally:
        airflow.stop()
    return told


def by_hand(told: Told, line: CommandLine) -> None:
    put(told.county, line.home / "inbox", "civil_affairs", "medical_insurance", "housing")
    load = f"registry load {told.county.registry} --as-of {MONTH}"
    told.statuses += line.run("init", load, f"run {MONTH}")
    told.exports["by hand, water late"] = line.exports(MONTH)
    put(told.county, line.home / "inbox", "water")
    told.statuses += line.run(f"run {MONTH}", f"release {MONTH} --by admin")
    told.exports["by hand, water there"] = line.exports(MONTH)


def by_scheduler(told: Told, line: CommandLine, watched: Watched) -> None:
    api = watched.api
    watched.wait("DAGs", lambda: len(api.dags()) == 7)
    watched.finish(("registry", api.trigger("registry", MONTH, {"file": str(told.county.registry)})))
    far = ("exchange_water", api.trigger("exchange_water", FAR))

    put(told.county, told.home / "inbox", "civil_affairs", "medical_insurance", "housing")
    line.run(f"receive {MONTH} --department civil_affairs")  # as if the DAG had been killed between load and settle
    names = ("civil_affairs", "medical_insurance", "housing")
    told.stories |= dict(zip(names, watched.exchange(MONTH, *names), strict=True))
    (told.stories["water, late"],) = watched.exchange(MONTH, "water")
    question, told.stories["rejected"] = watched.decide(MONTH, "Reject")
    told.questions.append(question)
    told.released_after_rejection = [*(told.home / "outbox" / MONTH).glob("townships/**/*.xlsx")]
    told.exports["scheduled, water late"] = line.exports(MONTH)

    watched.wait("deferred task", lambda: watched.story(*far)["wait_for_files"] == "deferred")
    (told.home / "inbox" / FAR / "water").mkdir(parents=True)
    (told.home / "inbox" / FAR / "water" / "台账.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    put(told.county, told.home / "inbox", "water")
    (told.stories["water, there"],) = watched.exchange(MONTH, "water")
    question, told.stories["approved"] = watched.decide(MONTH, "Approve")
    told.questions.append(question)
    told.exports["scheduled, water there"] = line.exports(MONTH)

    (told.stories["water, again"],) = watched.exchange(MONTH, "water")
    runs = watched.wait("screening", lambda: watched.runs("screening", MONTH)[2:])
    (told.stories["nothing new"],) = watched.finish(("screening", runs[0]["dag_run_id"]))
    (told.stories["while waiting"],) = watched.finish(far)
    told.screenings = len(watched.runs("screening", MONTH))

    lost = api.trigger("registry", MONTH, {"file": "nowhere.xlsx"})
    watched.meant_to_fail.add(lost)
    with pytest.raises(SchedulerError) as failure:
        Demo().finish(api, {"registry": lost})
    told.failure = str(failure.value)
    (told.failed_task,) = [task for task in api.tasks("registry", lost) if task["state"] == "failed"]
    told.failed_log = api.task_log(told.failed_task).read_text(encoding="utf-8")


def test_the_scheduler_on_postgresql_says_to_the_byte_what_the_command_line_says(told):
    assert told.statuses == [0, 0, 3, 3, 0]
    for state in ("water late", "water there"):
        assert told.exports[f"scheduled, {state}"] == told.exports[f"by hand, {state}"]
    late, there = told.exports["by hand, water late"], told.exports["by hand, water there"]
    assert late["warnings"].count(b"\n") > 5
    assert late["matches"] != there["matches"]


def test_the_month_is_screened_with_one_department_late_and_one_refused(told):
    assert told.stories["medical_insurance"] == ALL_WENT_WELL | {"settle": "skipped"}
    assert told.stories["housing"] == NOTHING_TO_DO | {"settle": "skipped"}
    assert told.stories["water, late"] == dict.fromkeys(ALL_WENT_WELL, "skipped") | {
        "declare_late": "success",
        "settle": "success",
    }
    assert f"{MONTH} 预警名单" in told.questions[0]
    assert "水利局" in told.questions[0].partition("未报送部门：")[2].partition("\n")[0]
    assert "**数据被退回部门：** 住建局" in told.questions[0]


def test_what_was_loaded_but_not_settled_is_settled_by_the_next_run(told):
    """The steps pass over a delivery that is in force; the month is asked about all the same."""
    assert told.stories["civil_affairs"] == NOTHING_TO_DO | {"settle": "skipped"}
    assert told.stories["water, again"] == NOTHING_TO_DO


def test_a_rejected_release_sends_nothing(told):
    assert told.stories["rejected"]["approve"] == "success"
    assert told.stories["rejected"]["summarise"] == "skipped"
    assert told.released_after_rejection == []


def test_a_late_file_opens_the_month_again_and_what_is_approved_goes_out(told):
    assert told.stories["water, there"] == ALL_WENT_WELL
    assert "水利局" not in told.questions[1]
    released = {name.removeprefix("release[").rstrip("]") for name in told.stories["approved"] if "[" in name}
    assert released
    assert set(told.stories["approved"].values()) == {"success"}
    assert {path.parent.name for path in told.home.glob("outbox/*/townships/*/*.xlsx")} == released


def test_nobody_is_asked_when_nothing_has_to_go_out(told):
    assert told.stories["nothing new"] == {
        "screen": "success",
        "plan": "skipped",
        "approve": "skipped",
        "release": "skipped",
        "summarise": "success",
    }
    assert told.screenings == 3


def test_a_file_that_comes_while_waiting_is_taken_and_one_department_does_not_settle_a_month(told):
    assert told.stories["while waiting"] == NOTHING_TO_DO | {"settle": "skipped"}


def test_a_fault_of_ours_is_not_tried_again_and_is_explained(told):
    assert told.failed_task["try_number"] == 1
    assert (
        "FAILED 2025-08 · registry · step load_registry after try 1: There is no file nowhere.xlsx" in told.failed_log
    )
    assert "clear this task" in told.failed_log
    assert "The task load_registry of registry failed." in told.failure
    assert "There is no file nowhere.xlsx" in told.failure


def test_no_person_is_named_in_anything_that_the_run_left(told, project, tmp_path):
    people = people_of(told.county, ordinary_texts(project))
    assert len(people.ordinary) <= 5
    assert len(people.names) > 700
    assert len(people.numbers) > 1500
    assert who_is_named(texts_left(told.airflow.home, told.home), people) == {}

    # The same search finds somebody who is there: in a log, in a task's result, in a file name.
    copy = tmp_path / "airflow"
    shutil.copytree(told.airflow.home, copy)
    name, number = max(people.names), max(people.numbers)
    log = next(iter(copy.rglob("attempt=1.log")))
    log.write_text(log.read_text(encoding="utf-8") + f'{{"event": "row of {number} left out"}}\n', encoding="utf-8")
    (copy / f"{name}.csv").touch()
    with closing(sqlite3.connect(copy / "airflow.db")) as results, results:
        results.execute("UPDATE xcom SET value = ? WHERE rowid IN (SELECT max(rowid) FROM xcom)", [json.dumps([name])])
    named = who_is_named(texts_left(copy), people)
    assert named.pop("airflow.db", {name}) == {name}
    assert named == {str(log.relative_to(copy)): {number}, "file names": {name}, "xcom.value": {name}}
