"""A database as an earlier version of the program left it."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import command

from shouwang.store.database import Database
from shouwang.store.migrate import alembic_config

BEFORE_THE_CHAIN = "0005"


def make_older(database: Database, entries: int) -> None:
    """Drop every table, make those of before the audit trail was a chain, with some entries in
    it."""
    with database.engine.begin() as connection:
        there = sa.MetaData()
        there.reflect(connection)
        there.drop_all(connection)
        command.upgrade(alembic_config(connection), BEFORE_THE_CHAIN)
        now = dt.datetime(2026, 9, 1, 8, 30, 15, 123456)
        rows = [
            {
                "at": now,
                "kind": "released",
                "subject": f"乡镇{n}",
                "by": "张三",
                "detail": {"clues": n},
            }
            for n in range(entries)
        ]
        connection.execute(
            sa.Table("audit_event", sa.MetaData(), autoload_with=connection).insert(), rows
        )
