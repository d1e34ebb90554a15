"""Every kind of failure, produced for real, and what people are then told: what, where, what to do,
and nobody's data."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
import yaml
from leftovers import ordinary_texts, people_of, who_is_named
from listener import Listener

from demo.county import DemoCounty
from letting_go import let_go
from services import free_port, postgresql
from shouwang.casework import monthly
from shouwang.core import workdays
from shouwang.core.month import Month
from shouwang.county.settings import read_county
from shouwang.release import planning, releasing
from shouwang.submissions import handover

MONTHS = ("2025-07", "2025-08")
DEPARTMENTS = ("civil_affairs", "housing", "medical_insurance", "water")


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    months, folder = tuple(map(Month.parse, MONTHS)), tmp_path_factory.mktemp("failures")
    return made_county(folder, households=150, months=months, seed=5, dirt=False)


@pytest.fixture(scope="module")
def before(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which July is taken in and the inbox of August is full; to be copied."""
    home = tmp_path_factory.mktemp("before") / "home"
    shutil.copytree(county.inbox, home / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUWANG_HOME", str(home))
        patch.setenv("SHOUWANG_TODAY", "2025-09-08")
        handover.init()
        handover.load_registry(str(county.registry), MONTHS[0])
        for department in DEPARTMENTS:
            handover.receive(MONTHS[0], department)
    return home


@dataclass
class Desk:
    """A workspace, its tasks as Airflow runs them, and all that people are told."""

    home: Path
    county: DemoCounty
    here: Any
    approving: Any
    told: list[dict[str, str]]
    patch: pytest.MonkeyPatch

    def task(self, task_id: str, step: Callable[[], object], dag_id: str = "release") -> None:
        """Run a step as a task that is not tried again; what it raises is told as by Airflow."""
        instance = SimpleNamespace(dag_id=dag_id, task_id=task_id, try_number=1)
        run = SimpleNamespace(partition_key=MONTHS[1], run_id="by-hand")
        try:
            step()
        except Exception as error:
            self.here.defaults["on_failure_callback"](
                {"ti": instance, "dag_run": run, "exception": error}
            )

    def deliver(self, department: str) -> None:
        """A submission's way through its DAG."""
        from airflow.sdk.exceptions import AirflowSkipException

        try:
            reference = handover.take_in(MONTHS[1], department)
            for step in (handover.validate, handover.match, handover.load):
                reference = step(self.here.unless_refused(reference))
            self.here.tell_of_a_submission(reference)
        except AirflowSkipException:
            pass

    def book(self, department: str) -> tuple[Path, openpyxl.Workbook]:
        (path,) = (self.home / "inbox" / MONTHS[1] / department).iterdir()
        return path, openpyxl.load_workbook(path)


@pytest.fixture
def desk(
    before: Path, county: DemoCounty, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    home = tmp_path / "home"
    shutil.copytree(before, home)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("SHOUWANG_HOME", str(home))
    monkeypatch.setenv("SHOUWANG_TODAY", "2025-09-12")
    monkeypatch.syspath_prepend(str(project / "plugins"))
    for name in ("shouwang_dags", "shouwang_approval", "shouwang_notices"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with Listener() as listener:
        extra = {"config": [{"path": listener.address, "tag": "all"}]}
        monkeypatch.setenv(
            "AIRFLOW_CONN_SHOUWANG_NOTICES", json.dumps({"conn_type": "apprise", "extra": extra})
        )
        wiring, approving = (
            importlib.import_module(name) for name in ("shouwang_dags", "shouwang_approval")
        )
        here = wiring.CountyDags("", read_county(project / "include" / "county"))
        yield Desk(home, county, here, approving, listener.messages, monkeypatch)


def missing(desk: Desk) -> None:
    for department in ("civil_affairs", "housing", "medical_insurance"):
        desk.deliver(department)
    handover.declare_late(MONTHS[1], "water")
    desk.here.tell_of_the_missing(MONTHS[1], handover.settled(MONTHS[1]))


def refused(desk: Desk) -> None:
    """The water office's ledger without the column of quality."""
    path, book = desk.book("water")
    for sheet in book.worksheets:
        for cell in next(iter(sheet.iter_rows())):
            if "水质" in str(cell.value):
                sheet.delete_cols(cell.column)
                break
    book.save(path)
    desk.deliver("water")


def drift(desk: Desk) -> None:
    """Half of the housing office's ledger."""
    path, book = desk.book("housing")
    sheet = book.worksheets[0]
    sheet.delete_rows(sheet.max_row // 2, sheet.max_row)
    book.save(path)
    desk.deliver("housing")


def conservation(desk: Desk) -> None:
    """Rows vanish between matching and loading, by somebody's hand."""
    from shouwang.submissions.receiving import _staging
    from shouwang.workspace.workspace import load_workspace

    reference = handover.match(handover.validate(handover.take_in(MONTHS[1], "water")))
    staging = _staging(load_workspace(), reference)
    matched = staging.read_frame("matched.parquet")
    staging.write_frame(
        "matched.parquet",
        matched.assign(outcome=matched["outcome"].where(matched.index > 2, "lost")),
    )
    desk.task("load", lambda: handover.load(reference), "exchange_water")


def database_away(desk: Desk) -> None:
    """A PostgreSQL that is shut down between two steps."""
    with postgresql() as url:
        desk.patch.setenv("SHOUWANG_DATABASE_URL", url)
        handover.init()
        handover.load_registry(str(desk.county.registry), MONTHS[0])
    desk.task("take_in", lambda: handover.take_in(MONTHS[1], "water"), "exchange_water")


def channel_down(desk: Desk) -> None:
    """The server to which a township's lists go does not run."""
    for department in DEPARTMENTS:
        desk.deliver(department)
    monthly.screen(MONTHS[1])
    township = planning.release_plan(MONTHS[1])["lists"][0]["township"]
    configuration = desk.home / "configuration"
    shutil.copytree(Path(__file__).parents[2] / "include" / "county", configuration)
    written = yaml.safe_load((configuration / "county.yaml").read_text(encoding="utf-8"))
    written["townships"] = {
        township: {"channel": "sftp", "to": f"sftp://lists@127.0.0.1:{free_port()}/lists"}
    }
    (configuration / "county.yaml").write_text(
        yaml.safe_dump(written, allow_unicode=True), encoding="utf-8"
    )
    desk.patch.setenv("SHOUWANG_COUNTY", str(configuration))
    let_go(MONTHS[1], township)
    desk.task("send", lambda: releasing.send_township(MONTHS[1], township))


def rejected(desk: Desk) -> None:
    """A clerk refuses the release, and names somebody in the reason."""
    for department in DEPARTMENTS:
        desk.deliver(department)
    monthly.screen(MONTHS[1])
    plan = planning.release_plan(MONTHS[1])
    ask = desk.approving.ReleaseApproval(
        task_id="approve", month=MONTHS[1], subject="预警名单", body="请审核"
    )
    instance = SimpleNamespace(
        dag_id="release", task_id="approve", try_number=1, xcom_pull=lambda **_: {"plan": plan}
    )
    answer = {
        "chosen_options": ["Reject"],
        "params_input": {"reason": "某户已核实"},
        "responded_by_user": {"name": "李主任", "id": "li"},
        "responded_at": "2025-09-12T09:00:00+08:00",
        "timedout": False,
    }
    with pytest.raises(desk.approving.ReleaseRejected) as refusal:
        ask.execute_complete({"ti": instance, "run_id": "by-hand"}, answer)
    assert "李主任" not in str(refusal.value)

    def fail() -> None:
        raise refusal.value

    desk.task("approve", fail)


TOLD = {
    # kind: (produced by, what and where is said, what to do)
    "missing": (missing, ["2025-08 开始筛查，缺：水利局"], "请催报"),
    "refused": (
        refused,
        ["2025-08 水利局（water）的报送被整份退回", "缺少必需的列", "水质是否达标"],
        "请部门改正后重新报送",
    ),
    "drift": (drift, ["2025-08 住建局（housing）的报送有需要留意之处", "行"], "请与该部门核实"),
    "conservation broken": (
        conservation,
        ["2025-08 水利局 (water/supplies)：load 失败", "rows were read but"],
        "Put right what the message names, then clear this task",
    ),
    "database away": (
        database_away,
        ["2025-08 水利局 (water/supplies)：take_in 失败", "The database server 127.0.0.1 is away"],
        "Put right what the message names, then clear this task",
    ),
    "channel down": (channel_down, ["2025-08 release：send 失败", "127.0.0.1"], "clear this task"),
    "release rejected": (
        rejected,
        ["2025-08 预警名单被驳回，没有下发", "审计记录"],
        "为本月触发 release",
    ),
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(k, marks=pytest.mark.needs("postgresql")) if k == "database away" else k
        for k in TOLD
    ],
)
def test_a_failure_says_what_where_and_what_to_do_and_names_nobody(desk, kind, project):
    produce, said, remedy = TOLD[kind]
    produce(desk)
    (notice,) = [
        notice for notice in desk.told if said[0] in notice["message"]
    ]  # small counties drift besides
    for words in said:
        assert words in notice["message"]
    assert remedy in notice["message"].partition("处理：")[2]
    people = people_of(desk.county.folder, ordinary_texts(project))
    assert len(people.names) > 300
    assert who_is_named([("notices", json.dumps(desk.told, ensure_ascii=False))], people) == {}


def all_but_water(desk: Desk) -> None:
    for department in ("civil_affairs", "housing", "medical_insurance"):
        desk.deliver(department)


def test_a_department_that_was_refused_is_waited_for_until_the_waiting_day(desk):
    desk.patch.setenv("SHOUWANG_TODAY", "2025-09-10")
    all_but_water(desk)
    refused(desk)
    assert not handover.settled(MONTHS[1])["settled"]
    assert planning.to_screen() == []
    desk.patch.setenv("SHOUWANG_TODAY", "2025-09-11")
    assert handover.settled(MONTHS[1])["settled"]
    assert planning.to_screen() == [MONTHS[1]]


def test_what_is_put_right_or_comes_late_is_found_in_the_morning_and_opens_the_month_again(desk):
    all_but_water(desk)
    water = {"month": MONTHS[1], "department": "water"}
    assert handover.come_late() == [water]  # the waiting time is over, and nobody has looked at it
    refused(desk)
    assert handover.come_late() == []
    monthly.screen(MONTHS[1])
    path, _ = desk.book("water")
    shutil.copy(desk.county.inbox / MONTHS[1] / "water" / path.name, path)
    os.utime(path, (still := time.time() + 600, still))
    assert handover.come_late() == []  # it may still be copied
    os.utime(path, (0, 0))
    assert handover.come_late() == [water]
    handover.receive(**water)
    assert handover.come_late() == []
    assert planning.to_screen([MONTHS[1]]) == [MONTHS[1]]


def test_lists_that_were_rejected_are_not_asked_for_again_until_they_say_something_else(desk):
    rejected(desk)
    assert planning.release_plan(MONTHS[1])["rejected"]
    drift(desk)
    monthly.screen(MONTHS[1])
    assert not planning.release_plan(MONTHS[1])["rejected"]


def test_holidays_of_a_year_that_is_not_published_are_missing_and_the_log_says_what_to_do(
    plugin, caplog
):
    """The hand-over of December falls into January, before the State Council's notice is in the
    library."""
    workdays._warn_of_unknown_year.cache_clear()
    with caplog.at_level(logging.WARNING):
        plugin.HandoverTimetable().run_info(Month(2098, 12))
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(
        "The public holidays of 2099 are not known: weekends are taken as days off."
    )
    assert (
        "update the package chinesecalendar, or write them into county.yaml under calendar.holidays"
        in said
    )
