"""The migrations make exactly the tables that the program declares, on SQLite and PostgreSQL."""

from __future__ import annotations

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
