"""Everything that is sealed, sealed anew by the newest key, while nobody else is at work.

Rows are resealed in one transaction, files each by itself; killed anywhere, it may be run again:
the older keys open what they have sealed until they are dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from shouwang.core.errors import Busy
from shouwang.core.files import atomic_write
from shouwang.county.contract import Contract
from shouwang.store.keys import Keys, key_of_file
from shouwang.store.records import record_table
from shouwang.store.sealing import GuardedJSON, Sealed
from shouwang.store.tables import metadata

BATCH = 20_000
LOCK_NOT_AVAILABLE = "55P03"


def sealed_tables(
    connection: Connection, contracts: Iterable[Contract]
) -> list[tuple[Table, list[str]]]:
    """Every table that is there and has sealed columns, with their names."""
    existing = set(sa.inspect(connection).get_table_names())
    return [
        (table, columns)
        for table in [*metadata.sorted_tables, *map(record_table, contracts)]
        if table.name in existing
        and (columns := [c.name for c in table.columns if isinstance(c.type, Sealed | GuardedJSON)])
    ]


def stop_writers(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Let nobody else write what is sealed until the transaction ends; `Busy` if somebody is."""
    if connection.dialect.name != "postgresql":  # SQLite has one writer at a time
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.name) for table, _ in sealed_tables(connection, contracts))
    try:
        connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE NOWAIT")
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        raise Busy(AT_WORK) from None


AT_WORK = (
    "Others are at work with this county. Stop Airflow's scheduler and workers and let running "
    "commands end, then run this again; nothing was changed."
)


def reseal_rows(
    connection: Connection, contracts: Iterable[Contract], older: Collection[str]
) -> int:
    """Seal by the newest key whatever rows some older keys have sealed; how many rows."""
    count = 0
    for table, columns in sealed_tables(connection, contracts):
        key = list(table.primary_key.columns)
        query = sa.select(*key, *(table.c[name] for name in columns))
        query = query.where(_sealed_with(table, columns, older)).limit(BATCH)
        names = [*(f"key_{column.name}" for column in key), *columns]
        same = (column == sa.bindparam(f"key_{column.name}") for column in key)
        change = table.update().where(*same).values({n: sa.bindparam(n) for n in columns})
        while rows := connection.execute(query).all():
            connection.execute(change, [dict(zip(names, row, strict=True)) for row in rows])
            count += len(rows)
    return count


def reseal_files(keys: Keys, folders: Iterable[Path], older: Collection[str]) -> int:
    """The same for files; how many."""
    count = 0
    for path in sealed_files(folders, older):
        content = keys.open_file(path.read_bytes())
        with atomic_write(path) as part:
            part.write_bytes(keys.seal_file(content))
        count += 1
    return count


def count_sealed_with(
    connection: Connection, contracts: Iterable[Contract], folders: Iterable[Path], key: str
) -> int:
    """How many rows and files cannot be opened without a key."""
    rows = 0
    for table, columns in sealed_tables(connection, contracts):
        which = _sealed_with(table, columns, [key])
        rows += connection.scalar(sa.select(sa.func.count()).select_from(table).where(which)) or 0
    return rows + sum(1 for _ in sealed_files(folders, [key]))


def sealed_files(folders: Iterable[Path], keys: Collection[str]) -> Iterator[Path]:
    """The files that are sealed by one of some keys."""
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                key = key_of_file(file.read(64))
            if key in keys:
                yield path


def _sealed_with(table: Table, columns: list[str], keys: Collection[str]) -> sa.ColumnElement[bool]:
    which: list[Any] = []
    for column in (table.c[name] for name in columns):
        if isinstance(column.type, GuardedJSON):
            which += [sa.cast(column, sa.Text).like(f'%"~{key}~%') for key in keys]
        else:
            which += [sa.type_coerce(column, sa.Text).like(f"~{key}~%") for key in keys]
    return sa.or_(sa.false(), *which)
