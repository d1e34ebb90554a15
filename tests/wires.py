"""What lies between the county and its townships: a mail server, and lines that are cut."""

from __future__ import annotations

import email.policy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from services import free_port


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
def cutting(port: int, after: int, held: Callable[[], object] = lambda: None) -> Iterator[int]:
    """A port that leads to another one; the first connection is cut when so many bytes have gone
    there and ``held`` ends."""
    door = socket.create_server(("127.0.0.1", 0))

    def carry(come: socket.socket, go: socket.socket, left: float) -> None:
        with suppress(OSError):
            while left > 0 and (data := come.recv(min(1024, int(min(left, 1024))))):
                go.sendall(data)
                left -= len(data)
            if left <= 0:
                held()
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


@contextmanager
def mail_server() -> Iterator[Post]:
    """A mail server that takes whatever comes."""
    post = Post(free_port())
    running = Controller(post, hostname="127.0.0.1", port=post.port)
    running.start()
    try:
        yield post
    finally:
        running.stop()
