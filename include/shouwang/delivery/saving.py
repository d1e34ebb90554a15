"""Writing a workbook so that the same content is the same bytes."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

Target = Path | IO[bytes]
"""Where a paper is written: a file, or memory where it is to be sealed before it may lie anywhere."""


def write_bytes(target: Target, content: bytes) -> None:
    """Write a paper's content."""
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    else:
        target.write(content)


def save(workbook: Workbook, path: Target, *, when: dt.date, title: str, creator: str) -> None:
    """Write ``workbook`` to ``path``, dated ``when`` inside and out."""
    moment = dt.datetime.combine(when, dt.time())
    properties = workbook.properties
    properties.created = properties.modified = moment
    properties.title, properties.creator, properties.lastModifiedBy = title, creator, creator
    loose = io.BytesIO()
    ExcelWriter(workbook, ZipFile(loose, "w", ZIP_STORED)).save()
    whole = io.BytesIO()
    with ZipFile(loose) as parts, ZipFile(whole, "w", ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            entry = ZipInfo(name, (when.year, when.month, when.day, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            packed.writestr(entry, parts.read(name))
    write_bytes(path, whole.getvalue())
