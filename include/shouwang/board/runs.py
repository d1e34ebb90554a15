"""Our own record of what Airflow ran (运行记录): entries of the audit trail, which outlive
Airflow's own metadata.

The end of a run is noted first, as a small file of the workspace (`note`): that can be done wherever
Airflow tells of it, which must not wait for a database. A task puts the notes on record later
(`record_noted`); until then they count as recorded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.staging import whole_file
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event
from shouwang.workspace.workspace import Workspace

RAN = "ran"


@dataclass(frozen=True)
class Run:
    """A run of a DAG that has ended; a cleared one has an entry for each end. ``failed``: its tasks
    that failed.

    ``dag`` is without its county, ``kind`` what started it (scheduled, manual, backfill,
    asset_triggered …).
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
    said = {
        "kind": run.kind,
        "state": run.state,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat(),
    }
    audit(connection, RAN, run.dag, "airflow", month=run.month, run={**said, "failed": run.failed})


def note(workspace: Workspace, end: str, run: Run) -> None:
    """Note that a run has ended; ``end`` is the same however often and wherever this end of it is
    told."""
    path = workspace.ended_runs / f"{hashlib.sha256(end.encode()).hexdigest()[:16]}.json"
    with whole_file(path) as part:
        part.write_text(
            json.dumps(asdict(run), default=dt.datetime.isoformat, ensure_ascii=False),
            encoding="utf-8",
        )


def noted(workspace: Workspace) -> dict[Path, Run]:
    """The notes of runs that have ended since the last were put on record, in the order of their
    ends."""
    found = {}
    for path in workspace.ended_runs.glob("*.json"):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # put on record meanwhile
        moments = {
            name: dt.datetime.fromisoformat(said[name]).astimezone(workspace.zone)
            for name in ("started", "ended")
        }
        found[path] = Run(**said | moments | {"failed": tuple(said["failed"])})
    return dict(sorted(found.items(), key=lambda each: each[1].ended))


def record_noted(workspace: Workspace) -> int:
    """Put what is noted on record, once however often this is killed and run again; how many
    runs."""
    notes = noted(workspace)
    if notes:
        with workspace.database.write() as connection:
            known = set(recorded(connection, workspace.zone, len(notes)))
            for run in notes.values():
                if run not in known:
                    record(connection, run)
    for path in notes:
        path.unlink(missing_ok=True)
    return len(notes)


def runs(workspace: Workspace, connection: Connection, count: int, month: str = "") -> list[Run]:
    """The last runs that ended, the newest first, in the county's time; of one data month if it is
    named."""
    fresh = [run for run in reversed(noted(workspace).values()) if not month or run.month == month]
    known = recorded(connection, workspace.zone, count, month)
    return [*fresh, *(run for run in known if run not in fresh)][:count]


def recorded(connection: Connection, zone: ZoneInfo, count: int, month: str = "") -> list[Run]:
    """The last runs on record, the newest first."""
    query = (
        sa.select(audit_event)
        .where(audit_event.c.kind == RAN)
        .order_by(audit_event.c.event_id.desc())
        .limit(count)
    )
    rows = connection.execute(
        query.where(audit_event.c.month == month) if month else query
    ).mappings()
    return [_run(row["subject"], row["month"], row["detail"]["run"], zone) for row in rows]


def failing(found: list[Run]) -> list[Run]:
    """Of runs, the newest first: those that failed and were not followed by a better one of their
    DAG and month."""
    newest: dict[tuple[str, str | None], Run] = {}
    for run in found:
        newest.setdefault((run.dag, run.month), run)
    return [run for run in newest.values() if run.state == "failed"]


def _run(dag: str, month: str | None, said: dict[str, Any], zone: ZoneInfo) -> Run:
    started, ended = (
        dt.datetime.fromisoformat(said[name]).astimezone(zone) for name in ("started", "ended")
    )
    return Run(dag, month, said["kind"], said["state"], started, ended, tuple(said["failed"]))
