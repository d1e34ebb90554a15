"""`make demo`'s driver on a small county: interrupted it leaves nothing running, then it tells a
month on SQLite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from leftovers import ordinary_texts, people_of, texts_left, who_is_named
from scheduled import PATIENCE, CommandLine

from demo.month import MONTH, TODAY, Demo

pytestmark = pytest.mark.timeout(1200)


@dataclass
class Told:
    """A demo that was interrupted, and the one after it."""

    folder: Path
    interrupted: subprocess.Popen[str]
    running_before: int
    left_after_interruption: list[psutil.Process]
    demo: subprocess.Popen[str]
    said: str
    left: list[psutil.Process]
    exports: dict[str, bytes]
    by_hand: dict[str, bytes]


def demo(folder: Path) -> subprocess.Popen[str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AIRFLOW", "SHOUWANG"))
    }
    words = ["month", "--folder", str(folder), "--households", "300"]
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *words],
        env=kept,
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_running(folder: Path) -> list[psutil.Process]:
    """What works in the demo's folders: a look that does not rely on what the driver knows."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder.resolve()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def keys_of(folder: Path) -> str:
    """The demo's keys, put there if it was interrupted before it made any: ids of people are
    digests under one."""
    file = folder / "secrets" / "keys"
    if not file.exists():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text("\n".join(os.environ["SHOUWANG_KEYS"].split()))
        file.chmod(0o600)
    return " ".join(line for line in file.read_text().splitlines() if not line.startswith("#"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, one_airflow: None) -> Told:
    top = tmp_path_factory.mktemp("driver")
    folder, county = top / "demo", top / "demo" / "county"
    first = demo(folder)
    until = time.monotonic() + PATIENCE
    while len(running := left_running(folder)) < 4 or not (county / "recipe.json").exists():
        assert first.poll() is None, first.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.1)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=PATIENCE)
    left = left_running(folder)

    keys = keys_of(folder)
    second = demo(folder)
    try:
        settings = {
            "SHOUWANG_INBOX": str(county / "inbox"),
            "SHOUWANG_TODAY": TODAY,
            "SHOUWANG_KEYS": keys,
        }
        by_hand = CommandLine(top / "by-hand", settings)
        (registry,) = (county / "registry").iterdir()
        load = f"registry load {registry} --as-of {MONTH}"
        expected = by_hand.after(
            str(MONTH), "init", load, f"run {MONTH}", f"release {MONTH} --by admin"
        )
        said, _ = second.communicate(timeout=PATIENCE)
    finally:
        if second.poll() is None:
            second.send_signal(signal.SIGTERM)
            second.communicate()
    told = Told(
        folder, first, len(running), left, second, said, left_running(folder), {}, expected[1]
    )
    if second.returncode == 0:
        told.exports = CommandLine(folder, {"SHOUWANG_TODAY": TODAY}).after(str(MONTH))[1]
    return told


def test_interrupted_it_leaves_nothing_running(told):
    assert told.running_before >= 4
    assert told.interrupted.returncode == 128 + signal.SIGINT
    assert told.left_after_interruption == []


def test_the_next_demo_goes_on_with_the_county_that_is_there_and_tells_the_month(told):
    assert told.demo.returncode == 0, told.said
    assert "The made-up county of 300 households is there from last time." in told.said
    assert "5 departments have put their exports of 2026-09 into demo/inbox/2026-09" in told.said
    assert "The demo answers “Approve” in the clerk's place" in told.said
    assert "demo/outbox/2026-09/townships/" in told.said
    assert "the exchange board at /plugin/board" in " ".join(told.said.split())
    assert told.left == []


def test_the_scheduler_on_sqlite_says_to_the_byte_what_the_command_line_says(told):
    assert told.exports == told.by_hand
    assert told.by_hand["warnings"].count(b"\n") > 10


def test_no_person_is_named_in_what_the_demo_says_and_leaves(told, project):
    county = told.folder / "county"
    people = people_of(county, ordinary_texts(project))
    assert len(people.ordinary) <= 5
    assert len(people.names) > 700
    left = [("what it says", told.said), *texts_left(told.folder / "airflow", told.folder)]
    assert who_is_named(left, people) == {}


def test_a_folder_that_is_not_a_demo_is_left_alone(tmp_path):
    folder = tmp_path / "precious"
    (folder / "outbox").mkdir(parents=True)
    (folder / "outbox" / "list.xlsx").write_text("mine")
    run = demo(folder)
    said, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert "holds something that is not a demo" in " ".join(said.split())
    assert (folder / "outbox" / "list.xlsx").read_text() == "mine"


def test_what_a_real_county_has_set_is_not_the_demos(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOUWANG_SECRETS", str(tmp_path / "real"))
    monkeypatch.setenv("SHOUWANG_COUNTIES", str(tmp_path / "real"))
    demo = Demo(tmp_path / "demo")
    assert {name for name in demo.airflow.environment(1) if name.startswith("SHOUWANG")} == set(
        demo.settings
    )
