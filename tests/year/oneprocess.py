"""Airflow's scheduler, triggers, tasks and API in one process, on a clock that whoever drives it
moves.

What decides is Airflow's own: `SchedulerJobRunner` with timetables, partitioned assets, deadlines
and backfills, the task runner, the triggers, the REST API with its users. What is left out are
processes, forks, sleeping and waiting for each other: a task runs where the scheduler hands it to
its executor, and nothing goes on when `settle` returns. See decision
0012. Set `environment` before this module is imported: Airflow reads it then.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import psutil
import sqlalchemy as sa
import structlog
import time_machine
from airflow._shared.module_loading import import_string
from airflow.api_fastapi.app import create_app
from airflow.api_fastapi.common.dagbag import dag_bag_from_app
from airflow.callbacks.database_callback_sink import DatabaseCallbackSink
from airflow.configuration import conf
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.executors.base_executor import BaseExecutor
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dagbag import DBDagBag
from airflow.models.trigger import Trigger
from airflow.sdk.api.datamodels._generated import TaskInstance
from airflow.sdk.execution_time.supervisor import (
    InProcessSupervisorComms,
    InProcessTestSupervisor,
    in_process_api_server,
    set_supervisor_comms,
)
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.utils import db
from airflow.utils.session import create_session
from starlette.testclient import TestClient

from demo.scheduler import Api

log = structlog.get_logger(__name__)

OFFICE = ZoneInfo("Asia/Shanghai")
AT_WORK = ("scheduled", "queued", "running", "restarting", "up_for_retry", "up_for_reschedule")
LOOKS = 2
"""So often a trigger looks each time that it is its turn: files that stand still are seen at the
second look."""


class Clock:
    """The time of this process; it goes on between two moves."""

    def __init__(self, start: str) -> None:
        self._moved = time_machine.travel(moment(start), tick=True).start()

    def move(self, to: str) -> None:
        """Let it be a later moment (ISO, the county's time)."""
        assert moment(to) > dt.datetime.now(OFFICE), f"{to} is over"
        self._moved.move_to(moment(to))


def moment(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written).replace(tzinfo=OFFICE)


@sa.event.listens_for(sa.engine.Engine, "connect")
def _with_our_time(connection: sqlite3.Connection, _: object) -> None:
    """SQLite's CURRENT_TIMESTAMP, by which the scheduler asks what is due, is the clock's."""
    connection.create_function(
        "current_timestamp", 0, lambda: dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    )


class NothingYet(BaseException):
    """A trigger's turn is over; not an `Exception`, which it might catch."""


class TaskFailed(Exception):
    """A task did not end as a task should."""


class HereExecutor(BaseExecutor):
    """Runs a task where it is handed over, in this process, as ``airflow dags test`` does."""

    is_local = True

    def __init__(self, dags: DagBag) -> None:
        super().__init__()
        self.dags, self.ran = dags, 0
        self.client = InProcessTestSupervisor._api_client(next(iter(dags.dags.values())))
        known = DBDagBag()  # one for all tasks, instead of one a task
        in_process_api_server().app.dependency_overrides[dag_bag_from_app] = lambda: known

    def start(self) -> None:
        """Nothing has to be started."""

    def end(self) -> None:
        """Nor ended."""

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            instance = workload.ti
            del self.queued_tasks[instance.key]
            self.running.add(instance.key)
            self.ran += 1
            done = InProcessTestSupervisor.start(
                what=TaskInstance(**instance.model_dump(include=set(TaskInstance.model_fields))),
                task=self.dags.dags[instance.dag_id].get_task(instance.task_id),
                client=self.client,
            )
            if done.state == "failed" and type(done.error).__name__ == "ReleaseRejected":
                self.fail(instance.key)  # as is meant
                continue
            if done.state in ("failed", "up_for_retry"):
                raise TaskFailed(
                    f"{instance.dag_id}.{instance.task_id} of {instance.run_id}"
                ) from done.error
            self.success(instance.key)


@dataclass
class Office:
    """An Airflow that stands still whenever nobody drives it. ``home`` is its ``AIRFLOW_HOME``."""

    home: Path
    clock: Clock
    url = "http://localhost"

    def __post_init__(self) -> None:
        db.initdb()
        DagBundlesManager().sync_bundles_to_db()
        folder = Path(str(conf.get("core", "dags_folder")))
        self.dags = DagBag(str(folder), bundle_path=folder, bundle_name="dags-folder")
        assert not self.dags.import_errors, self.dags.import_errors
        sync_bag_to_db(self.dags, "dags-folder", None)
        self.executor = HereExecutor(self.dags)
        self.job = Job()
        self.scheduler = SchedulerJobRunner(
            self.job,
            num_runs=1,
            only_idle=True,
            scheduler_idle_sleep_time=0,
            executors=[self.executor],
        )
        self.job.prepare_for_execution()
        self.executor.job_id, self.executor.callback_sink = self.job.id, DatabaseCallbackSink()
        self._web = TestClient(create_app(apps="core"), base_url=self.url)
        self._web.__enter__()

    def password(self, user: str) -> str:
        passwords: dict[str, str] = json.loads(
            (self.home / "simple_auth_manager_passwords.json.generated").read_text()
        )
        return passwords[user]

    def api(self, user: str = "admin") -> Api:
        """Airflow's REST API, as a user."""
        found = Api(self, user)
        found.client = TestClient(self._web.app, base_url=self.url)
        return found

    def settle(self) -> None:
        """Let Airflow do all that there is to do now; it ends when nothing is left but what
        waits."""
        self.job.heartbeat(heartbeat_callback=lambda session=None: None)
        while True:
            self.scheduler.check_trigger_timeouts()
            self.scheduler.check_awaiting_input_timeouts()
            self.scheduler._mark_backfills_complete()
            before = self._states()
            self.scheduler._run_scheduler_loop()
            if not self._look() and self._states() == before:
                break
        left = self.table("SELECT dag_id, task_id, state FROM task_instance")
        left = [row for row in left if row[2] in AT_WORK]
        assert not left, f"the scheduler has left {left}"

    def _states(self) -> list[list[tuple[Any, ...]]]:
        """All that the scheduler changes when it decides something."""
        tables = (
            "SELECT id, state, try_number FROM task_instance",
            "SELECT id, state FROM dag_run",
            "SELECT id, created_dag_run_id FROM asset_partition_dag_run",
            "SELECT id FROM asset_event",
        )
        return [sorted(self.table(query)) for query in tables]

    def _look(self) -> bool:
        """Let every trigger look; whether one of them has seen something."""
        Trigger.clean_unused()
        with create_session() as session:
            waiting = {
                found.id: (found.classpath, found.kwargs)
                for found in session.scalars(sa.select(Trigger))
            }
        fired = [
            self._fires(number, import_string(path)(**words))
            for number, (path, words) in waiting.items()
        ]
        return any(fired)

    def _fires(self, number: int, trigger: BaseTrigger) -> bool:
        """Whether a trigger has something to tell; then its task or callback has been told."""
        supervisor = InProcessTestSupervisor(
            id=uuid.uuid4(),
            pid=os.getpid(),
            process=psutil.Process(),
            process_log=log,
            client=self.executor.client,
        )
        supervisor.comms = InProcessSupervisorComms(supervisor=supervisor)
        mine, sleep, naps = threading.get_ident(), asyncio.sleep, itertools.count(1)

        async def nap(seconds: float, result: Any = None) -> Any:
            """Instead of sleeping before its next look, a trigger looks at once; after some looks
            its turn is over."""
            if threading.get_ident() != mine:
                return await sleep(seconds, result)
            if next(naps) >= LOOKS:
                raise NothingYet
            return result

        async def events() -> list[TriggerEvent]:
            told = []
            with contextlib.suppress(NothingYet):
                async for event in trigger.run():
                    told.append(event)
            return told

        with set_supervisor_comms(supervisor.comms), patch.object(asyncio, "sleep", nap):
            told = asyncio.run(events())
        for event in told:
            Trigger.submit_event(number, event)
        return bool(told)

    def table(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of Airflow's own database."""
        with sqlite3.connect(self.home / "airflow.db") as connection:
            return connection.execute(query).fetchall()
