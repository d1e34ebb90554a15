"""Which files lie in the inbox for a department and month, whether they are whole yet, and their fingerprint."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt"})
PASSED_OVER = (".", "~$", "Thumbs.db", "desktop.ini")


def find_files(folder: Path) -> list[Path]:
    """The files of one department and month, sorted by name; office lock files and hidden ones do not count."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(PASSED_OVER))


def settled(files: list[Path], age_seconds: float) -> bool:
    """Whether there are files and none was changed in the last ``age_seconds``: one may still be being copied."""
    now = time.time()
    return bool(files) and all(now - p.stat().st_mtime >= age_seconds for p in files)


def fingerprint(files: list[Path]) -> str:
    """Sixteen hexadecimal characters that change with any file's name or content."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
