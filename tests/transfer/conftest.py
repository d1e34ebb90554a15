"""A month that is screened and waits to be released, with townships that are reached by each
channel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from transfer_workspace import MONTH, enter, plant_secrets

from demo.county import DemoCounty, make_county
from services import Sftp, sftp
from shouwang.casework import monthly
from shouwang.core.month import Month
from shouwang.release import planning
from shouwang.submissions import handover
from wires import Post, mail_server

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    county = make_county(
        tmp_path_factory.mktemp("county"), households=400, months=(Month(2026, 9),), seed=3
    )
    plant_secrets(county)
    return county


@pytest.fixture(scope="session")
def screened(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the month screened; to be copied."""
    home = tmp_path_factory.mktemp("screened") / "home"
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home, county)
        home.mkdir()
        handover.init()
        handover.load_registry(str(county.registry), MONTH)
        for known in handover.departments(MONTH):
            handover.receive(MONTH, known["department"])
        monthly.screen(MONTH)
    return home


@pytest.fixture
def home(
    screened: Path, county: DemoCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A workspace of one's own, on the day after the screening."""
    home = tmp_path / "home"
    shutil.copytree(screened, home)
    enter(monkeypatch, home, county)
    return home


@pytest.fixture
def townships(home: Path) -> list[str]:
    return [planned["township"] for planned in planning.release_plan(MONTH)["lists"]]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change keys of county.yaml: ``configure(townships={…}, delivery={…})``."""

    def change(**parts: Any) -> None:
        folder = tmp_path / "configuration"
        if not folder.exists():
            shutil.copytree(PROJECT / "include" / "county", folder)
        path = folder / "county.yaml"
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, part in parts.items():
            written[name] = {**written[name], **part}
        path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
        monkeypatch.setenv("SHOUWANG_COUNTY", str(folder))

    return change


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    with mail_server() as post:
        monkeypatch.setenv("SHOUWANG_SMTP", f"smtp://127.0.0.1:{post.port}")
        yield post


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    with sftp() as running:
        monkeypatch.setenv("SHOUWANG_KNOWN_HOSTS", str(running.known_hosts))
        monkeypatch.setenv("SHOUWANG_SSH_KEY", str(running.key))
        yield running
