"""Backup, restore and upgrade as docs/operations.md writes them: its own lines are run, on the
services that they name.

`docker` is a stand-in that runs a service's program as docker-compose.yaml describes it, here
instead of in a container.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from deployed import Container, Deployment, services

from demo.county import DemoCounty
from services import path_of
from shouwang.core.month import Month

pytestmark = [pytest.mark.needs("docker-compose", "postgresql", "redis"), pytest.mark.timeout(900)]
MONTH = "2026-09"
DOCKER = """
import json, os, subprocess, sys
from itertools import dropwhile

told = json.loads(open(os.environ["TOLD"]).read())
compose, verb, *words = sys.argv[1:]
assert compose == "compose"
service, *command = [*dropwhile(lambda word: word.startswith("-"), words), ""]
print(verb, *words, file=open(told["said"], "a"))
if verb in ("run", "exec"):
    words = [word.replace("/backup/", told["backup"] + "/") for word in command[:-1]]
    start = told[service]["start"] if verb == "run" else []
    os.execvpe([*start, *words][0], [*start, *words], told[service]["environment"])
elif verb == "up" and not service:
    os.execvpe(told["tools"]["start"][0], [*told["tools"]["start"], "shouwang", "init"], told["tools"]["environment"])
"""


def blocks(project: Path, heading: str) -> list[str]:
    """The commands of a section of the document, a block each."""
    text = (project / "docs" / "operations.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\b.*?(?=^## |\Z)", text, flags=re.M | re.S)
    assert section
    return re.findall(r"```sh\n(.*?)```", section[0], flags=re.S)


class Machine:
    """A machine with the deployment's database and tools, and a `docker` that finds them."""

    def __init__(self, top: Path, backups: Path, county: Path) -> None:
        self.top, self.backups = top, backups
        self.deployment = Deployment(top, {"SHOUWANG_COUNTY": str(county)})
        self.tools: Container = self.deployment._container("tools")
        self.said = top / "said"

    def __enter__(self) -> Machine:
        self.deployment.database.start()
        self.deployment._make_databases()
        with self.deployment.connect("postgres") as connection:
            connection.execute("CREATE ROLE postgres SUPERUSER LOGIN")
        there = {"PGHOST": "127.0.0.1", "PGPORT": str(self.deployment.database.port)}
        programs = Path(path_of("postgresql")).resolve().parent
        told = {
            "said": str(self.said),
            "backup": str(self.backups),
            "tools": {
                "start": self.tools.command[: -len(self.words)],
                "environment": self.tools.environment,
            },
            "postgres": {"environment": {"PATH": f"{programs}:/usr/bin:/bin", **there}},
        }
        (self.top / "told.json").write_text(json.dumps(told))
        (self.top / "docker.py").write_text(DOCKER)
        docker = self.top / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(f'#!/bin/sh\nexec {sys.executable} {self.top}/docker.py "$@"\n')
        docker.chmod(0o755)
        return self

    def __exit__(self, *_: object) -> None:
        self.deployment.__exit__()

    @property
    def words(self) -> list[str]:
        """What the file has the tools do when nothing else is said."""
        return list(self.deployment.services["tools"]["command"])

    def run(self, commands: str, **more: str) -> str:
        """What a block of the document prints."""
        path = f"{self.top}/bin:{os.environ['PATH']}"
        environment = {"PATH": path, "TOLD": str(self.top / "told.json"), **more}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env=environment,
            cwd=self.top,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        return done.stdout

    def shouwang(self, *words: str) -> str:
        """What a command prints on this machine."""
        return self.run(f"docker compose run --rm -T tools shouwang {' '.join(words)}")

    def airflow(self, query: str) -> list[tuple[object, ...]]:
        """What Airflow's database says, asked as the role of Airflow."""
        with self.deployment.connect("airflow") as connection:
            connection.execute("SET ROLE airflow")
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def two(tmp_path: Path, project: Path) -> tuple[Machine, Machine]:
    (backups := tmp_path / "backups").mkdir()
    (empty := tmp_path / "empty").mkdir()
    return (
        Machine(tmp_path / "first", backups, project / "include" / "county"),
        Machine(tmp_path / "second", backups, empty),
    )


def test_a_backup_is_made_and_restored_on_another_machine_by_the_documents_own_lines(
    two: tuple[Machine, Machine],
    tmp_path: Path,
    project: Path,
    made_county: Callable[..., DemoCounty],
) -> None:
    county = made_county(tmp_path / "made", households=60, months=(Month(2026, 9),), seed=5)
    first, second = two
    nightly, with_keys = blocks(project, "Backup")
    (restored,) = blocks(project, "Restore")
    with first:
        first.shouwang("init")
        first.shouwang("registry", "load", str(county.registry), "--as-of", MONTH)
        first.airflow("CREATE TABLE dag_run (run_id text)")
        first.airflow("INSERT INTO dag_run VALUES ('waits for an answer')")
        people = first.deployment.connect().execute("SELECT count(*) FROM person").fetchall()
        first.run(nightly)
        first.run(with_keys)
    day = next(tmp_path.glob("backups/*.airflow")).stem
    assert sorted(path.name for path in tmp_path.glob("backups/*")) == [
        f"{day}-keys.zip",
        f"{day}.airflow",
        f"{day}.keys",
        f"{day}.zip",
    ]
    with second:
        told = second.run(restored, day=day)
        assert "every fingerprint was right" in told
        assert (
            second.deployment.connect().execute("SELECT count(*) FROM person").fetchall() == people
        )
        runner = {
            "host": "127.0.0.1",
            "port": second.deployment.database.port,
            "dbname": "shouwang",
        }
        with psycopg.connect(user="shouwang_runner", **runner) as connection:  # what services are
            assert connection.execute("SELECT count(*) FROM person").fetchall() == people
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM audit_event")
        assert second.airflow("SELECT run_id FROM dag_run") == [("waits for an answer",)]
        assert (second.deployment.workspace / "secrets" / "keys").exists()


def test_every_compose_line_of_the_documents_names_what_there_is(project: Path) -> None:
    known = services()
    lines = [
        line
        for name in ("operations.md", "deployment.md", "operations.zh-CN.md")
        for line in re.findall(
            r"docker compose ([^`|\n]+)", (project / "docs" / name).read_text(encoding="utf-8")
        )
    ]
    assert len(lines) > 12
    for line in lines:
        verb, *words = [word for word in line.split() if not word.startswith("-")]
        assert verb in {"up", "run", "exec", "cp", "stop", "restart", "build", "logs"}, line
        if verb in {"run", "exec"}:
            assert words[0] in known, line
        if verb in {"stop", "restart"}:
            assert {word for word in words if not word.startswith("#")} <= known.keys(), line


def test_an_upgrade_stops_what_runs_the_program_and_starts_it_again(project: Path) -> None:
    stopped, upgraded = blocks(project, "Upgrade")
    ours = {
        name for name, service in services().items() if "airflow" in str(service.get("command"))
    }
    assert set(stopped.split()[3:]) == ours | {"porter"}
    steps = [line.removeprefix("docker compose ") for line in upgraded.splitlines()]
    assert steps[-3:] == ["build", "run --rm -T tools shouwang config check", "up -d --wait"]
