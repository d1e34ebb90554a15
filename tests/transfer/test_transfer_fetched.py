"""What was fetched is on record where something proves it, once; a year-old password is replaced by
itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from transfer_workspace import MONTH
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.store.tables import audit_event
from shouwang.transfer import passwords
from shouwang.transfer.dispatching import proof
from shouwang.workspace.workspace import load_workspace


def trail(kind: str) -> list[tuple[str, str, str | None]]:
    """Whom, which file's name, and how, of every entry of a kind."""
    with load_workspace().database.read() as connection:
        rows = connection.execute(sa.select(audit_event).where(audit_event.c.kind == kind)).all()
    return [
        (row.subject, Path(row.detail.get("file", "")).name, row.detail.get("how")) for row in rows
    ]


def lists_of(home: Path, township: str) -> list[Path]:
    return sorted((home / "outbox" / MONTH / "townships" / township).glob("*.xlsx"))


def test_who_wrote_released_and_sent_what_for_whom_is_on_record(
    home: Path, townships: list[str]
) -> None:
    releasing.release(MONTH, "测试员")
    own = townships[0]
    names = {path.name for path in lists_of(home, own)}
    assert {name for whose, name, _ in trail("written") if whose == own} == names
    assert {name for whose, name, _ in trail("sent") if whose == own} == names
    assert [whose for whose, _, _ in trail("released")] == townships
    assert (passwords.COUNTY, f"示范县预警汇总_{MONTH}.xlsx", None) in trail("written")
    before = trail("written")
    releasing.release(MONTH, "测试员")
    assert [entry for entry in trail("written") if entry[0] != passwords.COUNTY] == [
        entry for entry in before if entry[0] != passwords.COUNTY
    ]


def test_a_file_that_was_taken_away_was_fetched_and_an_expired_one_was_not(
    home: Path, townships: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    releasing.release(MONTH, "测试员")
    assert following.collect_returns()["fetched"] == 0
    gone = lists_of(home, townships[0])[0]
    gone.unlink()
    assert following.collect_returns()["fetched"] == 1
    assert following.collect_returns()["fetched"] == 0
    assert trail("fetched") == [(townships[0], gone.name, "taken away")]
    with load_workspace().database.read() as connection:
        told = {
            Path(row["file"]).name: row["fetched"] for row in proof(connection, Month.parse(MONTH))
        }
    assert [name for name, how in told.items() if how] == [gone.name]
    monkeypatch.setenv("SHOUWANG_TODAY", "2027-05-01")
    following.expire()
    assert following.collect_returns()["fetched"] == 0


def test_a_list_that_comes_back_has_been_opened(home: Path, townships: list[str]) -> None:
    releasing.release(MONTH, "测试员")
    own = townships[0]
    (path,) = [path for path in lists_of(home, own) if "预警名单" in path.name]
    renamed = home / "回来.xlsx"
    shutil.copy(path, renamed)
    following.load_feedback(str(renamed))
    following.load_feedback(str(renamed))
    assert trail("fetched") == [(own, path.name, "came back")]


def test_every_morning_a_password_that_is_a_year_old_is_replaced_and_told_of_until_somebody_hands_it_over(
    home: Path, townships: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    releasing.release(MONTH, "测试员")
    everybody = sorted([*townships, passwords.COUNTY])
    assert following.renew_passwords() == {"renewed": [], "untold": everybody}

    def show(name: str) -> str:
        return (
            CliRunner()
            .invoke(app, ["secrets", "show", "--township", name, "--by", "李四"])
            .stdout.strip()
        )

    old = show(townships[0])
    assert following.renew_passwords()["untold"] == [
        name for name in everybody if name != townships[0]
    ]
    monkeypatch.setenv("SHOUWANG_TODAY", "2027-10-13")
    done: Any = following.renew_passwords()
    assert done == {"renewed": everybody, "untold": everybody}
    assert following.renew_passwords() == {"renewed": [], "untold": everybody}
    assert not any(old in str(entry) for entry in done.values())
    new = show(townships[0])
    assert new != old
    assert passwords.every(load_workspace(), townships[0])[:2] == (new, old)
    assert townships[0] not in following.renew_passwords()["untold"]
