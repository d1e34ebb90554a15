"""Connections: read and write transactions on SQLite or PostgreSQL, bulk loads through the driver's fast path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event

from shouwang.errors import ConfigError, NotThereYet, Unreachable
from shouwang.store.audit import join_chain
from shouwang.store.keys import Keys, Ring, of_environment
from shouwang.store.sealing import Sealed, keys_of, open_text
from shouwang.store.tables import sealing_key


class Database:
    """The county's database. ``read`` and ``write`` hand out a connection in one transaction.

    Two of the same address are equal, so that what was read through one is known to the other. ``schema`` is where its
    tables lie in PostgreSQL; SQLite has a file instead. ``keys`` seal and open what is sealed in it (`sealing`); left
    out, they are those of ``SHOUWANG_KEYS``.
    """

    def __init__(self, url: str, schema: str = "", keys: Keys | None = None) -> None:
        try:
            self.url = sa.make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.url.get_dialect()
        except sa.exc.ArgumentError:  # its text would repeat a password
            raise ConfigError(
                "SHOUWANG_DATABASE_URL is no address of a database; leave it out for a file of our own, or write "
                "postgresql+psycopg://USER:PASSWORD@HOST/NAME."
            ) from None
        if schema and self.url.get_backend_name() == "postgresql":  # of the connection: it outlives every rollback
            asked = (self.url.query.get("options"), f'-csearch_path="{schema}"')
            self.url = self.url.update_query_dict({"options": " ".join(str(one) for one in asked if one)})
        self.schema = schema
        self.engine: Engine = sa.create_engine(self.url)
        self.keys = keys or of_environment()
        self.engine.dialect.shouwang_keys = self.keys  # type: ignore[attr-defined]
        self._checked: Ring | None = None
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Database) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)

    def connect(self) -> Connection:
        """An open connection; raises Unreachable with what to look at if there is none."""
        try:
            return self.engine.connect()
        except sa.exc.OperationalError as error:
            if self.is_sqlite:
                told = (
                    f"The database {self.url.database} cannot be opened; look whether SHOUWANG_HOME names the right "
                    "folder, and run `shouwang init` if it was never made."
                )
            else:
                told = (
                    f"The database server {self.url.host} is away or does not let us in; look whether it runs, and at "
                    "SHOUWANG_DATABASE_URL. Nothing is lost: run this step again."
                )
            raise Unreachable(told) from error
        except sa.exc.DatabaseError as error:  # only SQLite's files say so
            raise Unreachable(
                f"{self.url.database} is damaged or no database; restore it from a backup, or move it away and run "
                "`shouwang init`."
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one consistent view."""
        with self.connect() as connection:
            connection = connection.execution_options(reading=True)
            with connection.begin():
                yield self._initialised(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection for writing: everything that is done in it takes effect together, or nothing."""
        with self.connect() as connection, connection.begin():
            yield self._initialised(connection.execution_options(audited=[]))
            join_chain(connection)

    def _initialised(self, connection: Connection) -> Connection:
        if not sa.inspect(connection).has_table("sealing_key"):
            raise NotThereYet("The database is not set up yet, or is of an older version; run `shouwang init` first.")
        if self._checked is not self.keys.ring:
            check_keys(connection, self.keys.ring)
            self._checked = self.keys.ring
        return connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def check_keys(connection: Connection, ring: Ring) -> None:
    """`ConfigError` unless every key that the database is sealed with is in the ring, and is the right one."""
    for key_id, mark in connection.execute(sa.select(sealing_key.c.key_id, sealing_key.c.mark)):
        if key_id not in ring.keys:
            raise ConfigError(
                f"The database is sealed with key {key_id}, which {ring.where} does not hold. Put that key back from your "
                "copy; nothing was changed."
            )
        if ring.mark(key_id) != mark:
            raise ConfigError(
                f"Key {key_id} of {ring.where} is another than the one that the database is sealed with. Put the right "
                "one back from your copy; nothing was changed."
            )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "busy_timeout = 120000",
        "synchronous = NORMAL",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def frame(connection: Connection, query: sa.Select[Any] | sa.TextClause) -> pd.DataFrame:
    """The rows of a query as a frame with the query's columns, also when there are none."""
    result = connection.execute(query)
    names = list(result.keys())
    columns = list(zip(*result.all(), strict=True))
    if not columns:
        return pd.DataFrame(columns=names, dtype=object)
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def plain_columns(connection: Connection, query: sa.Select[Any]) -> list[Sequence[Any]]:
    """The columns of a query of texts and numbers as the driver gives them: without SQLAlchemy's rows, twice as fast.

    Sealed ones are opened. There are none where there is no row.
    """
    with connection.execute(query) as result:
        columns: list[Sequence[Any]] = list(zip(*(result.cursor.fetchall() if result.cursor else ()), strict=True))
    keys = keys_of(connection)
    for place, column in enumerate(query.selected_columns if columns else ()):
        if isinstance(column.type, Sealed):
            columns[place] = [open_text(keys, value) if value is not None else None for value in columns[place]]
    return columns


def insert(connection: Connection, table: Table, rows: pd.DataFrame) -> None:
    """Add a frame's rows: by COPY on PostgreSQL, by one prepared statement on SQLite.

    Columns are those of the frame; dates are written as dates, missing values as NULL, sealed columns sealed.
    """
    if rows.empty:
        return
    names = list(rows.columns)
    unknown = set(names) - set(table.columns.keys())
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    columns = [_plain(rows[name], isinstance(table.columns[name].type, sa.Date)) for name in names]
    for place, name in enumerate(names):
        kind = table.columns[name].type
        if isinstance(kind, Sealed):
            columns[place] = kind.sealed(keys_of(connection).ring, columns[place])
    quote = connection.dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(quote(name) for name in names)})"
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for values in zip(*columns, strict=True):
                copy.write_row(values)
        return
    places = ", ".join("?" * len(names))
    cursor = connection.connection.cursor()
    cursor.executemany(f"INSERT INTO {into} VALUES ({places})", list(zip(*columns, strict=True)))  # noqa: S608
    cursor.close()


def _plain(column: pd.Series, as_date: bool) -> Sequence[Any]:
    """A column as plain Python values that both drivers take."""
    if pd.api.types.is_datetime64_any_dtype(column):
        text = column.dt.strftime("%Y-%m-%d" if as_date else "%Y-%m-%d %H:%M:%S.%f")
        column = text
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return values
