"""Our own record of what Airflow ran (运行记录): entries of the audit trail, which outlive
Airflow's own metadata.

The end of a run is noted first, as a small file of the workspace (`note`): that can be done
wherever Airflow tells of it, which must not wait for a database. A task puts the notes on record
later (`record_noted`); until then they count as recorded.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.digests import short_digest
from shouwang.core.files import atomic_write
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event
from shouwang.workspace.workspace import Workspace, load_workspace

RAN = "ran"


@dataclass(frozen=True)
class Run:
    """A run of a DAG that has ended; a cleared one has an entry for each end. ``failed``: its tasks
    that failed.

    ``dag`` is without its county, ``kind`` what started it (scheduled, manual, backfill,
    asset_triggered …). Moments bear their offset.
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

    @property
    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self) | {at: getattr(self, at).isoformat() for at in ("started", "ended")}

    @classmethod
    def from_json(cls, content: dict[str, Any], zone: ZoneInfo) -> Run:
        """The run that was written down, its moments in the county's time."""
        moments = {
            at: dt.datetime.fromisoformat(content[at]).astimezone(zone)
            for at in ("started", "ended")
        }
        return cls(**content | moments | {"failed": tuple(content["failed"])})


def note(workspace: Workspace, end: str, run: Run) -> None:
    """Note that a run has ended; ``end`` is the same however often and wherever this end of it is
    told."""
    path = workspace.ended_runs / f"{short_digest(end)}.json"
    with atomic_write(path) as part:
        part.write_text(json.dumps(run.as_json, ensure_ascii=False), encoding="utf-8")


def noted(workspace: Workspace) -> dict[Path, Run]:
    """The notes of runs that have ended since the last were put on record, the first end first."""
    notes = {}
    for path in workspace.ended_runs.glob("*.json"):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # put on record meanwhile
        notes[path] = Run.from_json(content, workspace.zone)
    return dict(sorted(notes.items(), key=lambda note: note[1].ended))


def record_noted(workspace: Workspace) -> int:
    """Put what is noted on record, once however often this is killed and run again; how many
    runs."""
    notes = noted(workspace)
    if notes:
        with workspace.database.write() as connection:
            existing = recorded(connection, workspace.zone, len(notes))
            for run in notes.values():
                if run not in existing:
                    audit(connection, RAN, run.dag, "airflow", month=run.month, run=run.as_json)
    for path in notes:
        path.unlink(missing_ok=True)
    return len(notes)


def runs(workspace: Workspace, connection: Connection, count: int, month: str = "") -> list[Run]:
    """The last runs that ended, the newest first, in the county's time; of one data month if it is
    named."""
    fresh = [run for run in reversed(noted(workspace).values()) if month in ("", run.month)]
    older = recorded(connection, workspace.zone, count, month)
    return [*fresh, *(run for run in older if run not in fresh)][:count]


def last_runs(month: str, count: int) -> list[Run]:
    """As `runs`, of the county that is served."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        return runs(workspace, connection, count, month)


def recorded(connection: Connection, zone: ZoneInfo, count: int, month: str = "") -> list[Run]:
    """The last runs on record, the newest first."""
    query = sa.select(audit_event.c.detail).where(audit_event.c.kind == RAN)
    if month:
        query = query.where(audit_event.c.month == month)
    newest = query.order_by(audit_event.c.event_id.desc()).limit(count)
    return [Run.from_json(detail["run"], zone) for detail in connection.scalars(newest)]


def failing(newest_first: list[Run]) -> list[Run]:
    """Of runs, the newest first: those that failed and were not followed by a better one of their
    DAG and month."""
    newest: dict[tuple[str, str | None], Run] = {}
    for run in newest_first:
        newest.setdefault((run.dag, run.month), run)
    return [run for run in newest.values() if run.state == "failed"]
