"""A county's database written down as it is at one moment, and put into an empty one.

A SQLite file is copied by SQLite's own backup; of PostgreSQL's schema each table is copied out by
COPY in one consistent view, and put back under the same revision of the tables (decision 0011).
Others may write meanwhile.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shouwang.core.errors import ConfigError, NotThereYet
from shouwang.core.staging import private_folder
from shouwang.store.database import Database
from shouwang.store.migrate import alembic_config

SQLITE = "shouwang.db"
_CHUNK = 1 << 20
Writer = Callable[[str], Any]


def revision_of(connection: Connection) -> str:
    """Which tables a database has; empty for one that has none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def is_empty(database: Database) -> bool:
    """Whether nothing was ever put there."""
    if database.is_sqlite:
        return not (database.url.database and Path(database.url.database).exists())
    with database.engine.connect() as connection:
        return not sa.inspect(connection).get_table_names()


def dump(database: Database, write: Writer) -> dict[str, Any]:
    """Write every table by ``write(name)``, a file to write bytes to; what `load` has to know:
    kind, revision, tables."""
    if database.is_sqlite:
        return _dump_sqlite(database, write)
    with database.engine.connect() as connection:
        view = connection.execution_options(isolation_level="REPEATABLE READ")
        with view.begin():
            return _dump_postgresql(view, write)


def _dump_sqlite(database: Database, write: Writer) -> dict[str, Any]:
    with database.engine.connect() as connection:
        revision = revision_of(connection)
    with private_folder(Path(str(database.url.database)).parent) as folder:
        copy = folder / SQLITE
        with (
            closing(sqlite3.connect(str(database.url.database))) as here,
            closing(sqlite3.connect(copy)) as there,
        ):
            here.backup(there)
        with copy.open("rb") as source, write(SQLITE) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
    return {"kind": "sqlite", "revision": revision, "tables": {}}


def _dump_postgresql(connection: Connection, write: Writer) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    if not inspector.has_table("submission"):
        raise NotThereYet("The database is not set up yet: there is nothing to back up.")
    quote = connection.dialect.identifier_preparer.quote
    tables = {}
    for name, _ in inspector.get_sorted_table_and_fkc_names():
        if name is None or name == "alembic_version":
            continue
        columns = {
            c["name"]: c["type"].compile(connection.dialect) for c in inspector.get_columns(name)
        }
        tables[name] = {
            "columns": columns,
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
        }
        names = ", ".join(map(quote, columns))
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            write(f"{name}.copy") as target,
            cursor.copy(f"COPY {quote(name)} ({names}) TO STDOUT") as rows,
        ):
            for chunk in rows:
                target.write(chunk)
    return {"kind": "postgresql", "revision": revision_of(connection), "tables": tables}


def check_fits(database: Database, told: Mapping[str, Any]) -> None:
    """`ConfigError` unless this program can put what was dumped into this database."""
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if told["kind"] != kind:
        raise ConfigError(
            f"The backup is of {told['kind']}; SHOUWANG_DATABASE_URL names {kind}. Name a database of that kind."
        )
    known = {
        script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
    }
    if told["revision"] not in known:
        raise ConfigError(
            f"The backup has tables of revision {told['revision']}, which this program does not know: it was made by a "
            "newer version. Install that version, or a newer one, and restore again."
        )


def load(database: Database, told: Mapping[str, Any], read: Callable[[str], IO[bytes]]) -> None:
    """Put what was dumped into an empty database, whole or not at all, with the tables of then."""
    if database.is_sqlite:
        path = Path(str(database.url.database))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".{path.name}.part")
        with read(SQLITE) as source, part.open("wb") as target:
            target.writelines(_chunks(source))
        part.replace(path)
        return
    with database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), told["revision"])
        there = sa.inspect(connection)
        for name, table in told["tables"].items():
            if not there.has_table(name):
                _make(connection, name, table)
            with read(f"{name}.copy") as source:
                _fill(connection, sa.table(name, *map(sa.column, table["columns"])), source)
            for column in table["key"]:
                _continue_numbers(connection, name, column)


def _make(connection: Connection, name: str, table: Mapping[str, Any]) -> None:
    """A table of a department's records: it follows from no migration, and its contract may have
    changed since."""
    plain = re.compile(r"[A-Z ]+(\(\d+\))?")
    if not name.startswith("record_") or not all(
        plain.fullmatch(kind) for kind in table["columns"].values()
    ):
        raise ConfigError(f"The backup holds a table {name!r} that is none of ours. Do not use it.")
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(f"{quote(column)} {kind}" for column, kind in table["columns"].items())
    connection.exec_driver_sql(
        f"CREATE TABLE {quote(name)} ({columns}, PRIMARY KEY ({', '.join(map(quote, table['key']))}))"
    )


def _fill(connection: Connection, table: sa.TableClause, source: IO[bytes]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    connection.execute(table.delete())  # what a migration may have put there
    into = f"COPY {quote(table.name)} ({', '.join(map(quote, table.columns.keys()))}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(into) as rows:
        for chunk in _chunks(source):
            rows.write(chunk)


def _continue_numbers(connection: Connection, name: str, column: str) -> None:
    """Numbers that the database gives go on where they were."""
    quoted = connection.dialect.identifier_preparer.quote(name)
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(quoted, column)))
    if sequence:
        newest: sa.Select[Any] = sa.select(
            sa.func.coalesce(sa.func.max(sa.column(column)), 0) + 1
        ).select_from(sa.table(name))
        connection.execute(sa.select(sa.func.setval(sequence, newest.scalar_subquery(), False)))


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
