"""A county's database as of one moment, and back into an empty one, by the databases' own means.

SQLite: its online backup. PostgreSQL: ``pg_dump`` of the county's schema in its custom format, and
``pg_restore`` in one transaction; these programs have to be of the server's version (decision
0011). Others may write meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from shouwang.core.errors import ConfigError, NotThereYet
from shouwang.core.files import atomic_write, private_folder
from shouwang.store.database import Database
from shouwang.store.migrate import alembic_config, make_schema

VERSIONS = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version."""


def describe(database: Database) -> dict[str, str]:
    """What `check_fits` has to know: kind, schema, revision of the tables; `NotThereYet` without
    tables."""
    with database.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if not revision:
        raise NotThereYet("The database is not set up yet: there is nothing to back up.")
    schema = "" if database.is_sqlite else database.schema or "public"
    return {"kind": _kind(database), "schema": schema, "revision": revision}


def check_fits(database: Database, summary: Mapping[str, str]) -> None:
    """`ConfigError` unless this program can put what was dumped into this database."""
    if summary["kind"] != _kind(database):
        raise ConfigError(
            f"The backup is of {summary['kind']}; SHOUWANG_DATABASE_URL names {_kind(database)}. "
            "Name a database of that kind."
        )
    if summary["schema"] != ("" if database.is_sqlite else database.schema or "public"):
        raise ConfigError(
            f"The backup is of the schema “{summary['schema']}”: restore it as the county of that "
            "key (`shouwang --county KEY`), or as the only one if it is “public”."
        )
    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    if summary["revision"] not in {script.revision for script in scripts}:
        raise ConfigError(
            f"The backup has tables of revision {summary['revision']}, which this program does not "
            "know: it was made by a newer version. Install that version, or a newer one, and "
            "restore again."
        )


def is_empty(database: Database) -> bool:
    """Whether nothing was ever put there."""
    if database.is_sqlite:
        return not Path(str(database.url.database)).exists()
    with database.connect() as connection:
        return not sa.inspect(connection).get_table_names()


@contextmanager
def dumped(database: Database) -> Iterator[IO[bytes]]:
    """The whole database as of now, to be read; `ConfigError` where it cannot be dumped."""
    if database.is_sqlite:
        path = Path(str(database.url.database))
        with private_folder(path.parent) as folder:
            copy = folder / path.name
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            with copy.open("rb") as content:
                yield content
        return
    words = ["--format=custom", "--compress=0", "--schema", database.schema or "public"]
    with _program(database, "pg_dump", *words) as process:
        yield process.stdout  # type: ignore[misc]


def load(database: Database, content: IO[bytes]) -> None:
    """Put what was dumped into an empty database, whole or not at all, with the tables of then."""
    if database.is_sqlite:
        path = Path(str(database.url.database))
        with atomic_write(path) as part, part.open("wb") as target:
            shutil.copyfileobj(content, target)
        return
    with database.engine.begin() as connection:
        make_schema(connection, database)
    words = ["--single-transaction", "--exit-on-error", "--schema", database.schema or "public"]
    with _program(database, "pg_restore", *words) as process:
        shutil.copyfileobj(content, process.stdin)  # type: ignore[arg-type]


@contextmanager
def _program(database: Database, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of PostgreSQL's programs at work on the database, in a pipe; its password on no command
    line."""
    with database.connect() as connection:
        server = int(str(connection.scalar(sa.text("SHOW server_version_num")))) // 10_000
    installed = VERSIONS / str(server) / "bin" / name
    program = str(installed) if installed.exists() else shutil.which(name)
    if program is None:
        raise ConfigError(
            f"{name} is not installed; install PostgreSQL's client programs of version {server}, "
            f"the server's (Debian: postgresql-client-{server})."
        )
    url = database.url.set(drivername="postgresql", password=None)
    url = url.difference_update_query(["options"])  # a schema; the programs name theirs
    password = {"PGPASSWORD": database.url.password} if database.url.password else {}
    with subprocess.Popen(  # noqa: S603
        [program, "--no-owner", "--no-privileges", "--dbname", str(url), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it may quote rows
        env=os.environ | password,
    ) as process:
        with suppress(BrokenPipeError):  # it has ended, with a status that is not 0
            yield process
        with suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
    if process.returncode:
        version = subprocess.check_output([program, "--version"], text=True)  # noqa: S603
        raise ConfigError(
            f"{name} could not do its work, nothing was changed. It has to be of the server's "
            f"version, {server}; this is {version.strip()}. Look at the server's log."
        )


def _kind(database: Database) -> str:
    return "sqlite" if database.is_sqlite else "postgresql"
