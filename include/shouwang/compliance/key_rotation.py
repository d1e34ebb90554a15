"""The county's keys in use: which there are, a new one, an old one taken away.

Keys change while the month is at rest: the scheduler is stopped, the keys are rotated, the
scheduler is started. Whoever is at work is seen by his locks, and the change is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import Busy, UsageError
from shouwang.store.audit import audit
from shouwang.store.migrate import record_keys
from shouwang.store.resealing import (
    AT_WORK,
    count_sealed_with,
    reseal_files,
    reseal_rows,
    stop_writers,
)
from shouwang.store.tables import sealing_key
from shouwang.store.turns import turns_taken
from shouwang.workspace.workspace import Workspace, load_workspace

log = logging.getLogger(__name__)


@contextmanager
def _at_rest(workspace: Workspace) -> Iterator[Connection]:
    """A connection for writing while nobody else is at work; else `Busy`."""
    with workspace.database.alone() as connection:
        if turns_taken(workspace.database, workspace.locks):
            raise Busy(AT_WORK)
        stop_writers(connection, workspace.county.contracts.values())
        yield connection


def _count(workspace: Workspace, connection: Connection, key: str) -> int:
    contracts = workspace.county.contracts.values()
    return count_sealed_with(connection, contracts, workspace.sealed_folders, key)


def keys() -> list[dict[str, Any]]:
    """Every key that seals, with how many rows and files need it to be opened, and since when it is
    known."""
    workspace = load_workspace()
    ring = workspace.keys.ring
    with workspace.database.read() as connection:
        since = dict(connection.execute(sa.select(sealing_key.c.key_id, sealing_key.c.since)).all())
        return [
            {
                "key": key,
                "since": since.get(key),
                "seals": key == ring.newest,
                "sealed": _count(workspace, connection, key),
            }
            for key in sorted(ring.ciphers, key=lambda key: int(key[1:]))
        ]


def rotate_keys(by: str) -> dict[str, Any]:
    """Make a new key and seal everything with it: ``key, resealed``; one that was interrupted is
    gone on with. `Busy` while others are at work."""
    workspace = load_workspace()
    with _at_rest(workspace) as connection:
        ring = workspace.keys.ring
        older = [key for key in ring.ciphers if key != ring.newest]
        if not any(_count(workspace, connection, key) for key in older):
            workspace.keys.add()
            older.append(ring.newest)
        for key in record_keys(connection, workspace.keys):
            audit(connection, "key_added", key, by)
        count = reseal_files(workspace.keys, workspace.sealed_folders, older)
        count += reseal_rows(connection, workspace.county.contracts.values(), older)
        newest = workspace.keys.ring.newest
        audit(connection, "resealed", newest, by, rows_and_files=count)
    log.info("Sealed %d rows and files anew with %s", count, newest)
    return {"key": newest, "resealed": count}


def drop_key(key: str, by: str) -> dict[str, Any]:
    """Take a key away that nothing is sealed with any more; older backups cannot be opened without
    it."""
    workspace = load_workspace()
    with _at_rest(workspace) as connection:
        ring = workspace.keys.ring
        if key not in ring.ciphers or key == ring.newest:
            others = ", ".join(k for k in ring.ciphers if k != ring.newest) or "none"
            raise UsageError(f"{key} cannot be taken away; of the older keys there are: {others}.")
        if count := _count(workspace, connection, key):
            raise UsageError(
                f"{count} rows and files are still sealed with {key}; run `shouwang keys rotate` "
                "first."
            )
        if connection.execute(sealing_key.delete().where(sealing_key.c.key_id == key)).rowcount:
            audit(connection, "key_dropped", key, by)
    if workspace.keys.in_file:
        workspace.keys.drop(key)
    return {"key": key, "in_file": workspace.keys.in_file}
