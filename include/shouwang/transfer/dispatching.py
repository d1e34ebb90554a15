"""What leaves the workspace for a township, exactly once (交付台账).

A file is *prepared* in the transaction that makes its release a fact, and *sent* afterwards, in one
of its own that ends by recording it. Two who send the same file at once wait for each other. Killed
between sending and recording, the next try changes nothing on the other side (see ``channels``).
What fails is recorded and tried again; it holds up no other township.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.clock import now
from shouwang.core.digests import file_digest
from shouwang.core.errors import ShouwangError, machine_fault
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, dispatch
from shouwang.transfer.channels import Item, deliver, forget
from shouwang.workspace.workspace import Workspace

log = logging.getLogger(__name__)


def prepare(
    connection: Connection, workspace: Workspace, path: Path, month: Month, township: str, by: str
) -> str:
    """Put on record that a file of the outbox is to be sent; its name below the outbox."""
    name = _name(workspace, path)
    connection.execute(
        dispatch.delete().where(dispatch.c.file == name, dispatch.c.sent_at.is_(None))
    )
    prepared = {"prepared_at": now(), "prepared_by": by, "attempts": 0}
    values = {"file": name, "month": str(month), "township": township, **prepared}
    connection.execute(dispatch.insert().values(**values, fingerprint=file_digest(path)))
    return name


def was_sent(connection: Connection, workspace: Workspace, path: Path) -> bool:
    """Whether a file of that name has left the workspace."""
    query = sa.select(dispatch.c.sent_at).where(dispatch.c.file == _name(workspace, path))
    return connection.scalar(query) is not None


def waiting(
    connection: Connection, month: Month | None, township: str | None = None
) -> list[tuple[str, str]]:
    """Township and name of the files that are still to be sent, of a month or of all."""
    columns = (dispatch.c.township, dispatch.c.file)
    query = sa.select(*columns).where(dispatch.c.sent_at.is_(None)).order_by(*columns)
    if month is not None:
        query = query.where(dispatch.c.month == str(month))
    if township is not None:
        query = query.where(dispatch.c.township == township)
    return [(row.township, row.file) for row in connection.execute(query)]


def send(workspace: Workspace, file: str) -> bool:
    """Send a prepared file unless it has been sent; whether it was now. A failure is recorded
    before it is raised."""
    same = dispatch.c.file == file
    try:
        with workspace.database.write() as connection:
            waiting = sa.select(dispatch).where(same, dispatch.c.sent_at.is_(None))
            row = connection.execute(waiting.with_for_update()).one_or_none()
            if row is None:
                return False
            channel, receipt = _deliver(workspace, row)
            sent = {"channel": channel, "receipt": receipt, "sent_at": now(), "problem": None}
            change = dispatch.update().where(same)
            connection.execute(change.values(**sent, attempts=row.attempts + 1))
            said = {"file": file, "fingerprint": row.fingerprint, "channel": channel}
            said |= {"month": row.month, "receipt": receipt}
            audit(connection, "sent", row.township, row.prepared_by, **said)
    except ShouwangError as error:
        with workspace.database.write() as connection:
            failed = {"attempts": dispatch.c.attempts + 1, "problem": str(error)}
            connection.execute(dispatch.update().where(same).values(**failed))
        raise
    forget(workspace, row.fingerprint)
    log.info("Sent one file of %s by %s", row.month, channel)
    return True


def _deliver(workspace: Workspace, row: sa.Row[Any]) -> tuple[str, str]:
    path, prepared_at = workspace.outbox / row.file, row.prepared_at.replace(tzinfo=dt.UTC)
    try:
        if not path.is_file() or file_digest(path) != row.fingerprint:
            raise ShouwangError(
                f"{row.file} is gone from the outbox or was changed since it was released."
            )
        item = Item(path, row.month, row.township, row.fingerprint, prepared_at)
        return deliver(workspace, item)
    except OSError as error:
        raise machine_fault(error) from None


def proof(connection: Connection, month: Month) -> list[dict[str, Any]]:
    """Every file of a month: what was sent when, by which channel, its fingerprint, what the other
    side answered, and what proves that it was fetched (``fetched``; see `fetching`)."""
    query = (
        sa.select(dispatch)
        .where(dispatch.c.month == str(month))
        .order_by(dispatch.c.township, dispatch.c.file)
    )
    seen = sa.select(audit_event.c.detail).where(
        audit_event.c.kind == "fetched", audit_event.c.month == str(month)
    )
    fetched = {said["file"]: said["how"] for said in connection.scalars(seen)}
    return [
        {**row, "fetched": fetched.get(row["file"])} for row in connection.execute(query).mappings()
    ]


def _name(workspace: Workspace, path: Path) -> str:
    return path.relative_to(workspace.outbox).as_posix()
