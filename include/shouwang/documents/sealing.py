"""Workbooks under a password (加密): AES-256 as Office, WPS and LibreOffice write and open it
([MS-OFFCRYPTO] agile)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from shouwang.core.errors import FileRefused
from shouwang.intake.secrets import decrypted, is_encrypted

STAYS_CLOSED = "文件有密码，县里发给乡镇的密码都打不开；请取消密码后另存，再报。"


def sealed(content: bytes, password: str) -> bytes:
    """A workbook's bytes under a password; no two sealings of the same workbook are alike."""
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt(password, out)
    return out.getvalue()


def unsealed(content: bytes, passwords: Sequence[str] = ()) -> bytes:
    """The workbook inside, by whichever password opens it; `FileRefused` if none. What is not
    sealed is given back."""
    if not is_encrypted(content):
        return content
    try:
        return decrypted("", content, passwords)
    except FileRefused as refused:
        raise FileRefused(refused.code, STAYS_CLOSED) from None


def open_sealed(path: Path, *passwords: str) -> io.BytesIO:
    """A workbook for openpyxl or calamine to read, sealed or not."""
    return io.BytesIO(unsealed(path.read_bytes(), passwords))
