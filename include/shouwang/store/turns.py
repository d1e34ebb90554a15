"""One at a time (advisory locks): who does the same work as another process waits until that one
has ended.

On PostgreSQL the lock is the server's, so that it holds across machines; on SQLite it is a file's.
Both are gone with the process that holds them, however it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from shouwang.core.errors import Busy
from shouwang.store.database import Database

log = logging.getLogger(__name__)

PATIENCE = 1800.0
"""Seconds. A month of the largest county takes minutes."""
_LOOK = 0.2
_TAKEN = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND pid <> pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid = (hashtext(current_schema())::bigint & 4294967295)::oid
"""


@contextmanager
def turn(database: Database, folder: Path, what: str, patience: float = PATIENCE) -> Iterator[None]:
    """Do ``what`` (a few plain words) alone; `Busy` when another process is not done after
    ``patience`` seconds."""
    if database.is_sqlite:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _handle(folder / f"{what.replace(' ', '-')}.lock") as handle:
            _wait(lambda: _locked(handle), what, patience)
            yield
        return
    with database.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        key = sa.func.hashtext(sa.func.current_schema()), sa.func.hashtext(what)
        lock = sa.select(sa.func.pg_try_advisory_lock(*key))
        _wait(lambda: bool(connection.scalar(lock)), what, patience)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(*key)))


def turns_taken(database: Database, folder: Path) -> bool:
    """Whether any process has a turn of this county."""
    if not database.is_sqlite:
        with database.connect() as connection:
            return bool(connection.scalar(sa.text(_TAKEN)))
    for path in folder.glob("*.lock"):
        with _handle(path) as handle:
            if not _locked(handle):
                return True
    return False


@contextmanager
def _handle(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(lock: Callable[[], bool], what: str, patience: float) -> None:
    until = time.monotonic() + patience
    if lock():
        return
    log.warning("Another process is at work on %s; waiting until it has ended.", what)
    while not lock():
        if time.monotonic() > until:
            raise Busy(
                f"Another process is still at work on {what} after {patience:.0f} s. Nothing was "
                "done here; run this again when that one has ended."
            )
        time.sleep(_LOOK)
