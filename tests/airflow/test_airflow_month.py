"""A month through a real scheduler on PostgreSQL: two departments late, one refused; one of the
late comes after all.

One Airflow, one story; the tests say what must hold of it. The command line goes the same way
beside it, on SQLite. What does not need processes is told by tests/year.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import psycopg
import pytest
from browser import USERS, Seen, look
from leftovers import ordinary_texts, people_of, texts_left, who_is_named
from listener import Listener
from scheduled import CommandLine, Watched
from statistics_server import Metrics

from demo.county import DemoCounty
from demo.month import Demo
from demo.scheduler import Airflow, Api, SchedulerError
from overlaid import overlay, settings_of
from sealed import opened
from services import PROGRAMS, scratch
from shouwang.core.month import Month

pytestmark = pytest.mark.timeout(2400)

MONTH = "2025-08"
"""Long over, so that a department that has not delivered is late at once; education does not report
it."""

FAR = "2098-01"
"""A month whose waiting time lasts."""

ADDED = "disabled"
"""By the three files of docs/examples/departments alone."""

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

LATE = dict.fromkeys(ALL_WENT_WELL, "skipped") | {"declare_late": "success", "settle": "success"}


@dataclass
class Told:
    """What was seen on the way."""

    county: DemoCounty
    home: Path
    airflow: Airflow
    notices: list[dict[str, str]]
    stories: dict[str, dict[str, str]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    exports: dict[str, dict[str, bytes]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    released_after_rejection: list[Path] = field(default_factory=list)
    decisions: list[tuple[str, str, dt.datetime, dict[str, object]]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    failure: str = ""
    failed_task: dict[str, object] = field(default_factory=dict)
    failed_log: str = ""
    board: Seen = field(default_factory=Seen)
    ended: list[dict[str, object]] = field(default_factory=list)
    record: list[dict[str, object]] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def database(postgresql_url: str) -> str:
    """A database of its own on the tests' PostgreSQL."""
    return scratch(postgresql_url, "scheduled")


def submission_in_force(database: str, department: str) -> str:
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        query = (
            "SELECT submission_id FROM submission WHERE month = %s AND department = %s AND in_force"
        )
        (found,) = connection.execute(query, [MONTH, department]).fetchone()
    return found


def recorded(database: str) -> int:
    """How many runs are on our record."""
    with psycopg.connect(plain(database)) as connection:
        return connection.execute("SELECT count(*) FROM audit_event WHERE kind = 'ran'").fetchone()[
            0
        ]


def plain(url: str) -> str:
    """A database's address as psycopg understands it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def put(county: DemoCounty, inbox: Path, *departments: str) -> None:
    """Departments put their files into the inbox; the housing office takes another one's by
    mistake."""
    for name in departments:
        taken = "civil_affairs" if name == "housing" else name
        shutil.copytree(county.inbox / MONTH / taken, inbox / MONTH / name)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory,
    database: str,
    made_county: Callable[..., DemoCounty],
    one_airflow: None,
) -> Told:
    top = tmp_path_factory.mktemp("month")
    home = top / "scheduled"
    keys = os.environ[
        "SHOUWANG_KEYS"
    ]  # ids of people are digests under a key: both workspaces have the same
    here = {
        "SHOUWANG_TODAY": "2025-09-12",
        "SHOUWANG_KEYS": keys,
        **settings_of(overlay(top / "seven")),
    }
    settings = {"SHOUWANG_DATABASE_URL": database, **here}
    listener, metrics = Listener(), Metrics()
    extra = {"config": [{"path": listener.address, "tag": "all"}]}
    more = {
        "AIRFLOW_CONN_SHOUWANG_NOTICES": json.dumps({"conn_type": "apprise", "extra": extra}),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
        **metrics.settings,
    }
    airflow = Airflow(top / "airflow", {"SHOUWANG_HOME": str(home), **settings, **more})
    try:
        listener.__enter__()
        metrics.__enter__()
        airflow.start(0)
        county = made_county(
            top / "county", households=300, months=(Month.parse(MONTH),), seed=7, added=True
        )
        told = Told(county, home, airflow, listener.messages)
        by_hand(told, CommandLine(top / "by-hand", here))
        airflow.wait_until_healthy(600)
        line, watched = CommandLine(home, settings), Watched(Api(airflow))
        by_scheduler(told, line, watched)
        told.ended = [
            run
            for dag_id in watched.api.dags()
            for run in watched.api.runs(dag_id)
            if run["end_date"]
        ]
        notes = home / "ended"
        watched.wait(
            "note of every run",
            lambda: recorded(database) + len(list(notes.glob("*.json"))) >= len(told.ended),
        )
        told.record = line.asked("runs --count 500")
        told.metrics = metrics.wait_for("airflow.shouwang.overdue")
        if PROGRAMS["chromium"].find():
            identifier = submission_in_force(database, "water")
            told.board = look(
                airflow,
                MONTH,
                {
                    "department": "water",
                    "submission_id": identifier,
                    "dag_id": "screening",
                    "name": "board.js",
                },
            )
    finally:
        airflow.stop(patience=3)
        metrics.__exit__()
        listener.__exit__()
    return told


def by_hand(told: Told, line: CommandLine) -> None:
    put(told.county, line.home / "inbox", "medical_insurance", "housing", ADDED)
    load = f"registry load {told.county.registry} --as-of {MONTH}"
    statuses, told.exports["by hand, water late"] = line.after(MONTH, "init", load, f"run {MONTH}")
    put(told.county, line.home / "inbox", "water")
    more, told.exports["by hand, water there"] = line.after(
        MONTH, f"run {MONTH}", f"release {MONTH} --by admin"
    )
    told.statuses = statuses + more


def by_scheduler(told: Told, line: CommandLine, watched: Watched) -> None:
    api, inbox = watched.api, told.home / "inbox"
    watched.wait("DAGs", lambda: len(api.dags()) == 12)
    watched.finish(
        ("registry", api.trigger("registry", MONTH, {"file": str(told.county.registry)}))
    )
    put(told.county, inbox, "medical_insurance", "housing", ADDED)
    names = ("civil_affairs", "medical_insurance", "housing", ADDED)
    told.stories |= dict(zip(names, watched.exchange(MONTH, *names), strict=True))
    far = ("exchange_water", api.trigger("exchange_water", FAR))
    (told.stories["water, late"],) = watched.exchange(MONTH, "water")
    run_id, question = watched.question(MONTH)
    told.questions.append(question)
    for choice in ("Approve", "Reject"):
        with pytest.raises(SchedulerError) as refusal:
            Api(told.airflow, "watcher").answer("release", run_id, "approve", choice)
        told.refusals.append(str(refusal.value))
    watched.meant_to_fail.add(run_id)
    told.stories["rejected"] = watched.answer(
        run_id, "Reject", hold_back=[], reason="先核对水利局数据"
    )
    told.released_after_rejection = [*(told.home / "outbox" / MONTH).glob("townships/**/*.xlsx")]
    _, told.exports["scheduled, water late"] = line.after(MONTH)

    put(told.county, inbox, "water")
    (told.stories["water, there"],) = watched.exchange(MONTH, "water")
    run_id, question = watched.question(MONTH)
    told.questions.append(question)

    # While the clerk thinks: the other month's file, a mistake.
    watched.wait("deferred task", lambda: watched.story(*far)["wait_for_files"] == "deferred")
    bare = pd.read_csv(told.county.truth / "identities.csv", dtype=str)[["name", "id", "town"]]
    (inbox / FAR / "water").mkdir(parents=True)
    bare.to_csv(inbox / FAR / "water" / "台账.csv", index=False, header=False)  # and no header
    lost = api.trigger("registry", MONTH, {"file": "nowhere.xlsx"})
    watched.meant_to_fail.add(lost)
    told.stories["approved"] = watched.answer(run_id, "Approve", hold_back=[], reason=None)
    (told.stories["while waiting"],) = watched.finish(far)
    _, told.exports["scheduled, water there"] = line.after(MONTH)
    (told.stories["a morning"],) = watched.finish(("followup", api.trigger("followup")))
    with psycopg.connect(plain(line.settings["SHOUWANG_DATABASE_URL"])) as connection:
        query = """SELECT kind, "by", at, detail FROM audit_event WHERE subject = 'release' AND kind IN ('approved', 'rejected') ORDER BY event_id"""
        told.decisions = connection.execute(query).fetchall()
    with pytest.raises(SchedulerError) as failure:
        Demo().finish(api, {"registry": lost})
    told.failure = str(failure.value)
    (told.failed_task,) = [
        task for task in api.tasks("registry", lost) if task["state"] == "failed"
    ]
    told.failed_log = api.task_log(told.failed_task).read_text(encoding="utf-8")


def not_there(question: str) -> list[str]:
    """The departments that a clerk is told have delivered nothing."""
    return re.search(r"\*\*未报送部门：\*\* (.+?)。", question)[1].split("、")


def test_the_scheduler_on_postgresql_says_to_the_byte_what_the_command_line_says(told):
    assert told.statuses == [0, 0, 3, 3, 0]
    for state in ("water late", "water there"):
        assert told.exports[f"scheduled, {state}"] == told.exports[f"by hand, {state}"]
    late, there = told.exports["by hand, water late"], told.exports["by hand, water there"]
    assert 1 < late["warnings"].count(b"\n") < there["warnings"].count(b"\n")


def test_the_month_is_screened_with_one_department_late_and_one_refused(told):
    assert told.stories["medical_insurance"] == ALL_WENT_WELL | {"settle": "skipped"}
    assert told.stories["civil_affairs"] == LATE | {"settle": "skipped"}
    assert told.stories["housing"] == NOTHING_TO_DO | {"settle": "skipped"}
    assert told.stories["water, late"] == LATE
    assert f"{MONTH} 预警名单" in told.questions[0]
    assert {"民政局", "水利局"} <= set(not_there(told.questions[0]))
    assert "**数据被退回部门：** 住建局" in told.questions[0]


def test_a_department_added_by_its_files_alone_goes_the_same_way(told):
    assert told.stories[ADDED] == ALL_WENT_WELL | {"settle": "skipped"}
    matched = pd.read_csv(io.BytesIO(told.exports["scheduled, water late"]["matches"]))
    assert (matched[matched["department"] == ADDED]["outcome"] == "matched").sum() >= 30
    assert "CJ-1" in told.exports["scheduled, water there"]["signals"].decode("utf-8")


def test_a_rejected_release_sends_nothing_and_is_seen_as_such(told):
    assert told.released_after_rejection == []
    assert told.stories["rejected"]["plan"] == "success"
    assert told.stories["rejected"]["approve"] == "failed"
    assert told.stories["rejected"]["summarise"] == "upstream_failed"


def test_a_late_file_opens_the_month_again_and_what_is_approved_goes_out(told):
    assert told.stories["water, there"] == ALL_WENT_WELL
    assert "水利局" not in not_there(told.questions[1])
    assert "民政局" in not_there(told.questions[1])
    released, sent = (
        {
            name.removeprefix(f"{step}[").rstrip("]")
            for name in told.stories["approved"]
            if name.startswith(f"{step}[")
        }
        for step in ("release", "send")
    )
    assert released == sent != set()
    assert told.stories["approved"].pop("ask_again") == "skipped"
    assert set(told.stories["approved"].values()) == {"success"}
    lists = told.home.glob("outbox/*/townships/*/*.xlsx")
    assert released == {path.parent.name for path in lists}


def test_whose_role_does_not_allow_it_cannot_answer_and_the_question_stays_open(told):
    assert len(told.refusals) == 2
    assert all(
        re.match(r"Airflow refused PATCH \S+/hitlDetails: 403 ", said) for said in told.refusals
    )
    assert [by for _, by, _, _ in told.decisions] == ["admin"] * 2


def test_who_approved_and_rejected_what_and_when_is_on_record(told):
    assert [(kind, by) for kind, by, _, _ in told.decisions] == [
        ("rejected", "admin"),
        ("approved", "admin"),
    ]
    days = [at.replace(tzinfo=dt.UTC) for _, _, at, _ in told.decisions]
    assert days == sorted(days)
    assert dt.datetime.now(dt.UTC) - days[0] < dt.timedelta(hours=1)
    details = [detail for _, _, _, detail in told.decisions]
    assert details[0]["reason"] == "先核对水利局数据"
    for question, detail in zip(told.questions, details, strict=True):
        shown = re.findall(r"^\| (\w+) \| .*\| (\d+) \|$", question, re.MULTILINE)
        assert {township: int(clues) for township, clues in shown} == detail["clues"] != {}


def test_every_list_says_who_approved_it_and_when(told):
    lists = [
        path
        for path in told.home.glob(f"outbox/{MONTH}/townships/*/*.xlsx")
        if "预警名单" in path.name
    ]
    assert len(lists) >= 2
    for path in lists:
        sheet = openpyxl.load_workbook(opened(path, told.home))["预警名单"]
        said = "\n".join(
            str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell
        )
        assert "编制日期：2025-09-12（第1版，发布人 admin）" in said
        assert "专用　经办人 admin　2025-09-12" in sheet.oddHeader.right.text


def test_a_morning_with_nothing_to_do_is_one_task(told):
    assert told.stories["a morning"] == {
        "morning": "success",
        "catch_up": "skipped",
        "reopen": "skipped",
    }


def test_a_file_that_comes_while_waiting_is_taken_and_one_department_does_not_settle_a_month(told):
    assert told.stories["while waiting"] == NOTHING_TO_DO | {"settle": "skipped"}


def test_a_fault_of_ours_is_not_tried_again_and_is_explained(told):
    assert told.failed_task["try_number"] == 1
    assert (
        "FAILED 2025-08 · registry · step load_registry after try 1: There is no file nowhere.xlsx"
        in told.failed_log
    )
    assert "clear this task" in told.failed_log
    assert "The task load_registry of registry failed." in told.failure
    assert "There is no file nowhere.xlsx" in told.failure


@pytest.mark.needs("chromium")
def test_the_board_shows_the_month_that_was_run(told):
    board = told.board.texts["board, Chinese"]
    for words in (
        "2025年8月",
        "数据交换看板",
        "整份退回",
        "逾期未报",
        "本月不报",
        "在用",
        "需要处理",
    ):
        assert words in board
    assert "In force" in told.board.texts["board, English"]
    assert "缺少必需的列" in told.board.texts["the DAG's page"]
    assert "Expectation" in told.board.texts["Data Docs"]
    assert told.board.addresses["task log"].endswith(
        f"/dags/exchange_water/runs?partition_key_pattern={MONTH}"
    )
    assert f"/plugin/board/shouwang/months/{MONTH}/water" in told.board.addresses["submission"]


@pytest.mark.needs("chromium")
def test_the_board_follows_airflow_and_fits_a_phone_without_faults(told):
    assert told.board.themes["board, Chinese"] == "light"
    assert told.board.themes["board, English"] == "dark"
    assert told.board.texts["width"] == "0"
    assert told.board.errors == []
    assert told.board.faults == []


@pytest.mark.needs("chromium")
def test_nobody_sees_the_board_without_logging_in_and_a_viewer_no_person(told):
    assert len(told.board.anonymous) == 9
    assert set(told.board.anonymous.values()) == {401}
    forbidden = {path for path, status in told.board.viewer.items() if status != 200}
    assert {path.split("/")[2] for path in forbidden} == {"questions", "receipts", "reviews"}
    assert {told.board.viewer[path] for path in forbidden} == {403}
    assert set(told.board.admin.values()) == {200}
    assert told.board.downloads == [f"水利局数据回执_{MONTH}_第1版.xlsx"]


def test_every_run_is_on_our_own_record_which_needs_no_airflow(told):
    """By the command line, as after Airflow's metadata was cleaned away; state, month, start and
    end as Airflow has them."""

    def moment(text: str) -> dt.datetime:
        return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))

    airflows = sorted(
        (
            run["dag_id"],
            run["partition_key"],
            run["state"],
            run["run_type"],
            moment(run["start_date"]),
            moment(run["end_date"]),
        )
        for run in told.ended
    )
    ours = sorted(
        (
            run["dag"],
            run["month"],
            run["state"],
            run["kind"],
            moment(run["started"]),
            moment(run["ended"]),
        )
        for run in told.record
    )
    assert len(airflows) >= 10
    assert set(airflows) <= set(ours)
    assert {run["dag"]: run["failed"] for run in told.record if run["failed"]} == {
        "registry": ["load_registry"],
        "release": ["approve"],  # was rejected
    }


def test_metrics_tell_of_airflow_and_of_the_county_by_department_and_of_nobody(told):
    figures = dict(
        line.rpartition("|")[0].rsplit(":", 1)
        for line in told.metrics
        if line.startswith("airflow.shouwang.")
    )
    water = "airflow.shouwang.rows,county=532900,department=water,outcome="
    assert int(figures[f"{water}read"]) > 100
    assert int(figures[f"{water}read"]) == sum(
        int(figures[water + name])
        for name in ("matched", "review", "unmatched", "rejected", "duplicate")
    )
    assert "airflow.shouwang.age_days,county=532900,department=water" in figures
    assert (
        sum(
            int(figures[f"airflow.shouwang.warnings,county=532900,level={level}"])
            for level in ("red", "yellow", "blue")
        )
        > 10
    )
    assert int(figures["airflow.shouwang.lists,county=532900,state=sent"]) >= 2
    assert "airflow.shouwang.overdue,county=532900" in figures
    theirs = {line.partition(",")[0].partition(":")[0] for line in told.metrics}
    assert {
        "airflow.task.duration",
        "airflow.ti.finish",
        "airflow.dagrun.duration.success",
    } <= theirs


def test_people_are_told_once_of_what_they_have_to_do(told):
    """Refused, missing, to be approved (two questions), failed; each once, each
    with a remedy."""
    titles = [notice["title"].removeprefix("守望：") for notice in told.notices]
    assert len(titles) == len(set(map(str, told.notices)))
    assert (
        sum("整份退回" in title for title in titles) == 2
    )  # housing's for the month, water's for the far one
    assert (
        next(title for title in titles if "开始筛查，缺：" in title)
        == f"{MONTH} 开始筛查，缺：民政局、住建局、水利局"
    )
    assert sum("待审核发布" in title for title in titles) == 2
    assert sum("load_registry 失败" in title for title in titles) == 1
    assert all("处理：" in notice["message"] for notice in told.notices)


def test_no_person_is_named_in_anything_that_the_run_left(told, project):
    people = people_of(told.county.folder, ordinary_texts(project))
    assert len(people.ordinary) <= 5
    assert len(people.names) > 700
    assert len(people.numbers) > 1500
    shown = [*told.board.texts.items(), ("notices", json.dumps(told.notices, ensure_ascii=False))]
    shown += [
        ("metrics", "\n".join(told.metrics)),
        ("record", json.dumps(told.record, ensure_ascii=False)),
    ]
    assert who_is_named([*shown, *texts_left(told.airflow.home, told.home)], people) == {}
    name, number = max(people.names), max(people.numbers)
    there = [("a log", f'{{"event": "row of {number}"}}'), ("an XCom", json.dumps([name]))]
    assert who_is_named(there, people) == {"a log": {number}, "an XCom": {name}}
