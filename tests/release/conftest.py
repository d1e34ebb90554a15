"""Two months that are screened and wait to be released."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.county import DemoCounty, make_county
from shouwang.casework import monthly
from shouwang.core.month import Month
from shouwang.submissions import handover

MONTHS = ("2026-08", "2026-09")


def enter(patch: pytest.MonkeyPatch, home: Path, today: str = "2026-10-12") -> None:
    for name in [name for name in os.environ if name.startswith("SHOUWANG_")]:
        if name != "SHOUWANG_KEYS":  # a fixture of another room may still hold its own
            patch.delenv(name)
    patch.setenv("SHOUWANG_HOME", str(home))
    patch.setenv("SHOUWANG_TODAY", today)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    months = tuple(map(Month.parse, MONTHS))
    return make_county(
        tmp_path_factory.mktemp("county"), households=300, months=months, seed=3, dirt=False
    )


@pytest.fixture(scope="session")
def screened(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with both months screened and nothing released; to be copied."""
    home = tmp_path_factory.mktemp("screened") / "home"
    shutil.copytree(county.inbox, home / "inbox")
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home)
        handover.init()
        handover.load_registry(str(county.registry), MONTHS[0])
        for month in MONTHS:
            for known in handover.departments(month):
                handover.receive(month, known["department"])
            monthly.screen(month)
    return home


@pytest.fixture
def home(screened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of one's own."""
    home = tmp_path / "home"
    shutil.copytree(screened, home)
    enter(monkeypatch, home)
    return home
