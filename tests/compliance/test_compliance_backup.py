"""The drill: back up, lose everything, restore, run the month again, and every export is as it
was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from demo.county import DemoCounty, make_county
from sealed import everybodys_numbers, lying_open
from services import scratch
from shouwang.casework import monthly
from shouwang.cli.app import app
from shouwang.compliance import backup, trail
from shouwang.core.errors import ConfigError, NotThereYet, UsageError
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.store import dumping
from shouwang.store.audit import audit
from shouwang.store.keys import key_of_file
from shouwang.submissions import handover
from shouwang.workspace.workspace import Workspace, load_workspace

MONTH = "2026-09"
KINDS = ("matches", "rejects", "signals", "warnings", "cases")


@dataclass
class Keeper:
    """One county at home, and the means to lose it."""

    home: Path
    county: DemoCounty
    lose_database: Callable[[], None]

    @property
    def workspace(self) -> Workspace:
        return load_workspace()

    def run_month(self) -> None:
        if not any((self.home / "inbox").iterdir()):
            shutil.copytree(self.county.inbox, self.home / "inbox", dirs_exist_ok=True)
            handover.load_registry(str(self.county.registry), MONTH)
        for known in handover.departments(MONTH):
            handover.receive(MONTH, known["department"])
        monthly.screen(MONTH)
        releasing.release(MONTH, "测试员")

    def exports(self, to: Path) -> dict[str, bytes]:
        to.mkdir()
        for kind in KINDS:
            done = CliRunner().invoke(
                app, ["export", kind, "--month", MONTH, "--out", str(to / kind)]
            )
            assert done.exit_code == 0, done.stderr
        return {kind: (to / kind).read_bytes() for kind in KINDS}

    def lose_everything(self) -> None:
        shutil.rmtree(self.home)
        self.lose_database()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> DemoCounty:
    return make_county(
        tmp_path_factory.mktemp("county"), households=120, months=(Month(2026, 9),), seed=6
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def keeper(
    request: pytest.FixtureRequest,
    county: DemoCounty,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Keeper:
    for name in [name for name in os.environ if name.startswith("SHOUWANG_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("SHOUWANG_HOME", str(home))
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-12")
    lose = lambda: None  # noqa: E731 (the file goes with the home)
    if request.param == "postgresql":
        lose = partial(scratch, request.getfixturevalue("postgresql_url"), "kept")
        monkeypatch.setenv("SHOUWANG_DATABASE_URL", lose())
    handover.init()
    with load_workspace().database.write() as connection:
        audit(connection, "released", "乡镇", "张三")
    return Keeper(home, county, lose)


def test_what_was_lost_comes_back_and_the_month_runs_on(keeper: Keeper, tmp_path: Path) -> None:
    keeper.run_month()
    before = keeper.exports(tmp_path / "before")
    assert all(content.count(b"\n") > 1 for kind, content in before.items() if kind != "rejects")
    sent = {p.name: p.read_bytes() for p in (keeper.home / "outbox").glob("*/townships/**/*.xlsx")}
    assert sent
    saved, keys = tmp_path / "saved.zip", tmp_path / "elsewhere" / "keys.zip"
    told = CliRunner().invoke(app, ["backup", str(saved), "--keys", str(keys), "--json"])
    assert told.exit_code == 0, told.stderr
    assert saved.stat().st_mode & 0o077 == keys.stat().st_mode & 0o077 == 0
    secrets = [p.read_bytes() for p in keeper.workspace.secrets.rglob("*") if p.is_file()]
    with zipfile.ZipFile(saved) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
        assert not any("secrets" in name for name in archive.namelist())
        handed = [
            archive.read(name) for name in archive.namelist() if name.startswith(backup.SEALED)
        ]
    assert handed
    assert all(key_of_file(content) for content in handed)
    assert lying_open(inside, everybodys_numbers(keeper.county)) == set()
    assert secrets
    assert not any(secret.split()[-1] in inside for secret in secrets)
    keeper.lose_everything()
    told = CliRunner().invoke(app, ["restore", str(saved), "--keys", str(keys)])
    assert told.exit_code == 0, told.stderr
    assert "every fingerprint was right" in " ".join(told.stdout.split())
    assert [p.read_bytes() for p in keeper.workspace.secrets.rglob("*") if p.is_file()] == secrets
    assert keeper.exports(tmp_path / "restored") == before
    keeper.run_month()
    assert keeper.exports(tmp_path / "after") == before
    assert {
        p.name: p.read_bytes()
        for p in (keeper.home / "outbox").glob("*/townships/**/*.xlsx")
        if p.name in sent
    } == sent
    assert trail.check(keeper.workspace)["faults"] == []


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
def test_keys_change_and_every_export_stays(keeper: Keeper, tmp_path: Path) -> None:
    keeper.run_month()
    before = keeper.exports(tmp_path / "before")
    for number, words in enumerate((["rotate"], ["drop", "k1"])):
        told = CliRunner().invoke(app, ["keys", *words, "--by", "张三"])
        assert told.exit_code == 0, told.stderr
        assert keeper.exports(tmp_path / f"after {number}") == before
    keeper.run_month()
    assert keeper.exports(tmp_path / "run again") == before
    assert "k1:" not in (keeper.workspace.secrets / backup.KEYS).read_text()
    assert trail.check(keeper.workspace)["faults"] == []


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
def test_a_backup_that_is_killed_leaves_nothing_open_behind(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, to = tmp_path / "temporary", tmp_path / "backups"
    temporary.mkdir()
    to.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(backup._Packing, "add", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        backup.backup(load_workspace(), to / "一.zip")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert list(temporary.rglob("*")) == []
    left = keeper.home / ".open"
    assert [path.name for path in left.rglob("*.db")] == ["shouwang.db"], (
        "killed with the copy of the database there"
    )
    assert left.stat().st_mode & 0o777 == 0o700
    assert len(list(to.iterdir())) == 1
    assert load_workspace().database.is_sqlite
    assert list(left.iterdir()) == [], "swept at the next start"
    backup.backup(load_workspace(), to / "二.zip")
    assert [path.name for path in to.iterdir()] == ["二.zip"]


def test_a_backup_is_of_one_moment_while_others_write(keeper: Keeper, tmp_path: Path) -> None:
    done = threading.Event()
    workspace = load_workspace()

    def write() -> None:
        while not done.is_set():
            with workspace.database.write() as connection:
                audit(connection, "released", "乡镇", "张三")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(2):
            backup.backup(
                keeper.workspace, tmp_path / f"{number}.zip", tmp_path / f"{number}.keys.zip"
            )
    finally:
        done.set()
        writer.join()
        workspace.database.dispose()
    keeper.lose_everything()
    backup.restore(keeper.workspace, tmp_path / "1.zip", tmp_path / "1.keys.zip")
    assert trail.check(keeper.workspace)["faults"] == []
    with keeper.workspace.database.write() as connection:  # numbers go on where they were
        audit(connection, "released", "乡镇", "张三")
    assert trail.check(keeper.workspace)["entries"] > 2


Spoil = Callable[[dict[str, bytes]], Any]


def manifest(parts: dict[str, bytes], **changes: Any) -> None:
    told = json.loads(parts[backup.MANIFEST])
    for path, value in changes.items():
        inside = told
        *way, last = path.split("__")
        for name in way:
            inside = inside[name]
        inside[last] = value
    parts[backup.MANIFEST] = json.dumps(told).encode()


def flipped(parts: dict[str, bytes]) -> None:
    name = next(name for name in parts if name.startswith("home/audit"))
    parts[name] = parts[name][::-1]


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (flipped, "home does not have its fingerprint"),
        (lambda parts: parts.pop("home/audit.anchors"), "parts are not those of its manifest"),
        (lambda parts: parts.pop(backup.MANIFEST), "no whole backup of ours"),
        (lambda parts: parts.update({"../../evil": b""}), "parts are not those of its manifest"),
        (lambda parts: manifest(parts, format=1), "format 1, this program reads 2"),
        (lambda parts: manifest(parts, database__revision="9999"), "made by a newer version"),
        (lambda parts: manifest(parts, database__kind="postgresql"), "The backup is of postgresql"),
        (lambda parts: manifest(parts, database__schema="qingyuan"), "of the schema “qingyuan”"),
    ],
    ids=["changed", "removed", "no manifest", "added", "format", "newer", "kind", "schema"],
)
def test_a_backup_that_does_not_fit_is_refused_and_nothing_is_touched(
    keeper: Keeper, tmp_path: Path, spoil: Spoil, says: str
) -> None:
    backup.backup(keeper.workspace, tmp_path / "whole.zip")
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    spoil(parts)
    with zipfile.ZipFile(tmp_path / "spoilt.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    keeper.lose_everything()
    with pytest.raises(ConfigError, match=says):
        backup.restore(keeper.workspace, tmp_path / "spoilt.zip")
    assert not keeper.home.exists()


@pytest.mark.parametrize("keeper", ["postgresql"], indirect=True)
def test_programs_of_another_version_are_told_and_leave_nothing(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.backup(keeper.workspace, tmp_path / "saved.zip", tmp_path / "keys.zip")
    monkeypatch.setattr(dumping, "VERSIONS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"pg_dump is not installed; install .* version"):
        backup.backup(keeper.workspace, tmp_path / "other.zip")
    for name in ("pg_dump", "pg_restore"):
        old = tmp_path / name
        old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "PostgreSQL 9.0" && exit\nexit 1\n')
        old.chmod(0o700)
    with pytest.raises(ConfigError, match=r"the server's version, \d+; this is PostgreSQL 9\.0"):
        backup.backup(keeper.workspace, tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()
    keeper.lose_everything()
    with pytest.raises(ConfigError, match="pg_restore could not"):
        backup.restore(keeper.workspace, tmp_path / "saved.zip", tmp_path / "keys.zip")
    assert dumping.is_empty(keeper.workspace.database)


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
def test_nothing_is_written_over(keeper: Keeper, tmp_path: Path) -> None:
    saved = tmp_path / "saved.zip"
    backup.backup(keeper.workspace, saved)
    with pytest.raises(UsageError, match="is there already"):
        backup.backup(keeper.workspace, saved)
    with pytest.raises(UsageError, match="never go into the file"):
        backup.backup(keeper.workspace, tmp_path / "one.zip", tmp_path / "one.zip")
    with pytest.raises(UsageError, match="is not empty"):
        backup.restore(keeper.workspace, saved)
    (keeper.home / "shouwang.db").unlink()
    with pytest.raises(UsageError, match="is not empty"):
        backup.restore(keeper.workspace, saved)
    keeper.lose_everything()
    whole = saved.read_bytes()
    saved.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="It may be cut off"):
        backup.restore(keeper.workspace, saved)
    with pytest.raises(NotThereYet, match="There is no file"):
        backup.restore(keeper.workspace, tmp_path / "none.zip")


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
def test_what_is_sealed_is_not_restored_without_its_keys(keeper: Keeper, tmp_path: Path) -> None:
    held = keeper.workspace.secrets / backup.KEYS
    if not held.exists():
        held.parent.mkdir(exist_ok=True)
        held.write_text("k1:a key", encoding="ascii")
        held.chmod(0o600)
    key = held.read_bytes()
    backup.backup(keeper.workspace, tmp_path / "saved.zip", tmp_path / "keys.zip")
    assert key not in (tmp_path / "saved.zip").read_bytes()
    keeper.lose_everything()
    with pytest.raises(UsageError, match="--keys"):
        backup.restore(keeper.workspace, tmp_path / "saved.zip")
    assert not keeper.home.exists()
    backup.restore(keeper.workspace, tmp_path / "saved.zip", tmp_path / "keys.zip")
    assert held.read_bytes() == key
    assert held.stat().st_mode & 0o077 == 0
