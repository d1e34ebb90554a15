"""Where the steps of a delivery leave their frames for the next step: Parquet files, written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import pandas as pd


class Sealer(Protocol):
    """What seals files and opens them (`store.keys.Keys`)."""

    def seal_file(self, content: bytes) -> bytes: ...

    def open_file(self, content: bytes) -> bytes: ...


class Staging:
    """The work folder of one delivery; whatever lies there is sealed."""

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
    """A file that appears under its name only when it is complete; what a killed process left of it is removed."""

    def __init__(self, target: Path, replace: bool) -> None:
        self.target, self.replace = target, replace

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self.target.parent, prefix=f".{self.target.name}.", suffix=".part")
        os.close(handle)
        self.part = Path(name)
        return self.part

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            if self.replace:
                self.part.replace(self.target)
            else:
                with contextlib.suppress(FileExistsError, FileNotFoundError):  # the other has tidied up ours
                    os.link(self.part, self.target)
            for part in self.target.parent.glob(f".{glob.escape(self.target.name)}.*.part"):
                part.unlink(missing_ok=True)
        else:
            self.part.unlink(missing_ok=True)


def whole_file(target: Path, replace: bool = True) -> _Whole:
    """``with whole_file(path) as part:`` write to ``part``; ``path`` appears when the block ends well.

    Without ``replace`` a file that is there already, or that another process makes meanwhile, stays as it is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    return _Whole(target, replace)
