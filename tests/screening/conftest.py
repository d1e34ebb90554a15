from __future__ import annotations

from pathlib import Path

import pytest
from screening_cases import merged

from shouwang.screening.rulebook import RuleBook, load_rulebook

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT.parent / "shared" / "sample" / "clean"
collect_ignore = [] if SAMPLE.is_dir() else ["test_screening_sample.py"]


@pytest.fixture(scope="session")
def county_folder() -> Path:
    """The configuration that the product ships with."""
    return ROOT / "include" / "county"


@pytest.fixture(scope="session")
def example_book(tmp_path_factory: pytest.TempPathFactory) -> RuleBook:
    """The same with the rules of docs/examples."""
    return merged(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="session")
def county_book(county_folder: Path) -> RuleBook:
    return load_rulebook(county_folder)
