"""Workbooks: xlsx, xlsm, xlsb, xls and ods through calamine, which runs no macro and follows no link.

Calamine gives nothing for an error (``#N/A``) where xlsx and xls hold one, as for an empty cell; those are looked up
and put in their places, for an error is not nothing.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator

import olefile
from lxml import etree
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from shouwang.errors import FileRefused
from shouwang.intake.sheets import Opened, Sheet, columns_of

OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNPACKED_LIMIT = 2 << 30
MOST_MERGES = 200_000
OLD_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}

Error = tuple[int, int, str]
"""Row and column from 0, and what the cell shows."""


def open_workbook(name: str, content: bytes) -> Opened:
    """Every worksheet of a workbook."""
    try:
        errors = _errors_of_xls(content) if content[:8] == OLE_MARK else _errors_of_zipped(name, content)
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheets = []
            for meta in book.sheets_metadata:
                if meta.typ == SheetTypeEnum.WorkSheet:
                    hidden = meta.visible != SheetVisibleEnum.Visible
                    page = book.get_sheet_by_name(meta.name)
                    sheets.append(_sheet(name, meta.name, hidden, page, errors.get(meta.name, [])))
    except (CalamineError, zipfile.BadZipFile, etree.LxmlError, OSError, ValueError, KeyError, struct.error) as error:
        if "assword" in str(error):
            raise FileRefused("encrypted", f"文件“{name}”有密码，请取消密码后重新上传。") from None
        raise FileRefused(
            "unreadable", f"文件“{name}”打不开（{type(error).__name__}），可能没有传完或已损坏，请重新导出后上传。"
        ) from None
    return Opened(sheets)


def _sheet(file: str, name: str, hidden: bool, page: CalamineSheet, errors: Iterable[Error]) -> Sheet:
    if page.start is None:
        return Sheet(file, name, hidden, [], range(1, 1))
    columns = columns_of(file, page.iter_rows(), left=page.start[1])
    height = len(columns[0].codes) if columns else 0
    codes: dict[tuple[int, str], int] = {}
    for row, place, shown in errors:
        if row < height and place < len(columns) and columns[place].codes[row] == 0:
            if (place, shown) not in codes:
                codes[place, shown] = len(columns[place].distinct)
                columns[place].distinct.append(shown)
            columns[place].codes[row] = codes[place, shown]
    merges = [
        (top, min(bottom, height - 1), left)
        for (top, left), (bottom, _) in (page.merged_cell_ranges or [])[:MOST_MERGES]
        if top < min(bottom, height - 1) and left < len(columns)
    ]
    return Sheet(file, name, hidden, columns, range(1, height + 1), tuple(merges))


def _errors_of_zipped(name: str, content: bytes) -> dict[str, list[Error]]:
    """Errors of an xlsx by sheet; also turned down here: what would unpack to too much."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_LIMIT:
            raise FileRefused("too_large", f"文件“{name}”展开后超过 2 GiB，请清除用不着的行和格式后重新上传。")
        if "xl/workbook.xml" not in archive.namelist():
            return {}
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
        links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
        parts = {link.get("Id"): link.get("Target", "").lstrip("/").removeprefix("xl/") for link in links}
        found = {}
        for sheet in book.iter("{*}sheet"):
            part = next((f"xl/{parts.get(v, '')}" for k, v in sheet.items() if k.endswith("}id")), "")
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


def _errors_of_xls(content: bytes) -> dict[str, list[Error]]:
    """Errors of an xls (records BOOLERR and FORMULA of [MS-XLS]) by sheet."""
    if not (_OLD_CELL.search(content) or _OLD_FORMULA.search(content)):
        return {}
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
    found: dict[str, list[Error]] = {}
    ends = [*sorted(start for start, _ in starts)[1:], len(stream)]
    for (start, name), end in zip(sorted(starts), ends, strict=True):
        for pattern in (_OLD_CELL, _OLD_FORMULA):
            for cell in pattern.finditer(stream, start, end):
                if cell[3][0] in OLD_ERRORS:
                    row, column = (int.from_bytes(cell[n], "little") for n in (1, 2))
                    found.setdefault(name, []).append((row, column, OLD_ERRORS[cell[3][0]]))
    return found
