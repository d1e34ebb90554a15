"""What leaves the workspace for a township, exactly once (交付台账).

A file is *prepared* in the transaction that makes its release a fact, and *sent* afterwards, in one
of its own that ends by recording it. Two who send the same file at once wait for each other. Killed
between sending and recording, the next try changes nothing on the other side (see ``channels``).
What fails is recorded and tried again; it holds up no other township.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import ShouwangError
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, dispatch
from shouwang.transfer.channels import Item, deliver, forget
from shouwang.workspace.workspace import Workspace


def prepare(
    connection: Connection, workspace: Workspace, path: Path, month: Month, township: str, by: str
) -> str:
    """Put on record that a file of the outbox is to be sent; its name below the outbox."""
    name = _name(workspace, path)
    connection.execute(
        dispatch.delete().where(dispatch.c.file == name, dispatch.c.sent_at.is_(None))
    )
    connection.execute(
        dispatch.insert().values(
            file=name,
            month=str(month),
            township=township,
            fingerprint=_fingerprint(path),
            prepared_at=_now(),
            prepared_by=by,
            attempts=0,
        )
    )
    return name


def was_sent(connection: Connection, workspace: Workspace, path: Path) -> bool:
    """Whether a file of that name has left the workspace."""
    query = sa.select(dispatch.c.sent_at).where(dispatch.c.file == _name(workspace, path))
    return connection.scalar(query) is not None


def waiting(
    connection: Connection, month: Month | None, township: str | None = None
) -> list[tuple[str, str]]:
    """Township and name of the files that are still to be sent, of a month or of all."""
    query = sa.select(dispatch.c.township, dispatch.c.file).where(dispatch.c.sent_at.is_(None))
    if month is not None:
        query = query.where(dispatch.c.month == str(month))
    if township is not None:
        query = query.where(dispatch.c.township == township)
    return [
        (name, file)
        for name, file in connection.execute(query.order_by(dispatch.c.township, dispatch.c.file))
    ]


def send(workspace: Workspace, file: str) -> bool:
    """Send a prepared file unless it has been sent; whether it was now. A failure is recorded
    before it is raised."""
    try:
        with workspace.database.write() as connection:
            row = connection.execute(
                sa.select(dispatch)
                .where(dispatch.c.file == file, dispatch.c.sent_at.is_(None))
                .with_for_update()
            ).one_or_none()
            if row is None:
                return False
            path = workspace.outbox / file
            if not path.is_file() or _fingerprint(path) != row.fingerprint:
                raise ShouwangError(
                    f"{file} is gone from the outbox or was changed since it was released."
                )
            item = Item(
                path,
                row.month,
                row.township,
                row.fingerprint,
                row.prepared_at.replace(tzinfo=dt.UTC),
            )
            channel, receipt = deliver(workspace, item)
            connection.execute(
                dispatch.update()
                .where(dispatch.c.file == file)
                .values(
                    channel=channel,
                    receipt=receipt,
                    sent_at=_now(),
                    attempts=row.attempts + 1,
                    problem=None,
                )
            )
            audit(
                connection,
                "sent",
                row.township,
                row.prepared_by,
                month=row.month,
                file=file,
                fingerprint=row.fingerprint,
                channel=channel,
                receipt=receipt,
            )
    except ShouwangError as error:
        with workspace.database.write() as connection:
            connection.execute(
                dispatch.update()
                .where(dispatch.c.file == file)
                .values(attempts=dispatch.c.attempts + 1, problem=str(error))
            )
        raise
    forget(workspace, row.fingerprint)
    return True


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


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
