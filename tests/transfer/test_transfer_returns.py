"""What comes back is read once and answered; what is kept too long goes, on record."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from transfer_workspace import MONTH, filled
from typer.testing import CliRunner

from sealed import opened
from services import Sftp
from shouwang.cli.app import app
from shouwang.cli.exporting import export
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.store.tables import audit_event, feedback, response
from shouwang.transfer import passwords
from shouwang.workspace.workspace import load_workspace

pytestmark = pytest.mark.slow

LONG_AGO = (1_700_000_000, 1_700_000_000)


def put(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    os.utime(path, LONG_AGO)
    return path


def rows(table: sa.Table) -> list[Any]:
    with load_workspace().database.read() as connection:
        return list(connection.execute(sa.select(table)).mappings())


def test_a_sealed_list_that_comes_back_is_read_once_and_answered(
    home: Path, townships: list[str]
) -> None:
    releasing.release(MONTH, "测试员")
    content = filled(home, townships[0])
    path = put(home / "returns" / townships[0], "名单.xlsx", content)
    put(home / "returns", "名单（副本）.xlsx", content)
    done = following.collect_returns()
    assert [(entry["taken"], entry["problems"]) for entry in done["files"]] == [(2, [])]
    assert path.exists()
    assert len(rows(feedback)) == 2
    assert following.collect_returns()["files"] == []
    assert len(rows(response)) == 1
    answer = next((home / "outbox").rglob("*反馈回执*.xlsx"))
    said = [
        cell.value
        for row in load_workbook(opened(answer, home)).active.iter_rows()
        for cell in row
        if cell.value
    ]
    assert any("已采纳 2 行" in str(text) for text in said)
    assert releasing.send(MONTH)["sent"] == []


def test_what_cannot_be_read_or_taken_is_answered_with_what_to_do(
    home: Path, townships: list[str]
) -> None:
    releasing.release(MONTH, "测试员")
    put(home / "returns" / townships[0], "坏.xlsx", b"PK\x03\x04 nothing")
    put(home / "returns", "谁的.xlsx", b"PK\x03\x04 nobody's")
    put(home / "returns" / townships[1], "=1+错.xlsx", filled(home, townships[1], 1, "随便写的"))
    put(home / "returns", "说明.docx", b"not looked at")
    (home / "returns" / "~$名单.xlsx").write_bytes(b"lock")
    (home / "returns" / "正在复制.xlsx").write_bytes(b"half")
    done = {entry["file"]: entry for entry in following.collect_returns()["files"]}
    assert set(done) == {"坏.xlsx", "谁的.xlsx", "=1+错.xlsx"}
    assert "打不开" in done["坏.xlsx"]["refused"]
    assert done["=1+错.xlsx"]["problems"]
    texts = {}
    for path in (home / "outbox").rglob("*反馈回执*.xlsx"):
        sheet = load_workbook(opened(path, home)).active
        texts[path.parent.name] = "".join(
            str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None
        )
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert set(texts) == {townships[0], townships[1]}
    assert "整份退回" in texts[townships[0]]
    assert "核查结论不在代码表中" in texts[townships[1]]


@pytest.mark.needs("sshd")
def test_a_township_s_own_server_is_looked_at_and_one_that_is_away_holds_up_nothing(
    home: Path, townships: list[str], server: Sftp, configure: Any
) -> None:
    own, other = townships[:2]
    configure(townships={own: {"channel": "sftp", "to": f"{server.address}/lists"}})
    releasing.release(MONTH, "测试员")
    put(server.folder / "lists" / "returns", "填好.xlsx", filled(home, own))
    put(home / "returns" / other, "填好.xlsx", filled(home, other, 1))
    known = server.known_hosts.read_text()
    server.known_hosts.write_text("")
    done = following.collect_returns()
    assert [entry["taken"] for entry in done["files"]] == [1]
    assert len(done["unreachable"]) == 1
    server.known_hosts.write_text(known)
    assert [entry["taken"] for entry in following.collect_returns()["files"]] == [2]
    assert following.collect_returns()["files"] == []
    assert (server.folder / "lists" / "returns" / "填好.xlsx").exists()
    assert list((server.folder / "lists" / MONTH).glob("*反馈回执*"))


@pytest.mark.needs("sshd")
def test_what_lies_in_townships_folders_of_a_far_place_is_read_and_goes_once(
    home: Path, townships: list[str], server: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    releasing.release(MONTH, "测试员")
    path = put(server.folder / "back" / townships[0], "填好.xlsx", filled(home, townships[0]))
    monkeypatch.setenv("SHOUWANG_RETURNS", f"{server.address}/back")
    assert [entry["taken"] for entry in following.collect_returns()["files"]] == [2]
    for _ in range(3):
        following.expire()
        assert following.collect_returns()["files"] == []
    assert path.exists(), "what lies there is not ours"
    gone = [
        e for e in rows(audit_event) if e["kind"] == "expired" and e["detail"]["what"] == "returns"
    ]
    assert len(gone) == 1
    assert not list((home / "returns").rglob("*.xlsx"))


@pytest.mark.needs("sshd")
def test_what_came_from_a_township_s_own_server_goes_in_time_wherever_the_others_lie(
    home: Path,
    townships: list[str],
    server: Sftp,
    configure: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = townships[0]
    configure(townships={own: {"channel": "sftp", "to": f"{server.address}/lists"}})
    monkeypatch.setenv("SHOUWANG_RETURNS", str(tmp_path / "elsewhere"))
    releasing.release(MONTH, "测试员")
    put(server.folder / "lists" / "returns", "填好.xlsx", filled(home, own))
    assert [entry["taken"] for entry in following.collect_returns()["files"]] == [2]
    following.expire()
    assert not list((home / "returns").rglob("*.xlsx"))


def results(kind: str) -> str:
    """What the county knows of the month, as other tools get it."""
    with load_workspace().database.read() as connection:
        return export(connection, kind, Month.parse(MONTH)).to_csv()


def test_what_is_kept_too_long_goes_and_that_is_on_record(
    home: Path, townships: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(os.environ["SHOUWANG_INBOX"], inbox)
    monkeypatch.setenv("SHOUWANG_INBOX", str(inbox))
    releasing.release(MONTH, "测试员")
    came = put(home / "returns" / townships[0], "名单.xlsx", b"old")
    october = dt.datetime(2026, 10, 14, tzinfo=dt.UTC).timestamp()
    os.utime(came, (october, october))
    vault, outbox = home / "vault" / MONTH, home / "outbox" / MONTH
    exported = {
        kind: results(kind) for kind in ("matches", "rejects", "signals", "warnings", "cases")
    }
    assert (home / "validations" / MONTH).exists()
    for day, left in (
        ("2027-03-31", {vault, outbox}),
        ("2027-04-01", {vault}),
        ("2027-10-01", set()),
    ):
        monkeypatch.setenv("SHOUWANG_TODAY", day)
        before = {folder for folder in (vault, outbox) if folder.exists()}
        said = following.expire(dry=True)
        assert {folder for folder in (vault, outbox) if folder.exists()} == before
        assert [{**entry} for entry in following.expire()] == said
        assert {folder for folder in (vault, outbox) if folder.exists()} == left
        assert came.exists() == (day < "2027-05-01")
    assert not (inbox / MONTH).exists()
    assert not (home / "validations" / MONTH).exists()
    assert {kind: results(kind) for kind in exported} == exported
    gone = [event for event in rows(audit_event) if event["kind"] == "expired"]
    assert {event["subject"] for event in gone} >= {
        f"outbox/{MONTH}",
        f"vault/{MONTH}",
        f"inbox/{MONTH}",
    }
    assert all(len(fingerprint) == 64 for event in gone for fingerprint in event["detail"]["files"])
    assert following.expire() == []


def test_a_password_is_told_once_asked_and_that_is_on_record(
    home: Path, townships: list[str]
) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(app, words)

    assert run("secrets", "make").exit_code == 0
    assert "Every township has" in run("secrets", "make").stdout
    told = run("secrets", "show", "--township", townships[0], "--by", "李四").stdout.strip()
    assert told == passwords.every(load_workspace(), townships[0])[0]
    run("secrets", "rotate", "--township", townships[0], "--by", "李四")
    assert run("secrets", "show", "--township", townships[0], "--by", "李四").stdout.strip() != told
    assert told in passwords.every(load_workspace())
    releasing.release(MONTH, "测试员")
    kinds = [(e["kind"], e["by"]) for e in rows(audit_event) if e["subject"] == townships[0]]
    assert ("password_shown", "李四") in kinds
    assert ("password_rotated", "李四") in kinds
    assert not any(told in str(dict(event)) for event in rows(audit_event))
