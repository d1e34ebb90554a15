"""One at a time: who does the same work as another process waits, or is told; other counties are
not waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services import scratch
from shouwang.core.errors import Busy
from shouwang.store.database import Database
from shouwang.store.migrate import migrate
from shouwang.store.turns import turn

WHAT = "2026-09 water"

HOLDER = """
import sys, time
from pathlib import Path
from shouwang.store.database import Database
from shouwang.store.turns import turn
url, schema, folder = sys.argv[1:]
with turn(Database(url, schema), Path(folder), "2026-09 water"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'a.db'}")
    return Database(scratch(request.getfixturevalue("postgresql_url"), "turns"), "qingyuan")


@pytest.fixture
def holder(database: Database, tmp_path: Path):
    """Another process that has its turn."""
    migrate(database, ())
    url = database.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", HOLDER, url, "", str(tmp_path / "locks")]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_comes_second_is_told_in_a_sentence(
    database: Database, holder: object, tmp_path: Path
) -> None:
    with (
        pytest.raises(Busy, match="Another process is still at work on 2026-09 water"),
        turn(database, tmp_path / "locks", WHAT, 0.5),
    ):
        pytest.fail("two had their turn at once")


def test_who_comes_second_goes_on_when_the_first_is_done_or_dead(
    database: Database, holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    threading.Timer(0.5, holder.kill).start()
    with turn(database, tmp_path / "locks", WHAT, 60):
        assert holder.wait(10) != 0


def test_other_work_is_not_waited_for(database: Database, holder: object, tmp_path: Path) -> None:
    with turn(database, tmp_path / "locks", "2026-09 housing", 0.0):
        pass


@pytest.mark.needs("postgresql")
def test_another_county_of_the_same_database_is_not_waited_for(
    postgresql_url: str, tmp_path: Path
) -> None:
    url = scratch(postgresql_url, "two_counties")
    counties = [Database(url, key) for key in ("qingyuan", "lixi")]
    for county in counties:
        migrate(county, ())
    done = threading.Event()

    def other() -> None:
        with counties[1].alone(), turn(counties[1], tmp_path, WHAT, 0.0):
            done.set()

    with counties[0].alone(), turn(counties[0], tmp_path, WHAT, 0.0):
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(20)
    thread.join()
    for county in counties:
        county.dispose()
