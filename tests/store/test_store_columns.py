"""Every column of text is sealed where it may hold a number, or stands in docs/security.md with the
reason."""

from __future__ import annotations

import datetime as dt
import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from services import scratch
from shouwang.core.errors import MachineFault, UsageError
from shouwang.core.month import Month
from shouwang.county.settings import County, read_county
from shouwang.store.audit import audit
from shouwang.store.database import Database, insert
from shouwang.store.keys import Keys
from shouwang.store.migrate import migrate
from shouwang.store.records import record_table
from shouwang.store.sealing import GuardedJSON, Sealed
from shouwang.store.tables import feedback, metadata

PLANTED = "身份证532999198506037605，电话138 8765 0009"
HELD = ("532999198506037605", "138 8765 0009")
SEALING = Sealed | GuardedJSON


@pytest.fixture(scope="module")
def county(project: Path) -> County:
    return read_county(project / "include" / "county")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, county: County) -> Database:
    url = f"sqlite:///{tmp_path / 'shouwang.db'}"
    if request.param == "postgresql":
        url = scratch(request.getfixturevalue("postgresql_url"), "columns")
    keys = Keys(tmp_path / "keys")
    keys.make()
    database = Database(url, keys=keys)
    migrate(database, county.contracts.values())
    return database


def tables(county: County) -> list[sa.Table]:
    return [*metadata.sorted_tables, *map(record_table, county.contracts.values())]


def text_columns(county: County) -> list[sa.Column[Any]]:
    kinds = (sa.String, sa.JSON, Sealed, GuardedJSON)
    return [
        column
        for table in tables(county)
        for column in table.columns
        if isinstance(column.type, kinds)
    ]


def told(project: Path) -> list[str]:
    """The patterns of the columns that docs/security.md lists."""
    text = (project / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.split("## What is not sealed")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row)]


def test_the_list_of_what_is_not_sealed_is_that_of_the_tables(
    county: County, project: Path
) -> None:
    patterns = told(project)
    names = {f"{column.table.name}.{column.name}": column for column in text_columns(county)}
    open_ = {name for name, column in names.items() if not isinstance(column.type, SEALING)}
    assert {
        name for name in open_ if not any(fnmatch(name, pattern) for pattern in patterns)
    } == set()
    assert [
        pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in open_)
    ] == []


def row_of(table: sa.Table, bulk: bool) -> dict[str, Any]:
    """A row with what is planted in every column that is sealed, and something that fits in the
    others."""

    def value(column: sa.Column[Any]) -> Any:
        if isinstance(column.type, GuardedJSON):
            return {"reason": PLANTED, "list": [PLANTED]}
        if isinstance(column.type, Sealed):
            return PLANTED
        fit = {sa.Integer: 1, sa.Float: 1.0, sa.Boolean: True, sa.JSON: {}}
        for kind, example in fit.items():
            if isinstance(column.type, kind):
                return example
        if isinstance(column.type, sa.Date | sa.DateTime):
            return (
                pd.Timestamp("2026-10-20")
                if bulk
                else dt.datetime(2026, 10, 20).replace(tzinfo=None)
            )
        return "x"

    return {column.name: value(column) for column in table.columns}


@pytest.mark.parametrize("bulk", [False, True], ids=["one row", "many rows"])
def test_whatever_is_planted_lies_sealed_by_every_door(
    database: Database, county: County, bulk: bool
) -> None:
    with database.write() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(
                "SET session_replication_role = replica"
            )  # rows without what they refer to
        else:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in tables(county):
            sealed = [column for column in table.columns if isinstance(column.type, SEALING)]
            if not sealed:
                continue
            row = row_of(table, bulk)
            if bulk and not any(type(column.type) is sa.JSON for column in table.columns):
                insert(connection, table, pd.DataFrame([row]))
            else:
                fits = {
                    c.name: row[c.name].date() if isinstance(c.type, sa.Date) else row[c.name]
                    for c in table.columns
                }
                connection.execute(table.insert().values(fits))
            plain = sa.table(table.name, *(sa.column(column.name) for column in sealed))
            (found,) = connection.execute(
                sa.select(*(sa.cast(plain.c[c.name], sa.Text) for c in sealed))
            ).all()
            assert not any(number in text for number in HELD for text in found), table.name
            (read,) = connection.execute(sa.select(*sealed)).all()
            assert all(PLANTED in json.dumps(value, ensure_ascii=False) for value in read), (
                table.name
            )
        connection.rollback()


def test_a_kind_of_column_that_does_not_say_how_it_is_written_is_not_written_in_bulk(
    database: Database,
) -> None:
    with pytest.raises(ValueError, match="does not say how"), database.write() as connection:
        insert(connection, metadata.tables["run"], pd.DataFrame({"parameters": [{"a": 1}]}))


def test_an_error_of_the_database_does_not_repeat_what_was_to_be_written(
    database: Database,
) -> None:
    with pytest.raises(sa.exc.IntegrityError) as error, database.write() as connection:
        connection.execute(feedback.insert().values(content="a", reason=PLANTED))
    assert not any(number in str(error.value) for number in HELD)
    assert "parameters" in str(error.value)


def test_a_full_disk_is_a_sentence(tmp_path: Path, county: County) -> None:
    keys = Keys(tmp_path / "keys")
    keys.make()
    database = Database(f"sqlite:///{tmp_path / 'shouwang.db'}", keys=keys)
    migrate(database, county.contracts.values())

    def fill() -> None:
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            connection.exec_driver_sql("CREATE TABLE filler (text TEXT)")
            connection.exec_driver_sql("INSERT INTO filler VALUES (?)", ("x" * 1_000_000,))

    with pytest.raises(MachineFault, match="disk of the database is full"):
        fill()


@pytest.mark.parametrize("text", ["9999-12", "0000-01", "1999-12", "2100-01", "２０２６-09"])
def test_a_month_of_another_century_is_a_mistake_in_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is not a data month"):
        Month.parse(text)


def test_the_trail_takes_no_empty_name_and_no_number(database: Database) -> None:
    with pytest.raises(UsageError, match="Say who"), database.write() as connection:
        audit(connection, "released", "乡镇", "  ")
    with database.write() as connection:
        audit(connection, "rejected", "release", PLANTED, reason=PLANTED, fingerprint="1" * 64)
    with database.read() as connection:
        row = str(connection.execute(sa.select(metadata.tables["audit_event"])).mappings().one())
    assert not any(number in row for number in HELD)
    assert "1" * 64 in row
