"""`make demo`'s driver, with steps that are doubles: it tells, fails with a reason, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from shouwang.demo.scheduler import free_port

STANDIN = Path(__file__).parent / "standin"


def demo(project: Path, folder: Path, *words: str) -> subprocess.Popen[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "SHOUWANG"))}
    return subprocess.Popen(
        [sys.executable, "-m", "shouwang.demo", *words, "--folder", str(folder), "--households", "5"],
        env={**kept, "PYTHONPATH": os.pathsep.join([str(STANDIN), str(project / "include")])},
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


@pytest.mark.timeout(400)
def test_the_month_is_told_and_a_second_demo_starts_clean(project, tmp_path):
    folder = tmp_path / "demo"
    run = demo(project, folder, "month")
    said, _ = run.communicate(timeout=180)
    assert run.returncode == 0, said
    assert "5 departments have put their exports of 2026-09 into demo/inbox/2026-09" in said
    assert "The demo answers “Approve” in the clerk's place" in said
    assert "demo/outbox/2026-09/townships/东乡/预警名单.xlsx" in said
    assert "某局 medical_insurance" in said
    assert left_running(folder) == []

    again = demo(project, folder, "month")
    said, _ = again.communicate(timeout=180)
    assert again.returncode == 0, said
    assert "is there from last time" in said
    calls = (folder / "calls.txt").read_text().splitlines()
    assert calls.count("screen 2026-09") <= 2  # of this run alone; two departments may settle the month at once


@pytest.mark.timeout(200)
def test_a_failed_step_is_named_with_the_end_of_its_log(project, tmp_path):
    folder = tmp_path / "demo"
    run = demo(project, folder, "month", "--seed", "13")
    said, _ = run.communicate(timeout=180)
    assert run.returncode == 1, said
    words = " ".join(said.split())
    assert "The task match of exchange_water failed" in words
    assert "attempt=1.log" in "".join(said.split())
    assert "2 of 10 rows were not accounted for." in words
    assert left_running(folder) == []


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_running(project, tmp_path, number):
    folder = tmp_path / "demo"
    run = demo(project, folder, "month")
    until = time.monotonic() + 60
    while len(left_running(folder)) < 4 and time.monotonic() < until:
        time.sleep(0.3)
    run.send_signal(number)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 128 + number, said
    assert left_running(folder) == []


@pytest.mark.timeout(200)
def test_up_stays_until_down_and_a_note_of_a_dead_one_does_not_matter(project, tmp_path):
    folder = tmp_path / "demo"
    (folder / "airflow").mkdir(parents=True)
    (folder / "airflow" / "running.json").write_text(f'{{"pid": 1, "since": 0.0, "port": {free_port(0)}}}')
    try:
        run = demo(project, folder, "up")
        said, _ = run.communicate(timeout=120)
        assert run.returncode == 0, said
        address = said.split("Airflow runs on ")[1].split(":", 2)
        url = ":".join(address[:3]).split(": user")[0]
        assert "password" in said
        assert httpx.get(f"{url}/api/v2/version", trust_env=False).status_code == 200
    finally:
        down = demo(project, folder, "down")
        down.communicate(timeout=60)
    assert down.returncode == 0
    assert left_running(folder) == []


def test_a_folder_that_is_not_a_demo_is_left_alone(project, tmp_path):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "outbox").mkdir()
    (folder / "outbox" / "list.xlsx").write_text("mine")
    run = demo(project, folder, "month")
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "holds something that is not a demo" in " ".join(said.split())
    assert (folder / "outbox" / "list.xlsx").read_text() == "mine"
