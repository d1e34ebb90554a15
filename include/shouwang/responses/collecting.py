"""Filled-in workbooks that come back by the channels (报回): found, read once each, answered.

They lie in ``SHOUWANG_RETURNS`` (default ``returns`` in the home; may be ``sftp://`` or ``s3://``),
in a folder a township or in none, and in ``returns`` below the address of a township with an SFTP
channel. Nothing is moved or deleted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core import clock
from shouwang.core.digests import file_digest
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
    """A file that came back and has not been read yet; ``township``: of whose folder it was taken,
    `NOBODY` if of no one's."""

    path: Path
    township: str
    fingerprint: str


def fetch(workspace: Workspace) -> list[str]:
    """Bring what lies on other machines here; what could not be reached, as sentences."""
    places = []
    if workspace.far_returns:
        places.append((workspace.far_returns, workspace.returns, True))
    for name, township in workspace.county.settings.townships.items():
        if township.channel == "sftp":
            folder = workspace.home / "returns" / safe_name(name)
            remote = Remote(f"{township.to.rstrip('/')}/returns", folder)
            places.append((remote, folder, False))
    unreachable = []
    for remote, folder, shared in places:
        try:
            remote.fetch(folder, shared=shared)
        except Unreachable as error:
            unreachable.append(str(error))
    return unreachable


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
    names, just_read = township_folders(connection, workspace), set[str]()
    age = workspace.county.settings.intake.suspicious_age_seconds
    files = [
        Found(path, _township(path.relative_to(folder), names), _fingerprint(path))
        for path, folder in _workbooks(workspace)
        if settled([path], age)
    ]
    for file in sorted(files, key=lambda file: file.township == NOBODY):
        again = file.township == NOBODY and file.fingerprint in just_read
        if file.fingerprint in taken or again or (file.fingerprint, file.township) in seen:
            continue
        seen.add((file.fingerprint, file.township))
        just_read.add(file.fingerprint)
        yield file


def _workbooks(workspace: Workspace) -> list[tuple[Path, Path]]:
    """Every workbook in the return folders, with the one that it lies in."""
    paths = {
        path: folder
        for folder in reversed(workspace.return_folders)
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in KINDS and not path.name.startswith((".", "~$"))
    }
    return sorted((path, folder) for path, folder in paths.items() if path.is_file())


def _township(inside: Path, names: Mapping[str, str]) -> str:
    """Whose folder a file lies in."""
    return names.get(inside.parts[0], NOBODY) if len(inside.parts) > 1 else NOBODY


def _fingerprint(path: Path) -> str:
    return file_digest(path)


def record(connection: Connection, found: Found, result: Mapping[str, Any]) -> None:
    """Put on record that a file was read; one that its sender has sent as well waits for nobody."""
    same = sa.exists().where(response.c.fingerprint == found.fingerprint, response.c.taken > 0)
    waits = bool(result.get("held")) and not connection.scalar(sa.select(same))
    counts = {"taken": result["taken"], "problems": len(result["problems"])}
    connection.execute(
        response.insert().values(
            fingerprint=found.fingerprint,
            file=found.path.name,
            township=found.township,
            refusal=result.get("refused"),
            held=waits,
            collected_at=clock.now(),
            **counts,
        )
    )
    kind, whose = "held" if waits else "returned", found.township or "county"
    audit(connection, kind, whose, "shouwang", fingerprint=found.fingerprint, **counts)


def held(connection: Connection) -> list[dict[str, Any]]:
    """The files that wait for a clerk to say whose they are: ``file, township`` (of the folder),
    ``collected_at, why``."""
    names = [response.c[name] for name in ("file", "township", "collected_at")]
    query = sa.select(*names, response.c.refusal.label("why")).where(response.c.held)
    return [*map(dict, connection.execute(query.order_by(response.c.collected_at)).mappings())]


def settle(connection: Connection, path: Path) -> None:
    """A held file has been taken in as a clerk said: it waits no longer."""
    same = response.c.fingerprint == _fingerprint(path)
    connection.execute(response.update().where(same).values(held=False))
