"""The year that every test of this folder looks at, told once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from telling import MONTHS, Telling, tell

from shouwang.demo.county import DemoCounty, make_county

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(tmp_path_factory.mktemp("year") / "county", households=500, months=MONTHS, seed=3, dirt=False)


@pytest.fixture(scope="session")
def told(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Telling:
    """Everything on time; townships answer late, wrongly, or not at all."""
    folder = tmp_path_factory.mktemp("told")
    year = Telling(folder / "home", county)
    tell(year, MONTHS, folder / "returned")
    return year


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Where the year of `year.txt` was lived, in a process that has Airflow's modules, settings and clock to itself."""
    folder = tmp_path_factory.mktemp("lived")
    county = make_county(folder / "county", households=300, months=MONTHS, seed=3, dirt=False)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "SHOUWANG"))}
    path = [HERE, HERE.parent, HERE.parent / "airflow", project / "dags", project / "plugins"]
    more = {"PYTHONPATH": os.pathsep.join(map(str, path)), "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"]}
    with (folder / "log").open("w+", encoding="utf-8") as log:
        words = [sys.executable, "-W", "ignore", str(HERE / "lived.py"), str(folder / "year"), str(county.folder)]
        done = subprocess.run(words, env=kept | more, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=1800)
        log.seek(0)
        assert done.returncode == 0, "".join(log.readlines()[-60:])
    return folder / "year"
