"""What the tests of sending share: a house to enter, a mail server, a process that is killed."""

from __future__ import annotations

import email.policy
import os
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from shouwang.demo.county import DemoCounty

MONTH = "2026-09"
SECRETS = ("恶性肿瘤化疗", "6222021234567890123")
"""A diagnosis and an account that stand in every row of the medical export."""


def enter(patch: pytest.MonkeyPatch, home: Path, county: DemoCounty) -> None:
    for name, value in {
        "SHOUWANG_HOME": home, "SHOUWANG_INBOX": county.inbox, "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_DATABASE_URL": f"sqlite:///{home / 'shouwang.db'}",
    }.items():  # fmt: skip
        patch.setenv(name, str(value))
    for name in ("SHOUWANG_OUTBOX", "SHOUWANG_SECRETS", "SHOUWANG_COUNTY", "SHOUWANG_RETURNS", "SSH_AUTH_SOCK"):
        patch.delenv(name, raising=False)


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


def killed(work: Any) -> int:
    """Do work in a forked process that is meant to be killed; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def plant_secrets(county: DemoCounty) -> None:
    """Put `SECRETS` into two further columns of the medical export."""
    (path,) = (county.inbox / MONTH / "medical_insurance").glob("*.csv")
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig" if data[:1] == b"\xef" else "gb18030"
    lines = data.decode(encoding).splitlines()
    head = next(number for number, line in enumerate(lines) if "自付" in line or "个人负担" in line)
    mark = "\t" if "\t" in lines[head] else ","
    for number, more in enumerate([("出院诊断", "银行卡号"), *[SECRETS] * (len(lines) - head - 1)], start=head):
        lines[number] += mark + mark.join(more)
    path.write_bytes("\r\n".join(lines).encode(encoding))
