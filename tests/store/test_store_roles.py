"""PostgreSQL's own rights: what the runner of a deployment may do, and what only the owner of the
tables may."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from services import scratch
from shouwang.core.errors import ConfigError
from shouwang.county.settings import read_county
from shouwang.store.audit import audit
from shouwang.store.database import Database
from shouwang.store.migrate import migrate
from shouwang.store.tables import metadata, views

FORBIDDEN = {
    "change a table": "ALTER TABLE submission ADD COLUMN more TEXT",
    "drop a table": "DROP TABLE record_water_supplies",
    "empty a table": "TRUNCATE submission_row",
    "make a table": "CREATE TABLE mine (one INTEGER)",
    "make a schema": "CREATE SCHEMA mine",
    "rewrite the audit trail": "UPDATE audit_event SET kind = 'nothing'",
    "shorten the audit trail": "DELETE FROM audit_event",
    "pass for another version of the tables": "UPDATE alembic_version SET version_num = '0001'",
    "become the owner": "SET ROLE keeper",
    "read the server's files": "COPY county FROM '/etc/passwd'",
}


@pytest.fixture(scope="module")
def database(postgresql_url: str, project) -> sa.URL:
    """A county's database whose owner is no superuser; the roles are made before, as
    docker/databases.sh does."""
    server = sa.make_url(postgresql_url)
    with psycopg.connect(
        server.set(drivername="postgresql").render_as_string(False), autocommit=True
    ) as connection:
        connection.execute("CREATE ROLE keeper LOGIN")
        if not connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = 'shouwang_runner'"
        ).fetchone():
            connection.execute("CREATE ROLE shouwang_runner")
        connection.execute("ALTER ROLE shouwang_runner LOGIN")
    url = sa.make_url(scratch(postgresql_url, "roles", "OWNER keeper"))
    owner = Database(url.set(username="keeper").render_as_string(False))
    for _ in range(2):
        migrate(owner, read_county(project / "include" / "county").contracts.values())
    owner.dispose()
    return url.set(username="shouwang_runner")


@pytest.fixture(scope="module")
def runner(database: sa.URL) -> Database:
    return Database(database.render_as_string(False))


def test_the_runner_reads_and_writes_every_table_but_the_past_of_the_audit_trail(
    runner: Database,
) -> None:
    query = sa.text(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = :name"
    )
    with runner.read() as connection:
        granted: dict[str, set[str]] = {}
        for table, right in connection.execute(query, {"name": "shouwang_runner"}):
            granted.setdefault(table, set()).add(right)
        tables = set(sa.inspect(connection).get_table_names())
    assert set(metadata.tables) < tables == set(granted) - set(views.tables)
    assert granted.pop("alembic_version") == {"SELECT"}
    assert granted.pop("audit_event") == {"SELECT", "INSERT"}
    assert set(map(frozenset, granted.values())) == {
        frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
    }


def test_the_runner_adds_to_the_audit_trail(runner: Database) -> None:
    with runner.write() as connection:
        audit(connection, "tried", "roles", "tests")
    with runner.read() as connection:
        assert (
            connection.scalar(sa.text("SELECT count(*) FROM audit_event WHERE kind = 'tried'")) == 1
        )


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_runner_may_not(runner: Database, statement: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError) as refused, runner.write() as connection:
        connection.exec_driver_sql(statement)
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_the_runner_may_ask_for_what_is_done_already_but_a_new_department_is_the_owners(
    runner: Database, project
) -> None:
    contracts = dict(read_county(project / "include" / "county").contracts)
    migrate(runner, contracts.values())
    new = contracts["water"].model_copy(update={"department": "forestry"})
    with pytest.raises(ConfigError, match="as their owner"):
        migrate(runner, [new])


def test_an_owner_who_may_make_roles_makes_the_runner(postgresql_url: str, project) -> None:
    owner = Database(scratch(postgresql_url, "alone"))
    migrate(owner, read_county(project / "include" / "county").contracts.values())
    with owner.read() as connection:
        query = sa.text("SELECT has_table_privilege('shouwang_runner', 'submission', 'UPDATE')")
        assert connection.scalar(query) is True
    owner.dispose()
