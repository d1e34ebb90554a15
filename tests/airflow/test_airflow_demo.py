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
from scheduled import PATIENCE

from demo.month import Demo
from demo.scheduler import PROJECT

pytestmark = pytest.mark.timeout(1200)


@dataclass
class Told:
    """A demo that was interrupted, and the one after it."""

    interrupted: subprocess.Popen[str]
    running_before: int
    left_after_interruption: list[psutil.Process]
    demo: subprocess.Popen[str]
    said: str
    left: list[psutil.Process]


def demo(folder: Path) -> subprocess.Popen[str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AIRFLOW", "SHOUWANG"))
    }
    kept["PYTHONPATH"] = str(PROJECT)  # the demo is no part of what is installed
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

    second = demo(folder)
    try:
        said, _ = second.communicate(timeout=PATIENCE)
    finally:
        if second.poll() is None:
            second.send_signal(signal.SIGTERM)
            second.communicate()
    return Told(first, len(running), left, second, said, left_running(folder))


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
