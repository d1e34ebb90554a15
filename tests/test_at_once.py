"""Several processes do the same at the same time: the month ends as after one, and nobody reads a
traceback."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from demo.county import DemoCounty
from services import scratch
from shouwang.core.month import Month
from shouwang.store.database import Database
from shouwang.store.tables import dispatch, release

pytestmark = pytest.mark.slow

MONTH = "2026-09"
KINDS = ("matches", "rejects", "signals", "warnings", "cases")


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    folder = tmp_path_factory.mktemp("county")
    return made_county(folder, households=120, months=(Month.parse(MONTH),), seed=4, dirt=False)


class Line:
    """The command line in a workspace of its own."""

    def __init__(self, county: DemoCounty, home: Path, url: str = "") -> None:
        self.home = home
        kept = {key: value for key, value in os.environ.items() if key != "SHOUWANG_DATABASE_URL"}
        self.environment = {
            **kept,
            "SHOUWANG_HOME": str(home),
            "SHOUWANG_INBOX": str(county.inbox),
            "SHOUWANG_TODAY": "2026-10-12",
            **({"SHOUWANG_DATABASE_URL": url} if url else {}),
        }
        self("init")
        self(f"registry load {county.registry} --as-of {MONTH}")

    def start(self, command: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "shouwang.cli", *command.split()]
        return subprocess.Popen(
            words, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def __call__(self, command: str, times: int = 1) -> list[tuple[int, str]]:
        """Run a command so often at the same time; each one's status and what it printed."""
        started = [self.start(command) for _ in range(times)]
        ended = [(process.communicate()[0], process.returncode) for process in started]
        return [(status, text) for text, status in ended]

    def exports(self) -> dict[str, list[list[str]]]:
        found = {}
        for kind in KINDS:
            path = self.home / f"{kind}.csv"
            self(f"export {kind} --month {MONTH} --out {path}")
            with path.open(encoding="utf-8-sig", newline="") as file:
                found[kind] = list(csv.reader(file))
        return found


@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
@pytest.mark.timeout(1800)
def test_three_runs_and_two_releases_at_once_end_as_one_after_the_other(
    county: DemoCounty, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = "" if kind == "sqlite" else scratch(request.getfixturevalue("postgresql_url"), "at_once")
    alone, crowd = Line(county, tmp_path / "alone"), Line(county, tmp_path / "crowd", url)
    (once,) = alone(f"run {MONTH}")
    alone(f"release {MONTH} --by 张三")
    runs = crowd(f"run {MONTH}", 3)
    assert [status for status, _ in runs] == [once[0]] * 3, runs
    releases = crowd(f"release {MONTH} --by 张三", 2)
    assert [status for status, _ in releases] == [0, 0], releases
    said = "\n".join(text for _, text in [*runs, *releases])
    for word in ("Traceback", "Error", "No such file"):
        assert word not in said
    assert crowd.exports() == alone.exports()
    database = Database(url or f"sqlite:///{crowd.home / 'shouwang.db'}")
    with database.read() as connection:
        versions = set(connection.scalars(sa.select(release.c.version)))
        unsent = connection.scalar(sa.select(sa.func.count()).where(dispatch.c.sent_at.is_(None)))
    database.dispose()
    assert (versions, unsent) == ({1}, 0)
