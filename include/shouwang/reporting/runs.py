"""Our own record of what Airflow ran (运行记录): entries of the audit trail, which outlive Airflow's own metadata."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.store.audit import audit
from shouwang.store.tables import audit_event

RAN = "ran"


@dataclass(frozen=True)
class Run:
    """A run of a DAG that has ended; a cleared one has an entry for each end. ``failed``: its tasks that failed.

    ``dag`` is without its county, ``kind`` what started it (scheduled, manual, backfill, asset_triggered …).
    """

    dag: str
    month: str | None
    kind: str
    state: str
    started: dt.datetime
    ended: dt.datetime
    failed: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.started).total_seconds()


def record(connection: Connection, run: Run) -> None:
    """Put a run on record; moments bear their offset."""
    said = {"kind": run.kind, "state": run.state, "started": run.started.isoformat(), "ended": run.ended.isoformat()}
    audit(connection, RAN, run.dag, "airflow", month=run.month, run={**said, "failed": run.failed})


def runs(connection: Connection, zone: ZoneInfo, count: int, month: str = "") -> list[Run]:
    """The last runs that ended, the newest first, in the county's time; of one data month if it is named."""
    query = sa.select(audit_event).where(audit_event.c.kind == RAN).order_by(audit_event.c.event_id.desc()).limit(count)
    rows = connection.execute(query.where(audit_event.c.month == month) if month else query).mappings()
    return [_run(row["subject"], row["month"], row["detail"]["run"], zone) for row in rows]


def failing(found: list[Run]) -> list[Run]:
    """Of runs, the newest first: those that failed and were not followed by a better one of their DAG and month."""
    newest: dict[tuple[str, str | None], Run] = {}
    for run in found:
        newest.setdefault((run.dag, run.month), run)
    return [run for run in newest.values() if run.state == "failed"]


def _run(dag: str, month: str | None, said: dict[str, Any], zone: ZoneInfo) -> Run:
    started, ended = (dt.datetime.fromisoformat(said[name]).astimezone(zone) for name in ("started", "ended"))
    return Run(dag, month, said["kind"], said["state"], started, ended, tuple(said["failed"]))
