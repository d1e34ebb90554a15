"""Whoever changes the audit trail is found, and writers at the same time make one chain, on SQLite
and PostgreSQL."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from services import scratch
from shouwang.cli.app import app
from shouwang.compliance import trail
from shouwang.core.errors import TrailBroken
from shouwang.responses import following
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event
from shouwang.submissions import handover
from shouwang.workspace.workspace import Workspace, load_workspace

Spoil = Callable[[sa.Connection], Any]
PARKED = 1_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    if request.param == "postgresql":
        monkeypatch.setenv(
            "SHOUWANG_DATABASE_URL", scratch(request.getfixturevalue("postgresql_url"), "audited")
        )
    handover.init()
    workspace = load_workspace()
    for number in range(1, 7):
        write(workspace, f"乡镇{number}")
    yield workspace
    workspace.database.dispose()


def write(workspace: Workspace, subject: str) -> None:
    with workspace.database.write() as connection:
        audit(connection, "released", subject, "张三", month="2026-09", clues=3, files=["a", "b"])


def spoil(workspace: Workspace, work: Spoil) -> None:
    with workspace.database.engine.begin() as connection:
        work(connection)


def numbered(connection: sa.Connection, old: int, new: int) -> None:
    connection.execute(
        audit_event.update().where(audit_event.c.event_id == old).values(event_id=new)
    )


def changed(column: str, value: Any) -> Spoil:
    return lambda c: c.execute(
        audit_event.update().where(audit_event.c.event_id == 3).values({column: value})
    )


def removed(connection: sa.Connection) -> None:
    connection.execute(audit_event.delete().where(audit_event.c.event_id == 3))


def removed_and_closed_up(connection: sa.Connection) -> None:
    removed(connection)
    for number in (4, 5, 6):
        numbered(connection, number, number - 1)


def inserted(connection: sa.Connection) -> None:
    row = dict(
        connection.execute(sa.select(audit_event).where(audit_event.c.event_id == 3))
        .mappings()
        .one()
    )
    for number in (6, 5, 4):
        numbered(connection, number, number + 1)
    connection.execute(
        audit_event.insert().values(
            {**row, "event_id": 4, "by": "李四", "after": row["seal"][::-1]}
        )
    )


def appended(connection: sa.Connection) -> None:
    row = dict(
        connection.execute(sa.select(audit_event).where(audit_event.c.event_id == 6))
        .mappings()
        .one()
    )
    connection.execute(audit_event.insert().values({**row, "event_id": 7, "after": row["seal"]}))


def reordered(connection: sa.Connection) -> None:
    numbered(connection, 3, PARKED)
    numbered(connection, 4, 3)
    numbered(connection, PARKED, 4)


@pytest.mark.parametrize(
    ("work", "place"),
    [
        (changed("by", "李四"), "entry 3 was changed"),
        (changed("subject", "乡镇9"), "entry 3 was changed"),
        (changed("month", None), "entry 3 was changed"),
        (changed("detail", {"clues": 2, "files": ["a", "b"]}), "entry 3 was changed"),
        (changed("seal", "f" * 64), "entry 3 was changed"),
        (removed, "entry 4 is out of its place: something after entry 2 was removed"),
        (removed_and_closed_up, "entry 3 is out of its place"),
        (inserted, "entry 4 was changed, or was not written by this program"),
        (appended, "entry 7 was changed, or was not written by this program"),
        (reordered, "entry 3 is out of its place"),
    ],
    ids=[
        "by",
        "subject",
        "month",
        "detail",
        "seal",
        "removed",
        "closed up",
        "inserted",
        "appended",
        "reordered",
    ],
)
def test_a_tampered_entry_is_found(workspace: Workspace, work: Spoil, place: str) -> None:
    assert trail.check(workspace)["faults"] == []
    (workspace.home / "audit.anchors").unlink()
    spoil(workspace, work)
    assert trail.check(workspace)["faults"][0].startswith(place)
    assert not (workspace.home / "audit.anchors").exists()
    with pytest.raises(TrailBroken, match="Nothing was deleted"):
        following.expire()


def test_the_end_cut_off_is_found_by_what_was_noted_outside(workspace: Workspace) -> None:
    assert trail.check(workspace)["newest"]["event_id"] == 6
    spoil(workspace, lambda c: c.execute(audit_event.delete().where(audit_event.c.event_id > 4)))
    assert trail.check(workspace)["faults"] == [
        "entry 6 is gone, which was noted outside of the database"
    ]


def test_writers_at_the_same_time_make_one_chain(workspace: Workspace) -> None:
    ready = threading.Barrier(4)

    def work(name: str) -> None:
        ready.wait()
        for _ in range(15):
            write(workspace, name)

    threads = [threading.Thread(target=work, args=(f"部门{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trail.check(workspace) | {"newest": None} == {
        "entries": 66,
        "newest": None,
        "faults": [],
    }


@pytest.mark.parametrize(
    "workspace", ["postgresql"], indirect=True
)  # SQLite has one writer at a time
def test_a_writer_does_not_wait_for_another_that_is_still_at_work(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        audit(connection, "released", "慢的", "张三")
        write(workspace, "快的")
    with workspace.database.read() as connection:
        subjects = list(
            connection.scalars(sa.select(audit_event.c.subject).order_by(audit_event.c.event_id))
        )
    assert subjects[-2:] == ["快的", "慢的"]
    assert trail.check(workspace)["faults"] == []


def test_the_trail_is_handed_out_with_its_seals(workspace: Workspace, tmp_path: Path) -> None:
    run = CliRunner()
    for name in ("trail.csv", "trail.jsonl"):
        assert run.invoke(app, ["audit", "export", "--out", str(tmp_path / name)]).exit_code == 0
    rows = [
        json.loads(line)
        for line in (tmp_path / "trail.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["subject"] for row in rows] == [f"乡镇{n}" for n in range(1, 7)]
    assert rows[0]["after"] == "0" * 64
    assert all(a["seal"] == b["after"] for a, b in pairwise(rows))
    assert (tmp_path / "trail.csv").read_text(encoding="utf-8-sig").count("released") == 6
    told = run.invoke(app, ["audit", "check"])
    assert rows[-1]["seal"] in told.stdout.replace("\n", "")
    spoil(workspace, removed)
    told = run.invoke(app, ["audit", "check"])
    assert told.exit_code == 1
    assert "entry 4 is out of its place" in told.stderr


def test_an_exported_trail_holds_no_formula(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.database.write() as connection:
        audit(connection, "approved", "=1+1", "@SUM(A1)", month="2026-09", reason="-2+3")
    assert (
        CliRunner().invoke(app, ["audit", "export", "--out", str(tmp_path / "trail.csv")]).exit_code
        == 0
    )
    with (tmp_path / "trail.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
