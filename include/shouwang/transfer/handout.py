"""A paper on its way out: written whole into the outbox, sealed for whoever receives it, on record,
put down to be sent.

Every paper that names people is sealed with a secret of whoever it is for: a township's, the
county's (`COUNTY`), or the one that a department sends its own files under, if it does. What is for
everybody's eyes stays open.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from zipfile import is_zipfile

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.digests import digest, file_digest
from shouwang.core.errors import FileRefused
from shouwang.core.files import atomic_write
from shouwang.core.month import Month
from shouwang.documents.paper import SYSTEM
from shouwang.documents.saving import described, what_it_says
from shouwang.documents.sealing import sealed, unsealed
from shouwang.store.audit import anchor, audit
from shouwang.store.tables import audit_event
from shouwang.transfer import passwords
from shouwang.transfer.dispatching import prepare, was_sent
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace

Write = Callable[[IO[bytes]], None]


def headed(workspace: Workspace, receiver: str = "", by: str = SYSTEM) -> dict[str, Any]:
    """What every paper says of itself; ``receiver`` as it is printed, none for everybody, `COUNTY`
    for the office."""
    settings = workspace.county.settings
    for_whom = settings.office if receiver == COUNTY else receiver
    return {
        "county": settings.name,
        "office": settings.office,
        "made_at": workspace.now(),
        "made_by": by,
        "receiver": for_whom,
        "templates": workspace.county_folder / "templates",
    }


def hand_out(
    connection: Connection,
    workspace: Workspace,
    month: Month,
    township: str,
    name: str,
    by: str,
    write: Write,
    public: bool = False,
) -> bool:
    """Write a township's paper and prepare its sending; whether a password was made for it, to be
    told by a person.

    One of that name that has been sent stays as it is. ``public`` papers are for everybody's eyes
    and stay open. Nothing leaves the workspace here: see `dispatching.send`.
    """
    path = workspace.lists_of(month, township) / name
    if was_sent(connection, workspace, path):
        return False
    note = "" if public else anchor(connection)
    fresh = _write(connection, workspace, path, month, township, by, write, public, note)
    prepare(connection, workspace, path, month, township, by)
    return fresh


def put_out(
    connection: Connection,
    workspace: Workspace,
    path: Path,
    month: Month | str,
    receiver: str,
    by: str,
    write: Write,
    public: bool = False,
) -> None:
    """Write a paper of the county (`COUNTY`) or of a department into the outbox, where it is
    fetched."""
    _write(connection, workspace, path, month, receiver, by, write, public)
    if workspace.far_outbox and path.is_relative_to(workspace.outbox):
        workspace.far_outbox.send(path)


def _write(
    connection: Connection,
    workspace: Workspace,
    path: Path,
    month: Month | str,
    receiver: str,
    by: str,
    write: Write,
    public: bool,
    note: str = "",
) -> bool:
    """Write a paper unless it lies there and says the same; that it was written is on record once.

    ``note``: what its properties say beside, which is not part of what it says.
    """
    keys, fresh = ([], False) if public else _keys(connection, workspace, receiver, by)
    written = io.BytesIO()  # no file before it is sealed: whoever is killed would leave it open
    write(written)
    content, existing = written.getvalue(), _says(path, keys)
    if existing is not None and _same(connection, path, receiver, content, existing):
        content = path.read_bytes()
    else:
        content = described(content, note) if note else content
        content = sealed(content, keys[0]) if keys else content
        with atomic_write(path) as part:
            part.write_bytes(content)
    fingerprint = digest(content)
    if not on_record(connection, "written", receiver, fingerprint=fingerprint):
        inside = path.is_relative_to(workspace.outbox)
        file = path.relative_to(workspace.outbox).as_posix() if inside else path.name
        said = {"file": file, "fingerprint": fingerprint, "sealed": bool(keys)}
        audit(connection, "written", receiver, by, month=str(month), **said)
    return fresh


def _same(
    connection: Connection, path: Path, receiver: str, content: bytes, existing: bytes
) -> bool:
    """Whether a paper that lies there says the same, whenever it was made: byte for byte but for
    its note, or by its fingerprint if the file is one that we put on record."""
    if not is_zipfile(io.BytesIO(existing)) or what_it_says(content) != what_it_says(existing):
        return False
    fingerprint = file_digest(path)
    return described(content, "") == described(existing, "") or on_record(
        connection, "written", receiver, fingerprint=fingerprint
    )


def on_record(connection: Connection, kind: str, subject: str, **detail: str) -> bool:
    """Whether the audit trail has an entry of this kind that says this."""
    said = [audit_event.c.detail[name].as_string() == value for name, value in detail.items()]
    query = sa.exists().where(audit_event.c.kind == kind, audit_event.c.subject == subject, *said)
    return bool(connection.scalar(sa.select(query)))


def _keys(
    connection: Connection, workspace: Workspace, receiver: str, by: str
) -> tuple[list[str], bool]:
    """The passwords of a receiver, the one to seal with first; none where its papers stay open."""
    if not workspace.county.settings.delivery.encrypt:
        return [], False
    if receiver in workspace.county.contracts:
        return [*workspace.passwords_of(receiver)], False
    password, fresh = passwords.current(workspace, receiver)
    recorded = any(on_record(connection, kind, receiver) for kind in passwords.MADE)
    if not recorded:  # killed before, it is recorded now
        audit(connection, passwords.MADE[0], receiver, by)
    return [password], fresh


def _says(path: Path, keys: list[str]) -> bytes | None:
    """What lies there, unsealed; nothing where it is under another password, or open though it
    should not be."""
    try:
        content = path.read_bytes()
        inside = unsealed(content, keys)
    except (FileNotFoundError, FileRefused):
        return None
    return None if keys and inside == content else inside
