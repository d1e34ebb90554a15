from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from asked import MONTH, STRANGE, WHO, hand_over, ledger

from demo.county import DemoCounty, make_county
from shouwang import steps
from shouwang.house import open_house
from shouwang.month import Month


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(
        tmp_path_factory.mktemp("county"), households=60, months=(Month(2026, 9),), seed=4
    )


@pytest.fixture(scope="session")
def houses(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two houses to be copied: ``empty`` has the registry, ``held`` has the water office's file
    besides."""
    top = tmp_path_factory.mktemp("houses")
    with pytest.MonkeyPatch.context() as patch:
        enter(top / "empty", patch)
        steps.init()
        steps.load_registry(str(county.registry), MONTH)
        shutil.copytree(top / "empty", top / "held")
        enter(top / "held", patch)
        hand_over(top / "held" / "inbox", ledger(county, value=STRANGE))
        assert steps.receive(MONTH, WHO)["status"] == "held"
        open_house().database.dispose()
    return top


def enter(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SHOUWANG_HOME", str(home))
    patch.setenv("SHOUWANG_TODAY", "2026-10-08")


@pytest.fixture
def home(houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A county with its registry; nobody has handed over anything."""
    enter(shutil.copytree(houses / "empty", tmp_path / "home"), monkeypatch)
    return tmp_path / "home"


@pytest.fixture
def held(houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The water office's file is held, and has been taken away from the inbox since."""
    enter(shutil.copytree(houses / "held", tmp_path / "home"), monkeypatch)
    shutil.rmtree(tmp_path / "home" / "inbox")
    return tmp_path / "home"
