"""What Airflow itself lacks: the handbook's calendar as a timetable, waiting for files that have
settled, the board.

The one file of this folder that Airflow scans (see ``.airflowignore``): Airflow runs every Python
file below ``plugins/`` and registers it under its bare name, so a second one could shadow a module
of the standard library.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from airflow.exceptions import InvalidPartitionKeyError
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.triggers.base import BaseTrigger, TriggerEvent
from pendulum import DateTime, instance

import shouwang_listener
from shouwang.core.errors import ShouwangError, UsageError
from shouwang.core.month import Month
from shouwang.core.workdays import working_day_from
from shouwang.workspace.counties import serving

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from airflow.utils.types import DagRunType


class HandoverTimetable(Timetable):
    """One run a data month (批次), on the hand-over day (报送日) of the month after it.

    ``day`` of the following month at ``hour``, moved to the next working day. ``months`` are the
    numbers of the data months that a department reports (education: 3 and 9); none means all. The
    partition key is the data month, ``2026-09``; the partition date its first midnight in the
    county. ``days_off`` is what ``county.yaml`` says under ``calendar.holidays`` (true = a day
    off), with ISO dates as keys.

    A DAG that is switched on for the first time waits for the next hand-over; after a stop it makes
    up for the latest one that it missed, for all of them when the DAG says ``catchup=True``.
    """

    partitioned = True

    def __init__(
        self,
        *,
        day: int = 5,
        hour: int = 8,
        months: Sequence[int] = (),
        timezone: str = "Asia/Shanghai",
        days_off: Mapping[str, bool] | None = None,
    ) -> None:
        if not set(months) <= set(range(1, 13)):
            raise ValueError(f"{list(months)} are not months; use numbers from 1 to 12.")
        self.day, self.hour, self.months, self.timezone = day, hour, tuple(sorted(months)), timezone
        self.days_off = dict(sorted((days_off or {}).items()))
        self._zone = ZoneInfo(timezone)
        self._days_off = {dt.date.fromisoformat(key): off for key, off in self.days_off.items()}
        which = (
            "data months " + ", ".join(map(str, self.months)) if self.months else "every data month"
        )
        self.description = (
            f"{which}: on day {day} of the month after it, or the next working day, {hour:02d}:00"
        )

    @property
    def summary(self) -> str:
        return f"hand-over, day {self.day}" + (
            f", months {', '.join(map(str, self.months))}" if self.months else ""
        )

    def serialize(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "hour": self.hour,
            "months": list(self.months),
            "timezone": self.timezone,
            "days_off": self.days_off,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> HandoverTimetable:
        return cls(**data)

    def handover(self, month: Month) -> DateTime:
        """When the run of a data month starts."""
        due = (month + 1).first.replace(day=self.day)
        moved = working_day_from(due, self._days_off)
        return instance(dt.datetime.combine(moved, dt.time(self.hour), self._zone))

    def run_info(self, month: Month) -> DagRunInfo:
        """The run of one data month."""
        return DagRunInfo(
            run_after=self.handover(month),
            data_interval=None,
            partition_date=self._midnight(month),
            partition_key=str(month),
        )

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        now = dt.datetime.now(self._zone)
        if last_dagrun_info is not None:
            month = self._due(self._month_of(last_dagrun_info) + 1)
            if not restriction.catchup:
                while self.handover(following := self._due(month + 1)) <= now:
                    month = following
        else:
            month = self._first_at_or_after(restriction.earliest if restriction.catchup else now)
            if restriction.earliest is not None:
                month = max(month, self._first_at_or_after(restriction.earliest))
        info = self.run_info(month)
        return (
            None if restriction.latest is not None and info.run_after > restriction.latest else info
        )

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval.exact(
            run_after
        )  # `airflow dags test` asks; nothing of ours looks at it

    def iter_partition_dagrun_infos(
        self, *, earliest: dt.datetime, latest: dt.datetime
    ) -> Iterator[DagRunInfo]:
        first, last = (
            self.localize_partition_datetime(earliest),
            self.localize_partition_datetime(latest),
        )
        for month in Month.span(Month.of(first), Month.of(last)):
            if self._due(month) == month and first <= self._midnight(month) <= last:
                yield self.run_info(month)

    def localize_partition_datetime(self, dt: dt.datetime) -> DateTime:
        return instance(dt.replace(tzinfo=self._zone))

    def _decode_partition_date(self, partition_key: str) -> dt.datetime:
        try:
            month = Month.parse(partition_key)
        except UsageError as error:
            raise InvalidPartitionKeyError(str(error)) from error
        if self._due(month) != month:
            known = ", ".join(map(str, self.months))
            raise InvalidPartitionKeyError(
                f"Nothing is due for {month}: this department reports months {known} only."
            )
        return self._midnight(month)

    def generate_run_id(
        self,
        *,
        run_type: DagRunType,
        run_after: DateTime,
        data_interval: DataInterval | None,
        **extra: Any,
    ) -> str:
        key = extra.get("partition_key")
        return run_type.generate_run_id(
            suffix="__".join(filter(None, [key, run_after.isoformat()]))
        )

    def _midnight(self, month: Month) -> DateTime:
        return instance(dt.datetime.combine(month.first, dt.time(), self._zone))

    def _due(self, month: Month) -> Month:
        """``month``, or the next one that is reported."""
        while self.months and month.number not in self.months:
            month += 1
        return month

    def _month_of(self, info: DagRunInfo) -> Month:
        if info.partition_key:
            return Month.parse(info.partition_key)
        return Month.of(info.run_after.astimezone(self._zone)) + -1

    def _first_at_or_after(self, moment: dt.datetime | None) -> Month:
        """The first data month whose hand-over is not before ``moment`` (now, if there is none)."""
        moment = (moment or dt.datetime.now(self._zone)).astimezone(self._zone)
        month = self._due(Month.of(moment) + -2)
        while self.handover(month) < moment:
            month = self._due(month + 1)
        return month


class SettledFolderTrigger(BaseTrigger):
    """Waits until a folder holds files whose sizes and times stand still from one look to the next,
    or until a moment.

    If ``fetch`` names a month and department, their inbox (of ``county``, where there are many) is
    on another machine and is fetched before each look. Fires with the mark of what it saw, or with
    nothing when ``until`` (ISO, with offset) is over. What bears the mark ``known`` was judged
    already and does not count: it wants something new.
    """

    def __init__(
        self,
        *,
        folder: str,
        until: str,
        known: str = "",
        seconds: float = 5.0,
        fetch: tuple[str, str] | None = None,
        county: str = "",
    ) -> None:
        super().__init__()
        self.folder, self.until, self.known, self.seconds, self.fetch = (
            folder,
            until,
            known,
            seconds,
            fetch,
        )
        self.county = county

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "shouwang_plugin.SettledFolderTrigger",
            {
                "folder": self.folder,
                "until": self.until,
                "known": self.known,
                "seconds": self.seconds,
                "fetch": self.fetch,
                "county": self.county,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        until = dt.datetime.fromisoformat(self.until)
        before = await asyncio.to_thread(self.look)
        while dt.datetime.now(until.tzinfo) < until:
            await asyncio.sleep(self.seconds)
            seen = await asyncio.to_thread(self.look)
            if seen and seen == before and seen != self.known:
                yield TriggerEvent(seen)
                return
            before = seen
        yield TriggerEvent("")

    def look(self) -> str:
        """A mark of name, size and time of every file below the folder; empty if there is none."""
        if self.fetch:
            from shouwang.core.errors import Unreachable
            from shouwang.workspace.workspace import load_workspace

            try:
                with serving(self.county):
                    load_workspace().inbox_of(*self.fetch)
            except Unreachable as error:
                log.warning("%s Looking again in %s s.", error, self.seconds)
                return ""
        found = []
        for path in sorted(Path(self.folder).rglob("*")):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # taken away between the listing and the look: the next look tells
            if S_ISREG(status.st_mode):
                found.append((str(path), status.st_size, status.st_mtime_ns))
        return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


class AnswerTrigger(BaseTrigger):
    """Waits until other questions hold a submission back than ``asked``, as after an answer, or until
    a moment.

    Fires with a text when something changed, with an empty one when ``until`` (ISO, with offset) is
    over. The county's database is asked every ``seconds``, in a thread; one that does not answer is
    asked again.
    """

    def __init__(
        self,
        *,
        month: str,
        department: str,
        asked: list[int],
        until: str,
        seconds: float = 15.0,
        county: str = "",
    ) -> None:
        super().__init__()
        self.month, self.department, self.asked = month, department, sorted(asked)
        self.until, self.seconds, self.county = until, seconds, county

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("month", "department", "asked", "until", "seconds", "county")
        return "shouwang_plugin.AnswerTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        until = dt.datetime.fromisoformat(self.until)
        while dt.datetime.now(until.tzinfo) < until:
            if await asyncio.to_thread(self.look) != self.asked:
                yield TriggerEvent("answered")
                return
            await asyncio.sleep(self.seconds)
        yield TriggerEvent("")

    def look(self) -> list[int]:
        """The questions that hold the submission back now."""
        from sqlalchemy.exc import OperationalError

        from shouwang.submissions.questions import holding
        from shouwang.workspace.workspace import load_workspace

        try:
            with serving(self.county), load_workspace().database.read() as connection:
                return sorted(holding(connection, self.month, self.department))
        except (OperationalError, ShouwangError) as error:
            log.warning(
                "The county cannot be asked (%s). Looking again in %s s.",
                type(error).__name__,
                self.seconds,
            )
            return self.asked


BOARD = "/shouwang"
"""Where the exchange board lies, below Airflow's own address."""

UNTIL_ANSWERED = ("take_in", "validate")
"""The tasks of a department's DAG that wait for an answer."""

SEEING, DECIDING = "screening", "release"
"""The DAG whose readers see the board; the one whose question about a release opens personal data
to who may answer."""


def runs_page(dag_id: str, month: str) -> str:
    """Airflow's page of a DAG's runs for a data month."""
    return f"/dags/{dag_id}/runs?partition_key_pattern={month}"


def read_on(dag_id: str, month: str, by: str) -> None:
    """Have a department's DAG read on what lies there of a month: a run that waits for the answer
    notices by itself."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.models import TaskInstance
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import func, select

    waits = (
        select(func.count())
        .select_from(TaskInstance)
        .join(
            DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id)
        )
        .where(
            DagRun.dag_id == dag_id,
            DagRun.partition_key == month,
            TaskInstance.task_id.in_(UNTIL_ANSWERED),
        )
        .where(TaskInstance.state == TaskInstanceState.DEFERRED)
    )
    with create_session() as session:
        waiting = session.scalar(waits)
    if not waiting:
        trigger_dag(
            dag_id=dag_id,
            triggered_by=DagRunTriggeredByType.UI,
            triggering_user_name=by,
            partition_key=month,
            note="A question about this submission was answered on the board.",
        )


class ShouwangPlugin(AirflowPlugin):
    """Registers timetable, listener and board; triggers need no registration, only to be importable
    by this module's name."""

    name = "shouwang"
    timetables = [HandoverTimetable]  # noqa: RUF012 - Airflow declares it as an instance list
    listeners = [shouwang_listener]  # noqa: RUF012

    @cached_property
    def fastapi_apps(self) -> list[Any]:
        """The exchange board (数据交换看板); imported where Airflow serves its pages, not in every
        task."""
        from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
        from airflow.api_fastapi.core_api.security import get_user, requires_access_dag

        from shouwang.board.app import Guards, create_app, create_prefecture
        from shouwang.workspace.counties import name_in
        from shouwang.workspace.workspace import load_workspace

        def guards(key: str) -> Guards:
            return Guards(
                user=get_user,
                see=requires_access_dag("GET", param_dag_id=name_in(key, SEEING)),
                people=requires_access_dag(
                    "PUT", DagAccessEntity.HITL_DETAIL, name_in(key, DECIDING)
                ),
            )

        many = bool(os.environ.get("SHOUWANG_COUNTIES"))
        if many:
            app = create_prefecture(get_user, guards, runs_page, read_on)
        else:
            app = create_app(guards(""), load_workspace, runs_page, read_on)
        return [{"name": "exchange board", "app": app, "url_prefix": BOARD}]

    @cached_property
    def external_views(self) -> list[Any]:
        """The board in the navigation, and on a DAG's page what the board has of it."""
        from airflow.configuration import conf

        below = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + BOARD
        icon = f"{below}/assets/board.svg"
        return [
            {
                "name": "看板 Board",
                "href": f"{below}/",
                "url_route": "board",
                "icon": icon,
                "nav_top_level": True,
            },
            {
                "name": "看板 Board",
                "href": f"{below}/dags/{{DAG_ID}}",
                "url_route": "board-of-dag",
                "icon": icon,
                "destination": "dag",
            },
        ]
