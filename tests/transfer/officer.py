"""An officer at LibreOffice, driven through its UNO bridge; run by the system's Python, which has
``uno``.

    python3 officer.py PIPE < ORDERS > SAID

ORDERS is JSON: a list of ``{"file", "password", "fill", "saves"}``. Each file is opened with its
password. What it says of it: its text, what a validation lets through, which rows a filter leaves.
``fill`` (sheet, heading row, rows of heading → value) is written as by hand: what the cell's
validation forbids is not written but reported. Then it is saved under every name of ``saves`` (the
suffix decides the format) and ``.pdf``. At the end LibreOffice ends.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import uno  # noqa: F401 - makes com.sun.star a package
from com.sun.star.io import IOException
from com.sun.star.lang import IllegalArgumentException
from com.sun.star.sheet import TableFilterField
from com.sun.star.sheet.FilterOperator import EQUAL
from com.sun.star.sheet.ValidationType import DATE, DECIMAL, LIST

from desk import FILTERS, desktop, prop

EARLIEST = 46307  # 2026-10-12, the day of the list


def opened(office, file, password):
    words = [prop("Hidden", True)] + ([prop("Password", password)] if password else [])
    try:
        return office.loadComponentFromURL(Path(file).as_uri(), "_blank", 0, tuple(words))
    except (IOException, IllegalArgumentException):  # what LibreOffice says of a wrong password
        return None


def choices(document, check):
    """What a list validation offers: the cells of the range that its name or address means."""
    name = check.getFormula1().lstrip("=")
    ranges = document.NamedRanges
    area = ranges.getByName(name).ReferredCells if ranges.hasByName(name) else None
    if area is None:
        return re.split('"[;,]"', name.strip('"'))
    return [cell[0] for cell in area.DataArray]


def type_in(document, cell, value):
    """Write as an officer types: what a validation forbids stays out."""
    if cell.CellProtection.IsLocked:
        return "locked"
    check = cell.Validation
    if check.Type == LIST and check.ShowErrorMessage and value not in choices(document, check):
        return "not offered"
    before = cell.Formula
    cell.FormulaLocal = str(value)
    if check.Type in (DECIMAL, DATE) and check.ShowErrorMessage:
        low = check.getFormula1() if check.Type == DECIMAL else EARLIEST
        if cell.Type.value != "VALUE" or cell.Value < float(low):
            cell.Formula = before
            return "no such value"
    return None


def work(office, order):
    if order["password"] and opened(office, order["file"], "falsch") is not None:
        return {"opened": "without its password"}
    document = opened(office, order["file"], order["password"])
    if document is None:
        return {"opened": "no"}
    is_text = document.supportsService("com.sun.star.text.TextDocument")
    said = {"opened": "yes", "refused": [], "text": document.Text.String if is_text else ""}
    fill = order.get("fill")
    if fill:
        sheet = document.Sheets.getByName(fill["sheet"])
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        width, height = cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow
        head = next(
            row
            for row in range(height)
            if sheet.getCellByPosition(0, row).String == fill["heading"]
        )
        titles = [sheet.getCellByPosition(column, head).String for column in range(width + 1)]
        said["offered"] = choices(
            document, sheet.getCellByPosition(titles.index(fill["list"]), head + 1).Validation
        )
        for place, answers in enumerate(fill["rows"], start=head + 1):
            for title, value in answers:
                why = type_in(document, sheet.getCellByPosition(titles.index(title), place), value)
                if why:
                    said["refused"].append([title, value, why])
        level = titles.index(fill["filter"][0])
        wanted = TableFilterField()
        wanted.Field, wanted.IsNumeric, wanted.StringValue, wanted.Operator = (
            level,
            False,
            fill["filter"][1],
            EQUAL,
        )
        table = sheet.getCellRangeByPosition(0, head, width, height)
        filtered = table.createFilterDescriptor(True)
        filtered.ContainsHeader = True
        filtered.setFilterFields((wanted,))
        table.filter(filtered)
        rows = range(head + 1, height + 1)
        said["left"] = [
            sheet.getCellByPosition(level, r).String
            for r in rows
            if sheet.Rows.getByIndex(r).IsVisible
        ]
        table.filter(table.createFilterDescriptor(True))
    for name in order["saves"]:
        kind = (
            "writer_pdf_Export" if is_text and name.endswith(".pdf") else FILTERS[Path(name).suffix]
        )
        document.storeToURL(Path(name).as_uri(), (prop("FilterName", kind),))
    document.close(True)
    return said


def main(pipe):
    office = desktop(pipe)
    said = [work(office, order) for order in json.load(sys.stdin)]
    json.dump(said, sys.stdout, ensure_ascii=False)
    sys.stdout.flush()
    office.terminate()


main(*sys.argv[1:])
