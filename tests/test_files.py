"""Files appear whole, two processes do not tread on each other, and nothing open is left by one
that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

from shouwang.core.files import OPEN, atomic_write, folder_lock, private_folder, sweep

FORK = multiprocessing.get_context("fork")


def test_who_writes_the_same_file_leaves_the_other_s_part_alone(tmp_path: Path) -> None:
    target = tmp_path / "清单.json"
    with atomic_write(target) as mine:
        mine.write_text("mine")
        with atomic_write(target) as other:
            other.write_text("other")
        assert target.read_text() == "other"
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_the_part_of_a_killed_process_goes_with_the_next_writing(tmp_path: Path) -> None:
    def die() -> None:
        with atomic_write(tmp_path / "名单") as part:
            part.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)

    child = FORK.Process(target=die)
    child.start()
    child.join()
    assert len(list(tmp_path.glob(".*.part"))) == 1
    with atomic_write(tmp_path / "名单") as part:
        part.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["名单"]


def test_what_lay_open_is_swept_at_the_next_start_unless_somebody_is_at_work(
    tmp_path: Path,
) -> None:
    def die() -> None:
        with private_folder(tmp_path) as folder:
            (folder / "copy.db").write_text("names")
            os.kill(os.getpid(), signal.SIGKILL)

    child = FORK.Process(target=die)
    child.start()
    child.join()
    assert (tmp_path / OPEN).stat().st_mode & 0o777 == 0o700
    assert len(list((tmp_path / OPEN).iterdir())) == 1
    with private_folder(tmp_path) as mine:
        sweep(tmp_path)
        assert list((tmp_path / OPEN).iterdir()) == [mine]
    assert list((tmp_path / OPEN).iterdir()) == []


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    def work(name: str) -> None:
        with folder_lock(tmp_path):
            for mark in "12":
                with (tmp_path / "log").open("a") as log:
                    log.write(f"{name}{mark} ")
                time.sleep(0.05)

    children = [FORK.Process(target=work, args=(name,)) for name in "ab"]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert (tmp_path / "log").read_text() in ("a1 a2 b1 b2 ", "b1 b2 a1 a2 ")
