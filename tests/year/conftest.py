"""The year that every test of this folder looks at, told once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from telling import MONTHS, Telling, tell

from shouwang.demo.county import DemoCounty, make_county


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
