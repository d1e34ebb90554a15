"""The migrations make exactly the tables that the program declares, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from services import scratch
from shouwang.core.errors import ConfigError, NotThereYet, Unreachable
from shouwang.county.settings import read_county
from shouwang.store.database import Database
from shouwang.store.migrate import alembic_config, migrate
from shouwang.store.records import record_table
from shouwang.store.tables import feedback, last_answer, release, release_item, sent


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'shouwang.db'}")
    return Database(scratch(request.getfixturevalue("postgresql_url"), "migrations"))


def test_models_and_migrations_agree(database: Database, project: Path) -> None:
    contracts = read_county(project / "include" / "county").contracts.values()
    migrate(database, contracts)
    migrate(database, contracts)
    with database.engine.connect() as connection, connection.begin():
        command.check(alembic_config(connection))
        names = sa.inspect(connection).get_table_names()
    assert {record_table(c).name for c in contracts} <= set(names)
    database.dispose()


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_a_database_that_is_not_set_up_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(NotThereYet, match="shouwang init"),
        Database(f"sqlite:///{tmp_path / 'x.db'}").read(),
    ):
        pass


def test_a_database_that_is_away_says_so_and_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"SHOUWANG_HOME.*shouwang init"):
        Database(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}").connect()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 is away"):
        Database("postgresql+psycopg://nobody@127.0.0.1:1/x").connect()
    with pytest.raises(ConfigError, match="SHOUWANG_DATABASE_URL") as told:
        Database("bogus:secret")
    assert "secret" not in str(told.value)


def test_the_last_answer_to_a_clue_is_the_one_that_was_received_last(database: Database) -> None:
    migrate(database, [])
    monday, tuesday = dt.datetime(2026, 10, 12, 9), dt.datetime(2026, 10, 13, 9)
    answers = [("a1", "C1", "01", tuesday), ("a2", "C1", "03", monday), ("a3", "C2", "04", monday)]
    answers += [("b1", "C3", "05", monday), ("b2", "C3", "06", monday)]
    names = ("content", "clue_no", "conclusion", "received_at")
    with database.write() as connection:
        for answer in answers:
            given = dict(zip(names, answer, strict=True)) | {"file": "核查.xlsx", "row": 5}
            connection.execute(feedback.insert().values(**given, reason="电话 13900000000"))
        rows = connection.execute(sa.select(last_answer).order_by(last_answer.c.clue_no)).all()
    assert [(row.clue_no, row.conclusion) for row in rows] == [
        ("C1", "01"),
        ("C2", "04"),
        ("C3", "06"),
    ]
    assert rows[0].reason == "电话 13900000000"
    database.dispose()


def test_what_was_sent_bears_the_days_of_its_list(database: Database) -> None:
    migrate(database, [])
    list_ = {"month": "2026-09", "township": "南街乡", "content": "x"}
    paper = {"kind": "名单", "file": "a.xlsx", "released_by": "科员"}
    with database.write() as connection:
        for version, day in ((1, dt.date(2026, 10, 12)), (2, dt.date(2026, 10, 20))):
            due = day + dt.timedelta(days=7)
            days = {"released_on": day, "due": due}
            connection.execute(release.insert().values(**list_, **paper, **days, version=version))
            connection.execute(release_item.insert().values(**list_, version=version, clue_no="C1"))
        query = sa.select(sent.c.version, sent.c.due).order_by(sent.c.version)
        assert connection.execute(query).all() == [
            (1, dt.date(2026, 10, 19)),
            (2, dt.date(2026, 10, 27)),
        ]
    database.dispose()
