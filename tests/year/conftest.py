"""The year that every test of this folder looks at, told once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from telling import MONTHS, Telling, tell

from demo.county import DemoCounty, make_county
from shouwang.core.month import Month

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(
        tmp_path_factory.mktemp("year") / "county",
        households=500,
        months=MONTHS,
        seed=3,
        dirt=False,
    )


@pytest.fixture(scope="session")
def told(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Telling:
    """Everything on time; townships answer late, wrongly, or not at all."""
    folder = tmp_path_factory.mktemp("told")
    year = Telling(folder / "home", county)
    tell(year, MONTHS, folder / "returned")
    return year


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the year of `year.txt` was lived."""
    return live(tmp_path_factory.mktemp("lived"), "year.txt", MONTHS)


@pytest.fixture(scope="session")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the quarter of `quarter.txt` was lived."""
    return live(tmp_path_factory.mktemp("quarter"), "quarter.txt", MONTHS[:3])


def live(folder: Path, table: str, months: tuple[Month, ...]) -> Path:
    """Live a table, in a process that has Airflow's modules, settings and clock to itself; the
    folder where it was."""
    county = make_county(folder / "county", households=300, months=months, seed=3, dirt=False)
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AIRFLOW", "SHOUWANG"))
    }
    project = HERE.parents[1]
    ours = [project / name for name in ("dags", "plugins", "include")]
    path = [HERE, HERE.parent, HERE.parent / "airflow", *ours, project]  # where demo/ lies
    more = {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"],
    }
    script = [str(HERE / "lived.py"), str(folder / "year"), str(county.folder), str(HERE / table)]
    with (folder / "log").open("w+", encoding="utf-8") as log:
        words = [sys.executable, "-W", "ignore", *script]
        done = subprocess.run(
            words, env=kept | more, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=1800
        )
        log.seek(0)
        assert done.returncode == 0, "".join(log.readlines()[-60:])
    return folder / "year"
