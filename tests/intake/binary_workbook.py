"""An xlsb made by hand ([MS-XLSB]): no library that we know writes one."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsb(
    grid: list[list[str | float | bytes]], merges: Sequence[tuple[int, int, int]] = ()
) -> bytes:
    """One sheet 台账; a cell of one byte is that error. ``merges``: first row, last row and
    column."""
    sheet = (
        _record(129)
        + _record(148, struct.pack("<4I", 0, len(grid) - 1, 0, len(grid[0]) - 1))
        + _record(145)
    )
    for row, line in enumerate(grid):
        sheet += _record(0, struct.pack("<IIHBBBI", row, 0, 300, 0, 0, 0, 0))
        for column, value in enumerate(line):
            at = struct.pack("<II", column, 0)
            match value:
                case str():
                    sheet += _record(6, at + _text(value))
                case bytes():
                    sheet += _record(3, at + value)
                case _:
                    sheet += _record(5, at + struct.pack("<d", value))
    sheet += _record(146)
    if merges:
        sheet += _record(177, struct.pack("<I", len(merges)))
        for top, bottom, column in merges:
            sheet += _record(176, struct.pack("<4I", top, bottom, column, column))
        sheet += _record(178)
    sheet += _record(130)
    bundle = _record(156, struct.pack("<II", 0, 1) + _text("rId1") + _text("台账"))
    book = _record(131) + _record(143) + bundle + _record(144) + _record(132)
    link = '<?xml version="1.0"?><Relationships xmlns="{}/relationships"><Relationship Id="rId1" Type="{}/{}" Target="{}"/></Relationships>'
    parts = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": link.format(PACKAGE, OFFICE, "officeDocument", "xl/workbook.bin"),
        "xl/_rels/workbook.bin.rels": link.format(
            PACKAGE, OFFICE, "worksheet", "worksheets/sheet1.bin"
        ),
        "xl/workbook.bin": book,
        "xl/worksheets/sheet1.bin": sheet,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _record(kind: int, content: bytes = b"") -> bytes:
    return _varying(kind) + _varying(len(content)) + content


def _varying(number: int) -> bytes:
    """A number as record types and sizes are written: seven bits a byte, the eighth says that more
    follow."""
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
