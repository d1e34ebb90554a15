"""Files that appear whole or not at all, and folders in which one process works at a time.

What a process writes it holds a lock on; what it leaves when it is killed is unlocked, and removed
by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

OPEN = ".open"
"""The folder of the home for what may be open for a moment only."""


@contextlib.contextmanager
def atomic_write(target: Path, replace: bool = True) -> Iterator[Path]:
    """``with atomic_write(path) as part:`` write to ``part``; ``path`` appears when the block ends
    well.

    Without ``replace`` a file that is there already, or that another process makes meanwhile, stays
    as it is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)

    def new() -> Path:
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
        os.close(handle)
        return Path(name)

    try:
        with _locked(new) as part:
            try:
                yield part
                if replace:
                    part.replace(target)
                else:
                    with contextlib.suppress(FileExistsError):
                        os.link(part, target)
            finally:
                part.unlink(missing_ok=True)
    finally:
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
            remove_if_left(left)


@contextlib.contextmanager
def private_folder(home: Path) -> Iterator[Path]:
    """A folder of mode 0700 for what is open for a moment, gone afterwards, or at the next start
    (`sweep`)."""
    place = home / OPEN
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(lambda: Path(tempfile.mkdtemp(dir=place))) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path) -> None:
    """Remove what killed processes left open in `private_folder`."""
    for folder in (home / OPEN).iterdir() if (home / OPEN).is_dir() else ():
        remove_if_left(folder)


def remove_if_left(part: Path) -> None:
    """Remove a file or folder of a process that is dead; a living one's is locked."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError):
        handle = os.open(part, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        finally:
            os.close(handle)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """``with folder_lock(folder):`` the second of two processes that work in the folder waits for
    the first."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked(make: Callable[[], Path]) -> Iterator[Path]:
    """Something new, locked while the block lasts."""
    while True:
        path = make()
        with contextlib.suppress(FileNotFoundError):  # taken for a dead one's before the lock
            handle = os.open(path, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if path.exists():
                break
            os.close(handle)
    try:
        yield path
    finally:
        os.close(handle)
