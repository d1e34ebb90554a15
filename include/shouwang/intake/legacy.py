"""Workbooks of Excel 97 and before (xls), whatever wrote them, through xlrd, which runs no macro
and follows no link."""

from __future__ import annotations

import codecs
import datetime as dt
import io
import re
import struct
from collections.abc import Iterator
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError
from xlrd.sheet import Cell
from xlrd.sheet import Sheet as Page

from shouwang.intake.names import damaged, refused
from shouwang.intake.sheets import Opened, Sheet, columns_of

_SHEET_ALONE = re.compile(rb"\A(\x09\x08[\x08-\x10]\0)\0\x05(\x10\0)")
"""A sheet in the way of Excel 5 without its workbook, which xlrd reads when it says no version."""
_CODE_PAGE = re.compile(rb"\x42\0\x02\0(..)", re.DOTALL)


def open_legacy(name: str, content: bytes) -> Opened:
    """Every worksheet of an xls.

    Texts before Excel 97 are in a code page; programs often say the one of Latin letters, or none,
    and mean Chinese.
    """
    page = _CODE_PAGE.search(content)
    encoding = "whole_cp950" if page and page[1] == (950).to_bytes(2, "little") else "whole_gb18030"
    try:
        book = xlrd.open_workbook(
            file_contents=_SHEET_ALONE.sub(rb"\1\0\0\2", content, 1),
            logfile=io.StringIO(),
            encoding_override=encoding,
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
            ignore_workbook_corruption=True,
        )
        return Opened(
            [
                _sheet(name, book.sheet_by_index(place), book.datemode)
                for place in range(book.nsheets)
            ]
        )
    except (
        xlrd.XLRDError,
        CompDocError,
        struct.error,
        LookupError,
        ValueError,
        TypeError,
        AssertionError,
    ) as error:
        if "encrypted" in str(error):
            raise refused("encrypted", name, "有密码，请取消密码后重新上传。") from None
        raise damaged(name) from None


def _sheet(file: str, page: Page, datemode: int) -> Sheet:
    columns = columns_of(file, _rows(page, datemode))
    height = len(columns[0].codes) if columns else 0
    merges = [
        (top, min(bottom, height) - 1, left)
        for top, bottom, left, _ in page.merged_cells
        if top + 1 < min(bottom, height) and left < len(columns)
    ]
    return Sheet(
        file, page.name, page.visibility != 0, columns, range(1, height + 1), tuple(merges)
    )


def _rows(page: Page, datemode: int) -> Iterator[list[Any]]:
    for number in range(page.nrows):
        yield [_value(cell, datemode) for cell in page.row(number)]


def _value(cell: Cell, datemode: int) -> Any:
    match cell.ctype:
        case xlrd.XL_CELL_DATE:
            return _date(cell.value, datemode)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#VALUE!")
        case _:
            return cell.value


def _date(number: float, datemode: int) -> dt.date | float:
    """A day, with its time where it has one; what no day can be stays a number."""
    try:
        moment: dt.datetime = xlrd.xldate_as_datetime(number, datemode)
    except (ValueError, OverflowError):
        return number
    return moment if moment.time() != dt.time() else moment.date()


def _whole(encoding: str) -> codecs.CodecInfo | None:
    """Codecs ``whole_…`` that give U+FFFD for half a character: one cell is no reason to give up a
    workbook."""
    if not encoding.startswith("whole_"):
        return None
    codec = codecs.lookup(encoding.removeprefix("whole_"))
    return codecs.CodecInfo(
        codec.encode, lambda data, _="strict": codec.decode(data, "replace"), name=encoding
    )


codecs.register(_whole)
