"""The county's keys in use: which there are, a new one, an old one taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from shouwang.core.errors import UsageError
from shouwang.store.audit import audit
from shouwang.store.resealing import record_keys, reseal, still_sealed_with, wait_for_writers
from shouwang.store.tables import sealing_key
from shouwang.workspace.workspace import Workspace, load_workspace


def _sealed_with(workspace: Workspace, key: str) -> int:
    return still_sealed_with(
        workspace.database, workspace.county.contracts.values(), workspace.sealed_folders, key
    )


def _older(workspace: Workspace) -> dict[str, int]:
    ring = workspace.keys.ring
    return {
        key: count
        for key in ring.ciphers
        if key != ring.newest and (count := _sealed_with(workspace, key))
    }


def keys() -> list[dict[str, Any]]:
    """Every key that seals, with how many rows and files need it to be opened, and since when it is
    known."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        since = dict(connection.execute(sa.select(sealing_key.c.key_id, sealing_key.c.since)).all())
    ring = workspace.keys.ring
    return [
        {
            "key": key,
            "since": since.get(key),
            "seals": key == ring.newest,
            "sealed": _sealed_with(workspace, key),
        }
        for key in sorted(ring.ciphers, key=lambda key: int(key[1:]))
    ]


def rotate_keys(by: str, told: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Make a new key and seal everything with it; one that was interrupted is gone on with. Other
    work may go on."""
    workspace = load_workspace()
    with workspace.database.alone() as connection:
        if not _older(workspace):
            workspace.keys.add()
        for key in record_keys(connection, workspace.keys):
            audit(connection, "key_added", key, by)
    contracts = workspace.county.contracts.values()
    count = reseal(workspace.database, contracts, workspace.sealed_folders, told)
    left = _older(workspace)
    with workspace.database.write() as connection:
        audit(connection, "resealed", workspace.keys.ring.newest, by, rows_and_files=count)
    return {"key": workspace.keys.ring.newest, "resealed": count, "left": left}


def drop_key(key: str, by: str) -> dict[str, Any]:
    """Take a key away that nothing is sealed with any more; older backups cannot be opened without
    it."""
    workspace = load_workspace()
    with workspace.database.alone() as connection:
        ring = workspace.keys.ring
        if key not in ring.ciphers or key == ring.newest:
            others = ", ".join(k for k in ring.ciphers if k != ring.newest) or "none"
            raise UsageError(f"{key} cannot be taken away; of the older keys there are: {others}.")
        wait_for_writers(connection, workspace.county.contracts.values())
        if count := _sealed_with(workspace, key):
            raise UsageError(
                f"{count} rows and files are still sealed with {key}; run `shouwang keys rotate` first."
            )
        if connection.execute(sealing_key.delete().where(sealing_key.c.key_id == key)).rowcount:
            audit(connection, "key_dropped", key, by)
    if workspace.keys.in_file:
        workspace.keys.drop(key)
    return {"key": key, "in_file": workspace.keys.in_file}
