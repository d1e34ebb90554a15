"""Bring a database to the current tables: ``shouwang init``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from shouwang.core.clock import now
from shouwang.core.errors import ConfigError
from shouwang.county.contract import Contract
from shouwang.store.database import Database, check_keys
from shouwang.store.keys import Keys
from shouwang.store.records import ensure_record_tables
from shouwang.store.roles import grant, owns_tables
from shouwang.store.tables import sealing_key

MIGRATIONS = Path(__file__).parent / "migrations"
INSUFFICIENT_PRIVILEGE = "42501"
_LOCK = 7246129


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, on an open connection if given."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, contracts: Iterable[Contract]) -> None:
    """Create or migrate every table, and grant the runner's rights; running it again changes
    nothing.

    Who is not the owner may run it where nothing is to be done; else raises `ConfigError`. A county
    that has no database yet gets keys.
    """
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    if not database.keys.exist():
        _first_keys(database)
    try:
        with database.connect() as connection, connection.begin():
            _upgrade(connection, database, contracts)
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        raise ConfigError(
            f"The tables are to be made or changed, which “{database.url.username}” may not: run "
            "`shouwang init` as their owner (docker compose run --rm prepare)."
        ) from None
    with database.write() as connection:  # only now: killed before, all this is done again
        record_keys(connection, database.keys)


def make_schema(connection: Connection, database: Database) -> None:
    """PostgreSQL's schema of a county, where there are many; two who make it wait for each
    other."""
    lock = sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(database.schema))
    connection.execute(sa.select(lock))
    if database.schema and not sa.inspect(connection).has_schema(database.schema):
        connection.execute(sa.schema.CreateSchema(database.schema))


def record_keys(connection: Connection, keys: Keys) -> list[str]:
    """Put down by what each key is known again; those that are new."""
    recorded = set(connection.scalars(sa.select(sealing_key.c.key_id)))
    new = sorted(set(keys.ring.keys) - recorded)
    for name in new:
        values = {"key_id": name, "mark": keys.ring.mark(name), "since": now()}
        connection.execute(sealing_key.insert().values(**values))
    return new


def _upgrade(connection: Connection, database: Database, contracts: Iterable[Contract]) -> None:
    if not database.is_sqlite:
        make_schema(connection, database)
    command.upgrade(alembic_config(connection), "head")
    ensure_record_tables(connection, contracts)
    check_keys(connection, database.keys.ring)
    if not database.is_sqlite and owns_tables(connection):
        grant(connection)


def _first_keys(database: Database) -> None:
    """Keys for a county that has none; one whose database is sealed gets none, it has lost them:
    `ConfigError`."""
    with database.connect() as connection:
        if (
            sa.inspect(connection).has_table("sealing_key")
            and connection.execute(sa.select(sealing_key)).first()
        ):
            _ = database.keys.ring  # tells what is missing
    database.keys.make()
