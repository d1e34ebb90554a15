"""Three made-up counties: one large enough for every kind of damage, a small one, and a neat
one."""

from __future__ import annotations

import pytest
from demo_reading import Read

from demo import make_county
from shouwang.core.month import Month


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(make_county(tmp_path_factory.mktemp("county"), households=4000, seed=7))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Read:
    months = Month.span(Month(2026, 2), Month(2026, 4))
    return Read(
        make_county(tmp_path_factory.mktemp("small"), households=150, months=months, seed=3)
    )


@pytest.fixture(scope="session")
def neat(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return Read(make_county(tmp_path_factory.mktemp("neat"), households=300, seed=5, dirt=False))
