"""What is released reaches its township once, by its channel, whatever fails on the way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from transfer_workspace import MONTH
from typer.testing import CliRunner

from letting_go import let_go
from sealed import opened
from services import Sftp, free_port
from shouwang.cli.app import app
from shouwang.core.errors import ConfigError, ShouwangError, Unreachable
from shouwang.core.month import Month
from shouwang.county.settings import Township
from shouwang.release import releasing
from shouwang.transfer.dispatching import proof
from shouwang.workspace.workspace import load_workspace
from wires import Post

MAIL = {"mail_from": "fangpin@county.example.org"}
needs_sshd = pytest.mark.needs("sshd")


def sent() -> dict[str, dict[str, Any]]:
    with load_workspace().database.read() as connection:
        return {Path(row["file"]).name: row for row in proof(connection, Month.parse(MONTH))}


def by_mail(name: str) -> dict[str, Any]:
    return {name: {"channel": "mail", "to": "xiang@example.org"}}


def test_by_default_lists_lie_sealed_in_the_outbox_and_that_is_on_record(
    home: Path, townships: list[str]
) -> None:
    assert len(townships) >= 2
    done = releasing.release(MONTH, "测试员")
    assert len(done["sent"]) == 2 * len(townships)
    assert all(entry["new_password"] for entry in done["released"])
    for township in townships:
        path = (
            home
            / "outbox"
            / MONTH
            / "townships"
            / township
            / f"{township}预警名单_{MONTH}_第1版.xlsx"
        )
        book = load_workbook(opened(path, home))
        assert "预警名单" in book.sheetnames
        assert "测试员" in book["预警名单"].oddHeader.right.text
        assert f"{township}专用" in book["填写说明"].oddHeader.right.text
        row = sent()[path.name]
        assert (row["channel"], row["attempts"], row["prepared_by"]) == ("folder", 1, "测试员")
    assert releasing.send(MONTH) == {"month": MONTH, "sent": [], "failed": {}}


def test_a_mail_carries_the_sealed_list_and_names_nobody(
    townships: list[str], post: Post, configure: Any, home: Path
) -> None:
    configure(townships=by_mail(townships[0]), delivery=MAIL)
    releasing.release(MONTH, "测试员")
    notice, letter = post.came
    assert letter["Subject"] == f"示范县{townships[0]}预警名单_{MONTH}_第1版"
    assert "密码由县里另行告知" in letter.get_body().get_content()
    (attached,) = letter.iter_attachments()
    path = home / "outbox" / MONTH / "townships" / townships[0] / attached.get_filename()
    assert attached.get_content() == path.read_bytes()
    row = sent()[path.name]
    assert (row["channel"], row["receipt"]) == ("mail", "250 Ok: queued as 4F2")
    assert notice["Message-ID"] != letter["Message-ID"]
    releasing.send(MONTH)
    assert len(post.came) == 2


def test_a_server_that_is_down_holds_up_no_other_township_and_gets_its_list_later(
    townships: list[str], post: Post, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(townships=by_mail(townships[0]), delivery=MAIL)
    up = os.environ["SHOUWANG_SMTP"]
    monkeypatch.setenv("SHOUWANG_SMTP", f"smtp://127.0.0.1:{free_port()}")
    said = CliRunner().invoke(app, ["release", MONTH, "--by", "测试员", "--json"])
    assert said.exit_code == 1
    done = json.loads(said.stdout[said.stdout.index("{") :])
    assert list(done["failed"]) == [townships[0]]
    assert len(done["sent"]) == 2 * (len(townships) - 1)
    mine = [row for row in sent().values() if row["township"] == townships[0]]
    assert [(row["sent_at"], row["attempts"]) for row in mine] == [(None, 1)] * 2
    assert "did not take the mail" in mine[0]["problem"]
    with pytest.raises(Unreachable):
        releasing.send_township(MONTH, townships[0])
    monkeypatch.setenv("SHOUWANG_SMTP", up)
    assert len(releasing.send(MONTH)["sent"]) == 2
    assert len(set(post.ids)) == len(post.came) == 2
    assert {row["attempts"] for row in sent().values() if row["township"] == townships[0]} == {3}


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 try later", Unreachable), ("550 no such user", ShouwangError)]
)
def test_what_a_mail_server_refuses_is_tried_again_only_if_that_may_help(
    townships: list[str], post: Post, configure: Any, answer: str, kind: type[Exception]
) -> None:
    configure(townships=by_mail(townships[0]), delivery=MAIL)
    let_go(MONTH, townships[0])
    post.answer = answer
    with pytest.raises(ShouwangError) as told:
        releasing.send_township(MONTH, townships[0])
    assert type(told.value) is kind
    assert "xiang@" not in str(told.value)
    post.answer = "250 Ok"
    assert len(releasing.send_township(MONTH, townships[0])["sent"]) == 2


@needs_sshd
def test_a_township_with_a_server_of_its_own_finds_its_list_there_and_nobody_else_s(
    townships: list[str], server: Sftp, configure: Any, home: Path
) -> None:
    own, other = townships[:2]
    configure(townships={own: {"channel": "sftp", "to": f"{server.address}/lists"}})
    releasing.release(MONTH, "测试员")
    there = sorted((server.folder / "lists" / MONTH).iterdir())
    assert [path.name for path in there] == sorted(
        name for name, row in sent().items() if row["township"] == own
    )
    assert not any(other in str(path) for path in server.folder.rglob("*"))
    here = home / "outbox" / MONTH / "townships" / own
    assert all(path.read_bytes() == (here / path.name).read_bytes() for path in there)


@needs_sshd
def test_a_server_that_shows_another_key_gets_nothing(
    townships: list[str], server: Sftp, configure: Any
) -> None:
    configure(townships={townships[0]: {"channel": "sftp", "to": f"{server.address}/lists"}})
    let_go(MONTH, townships[0])
    known = server.known_hosts.read_text()
    other = server.key.with_suffix(".pub").read_text().split()[1]
    server.known_hosts.write_text(known.replace(known.split()[2], other))
    with pytest.raises(Unreachable, match="another host key"):
        releasing.send_township(MONTH, townships[0])
    assert list(server.folder.iterdir()) == []
    server.known_hosts.write_text(known)
    assert len(releasing.send_township(MONTH, townships[0])["sent"]) == 2


def test_a_list_that_was_changed_after_its_release_is_not_sent(
    home: Path, townships: list[str]
) -> None:
    let_go(MONTH, townships[0])
    path = next((home / "outbox").rglob("*预警名单*.xlsx"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ShouwangError, match="changed since it was released"):
        releasing.send_township(MONTH, townships[0])
    assert sent()[path.name]["sent_at"] is None


def test_mail_needs_a_sender_and_a_server_without_a_password_in_its_address(
    townships: list[str], configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(townships=by_mail(townships[0]))
    let_go(MONTH, townships[0])
    monkeypatch.setenv("SHOUWANG_SMTP", "smtp://user:geheim@127.0.0.1")
    with pytest.raises(ConfigError, match="secrets/smtp") as told:
        releasing.send_township(MONTH, townships[0])
    assert "geheim" not in str(told.value)
    monkeypatch.setenv("SHOUWANG_SMTP", "smtp://127.0.0.1")
    with pytest.raises(ConfigError, match="mail_from"):
        releasing.send_township(MONTH, townships[0])


@pytest.mark.parametrize(
    ("channel", "to"),
    [("mail", "nobody"), ("mail", "a@b, c@d"), ("mail", ""), ("sftp", "ftp://x"), ("folder", "x")],
)
def test_a_channel_without_its_address_is_a_mistake_in_county_yaml(channel: str, to: str) -> None:
    with pytest.raises(ValueError, match="does not fit the channel"):
        Township(channel=channel, to=to)  # type: ignore[arg-type]
