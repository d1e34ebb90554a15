"""Bring a database to the current tables: ``shouwang init``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from shouwang.county.contract import Contract
from shouwang.store.database import Database
from shouwang.store.records import ensure_record_tables
from shouwang.store.roles import grant

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, on an open connection if given."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, contracts: Iterable[Contract]) -> None:
    """Create or migrate every table, and grant the runner's rights; running it again changes nothing."""
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    with database.engine.connect() as connection, connection.begin():
        if not database.is_sqlite:  # two workers may start at the same time
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7246129)"))
            if database.schema:
                connection.execute(sa.schema.CreateSchema(database.schema, if_not_exists=True))
        command.upgrade(alembic_config(connection), "head")
        ensure_record_tables(connection, contracts)
        if not database.is_sqlite:
            grant(connection)
