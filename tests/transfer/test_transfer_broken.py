"""The line is cut in the midst of a file, or the sending process is killed: each list arrives
whole, and once."""

from __future__ import annotations

import os
import signal
import smtplib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest
from transfer_workspace import MONTH, die, killed

from letting_go import let_go
from services import Sftp
from shouwang.core.errors import Unreachable
from shouwang.release import releasing
from shouwang.transfer import channels
from shouwang.workspace.workspace import load_workspace
from wires import Post, cutting

pytestmark = pytest.mark.needs("sshd")
HALF = 9_000
"""Bytes after which the line is cut: the greeting and the keys are through, a list of some 20 kB is
not."""


def before(holder: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    """Be killed instead of doing this."""
    patch.setattr(holder, name, die)


def after(holder: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    """Be killed when this is done."""
    work = getattr(holder, name)

    def to_death(*words: Any) -> None:
        work(*words)
        die()

    patch.setattr(holder, name, to_death)


def in_the_midst(holder: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    """Be killed when half of some thousand bytes are through."""
    work = getattr(holder, name)

    def to_death(of: Any, data: Any, *words: Any) -> Any:
        if len(data) < 4_000:
            return work(of, data, *words)
        work(of, data[: len(data) // 2], *words)
        return die()

    patch.setattr(holder, name, to_death)


Moment = tuple[Callable[..., None], Any, str]
MAIL: dict[str, Moment] = {
    "before it connects": (before, channels, "_server"),
    "before the message": (before, smtplib.SMTP, "data"),
    "in the midst of it": (in_the_midst, smtplib.SMTP, "send"),
    "when it was taken": (after, channels._Plain, "data"),
    "before it is recorded": (after, channels, "_mail"),
}
FILE: dict[str, Moment] = {
    "before it connects": (before, paramiko.SSHClient, "connect"),
    "in the midst of it": (in_the_midst, paramiko.SFTPFile, "write"),
    "before it has its name": (before, paramiko.SFTPClient, "posix_rename"),
    "when it has its name": (after, paramiko.SFTPClient, "posix_rename"),
}


def die_at(moment: Moment, township: str) -> None:
    """Send a township's files in a process that is killed at a moment."""
    how, *place = moment
    with pytest.MonkeyPatch.context() as patch:
        how(*place, patch)
        assert (
            os.WTERMSIG(killed(lambda: releasing.send_township(MONTH, township))) == signal.SIGKILL
        )


@pytest.fixture
def township(townships: list[str]) -> str:
    let_go(MONTH, townships[0])
    return townships[0]


@pytest.fixture
def by_mail(township: str, post: Post, configure: Any) -> Post:
    channel = {township: {"channel": "mail", "to": "xiang@example.org"}}
    configure(townships=channel, delivery={"mail_from": "fangpin@county.example.org"})
    return post


def came_once(post: Post, home: Path, township: str) -> None:
    here = {
        path.name: path.read_bytes()
        for path in (home / "outbox" / MONTH / "townships" / township).iterdir()
    }
    there = [
        (a.get_filename(), a.get_content()) for mail in post.came for a in mail.iter_attachments()
    ]
    assert sorted(there) == sorted(here.items())
    assert not list((home / "taken").iterdir())


@pytest.mark.parametrize("moment", MAIL)
def test_a_mail_goes_once_whenever_its_process_is_killed(
    by_mail: Post, home: Path, township: str, moment: str
) -> None:
    die_at(MAIL[moment], township)
    releasing.send_township(MONTH, township)
    assert releasing.send_township(MONTH, township)["sent"] == []
    came_once(by_mail, home, township)


def test_a_mail_whose_line_is_cut_in_its_midst_goes_once(
    by_mail: Post, home: Path, township: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cutting(by_mail.port, HALF) as port:
        monkeypatch.setenv("SHOUWANG_SMTP", f"smtp://127.0.0.1:{port}")
        with pytest.raises(Unreachable):
            releasing.send_township(MONTH, township)
        releasing.send_township(MONTH, township)
    came_once(by_mail, home, township)


def test_a_mail_whose_answer_never_arrives_goes_again_as_the_same_mail(
    by_mail: Post, township: str
) -> None:
    by_mail.dies_after_taking = True
    with pytest.raises(Unreachable):
        releasing.send_township(MONTH, township)
    by_mail.dies_after_taking = False
    releasing.send_township(MONTH, township)
    assert len(by_mail.came) == 4
    assert len({(mail["Message-ID"], mail["Date"]) for mail in by_mail.came}) == 2


def test_a_database_that_fails_after_a_mail_was_taken_does_not_repeat_it(
    by_mail: Post, home: Path, township: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("shouwang.transfer.dispatching.audit", away)
        with pytest.raises(OSError, match="away"):
            releasing.send_township(MONTH, township)
    releasing.send_township(MONTH, township)
    came_once(by_mail, home, township)


@contextmanager
def own_server(configure: Any, township: str, server: Sftp, port: int | None = None) -> Any:
    """Let a township have its lists on a server, perhaps reached by another port that shows the
    same key."""
    address = server.address
    if port:
        host, rest = address.rsplit(":", 1)
        real = rest.partition("/")[0]
        known = server.known_hosts.read_text()
        server.known_hosts.write_text(known + known.replace(f":{real} ", f":{port} "))
        address = f"{host}:{port}/{rest.partition('/')[2]}"
    configure(townships={township: {"channel": "sftp", "to": f"{address}/lists"}})
    yield server.folder / "lists" / MONTH


def lies_whole(there: Path, township: str) -> None:
    here = load_workspace().lists_of(MONTH, township)
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        p.name: p.read_bytes() for p in here.iterdir()
    }


@pytest.mark.parametrize("moment", FILE)
def test_a_file_lies_whole_and_once_on_a_server_whenever_its_process_is_killed(
    township: str, server: Sftp, configure: Any, moment: str
) -> None:
    with own_server(configure, township, server) as there:
        die_at(FILE[moment], township)
        named = (
            [path for path in there.iterdir() if not path.name.startswith(".")]
            if there.exists()
            else []
        )
        assert len(named) == (1 if moment == "when it has its name" else 0)
        before = {path.name: path.stat().st_mtime_ns for path in named}
        releasing.send_township(MONTH, township)
        assert releasing.send_township(MONTH, township)["sent"] == []
        lies_whole(there, township)
        assert (
            before.items()
            <= {path.name: path.stat().st_mtime_ns for path in there.iterdir()}.items()
        )


def test_a_file_whose_line_is_cut_in_its_midst_lies_there_whole_and_once(
    township: str, server: Sftp, configure: Any
) -> None:
    port = int(server.address.rsplit(":", 1)[1].partition("/")[0])
    with cutting(port, HALF) as other, own_server(configure, township, server, other) as there:
        with pytest.raises(Unreachable):
            releasing.send_township(MONTH, township)
        whole = [path for path in there.iterdir() if not path.name.startswith(".")]
        assert len(whole) == 1  # the other of the two files, by a line of its own
        releasing.send_township(MONTH, township)
        lies_whole(there, township)
