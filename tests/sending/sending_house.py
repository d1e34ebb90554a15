"""What the tests of sending share: a house to enter, a mail server, a process that is killed."""

from __future__ import annotations

import email.policy
import io
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from sealed import opened
from shouwang.delivery.sealing import sealed
from shouwang.demo.county import DemoCounty
from shouwang.house import open_house
from shouwang.sending import passwords

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


@contextmanager
def cutting(port: int, after: int) -> Iterator[int]:
    """A port that leads to another one; the first connection is cut when so many bytes have gone there."""
    door = socket.create_server(("127.0.0.1", 0))

    def carry(come: socket.socket, go: socket.socket, left: float) -> None:
        with suppress(OSError):
            while left > 0 and (data := come.recv(min(1024, int(min(left, 1024))))):
                go.sendall(data)
                left -= len(data)
        for end in (come, go):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        left: float = after
        with suppress(OSError):  # the door is closed
            while True:
                come, _ = door.accept()
                go = socket.create_connection(("127.0.0.1", port))
                for ends in ((come, go, left), (go, come, float("inf"))):
                    threading.Thread(target=carry, args=ends, daemon=True).start()
                left = float("inf")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(door.getsockname()[1])
    finally:
        door.close()


def filled(
    home: Path, township: str, rows: int = 2, conclusion: str = "05 未发现风险", reason: str = "入户核实"
) -> bytes:
    """The township's list with its first rows answered, sealed as it came."""
    path = next((home / "outbox" / MONTH / "townships" / township).glob("*预警名单*.xlsx"))
    book = load_workbook(opened(path, home))
    sheet = book["预警名单"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "线索编号")
    titles = {cell.value: cell.column for cell in head}
    for row in range(head[0].row + 1, head[0].row + 1 + rows):
        answers = {
            "核查结论": conclusion,
            "原因说明": reason,
            "核查日期": "2026-10-12",
            "核查人": "王某",
            "人均纯收入": 9000,
        }
        for title, value in answers.items():
            sheet.cell(row, titles[title], value)
    out = io.BytesIO()
    book.save(out)
    return sealed(out.getvalue(), passwords.every(open_house(), township)[0])


def die(*_: object, **__: object) -> None:
    """kill -9, of oneself."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Any) -> int:
    """Do work in a forked process that is meant to be killed; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def decoded(path: Path) -> tuple[str, str]:
    """A department's csv as text, and how it is encoded."""
    data = path.read_bytes()
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    raise AssertionError(f"{path.name} is in no encoding that departments use")


def plant_secrets(county: DemoCounty) -> None:
    """Put `SECRETS` into two further columns of the medical export."""
    (path,) = (county.inbox / MONTH / "medical_insurance").glob("*.csv")
    text, encoding = decoded(path)
    lines = text.splitlines()
    head = next(number for number, line in enumerate(lines) if "自付" in line or "个人负担" in line)
    mark = "\t" if "\t" in lines[head] else ","
    for number, more in enumerate([("出院诊断", "银行卡号"), *[SECRETS] * (len(lines) - head - 1)], start=head):
        lines[number] += mark + mark.join(more)
    path.write_bytes("\r\n".join(lines).encode(encoding))
