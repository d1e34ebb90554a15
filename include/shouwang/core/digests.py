"""Fingerprints: SHA-256 in hexadecimal, whole for files, its first sixteen places for names of our
own."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHORT = 16


def digest(content: bytes | str) -> str:
    """The whole fingerprint; of a text, that of its UTF-8, lone surrogates as question marks."""
    data = content.encode(errors="replace") if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()


def short_digest(content: bytes | str) -> str:
    """Sixteen places, enough for names within a county."""
    return digest(content)[:SHORT]


def file_digest(path: Path) -> str:
    """The whole fingerprint of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
