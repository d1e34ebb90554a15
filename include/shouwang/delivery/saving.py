"""Writing a workbook so that the same content is the same bytes."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter


def save(workbook: Workbook, path: Path, *, when: dt.date, title: str, creator: str) -> None:
    """Write ``workbook`` to ``path``, dated ``when`` inside and out."""
    moment = dt.datetime.combine(when, dt.time())
    properties = workbook.properties
    properties.created = properties.modified = moment
    properties.title, properties.creator, properties.lastModifiedBy = title, creator, creator
    loose = io.BytesIO()
    ExcelWriter(workbook, ZipFile(loose, "w", ZIP_STORED)).save()
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(loose) as parts, ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            entry = ZipInfo(name, (when.year, when.month, when.day, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            packed.writestr(entry, parts.read(name))
