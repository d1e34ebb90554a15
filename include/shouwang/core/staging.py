"""Where the steps of a submission leave their frames for the next step: Parquet files, written whole
or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

OPEN = ".open"
"""The folder of the home for what may be open for a moment only."""


class Sealer(Protocol):
    """What seals files and opens them (`store.keys.Keys`)."""

    def seal_file(self, content: bytes) -> bytes: ...

    def open_file(self, content: bytes) -> bytes: ...


class Staging:
    """The work folder of one submission; whatever lies there is sealed."""

    def __init__(self, folder: Path, keys: Sealer) -> None:
        self.folder, self.keys = folder, keys

    def has(self, name: str) -> bool:
        """Whether a step has left this frame or note."""
        return (self.folder / name).exists()

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Leave a frame."""
        content = io.BytesIO()
        frame.to_parquet(content, compression="zstd")
        self._write(name, content.getvalue())

    def read_frame(self, name: str) -> pd.DataFrame:
        """Fetch a frame; text columns come back as text, also where all is empty."""
        return pd.read_parquet(io.BytesIO(self._read(name)))

    def write_note(self, name: str, content: Any) -> None:
        """Leave plain data."""
        self._write(name, json.dumps(content, ensure_ascii=False).encode())

    def read_note(self, name: str) -> Any:
        """Fetch plain data."""
        return json.loads(self._read(name))

    def clear(self) -> None:
        """Remove everything; the vault has the files that it can be made from again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> bytes:
        return self.keys.open_file((self.folder / name).read_bytes())

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file(self.folder / name) as part:
            part.write_bytes(self.keys.seal_file(content))


class _Whole:
    """A file that appears under its name only when it is complete; what a killed process left of it
    is removed.

    Whoever writes holds a lock on its part: another process that writes the same file leaves it
    alone.
    """

    def __init__(self, target: Path, replace: bool) -> None:
        self.target, self.replace = target, replace

    def __enter__(self) -> Path:
        while True:
            name = tempfile.mkstemp(
                dir=self.target.parent, prefix=f".{self.target.name}.", suffix=".part"
            )
            self.lock, self.part = name[0], Path(name[1])
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            if self.part.exists():  # nobody took it for a dead one's before the lock was ours
                return self.part
            os.close(self.lock)

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self.replace:
                self.part.replace(self.target)
            elif kind is None:
                with contextlib.suppress(FileExistsError):
                    os.link(self.part, self.target)
            self.part.unlink(missing_ok=True)
        finally:
            os.close(self.lock)
        for part in self.target.parent.glob(f".{glob.escape(self.target.name)}.*.part"):
            remove_if_left(part)


def remove_if_left(part: Path) -> None:
    """Remove the part of a process that is dead, or a folder of one; a living one's is locked."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError):
        handle = os.open(part, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        finally:
            os.close(handle)


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """``with only_one(folder):`` the second of two processes that work in the folder waits for the
    first."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def private_folder(home: Path) -> Iterator[Path]:
    """A folder of mode 0700 for what is open for a moment, gone afterwards, or at the next start
    (`sweep`)."""
    place = home / OPEN
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        folder = Path(tempfile.mkdtemp(dir=place))
        with contextlib.suppress(
            FileNotFoundError
        ):  # taken for a dead one's before the lock was ours
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                break
            os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(home: Path) -> None:
    """Remove what killed processes left open in `private_folder`."""
    for folder in (home / OPEN).iterdir() if (home / OPEN).is_dir() else ():
        remove_if_left(folder)


def whole_file(target: Path, replace: bool = True) -> _Whole:
    """``with whole_file(path) as part:`` write to ``part``; ``path`` appears when the block ends
    well.

    Without ``replace`` a file that is there already, or that another process makes meanwhile, stays
    as it is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    return _Whole(target, replace)
