"""Where the steps of a delivery leave their frames for the next step: Parquet files, written whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd


class Staging:
    """The work folder of one delivery."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        """Whether a step has left this frame or note."""
        return (self.folder / name).exists()

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Leave a frame."""
        with self._whole(name) as path:
            frame.to_parquet(path, compression="zstd")

    def read_frame(self, name: str) -> pd.DataFrame:
        """Fetch a frame; text columns come back as text, also where all is empty."""
        return pd.read_parquet(self.folder / name)

    def write_note(self, name: str, content: Any) -> None:
        """Leave plain data."""
        with self._whole(name) as path:
            path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def read_note(self, name: str) -> Any:
        """Fetch plain data."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def clear(self) -> None:
        """Remove everything; the vault has the files that it can be made from again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _whole(self, name: str) -> _Whole:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Whole(self.folder / name)


class _Whole:
    """A file that appears under its name only when it is complete; what a killed process left of it is removed."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self.target.parent, prefix=f".{self.target.name}.", suffix=".part")
        os.close(handle)
        self.part = Path(name)
        return self.part

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.part.replace(self.target)
            for part in self.target.parent.glob(f".{glob.escape(self.target.name)}.*.part"):
                part.unlink(missing_ok=True)
        else:
            self.part.unlink(missing_ok=True)


def whole_file(target: Path) -> _Whole:
    """``with whole_file(path) as part:`` write to ``part``; ``path`` appears when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return _Whole(target)
