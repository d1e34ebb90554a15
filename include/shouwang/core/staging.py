"""Where the steps of a submission leave their frames for the next step: sealed Parquet files."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from shouwang.core.files import atomic_write


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
        """Remove everything; the raw store has the files that it can be made from again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> bytes:
        return self.keys.open_file((self.folder / name).read_bytes())

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write(self.folder / name) as part:
            part.write_bytes(self.keys.seal_file(content))
