"""What calamine overlooks in a workbook, by sheet: it gives an error (``#N/A``) and a formula
without a value as empty cells, and does not tell merged cells of xlsb and ods.

Most workbooks have none, and each part is first looked through for a sign of one.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

from lxml import etree

from shouwang.intake.sheets import NOT_CALCULATED

CODES = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}
"""Errors as the binary formats number them."""


class Overlooked(NamedTuple):
    """Of one sheet: errors (row and column from 0, and what the cell shows), and cells merged
    downwards."""

    errors: list[tuple[int, int, str]]
    merges: list[tuple[int, int, int]]


Found = dict[str, Overlooked]


def overlooked_in(archive: zipfile.ZipFile) -> Found:
    """What is overlooked in an xlsx, xlsb or ods."""
    archive.NameToInfo |= {
        name.replace("\\", "/"): part for name, part in archive.NameToInfo.items()
    }
    parts = archive.NameToInfo.keys()  # some programs write the paths of Windows
    if "xl/workbook.xml" in parts:
        return {
            name: of_xlsx(archive, part) for name, part in sheets_of_xlsx(archive) if part in parts
        }
    return of_xlsb(archive) if "xl/workbook.bin" in parts else of_ods(archive)


def plain_xml(content: bytes) -> Any:
    """A small part of a workbook; nothing outside it is looked at."""
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def links_of(archive: zipfile.ZipFile, links: str) -> dict[str, tuple[str, str]]:
    """The parts of a workbook by the id of their relationship, each with its kind."""
    return {
        link.get("Id", ""): (
            "xl/" + link.get("Target", "").lstrip("/").removeprefix("xl/"),
            link.get("Type", "").rpartition("/")[2],
        )
        for link in plain_xml(archive.read(links))
    }


def link_of(sheet: Any) -> str:
    """The id of the relationship that a sheet of an xlsx names."""
    return next((str(value) for name, value in sheet.items() if name.endswith("}id")), "")


def sheets_of_xlsx(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Name and part of each sheet."""
    links = links_of(archive, "xl/_rels/workbook.xml.rels")
    for sheet in plain_xml(archive.read("xl/workbook.xml")).iter("{*}sheet"):
        yield sheet.get("name", ""), links.get(link_of(sheet), ("", ""))[0]


_SIGNS = b't="e"', b"f>", b"<f ", b":f "
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE, _SHOWN = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"'), re.compile(rb"v>(#[^<]{2,20})<")
_FORMULA, _VALUE = re.compile(rb"<(?:\w+:)?f[\s/>]"), re.compile(rb"<(?:\w+:)?(?:v[^>]*>[^<]|is>)")


def of_xlsx(archive: zipfile.ZipFile, part: str) -> Overlooked:
    """Errors and formulas without a value of a sheet of an xlsx or xlsm."""
    found, rest = Overlooked([], []), b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 20):
            piece = rest + piece
            end = piece.rfind(b"row>") + 1 or len(piece)
            if any(sign in piece for sign in _SIGNS):
                for cell in _CELL.finditer(piece, 0, end):
                    place = _PLACE.search(cell[1])
                    shown = _shown(cell[1], cell[2])
                    if place and shown:
                        column = 0
                        for letter in place[1]:
                            column = column * 26 + letter - 64
                        found.errors.append((int(place[2]) - 1, column - 1, shown))
            rest = piece[end:]
    return found


def _shown(attributes: bytes, content: bytes) -> str:
    if b't="e"' in attributes:
        error = _SHOWN.search(content)
        return error[1].decode("ascii", "replace") if error else ""
    if not _FORMULA.match(content) or _VALUE.search(content):
        return ""
    empty_text = b't="str"' in attributes and b"v" in content.rpartition(b"f>")[2]
    return "" if empty_text else NOT_CALCULATED


_BINARY_SIGN = re.compile(
    rb"[\x03\x0b][\x09-\x7f].{8}[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]|\xb0\x01\x10", re.DOTALL
)
_ROW, _CELL_ERROR, _FORMULA_ERROR, _SHEET, _MERGE = 0, 3, 11, 156, 176


def of_xlsb(archive: zipfile.ZipFile) -> Found:
    """Errors and merged cells of an xlsb (records BrtCellError, BrtFmlaError and BrtMergeCell of
    [MS-XLSB])."""
    links = links_of(archive, "xl/_rels/workbook.bin.rels")
    found: Found = {}
    for kind, sheet in _records(archive.read("xl/workbook.bin")):
        if kind != _SHEET:
            continue
        size = 2 * struct.unpack_from("<I", sheet, 8)[0]
        part, name = (
            sheet[12 : 12 + size].decode("utf-16-le"),
            sheet[16 + size :].decode("utf-16-le"),
        )
        content = archive.read(links[part][0])
        of_sheet = found[name] = Overlooked([], [])
        row = 0
        for kind, cell in _records(content) if _BINARY_SIGN.search(content) else ():
            if kind == _ROW:
                (row,) = struct.unpack_from("<I", cell)
            elif kind in (_CELL_ERROR, _FORMULA_ERROR) and cell[8] in CODES:
                of_sheet.errors.append((row, struct.unpack_from("<I", cell)[0], CODES[cell[8]]))
            elif kind == _MERGE:
                of_sheet.merges.append(struct.unpack_from("<III", cell))
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


_ODS_SIGN = re.compile(rb'value-type="error"|:formula="|-rows-spanned="')


def of_ods(archive: zipfile.ZipFile) -> Found:
    """Errors (as LibreOffice marks them), formulas without a value, and merged cells of an ods."""
    with archive.open("content.xml") as stream:
        rest, marked = b"", False
        while not marked and (piece := stream.read(1 << 20)):
            marked = bool(_ODS_SIGN.search(rest + piece))
            rest = piece[-20:]
    found: Found = {}
    if not marked:
        return found
    with archive.open("content.xml") as stream:
        tables = etree.iterparse(
            stream,
            tag="{*}table",
            resolve_entities=False,
            no_network=True,
            huge_tree=True,
            remove_comments=True,
        )
        for _, table in tables:
            of_sheet = found[_own(table)["name"]] = Overlooked([], [])
            row = 0
            for line in table.iter("{*}table-row"):
                column = 0
                for cell in line:
                    own = _own(cell)
                    if shown := _shown_in_ods(own, cell):
                        of_sheet.errors.append((row, column, shown))
                    if (high := int(own.get("number-rows-spanned", 1))) > 1:
                        of_sheet.merges.append((row, row + high - 1, column))
                    column += int(own.get("number-columns-repeated", 1))
                row += int(_own(line).get("number-rows-repeated", 1))
            table.clear()
    return found


def _own(element: Any) -> dict[str, str]:
    """The attributes by their local names; LibreOffice's own come before those of the standard."""
    names = sorted(element.keys(), key=lambda name: "calcext" in name)
    return {name.rpartition("}")[2]: element.get(name) for name in names}


def _shown_in_ods(own: dict[str, str], cell: Any) -> str:
    if own.get("value-type") == "error":
        shown = "".join(cell.itertext()).strip()
        return shown if shown in CODES.values() else "#VALUE!"
    return NOT_CALCULATED if "formula" in own and "value-type" not in own else ""
