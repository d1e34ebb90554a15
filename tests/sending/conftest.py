"""A month that is screened and waits to be released, with townships that are reached by each channel."""

from __future__ import annotations

import email.policy
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiosmtpd.controller import Controller

from services import Sftp, free_port, sftp
from shouwang import steps
from shouwang.demo.county import DemoCounty, make_county
from shouwang.month import Month

MONTH = "2026-09"
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(tmp_path_factory.mktemp("county"), households=400, months=(Month(2026, 9),), seed=3)


@pytest.fixture(scope="session")
def screened(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the month screened; to be copied."""
    home = tmp_path_factory.mktemp("screened") / "home"
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home, county)
        home.mkdir()
        steps.init()
        steps.load_registry(str(county.registry), MONTH)
        for known in steps.departments(MONTH):
            steps.receive(MONTH, known["department"])
        steps.screen(MONTH)
    return home


def enter(patch: pytest.MonkeyPatch, home: Path, county: DemoCounty) -> None:
    for name, value in {
        "SHOUWANG_HOME": home, "SHOUWANG_INBOX": county.inbox, "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_DATABASE_URL": f"sqlite:///{home / 'shouwang.db'}",
    }.items():  # fmt: skip
        patch.setenv(name, str(value))
    for name in ("SHOUWANG_OUTBOX", "SHOUWANG_SECRETS", "SHOUWANG_COUNTY", "SHOUWANG_RETURNS", "SSH_AUTH_SOCK"):
        patch.delenv(name, raising=False)


@pytest.fixture
def home(screened: Path, county: DemoCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house of one's own, on the day after the screening."""
    home = tmp_path / "home"
    shutil.copytree(screened, home)
    enter(monkeypatch, home, county)
    return home


@pytest.fixture
def townships(home: Path) -> list[str]:
    return steps.release_plan(MONTH)


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


@dataclass
class Post:
    """A mail server on loopback: what it took, by Message-ID, and what it is told to answer."""

    port: int
    came: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 Ok: queued as 4F2"
    dies_after_taking: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.came.append(message)
        if self.dies_after_taking:
            session.peer = None
            server.transport.abort()
        return self.answer

    @property
    def ids(self) -> list[str]:
        return [message["Message-ID"] for message in self.came]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    post = Post(free_port())
    running = Controller(post, hostname="127.0.0.1", port=post.port)
    monkeypatch.setenv("SHOUWANG_SMTP", f"smtp://127.0.0.1:{post.port}")
    running.start()
    yield post
    running.stop()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    with sftp() as running:
        monkeypatch.setenv("SHOUWANG_KNOWN_HOSTS", str(running.known_hosts))
        monkeypatch.setenv("SHOUWANG_SSH_KEY", str(running.key))
        yield running


def killed(work: Any) -> int:
    """Do work in a forked process that is meant to be killed; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]
