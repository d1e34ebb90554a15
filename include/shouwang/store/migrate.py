"""Bring a database to the current tables: ``shouwang init``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from shouwang.county.contract import Contract
from shouwang.errors import ConfigError
from shouwang.store.database import Database
from shouwang.store.records import ensure_record_tables
from shouwang.store.roles import grant, owns_tables

MIGRATIONS = Path(__file__).parent / "migrations"
INSUFFICIENT_PRIVILEGE = "42501"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, on an open connection if given."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, contracts: Iterable[Contract]) -> None:
    """Create or migrate every table, and grant the runner's rights; running it again changes nothing.

    Who is not the owner may run it where nothing is to be done; else raises `ConfigError`.
    """
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        with database.connect() as connection, connection.begin():
            if not database.is_sqlite:  # two workers may start at the same time
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(7246129)"))
                if database.schema and not sa.inspect(connection).has_schema(database.schema):
                    connection.execute(sa.schema.CreateSchema(database.schema))
            command.upgrade(alembic_config(connection), "head")
            ensure_record_tables(connection, contracts)
            if not database.is_sqlite and owns_tables(connection):
                grant(connection)
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
            raise
        raise ConfigError(
            f"The tables are to be made or changed, which “{database.url.username}” may not: run `shouwang init` as their "
            "owner (docker compose run --rm prepare)."
        ) from None
