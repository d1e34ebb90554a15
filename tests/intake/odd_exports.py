"""Sound exports as old programs and report libraries write them, made record by record: what Excel
opens without a word."""

from __future__ import annotations

import io
import re
import struct

import xlwt
from broken_files import GRID, packed
from xlwt.CompoundDoc import XlsDoc

Grid = list[list[str]]
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def record(kind: int, content: bytes = b"") -> bytes:
    """One record of a BIFF stream."""
    return struct.pack("<HH", kind, len(content)) + content


def bare_records(
    bof: bytes, excel2: bool, page: int | None, grid: Grid = GRID, encoding: str = "gbk"
) -> bytes:
    """A sheet that is nothing but its records, as small programs write it; ``excel2``: with the
    cells of Excel 2."""
    out = bof + (record(0x42, struct.pack("<H", page)) if page is not None else b"")
    for r, line in enumerate(grid):
        for c, text in enumerate(line):
            raw = text.encode(encoding)
            if excel2:
                out += record(0x04, struct.pack("<HH3sB", r, c, bytes(3), len(raw)) + raw)
            else:
                out += record(0x204, struct.pack("<HHHH", r, c, 0, len(raw)) + raw)
    return out + record(0x0A)


EXCEL_2 = record(0x009, struct.pack("<HH", 0x200, 0x10))
EXCEL_3 = record(0x209, struct.pack("<HHH", 0x300, 0x10, 0))
EXCEL_4 = record(0x409, struct.pack("<HHH", 0x400, 0x10, 0))
EXCEL_5 = record(0x809, struct.pack("<HHHH", 0x500, 0x10, 0, 0))
DELPHI = record(0x809, bytes(2) + struct.pack("<H", 0x10) + bytes(4))
"""As a much copied unit of Delphi begins a file: the version is 0."""


def excel_95(page: int | None, grid: Grid = GRID, encoding: str = "gbk") -> bytes:
    """A workbook of Excel 95 with one sheet, in a compound file."""
    name = "名".encode(encoding)
    head = record(0x809, struct.pack("<HHHH", 0x500, 0x05, 0, 0))
    head += record(0x42, struct.pack("<H", page)) if page is not None else b""
    start = len(head) + 4 + 7 + len(name) + 4
    head += record(0x85, struct.pack("<IHB", start, 0, len(name)) + name) + record(0x0A)
    out = io.BytesIO()
    XlsDoc().save(out, head + bare_records(EXCEL_5, False, None, grid, encoding))
    return out.getvalue()


def excel_97(page: int = 1200, money_format: int = 164) -> bytes:
    """A workbook of Excel 97 that says another code page, or gives its format of money another
    number."""
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    sheet = book.add_sheet("台账")
    money, day = xlwt.easyxf(num_format_str="#,##0.000"), xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for r, line in enumerate(GRID):
        for c, text in enumerate(line):
            sheet.write(r, c, text)
    sheet.write(1, 8, 560.5, money)
    sheet.write(1, 9, 46027, day)
    sheet.write_merge(2, 3, 8, 8, "合并")
    book.save(out)
    content = out.getvalue().replace(
        record(0x42, struct.pack("<H", 1200)), record(0x42, struct.pack("<H", page))
    )
    new = struct.pack("<H", money_format)
    content = re.sub(rb"(\x1e\x04..)\xa4\x00", lambda m: m[1] + new, content, flags=re.DOTALL)
    return re.sub(rb"(\xe0\x00\x14\x00..)\xa4\x00", lambda m: m[1] + new, content, flags=re.DOTALL)


def cell(place: str, content: str | None, prefix: str = "") -> str:
    """A cell of an xlsx with its text in itself; content that is markup as it stands."""
    if content is None or content.startswith("<"):
        return f'<{prefix}c r="{place}">{content or ""}</{prefix}c>'
    inside = f"<{prefix}is><{prefix}t>{content}</{prefix}t></{prefix}is>"
    return f'<{prefix}c r="{place}" t="inlineStr">{inside}</{prefix}c>'


def bare_xlsx(
    grid: list[list[str]] = GRID,
    *,
    prefix: str = "",
    more_sheets: str = "",
    more_links: str = "",
    target: str = "worksheets/sheet1.xml",
    backslashes: bool = False,
    more_parts: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """An xlsx of as few parts as Excel needs."""
    p = f"{prefix}:" if prefix else ""
    space = f'xmlns:{prefix}="{SPREADSHEET}"' if prefix else f'xmlns="{SPREADSHEET}"'
    rows = "".join(
        f'<{p}row r="{r}">'
        + "".join(cell(f"{chr(64 + c)}{r}", text, p) for c, text in enumerate(line, 1))
        + f"</{p}row>"
        for r, line in enumerate(grid, 1)
    )
    parts = [
        (
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        ),
        (
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        ),
        (
            "xl/workbook.xml",
            f'<{p}workbook {space} xmlns:r="{OFFICE}"><{p}sheets><{p}sheet name="台账" sheetId="1" r:id="rId1"/>'
            f"{more_sheets}</{p}sheets></{p}workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="{target}"/>'
            f"{more_links}</Relationships>",
        ),
        (
            "xl/worksheets/sheet1.xml",
            f"<{p}worksheet {space}><{p}sheetData>{rows}</{p}sheetData></{p}worksheet>",
        ),
        *more_parts,
    ]
    return packed(
        [(name.replace("/", "\\") if backslashes else name, text.encode()) for name, text in parts]
    )


def with_method(method: int, name: str = "台账.csv", content: bytes = b"x") -> bytes:
    """A zip whose member says that it is packed by another method."""
    made = bytearray(packed([(name, content)]))
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = made.index(mark) + place
        made[at : at + 2] = struct.pack("<H", method)
    return bytes(made)


def zip_of_names(*names: tuple[bytes, bytes]) -> bytes:
    """A zip with names as the writer's system has them, none of them marked as UTF-8."""
    made = packed([(chr(97 + n) * len(name), content) for n, (name, content) in enumerate(names)])
    for n, (name, _) in enumerate(names):
        made = made.replace(chr(97 + n).encode() * len(name), name)
    return made
