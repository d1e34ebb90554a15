"""Grids of cells written as ods, as HTML and as the XML of Excel 2003."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from demo.forms import Cell
from demo.layouts import Sheet

EXCEL = "urn:schemas-microsoft-com:office:spreadsheet"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
ODS = "application/vnd.oasis.opendocument.spreadsheet"

Laid = tuple[int, Cell, int, int]
"""A cell's column, what is in it, and how many columns and rows it covers."""


def _laid(sheet: Sheet) -> Iterator[list[Laid]]:
    """The cells of each row, without those that a merged one covers."""
    starts = {(r1, c1): (c2 - c1 + 1, r2 - r1 + 1) for r1, c1, r2, c2 in sheet.merges}
    covered = {
        (r, c)
        for r1, c1, r2, c2 in sheet.merges
        for r in range(r1, r2 + 1)
        for c in range(c1, c2 + 1)
    }
    covered -= starts.keys()
    for r, line in enumerate(sheet.grid):
        yield [
            (c, value, *starts.get((r, c), (1, 1)))
            for c, value in enumerate(line)
            if (r, c) not in covered
        ]


def _text(value: Cell) -> str:
    return "" if value is None else escape(str(value))


def write_html(path: Path, whole: list[Sheet], encoding: str) -> None:
    """A page with one table."""
    (sheet,) = whole

    def cell(laid: Laid) -> str:
        _, value, across, down = laid
        spans = f' colspan="{across}"' * (across > 1) + f' rowspan="{down}"' * (down > 1)
        return f"<td{spans}>{_text(value)}</td>"

    rows = "\n".join(f"<tr>{''.join(map(cell, line))}</tr>" for line in _laid(sheet))
    charset = {"gb18030": "gb2312", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    head = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head>'
    page = f"{head}<body><table border=1>\n{rows}\n</table></body></html>"
    path.write_text(page, encoding=encoding, newline="")


def write_xml(path: Path, whole: list[Sheet]) -> None:
    """The XML of Excel 2003."""

    def cell(laid: Laid) -> str:
        c, value, across, down = laid
        if value is None or value == "":
            return ""
        spans = f' ss:MergeAcross="{across - 1}"' * (across > 1) + f' ss:MergeDown="{down - 1}"' * (
            down > 1
        )
        kind = (
            "String"
            if isinstance(value, str)
            else "DateTime"
            if isinstance(value, dt.date)
            else "Number"
        )
        time = "T00:00:00.000" if kind == "DateTime" else ""
        return f'<Cell ss:Index="{c + 1}"{spans}><Data ss:Type="{kind}">{_text(value)}{time}</Data></Cell>'

    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f'<?xml version="1.0"?>\n<Workbook xmlns="{EXCEL}" xmlns:ss="{EXCEL}">\n')
        for sheet in whole:
            file.write(f"<Worksheet ss:Name={quoteattr(sheet.name)}><Table>\n")
            file.writelines(f"<Row>{''.join(map(cell, line))}</Row>\n" for line in _laid(sheet))
            hidden = (
                "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>" * sheet.hidden
            )
            file.write(f"</Table>{hidden}</Worksheet>\n")
        file.write("</Workbook>")


def write_ods(path: Path, whole: list[Sheet]) -> None:
    """An OpenDocument spreadsheet."""

    def cells(line: list[Laid]) -> Iterator[str]:
        at = 0
        for c, value, across, down in line:
            yield "<table:covered-table-cell/>" * (c - at)
            at = c + 1
            spans = f' table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"'
            told = f"{spans * (across > 1 or down > 1)}>"
            if value is None or value == "":
                yield f"<table:table-cell{told}</table:table-cell>"
            elif isinstance(value, dt.date):
                yield f'<table:table-cell office:value-type="date" office:date-value="{value:%Y-%m-%d}"{told}</table:table-cell>'
            elif isinstance(value, str):
                text = "</text:p><text:p>".join(_text(value).split("\n"))
                yield f'<table:table-cell office:value-type="string"{told}<text:p>{text}</text:p></table:table-cell>'
            else:
                yield f'<table:table-cell office:value-type="float" office:value="{value!r}"{told}</table:table-cell>'

    names = "".join(
        f' xmlns:{name}="{OASIS}:{name}:1.0"' for name in ("office", "table", "text", "style")
    )
    kinds = "".join(
        f'<style:style style:name="{name}" style:family="table"><style:table-properties table:display="{shown}"/></style:style>'
        for name, shown in (("shown", "true"), ("hidden", "false"))
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", ODS, zipfile.ZIP_STORED)
        with archive.open("content.xml", "w") as content:
            head = f'<?xml version="1.0"?>\n<office:document-content{names} office:version="1.2">'
            content.write(
                f"{head}<office:automatic-styles>{kinds}</office:automatic-styles>".encode()
            )
            content.write(b"<office:body><office:spreadsheet>")
            for sheet in whole:
                style = "hidden" if sheet.hidden else "shown"
                content.write(
                    f'<table:table table:name={quoteattr(sheet.name)} table:style-name="{style}">'.encode()
                )
                for line in _laid(sheet):
                    content.write(
                        f"<table:table-row>{''.join(cells(line))}</table:table-row>\n".encode()
                    )
                content.write(b"</table:table>")
            content.write(b"</office:spreadsheet></office:body></office:document-content>")
        entry = '<manifest:file-entry manifest:full-path="{}" manifest:media-type="{}"/>'
        entries = entry.format("/", ODS) + entry.format("content.xml", "text/xml")
        root = f'<manifest:manifest xmlns:manifest="{OASIS}:manifest:1.0">{entries}</manifest:manifest>'
        archive.writestr("META-INF/manifest.xml", f'<?xml version="1.0"?>\n{root}')
