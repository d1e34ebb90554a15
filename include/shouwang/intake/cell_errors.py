"""The cells of a workbook that hold an error (``#N/A``), which calamine gives as empty ones: by sheet.

Most workbooks have none, and each kind is first looked through for a sign of one.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator

from lxml import etree

Error = tuple[int, int, str]
"""Row and column from 0, and what the cell shows."""
Errors = dict[str, list[Error]]

CODES = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#GETTING_DATA",
}  # fmt: skip
"""Errors as the binary formats number them."""


def _parts(archive: zipfile.ZipFile, links: str) -> dict[str, str]:
    """The parts of a workbook by the id of their relationship."""
    found = etree.fromstring(archive.read(links), etree.XMLParser(resolve_entities=False, no_network=True))
    return {link.get("Id", ""): "xl/" + link.get("Target", "").lstrip("/").removeprefix("xl/") for link in found}


def errors_of_xlsx(archive: zipfile.ZipFile) -> Errors:
    """Errors of an xlsx or xlsm."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
    parts = _parts(archive, "xl/_rels/workbook.xml.rels")
    found = {}
    for sheet in book.iter("{*}sheet"):
        part = next((parts.get(value, "") for name, value in sheet.items() if name.endswith("}id")), "")
        if part in archive.namelist() and (errors := list(_errors_of_part(archive, part))):
            found[sheet.get("name", "")] = errors
    return found


_ERROR_CELL = re.compile(rb'<(?:\w+:)?c\s([^>]*?\bt="e"[^>]*)>(.*?)</(?:\w+:)?c>', re.DOTALL)
_PLACE, _SHOWN = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"'), re.compile(rb"v>(#[^<]{2,20})<")


def _errors_of_part(archive: zipfile.ZipFile, part: str) -> Iterator[Error]:
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 20):
            piece = rest + piece
            end = piece.rfind(b"</row>") + 1 or len(piece)
            if b't="e"' in piece:
                for cell in _ERROR_CELL.finditer(piece, 0, end):
                    place, shown = _PLACE.search(cell[1]), _SHOWN.search(cell[2])
                    if place and shown:
                        column = 0
                        for letter in place[1]:
                            column = column * 26 + letter - 64
                        yield int(place[2]) - 1, column - 1, shown[1].decode("ascii", "replace")
            rest = piece[end:]


_OLD_CELL = re.compile(rb"\x05\x02\x08\x00(..)(..)..(.)\x01", re.DOTALL)
_OLD_FORMULA = re.compile(rb"\x06\x00..(..)(..)..\x02.(.)...\xff\xff", re.DOTALL)


def errors_of_xls(content: bytes) -> Errors:
    """Errors of an xls (records BOOLERR and FORMULA of [MS-XLS]) by sheet."""
    if not (_OLD_CELL.search(content) or _OLD_FORMULA.search(content)):
        return {}
    import olefile  # few files need it

    with olefile.OleFileIO(io.BytesIO(content)) as parts:
        stream = parts.openstream("Workbook" if parts.exists("Workbook") else "Book").read()
    starts: list[tuple[int, str]] = []
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == 0x85:  # BOUNDSHEET
            (start,) = struct.unpack_from("<I", stream, at + 4)
            wide = stream[at + 11] & 1
            text = stream[at + 12 : at + 4 + size]
            starts.append((start, text.decode("utf-16-le" if wide else "latin-1", "replace")))
        if kind == 0x0A:  # EOF of the workbook's own part
            break
        at += 4 + size
    found: Errors = {}
    ends = [*sorted(start for start, _ in starts)[1:], len(stream)]
    for (start, name), end in zip(sorted(starts), ends, strict=True):
        for pattern in (_OLD_CELL, _OLD_FORMULA):
            for cell in pattern.finditer(stream, start, end):
                if cell[3][0] in CODES:
                    row, column = (int.from_bytes(cell[n], "little") for n in (1, 2))
                    found.setdefault(name, []).append((row, column, CODES[cell[3][0]]))
    return found


_BINARY_CELL = re.compile(rb"[\x03\x0b][\x09-\x7f].{8}[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]", re.DOTALL)
_ROW, _CELL_ERROR, _FORMULA_ERROR, _SHEET = 0, 3, 11, 156


def errors_of_xlsb(archive: zipfile.ZipFile) -> Errors:
    """Errors of an xlsb (records BrtCellError and BrtFmlaError of [MS-XLSB])."""
    parts = _parts(archive, "xl/_rels/workbook.bin.rels")
    found: Errors = {}
    for kind, sheet in _records(archive.read("xl/workbook.bin")):
        if kind != _SHEET:
            continue
        size = 2 * struct.unpack_from("<I", sheet, 8)[0]
        part, name = sheet[12 : 12 + size].decode("utf-16-le"), sheet[16 + size :].decode("utf-16-le")
        content = archive.read(parts[part])
        row = 0
        for kind, cell in _records(content) if _BINARY_CELL.search(content) else ():
            if kind == _ROW:
                (row,) = struct.unpack_from("<I", cell)
            elif kind in (_CELL_ERROR, _FORMULA_ERROR) and cell[8] in CODES:
                found.setdefault(name, []).append((row, struct.unpack_from("<I", cell)[0], CODES[cell[8]]))
    return found


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part of an xlsb: kind and content."""
    at = 0
    while at < len(stream):
        head = []
        for most in (2, 4):  # kind and size: seven bits a byte, the eighth says that more follow
            number = 0
            for place in range(most):
                byte = stream[at]
                at += 1
                number |= (byte & 0x7F) << 7 * place
                if byte < 0x80:
                    break
            head.append(number)
        kind, size = head
        yield kind, stream[at : at + size]
        at += size


def errors_of_ods(archive: zipfile.ZipFile) -> Errors:
    """Errors of an ods, as LibreOffice marks them."""
    with archive.open("content.xml") as stream:
        rest, marked = b"", False
        while not marked and (piece := stream.read(1 << 20)):
            marked = b'value-type="error"' in rest + piece
            rest = piece[-20:]
    if not marked:
        return {}
    found: Errors = {}
    with archive.open("content.xml") as stream:
        tables = etree.iterparse(
            stream, tag="{*}table", resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True
        )
        for _, table in tables:
            row = 0
            for line in table.iter("{*}table-row"):
                column = 0
                for cell in line:
                    own = {name.rpartition("}")[2]: value for name, value in cell.items() if "office" not in name}
                    if own.get("value-type") == "error":
                        shown = "".join(cell.itertext()).strip()
                        name = next(value for key, value in table.items() if key.endswith("}name"))
                        found.setdefault(name, []).append(
                            (row, column, shown if shown in CODES.values() else "#VALUE!")
                        )
                    column += int(own.get("number-columns-repeated", 1))
                row += int(next((v for k, v in line.items() if k.endswith("}number-rows-repeated")), 1))
            table.clear()
    return found
