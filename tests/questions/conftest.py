from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from asked import MONTH, STRANGE, WHO, hand_over, ledger

from demo.county import DemoCounty, make_county
from shouwang.core.month import Month
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(
        tmp_path_factory.mktemp("county"), households=60, months=(Month(2026, 9),), seed=4
    )


@pytest.fixture(scope="session")
def workspaces(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two workspaces to be copied: ``empty`` has the registry, ``held`` has the water office's file
    besides."""
    top = tmp_path_factory.mktemp("workspaces")
    with pytest.MonkeyPatch.context() as patch:
        enter(top / "empty", patch)
        handover.init()
        handover.load_registry(str(county.registry), MONTH)
        shutil.copytree(top / "empty", top / "held")
        enter(top / "held", patch)
        hand_over(top / "held" / "inbox", ledger(county, value=STRANGE))
        assert handover.receive(MONTH, WHO)["status"] == "held"
        load_workspace().database.dispose()
    return top


def enter(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SHOUWANG_HOME", str(home))
    patch.setenv("SHOUWANG_TODAY", "2026-10-08")


@pytest.fixture
def home(workspaces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A county with its registry; nobody has handed over anything."""
    enter(shutil.copytree(workspaces / "empty", tmp_path / "home"), monkeypatch)
    return tmp_path / "home"


@pytest.fixture
def held(workspaces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The water office's file is held, and has been taken away from the inbox since."""
    enter(shutil.copytree(workspaces / "held", tmp_path / "home"), monkeypatch)
    shutil.rmtree(tmp_path / "home" / "inbox")
    return tmp_path / "home"
