"""Filled-in workbooks that come back by the channels (报回): found, read once each, answered.

They lie in ``SHOUWANG_RETURNS`` (default ``returns`` in the home; may be ``sftp://`` or ``s3://``),
in a folder a township or in none, and in ``returns`` below the address of a township with an SFTP
channel. Nothing is moved or deleted there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import Unreachable
from shouwang.intake.files import settled
from shouwang.responses.returning import township_folders
from shouwang.store.audit import audit
from shouwang.store.tables import response
from shouwang.workspace.remote import Remote
from shouwang.workspace.workspace import Workspace, safe_name

NOBODY = ""
"""Whose folder it was, in the table, where it was no township's."""
KINDS = (".xlsx", ".xls", ".xlsm", ".ods", ".et", ".csv")


@dataclass(frozen=True)
class Found:
    """A file that came back and has not been read yet; ``township``: of whose folder it was
    taken."""

    path: Path
    township: str | None
    fingerprint: str


def fetch(workspace: Workspace) -> list[str]:
    """Bring what lies on other machines here; the addresses' hosts that could not be reached."""
    places = [(workspace.far_returns, workspace.returns)] if workspace.far_returns else []
    for name, known in workspace.county.settings.townships.items():
        if known.channel == "sftp":
            folder = workspace.home / "returns" / safe_name(name)
            places.append((Remote(f"{known.to.rstrip('/')}/returns", folder), folder))
    away = []
    for remote, folder in places:
        try:
            remote.fetch(folder, deep=remote is workspace.far_returns)
        except Unreachable as error:
            away.append(str(error))
    return away


def fresh(connection: Connection, workspace: Workspace) -> Iterator[Found]:
    """The workbooks that have not been read, each content of each sender once; files that are still
    being copied wait.

    What was taken from one sender is not read again from another, nor what lies in nobody's folder
    as well.
    """
    query = sa.select(response.c.fingerprint, response.c.township, response.c.taken)
    rows = connection.execute(query).all()
    seen = {(row.fingerprint, row.township) for row in rows}
    taken = {row.fingerprint for row in rows if row.taken}
    names, here = township_folders(connection, workspace), set[str]()
    age, folders, found = (
        workspace.county.settings.intake.suspicious_age_seconds,
        workspace.return_folders,
        [],
    )
    for path in sorted(p for folder in folders if folder.is_dir() for p in folder.rglob("*")):
        if (
            not path.is_file()
            or path.name.startswith((".", "~$"))
            or path.suffix.lower() not in KINDS
        ):
            continue
        if not settled([path], age):
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        folder = next(f for f in folders if path.is_relative_to(f))
        inside = path.relative_to(folder).parts
        found.append(Found(path, names.get(inside[0]) if len(inside) > 1 else None, content))
    for entry in sorted(found, key=lambda entry: entry.township is None):
        sender = entry.township or NOBODY
        again = sender == NOBODY and entry.fingerprint in here
        if entry.fingerprint not in taken and (entry.fingerprint, sender) not in seen and not again:
            seen.add((entry.fingerprint, sender))
            here.add(entry.fingerprint)
            yield entry


def record(connection: Connection, found: Found, told: Mapping[str, Any]) -> None:
    """Put on record that a file was read; one that its sender has sent as well waits for nobody."""
    same = sa.select(response.c.taken).where(
        response.c.fingerprint == found.fingerprint, response.c.taken > 0
    )
    waits = bool(told.get("held")) and connection.execute(same).first() is None
    counts = {"taken": told["taken"], "problems": len(told["problems"])}
    connection.execute(
        response.insert().values(
            fingerprint=found.fingerprint,
            file=found.path.name,
            township=found.township or NOBODY,
            refusal=told.get("refused"),
            held=waits,
            collected_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
            **counts,
        )
    )
    kind = "held" if waits else "returned"
    audit(
        connection,
        kind,
        found.township or "county",
        "shouwang",
        fingerprint=found.fingerprint,
        **counts,
    )


def held(connection: Connection) -> list[dict[str, Any]]:
    """The files that wait for a clerk to say whose they are: ``file, township`` (of the folder),
    ``collected_at, why``."""
    names = [response.c[name] for name in ("file", "township", "collected_at")]
    query = sa.select(*names, response.c.refusal.label("why")).where(response.c.held)
    return [
        dict(row) for row in connection.execute(query.order_by(response.c.collected_at)).mappings()
    ]


def settle(connection: Connection, path: Path) -> None:
    """A held file has been taken in as a clerk said: it waits no longer."""
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    connection.execute(
        response.update().where(response.c.fingerprint == content).values(held=False)
    )
