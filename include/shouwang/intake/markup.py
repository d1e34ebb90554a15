"""Tables that other systems save under ``.xls``: HTML, web archives (MHTML) of it, and the XML of
Excel 2003."""

from __future__ import annotations

import email
import io
import re
from array import array
from collections.abc import Iterator
from typing import Any

from lxml import etree

from shouwang.intake.names import refused, shown
from shouwang.intake.sheets import MOST_COLUMNS, NOT_CALCULATED, Opened, Sheet, columns_of
from shouwang.intake.texts import encoding_of

_BIG5 = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*(?:x-)?(?:big5|cp950)""", re.IGNORECASE)


def looks_like_markup(content: bytes) -> bool:
    """Whether a file is HTML or XML, whatever it is called."""
    head = content[:4000].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    return head[:1] == b"<" and bool(
        re.search(rb"<(?:\?xml|!doctype|!--|html|head|meta|table|style|div)", head, re.I)
    )


def open_markup(name: str, content: bytes) -> Opened:
    """The sheets of an XML workbook, or the tables of an HTML page as one sheet."""
    encoding = encoding_of(name, content, ["cp950"] if _BIG5.search(content[:4000]) else [])
    text = re.sub(r"^\s*<\?xml[^>]*>", "", content.decode(encoding, "replace").lstrip("\ufeff"))
    if "<!ENTITY" in text:
        raise refused(
            "unreadable", name, "里定义了外部内容（ENTITY），不予打开，请另存为 xlsx 后重新上传。"
        )
    try:
        if "urn:schemas-microsoft-com:office:spreadsheet" in text[:20_000]:
            return Opened(list(_xml_sheets(name, text)))
        return Opened([_html_sheet(name, text)])
    except (etree.LxmlError, ValueError, LookupError):
        raise refused(
            "unreadable", name, "读不下去，可能没有传完，请另存为 xlsx 后重新上传。"
        ) from None


def looks_like_web_archive(content: bytes) -> bool:
    """Whether a file is a mail with pages in it: 单个文件网页, also under ``.xls``."""
    return bool(
        re.match(
            rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:", content[:4000], re.IGNORECASE
        )
    )


def open_web_archive(name: str, content: bytes) -> Opened:
    """The tables of each page in it, a sheet a page."""
    sheets = []
    for part in email.message_from_bytes(content).walk():
        page = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(page, bytes) and b"<tr" in page.lower():
            location = re.split(r"[/\\]", str(part.get("Content-Location", "")))[-1]
            sheets += [
                sheet._replace(name=shown(location)) for sheet in open_markup(name, page).sheets
            ]
    if not sheets:
        raise refused(
            "unreadable", name, "里没有表格或没有传完，请另存为 xlsx 后重新上传。", "网页文件"
        )
    return Opened(sheets)


class _Rows:
    """Rows as they come, with their numbers and the cells merged downwards."""

    def __init__(self) -> None:
        self.numbers: array[int] = array("q")
        self.merges: list[tuple[int, int, int]] = []
        self._below: dict[int, int] = {}

    def lay(self, number: int, cells: Iterator[tuple[int | None, Any, int, int]]) -> list[Any]:
        """One row from its cells: own place or None for the next free one, value, columns and rows
        that it covers."""
        self.numbers.append(number)
        row: list[Any] = []
        ends = {place: last for place, last in self._below.items() if last >= number}
        self._below = dict(ends)
        for place, value, wide, high in cells:
            while place is None and len(row) in ends:
                row.append("")
            row += [""] * ((place or len(row)) - len(row))
            if high > 1 and (bottom := number + high - 1) > number:
                self.merges.append((number, bottom, len(row)))
                self._below |= dict.fromkeys(range(len(row), len(row) + wide), bottom)
            row += [value] + [""] * (wide - 1)
            if len(row) > 4 * MOST_COLUMNS:
                break
        return row

    def placed(self) -> tuple[tuple[int, int, int], ...]:
        """The merges by place in ``numbers`` instead of by number."""
        at = {number: place for place, number in enumerate(self.numbers)}
        last = len(self.numbers) - 1
        return tuple(
            (at[top], min(at[top] + bottom - top, last), column)
            for top, bottom, column in self.merges
        )


def _html_sheet(name: str, text: str) -> Sheet:
    page = etree.fromstring(
        text, etree.HTMLParser(no_network=True, remove_comments=True, huge_tree=True)
    )
    if page is None:
        raise ValueError("nothing in it")
    if text.lower().rfind("<tr") > text.lower().rfind("</table"):
        raise ValueError("the table has no end")
    rows = _Rows()
    lines = (
        rows.lay(number, map(_html_cell, line.iterchildren("td", "th")))
        for number, line in enumerate(
            (tr for tr in page.iter("tr") if tr.find(".//table") is None), 1
        )
    )
    columns = columns_of(name, lines)
    return Sheet(name, "", False, columns, rows.numbers, rows.placed())


def _html_cell(cell: Any) -> tuple[None, str, int, int]:
    def span(of: str) -> int:
        text = cell.get(of, "1").strip()
        return max(1, min(int(text), 1000)) if text.isdecimal() else 1

    shown = cell.text if len(cell) == 0 else "".join(cell.itertext())
    value = (
        cell.get("x:num") or (shown or "").strip() or (NOT_CALCULATED if cell.get("x:fmla") else "")
    )
    return None, value, span("colspan"), span("rowspan")


def _xml_sheets(name: str, text: str) -> Iterator[Sheet]:
    """The declared encoding is not asked: what says GB2312 holds characters of GBK."""
    found = etree.iterparse(
        io.BytesIO(text.encode()),
        tag="{*}Worksheet",
        resolve_entities=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
    )
    for _, page in found:
        rows = _Rows()
        columns = columns_of(name, _xml_rows(page, rows))
        hidden = any(
            "Hidden" in (seen.text or "")
            for seen in page.iterfind("{*}WorksheetOptions/{*}Visible")
        )
        yield Sheet(name, _own(page, "Name"), hidden, columns, rows.numbers, rows.placed())
        page.clear()


def _xml_rows(page: Any, rows: _Rows) -> Iterator[list[Any]]:
    number = 0
    for line in page.iterfind("{*}Table/{*}Row"):
        number = int(_own(line, "Index") or number + 1)
        yield rows.lay(number, map(_xml_cell, line.iterfind("{*}Cell")))


def _xml_cell(cell: Any) -> tuple[int | None, Any, int, int]:
    found = cell.find("{*}Data")
    empty = NOT_CALCULATED if found is None and _own(cell, "Formula") else ""
    value: Any = empty if found is None else "".join(found.itertext())
    if found is not None and value and _own(found, "Type") == "Number":
        value = float(value)
    index = _own(cell, "Index")
    wide, high = (int(_own(cell, across) or 0) + 1 for across in ("MergeAcross", "MergeDown"))
    return int(index) - 1 if index else None, value, min(max(wide, 1), 4 * MOST_COLUMNS), high


def _own(element: Any, attribute: str) -> str:
    """An attribute of the spreadsheet's own namespace."""
    return str(element.get(f"{{urn:schemas-microsoft-com:office:spreadsheet}}{attribute}", ""))
