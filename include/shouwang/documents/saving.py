"""Writing a workbook so that the same content is the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

_PROPERTIES = "docProps/core.xml"
_DC = "http://purl.org/dc/elements/1.1/"
_IDENTIFIER = re.compile(rb"<dc:identifier[^>]*>([0-9a-f]{64})</dc:identifier>")
_NOTE = re.compile(rb"<dc:description[^>]*>[^<]*</dc:description>")
Target = Path | IO[bytes]
"""Where a paper is written: a file, or memory where it is to be sealed before it may lie
anywhere."""


def write_bytes(target: Target, content: bytes) -> None:
    """Write a paper's content."""
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    else:
        target.write(content)


def save(
    workbook: Workbook, path: Target, *, when: dt.date, title: str, creator: str, said: str = ""
) -> None:
    """Write ``workbook`` to ``path``, dated ``when`` inside and out; ``said``: the fingerprint of
    what it says, whenever it is said."""
    moment = dt.datetime.combine(when, dt.time())
    properties = workbook.properties
    properties.created = properties.modified = moment
    properties.title, properties.creator, properties.lastModifiedBy = title, creator, creator
    properties.identifier = said or None
    loose = io.BytesIO()
    ExcelWriter(workbook, ZipFile(loose, "w", ZIP_STORED)).save()
    write_bytes(path, dated(loose.getvalue(), when))


def dated(content: bytes, when: dt.date) -> bytes:
    """A workbook's or document's bytes, packed anew as if all its parts were made on that day."""
    whole = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as parts, ZipFile(whole, "w", ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            entry = ZipInfo(name, (when.year, when.month, when.day, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            packed.writestr(entry, parts.read(name))
    return whole.getvalue()


def what_it_says(content: bytes) -> str | None:
    """The fingerprint that a paper bears of what it says, the moment left out; null if it has
    none."""
    with ZipFile(io.BytesIO(content)) as parts:
        match = _IDENTIFIER.search(parts.read(_PROPERTIES))
    return match[1].decode() if match else None


def described(content: bytes, note: str) -> bytes:
    """A workbook's bytes with a note among its properties (备注), in place of any other."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as parts, ZipFile(out, "w", ZIP_DEFLATED) as packed:
        for entry in parts.infolist():
            part = parts.read(entry)
            if entry.filename == _PROPERTIES:
                part = _NOTE.sub(b"", part)
                said = (
                    f'<dc:description xmlns:dc="{_DC}">{escape(note)}</dc:description>'.encode()
                    if note
                    else b""
                )
                part = part.replace(b"</cp:coreProperties>", said + b"</cp:coreProperties>")
            packed.writestr(entry, part)
    return out.getvalue()
