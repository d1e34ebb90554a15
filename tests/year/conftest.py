"""The year that every test of this folder looks at, lived once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from telling import MONTHS, Ledger

from demo.county import DemoCounty

HERE = Path(__file__).parent
Live = Callable[[str, int], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def live(made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Live a table of so many months, in a process that has Airflow's modules, settings and clock
    to itself; the folder where it was."""

    def live(table: str, months: int) -> Path:
        folder = tmp_path_factory.mktemp("lived")
        of = MONTHS[:months]
        county = made_county(folder / "county", households=300, months=of, seed=3, dirt=False)
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AIRFLOW", "SHOUWANG"))
        }
        project = HERE.parents[1]
        ours = [project / name for name in ("dags", "plugins", "include")]
        path = [HERE, HERE.parent, HERE.parent / "airflow", project, *ours]
        more = {
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"],
        }
        script = [HERE / "lived.py", folder / "year", county.folder, HERE / table]
        with (folder / "log").open("w+", encoding="utf-8") as log:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", *script],
                env=kept | more,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=3600,
            )
            log.seek(0)
            assert done.returncode == 0, "".join(log.readlines()[-60:])
        return folder / "year"

    return live


@pytest.fixture(scope="session")
def lived(live: Live) -> Path:
    """Where the year of `year.txt` was lived."""
    return live("year.txt", len(MONTHS))


@pytest.fixture(scope="session")
def year(lived: Path) -> Ledger:
    """What the ledger says at its end."""
    return Ledger(lived / "home")
