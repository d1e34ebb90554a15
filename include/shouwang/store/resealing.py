"""Everything that is sealed, sealed by the newest key after a rotation.

Works in batches, each a transaction of its own; whatever is left is found by how it is sealed, so
that it may be killed at any time and run again, beside other work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from shouwang.core.staging import whole_file
from shouwang.county.contract import Contract
from shouwang.store.database import Database
from shouwang.store.keys import Keys, key_of_file
from shouwang.store.records import record_table
from shouwang.store.sealing import GuardedJSON, Sealed
from shouwang.store.tables import metadata, sealing_key

BATCH = 20_000


def sealed_tables(
    connection: Connection, contracts: Iterable[Contract]
) -> Iterator[tuple[Table, list[str]]]:
    """Every table that is there and has sealed columns, with their names."""
    there = set(sa.inspect(connection).get_table_names())
    for table in [*metadata.sorted_tables, *map(record_table, contracts)]:
        columns = [c.name for c in table.columns if isinstance(c.type, Sealed | GuardedJSON)]
        if columns and table.name in there:
            yield table, columns


def reseal_rows(
    connection: Connection, table: Table, columns: list[str], only: sa.ColumnElement[bool] | None
) -> int:
    """Write the sealed columns of some rows anew: opened with whatever key, sealed by the newest;
    how many rows."""
    key = list(table.primary_key.columns)
    query = sa.select(*key, *(table.c[name] for name in columns))
    if only is not None:
        query = query.where(only).limit(BATCH).with_for_update()
    rows = connection.execute(query).all()
    if rows:
        change = table.update().where(
            *(column == sa.bindparam(f"k_{column.name}") for column in key)
        )
        names = [*(f"k_{column.name}" for column in key), *columns]
        connection.execute(
            change.values({name: sa.bindparam(name) for name in columns}),
            [dict(zip(names, row, strict=True)) for row in rows],
        )
    return len(rows)


def sealed_with(table: Table, columns: list[str], keys: Iterable[str]) -> sa.ColumnElement[bool]:
    """Where something is sealed by one of some keys."""
    found = []
    for column in (table.c[name] for name in columns):
        inside = '%"' if isinstance(column.type, GuardedJSON) else ""
        text = sa.cast(column, sa.Text) if inside else sa.type_coerce(column, sa.Text)
        found += [text.like(f"{inside}~{key}~%") for key in keys]
    return sa.or_(sa.false(), *found)


def reseal(
    database: Database,
    contracts: Iterable[Contract],
    folders: Iterable[Path],
    told: Callable[[int], None],
) -> int:
    """Seal anew whatever older keys have sealed, also files; ``told`` hears after each batch how
    many it were."""
    keys, contracts, done = database.keys, list(contracts), 0
    with database.read() as connection:
        tables = list(sealed_tables(connection, contracts))
    older = [name for name in keys.ring.ciphers if name != keys.ring.newest]
    for table, columns in tables:
        while True:
            with database.write() as connection:
                count = reseal_rows(connection, table, columns, sealed_with(table, columns, older))
            if not count:
                break
            done += count
            told(count)
    while paths := list(
        sealed_files(folders, older)
    ):  # again: others may have come to their places meanwhile
        for path in paths:
            with database.alone():
                there = reseal_file(keys, path)
            if there:
                done += 1
                told(1)
    return done


def still_sealed_with(
    database: Database, contracts: Iterable[Contract], folders: Iterable[Path], key: str
) -> int:
    """How many rows and files cannot be opened without a key."""
    with database.read() as connection:
        rows = [
            connection.scalar(
                sa.select(sa.func.count())
                .select_from(table)
                .where(sealed_with(table, columns, [key]))
            )
            for table, columns in sealed_tables(connection, contracts)
        ]
    return sum(count or 0 for count in rows) + sum(1 for _ in sealed_files(folders, [key]))


def sealed_files(folders: Iterable[Path], by: Iterable[str | None]) -> Iterator[Path]:
    """The files that are sealed by one of some keys (None: not at all)."""
    wanted = set(by)
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        try:
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    found = key_of_file(file.read(64)) in wanted
                if found:
                    yield path
        except FileNotFoundError:  # done with in the meantime
            continue


def reseal_file(keys: Keys, path: Path) -> bool:
    """Seal one file by the newest key; whether it was still there. Whoever deletes one does so
    `Database.alone`, too."""
    try:
        content = keys.open_file(path.read_bytes())
        if not path.parent.is_dir():
            return False
        with whole_file(path) as part:
            part.write_bytes(keys.seal_file(content))
    except FileNotFoundError:
        return False
    return True


def wait_for_writers(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Until the transaction ends nobody writes what is sealed, and what others were writing is
    there (on SQLite it is)."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        names = ", ".join(quote(table.name) for table, _ in sealed_tables(connection, contracts))
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def record_keys(connection: Connection, keys: Keys) -> list[str]:
    """Put down by what each key is known again, and give those that were not known yet."""
    ring, now = keys.ring, dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    known = set(connection.scalars(sa.select(sealing_key.c.key_id)))
    fresh = sorted(set(ring.keys) - known)
    for name in fresh:
        connection.execute(
            sealing_key.insert().values(key_id=name, mark=ring.mark(name), since=now)
        )
    return fresh
