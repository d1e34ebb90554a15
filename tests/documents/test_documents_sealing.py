"""Township workbooks under a password."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from documents_builders import clues, details, release
from openpyxl import load_workbook

from shouwang.core.errors import ConfigError, FileRefused, NotThereYet
from shouwang.documents.sealing import open_sealed, sealed, unsealed
from shouwang.documents.township import write_township_workbook
from shouwang.recognition.forms import sheets_of
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace, load_workspace, safe_name


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-12")
    return load_workspace({"SHOUWANG_HOME": str(tmp_path / "home")})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "名单.xlsx"
    write_township_workbook(written, release(), clues(3), details(clues(3)))
    written.write_bytes(sealed(written.read_bytes(), "tianlu-1"))
    return written


def test_a_sealed_list_shows_nothing_and_opens_with_its_password(path: Path) -> None:
    assert b"worksheets" not in path.read_bytes()
    assert load_workbook(open_sealed(path, "older", "tianlu-1")).sheetnames[0] == "预警名单"
    assert "预警名单" in sheets_of(path, ("tianlu-1",))


def test_without_the_password_it_is_refused_in_words_for_a_township(path: Path) -> None:
    for known in ((), ("another",)):
        with pytest.raises(FileRefused, match="取消密码后另存"):
            sheets_of(path, known)
    assert unsealed(b"PK plain") == b"PK plain"


def test_a_township_has_one_password_and_older_ones_still_open(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, fresh = passwords.current(workspace, "大河镇")
    assert fresh
    assert passwords.current(workspace, "大河镇") == (first, False)
    assert not passwords.outlived(workspace, "大河镇")
    monkeypatch.setenv("SHOUWANG_TODAY", "2027-10-13")
    assert passwords.outlived(workspace, "大河镇")
    second = passwords.add(workspace, "大河镇")
    passwords.add(workspace, "石桥乡")
    assert passwords.current(workspace, "大河镇") == (second.text, False)
    assert [p.since for p in passwords.kept(workspace, "大河镇")] == [
        dt.date(2027, 10, 13),
        dt.date(2026, 10, 12),
    ]
    assert passwords.every(workspace, "大河镇名单（已填）.xlsx")[:2] == (second.text, first)
    assert len(set(passwords.every(workspace))) == 3


def test_passwords_can_be_said_and_are_not_guessed() -> None:
    made = {passwords.speakable() for _ in range(300)}
    assert len(made) == 300
    shortest = 4 * 2 * min(map(len, passwords.SYLLABLES)) + len("-" * 4 + "0000")
    assert all(len(word) >= shortest and word.isascii() and word == word.lower() for word in made)
    assert len(passwords.SYLLABLES) == len(set(passwords.SYLLABLES)) >= 128


def test_nobody_else_may_read_a_password(workspace: Workspace) -> None:
    with pytest.raises(NotThereYet):
        passwords.to_tell(workspace, "大河镇")
    passwords.add(workspace, "大河镇")
    (file,) = passwords.folder_of(workspace).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        passwords.current(workspace, "大河镇")
    file.chmod(0o600)
    file.write_text("only-a-password\n")
    with pytest.raises(ConfigError, match="a date, a space"):
        passwords.current(workspace, "大河镇")


def test_of_two_who_make_the_first_password_at_once_one_is_right(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def beaten(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        theirs.append(passwords.add(workspace, "大河镇").text)
        link(source, target)

    theirs: list[str] = []
    monkeypatch.setattr(os, "link", beaten)
    assert passwords.add(workspace, "大河镇").text == theirs[0]
    assert passwords.every(workspace) == (theirs[0],)


def test_a_township_s_name_leads_nowhere(workspace: Workspace) -> None:
    for name in ("../../etc/passwd", "..", ".hidden", "a/b\\c:d", "\x00", ""):
        place = workspace.lists_of("2026-09", name)
        assert place.parent == workspace.outbox / "2026-09" / "townships"
        assert not place.name.startswith(".")
    assert safe_name("大河镇") == "大河镇"
