"""Connections: read and write transactions on SQLite or PostgreSQL, bulk loads through the driver's
fast path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event

from shouwang.core.errors import ConfigError, MachineFault, NotThereYet, Unreachable
from shouwang.core.files import sweep
from shouwang.store.audit import join_chain
from shouwang.store.keys import Keys, Ring, of_environment
from shouwang.store.sealing import GuardedJSON, Sealed, keys_of, open_text
from shouwang.store.tables import sealing_key

DISK_FULL = "53100"
AT_ONCE = 20_000
"""Rows that are Python's objects at one moment, on their way into the database or out of it."""
_ALONE = 7246131
PRAGMAS = (
    "journal_mode = WAL",
    "foreign_keys = ON",
    "busy_timeout = 120000",
    "synchronous = NORMAL",
    "secure_delete = ON",
)


class Database:
    """The county's database. ``read`` and ``write`` hand out a connection in one transaction.

    Two of the same address are equal, so that what was read through one is known to the other.
    ``schema`` is where its tables lie in PostgreSQL; SQLite has a file instead. ``keys`` seal and
    open what is sealed in it (`sealing`); left out, they are those of ``SHOUWANG_KEYS``.
    """

    def __init__(self, url: str, schema: str = "", keys: Keys | None = None) -> None:
        try:
            self.url = sa.make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            self.url.get_dialect()
        except sa.exc.ArgumentError:  # its text would repeat a password
            raise ConfigError(
                "SHOUWANG_DATABASE_URL is no address of a database; leave it out for a file of our "
                "own, or write postgresql+psycopg://USER:PASSWORD@HOST/NAME."
            ) from None
        if schema and not self.is_sqlite:  # of the connection: it outlives every rollback
            asked = (self.url.query.get("options"), f'-csearch_path="{schema}"')
            self.url = self.url.update_query_dict(
                {"options": " ".join(str(one) for one in asked if one)}
            )
        self.schema = schema
        self.engine: Engine = sa.create_engine(self.url, hide_parameters=True)
        self.keys = keys or of_environment()
        self.engine.dialect.shouwang_keys = self.keys  # type: ignore[attr-defined]
        self._checked: Ring | None = None
        if self.is_sqlite:
            sweep(Path(self.url.database or "").parent)
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
                    f"The database {self.url.database} cannot be opened; look whether "
                    "SHOUWANG_HOME names the right folder, and run `shouwang init` if it was never "
                    "made."
                )
            else:
                told = (
                    f"The database server {self.url.host} is away or does not let us in; look "
                    "whether it runs, and at SHOUWANG_DATABASE_URL. Nothing is lost: run this step "
                    "again."
                )
            raise Unreachable(told) from error
        except sa.exc.DatabaseError as error:  # only SQLite's files say so
            raise Unreachable(
                f"{self.url.database} is damaged or no database; restore it from a backup, or move "
                "it away and run `shouwang init`."
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
        """A connection for writing: everything that is done in it takes effect together, or
        nothing."""
        try:
            with self.connect() as connection, connection.begin():
                yield self._initialised(connection.execution_options(audited=[]))
                join_chain(connection)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == DISK_FULL or "disk is full" in str(
                error.orig
            ):
                raise MachineFault(
                    "The disk of the database is full; nothing of this step was written. Make "
                    "room, then run it again."
                ) from None
            raise

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection for writing, one of a county at a time: who takes files or keys away, who
        hands lists out."""
        with self.write() as connection:
            if not self.is_sqlite:  # where nobody else writes as it is
                schema = sa.func.hashtext(sa.func.current_schema())
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE, schema)))
            yield connection

    def _initialised(self, connection: Connection) -> Connection:
        if not sa.inspect(connection).has_table("sealing_key"):
            raise NotThereYet(
                "The database is not set up yet, or is of an older version; run `shouwang init` "
                "first."
            )
        if self._checked is not self.keys.ring:
            check_keys(connection, self.keys.ring)
            self._checked = self.keys.ring
        return connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def check_keys(connection: Connection, ring: Ring) -> None:
    """`ConfigError` unless every key that the database is sealed with is in the ring, and is the
    right one."""
    for key_id, mark in connection.execute(sa.select(sealing_key.c.key_id, sealing_key.c.mark)):
        if key_id not in ring.keys:
            raise ConfigError(
                f"The database is sealed with key {key_id}, which {ring.where} does not hold. Put "
                "that key back from your copy; nothing was changed."
            )
        if ring.mark(key_id) != mark:
            raise ConfigError(
                f"Key {key_id} of {ring.where} is another than the one that the database is sealed "
                "with. Put the right one back from your copy; nothing was changed."
            )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def frame(
    connection: Connection, query: sa.Select[Any] | sa.CompoundSelect[Any] | sa.TextClause
) -> pd.DataFrame:
    """The rows of a query as a frame with the query's columns, also when there are none.

    Text is ``str``, numbers ``int64`` (``float64`` where some are missing) and ``float64``, moments
    ``datetime64[us]``; dates and plain data are objects. What a ``text()`` gives is inferred.
    """
    result = connection.execute(query)
    names, rows = list(result.keys()), result.all()
    kinds: Sequence[Any] = (
        [column.type for column in query.selected_columns]
        if isinstance(query, sa.Select | sa.CompoundSelect)
        else [sa.types.NULLTYPE] * len(names)
    )
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(
        {
            name: _typed(values, kind)
            for name, values, kind in zip(names, columns, kinds, strict=True)
        },
        columns=names,
    )


def _typed(values: Sequence[Any], kind: sa.types.TypeEngine[Any]) -> pd.Series[Any]:
    """A column of a frame; where there is nothing to infer a dtype from, that of the type."""
    if isinstance(kind, sa.String | Sealed):
        return pd.Series(values, dtype="str")
    column = pd.Series(values, dtype=None if values else object)
    if column.notna().any():
        return column
    if isinstance(kind, sa.DateTime):
        return column.astype("datetime64[us]")
    if isinstance(kind, sa.Float | sa.Numeric) or (isinstance(kind, sa.Integer) and values):
        return column.astype("float64")
    if isinstance(kind, sa.Integer | sa.Boolean) and not values:
        return column.astype("int64" if isinstance(kind, sa.Integer) else "bool")
    return column.astype(object)


def arrow(
    connection: Connection, query: sa.Select[Any], kinds: Mapping[str, pa.DataType]
) -> pa.Table:
    """The rows of a query as the driver gives them, sealed columns opened, in columns of these
    kinds, one each.

    Without SQLAlchemy's rows, and never more than `AT_ONCE` rows as Python's objects: as many as a
    registry has would take gibibytes. What becomes a point in time is read as text, which Arrow
    does faster than the driver.
    """
    keys, parts = keys_of(connection), []
    sealed = [isinstance(column.type, Sealed) for column in query.selected_columns]

    def array(values: Sequence[Any], is_sealed: bool, kind: pa.DataType) -> pa.Array:
        if is_sealed:
            values = [value and open_text(keys, value) for value in values]
        if pa.types.is_timestamp(kind):
            return pa.array(values, pa.string()).cast(kind)
        return pa.array(values, kind)

    with connection.execute(query) as result:
        while rows := result.cursor.fetchmany(AT_ONCE) if result.cursor else ():
            columns = zip(zip(*rows, strict=True), sealed, kinds.values(), strict=True)
            parts.append(pa.table([array(*column) for column in columns], names=[*kinds]))
    return pa.concat_tables(parts) if parts else pa.schema(kinds).empty_table()


def pandas_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame, its texts as text."""
    rows: pd.DataFrame = table.combine_chunks().to_pandas()  # many chunks make every selection slow
    return rows.astype(
        {field.name: "str" for field in table.schema if pa.types.is_string(field.type)}
    )


def in_parts(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """A frame in parts of `AT_ONCE` rows, at least one."""
    return [rows.iloc[first : first + AT_ONCE] for first in range(0, len(rows) or 1, AT_ONCE)]


def insert(connection: Connection, table: Table, rows: pd.DataFrame) -> None:
    """Add a frame's rows: by COPY on PostgreSQL, by one prepared statement on SQLite, `AT_ONCE`
    rows at a time.

    Columns are those of the frame; dates are written as dates, missing values as NULL, sealed
    columns sealed.
    """
    if rows.empty:
        return
    names = list(rows.columns)
    unknown = set(names) - set(table.columns.keys())
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    quote = connection.dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(quote(name) for name in names)})"
    ring = keys_of(connection).ring
    parts = (
        list(
            zip(
                *(_plain(some[name], table.columns[name].type, ring) for name in names), strict=True
            )
        )
        for some in in_parts(rows)
    )
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for values in chain.from_iterable(parts):
                copy.write_row(values)
        return
    statement = f"INSERT INTO {into} VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    cursor = connection.connection.cursor()
    for part in parts:
        cursor.executemany(statement, part)
    cursor.close()


def _plain(column: pd.Series, kind: sa.types.TypeEngine[Any], ring: Ring) -> Sequence[Any]:
    """A column as plain Python values that both drivers take, sealed where the table's is."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime(
            "%Y-%m-%d" if isinstance(kind, sa.Date) else "%Y-%m-%d %H:%M:%S.%f"
        )
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    if isinstance(kind, Sealed | GuardedJSON):
        return kind.sealed(ring, values)
    if isinstance(kind, sa.types.TypeDecorator | sa.JSON):
        raise ValueError(f"{kind!r} does not say how it is written here")
    return values
