"""An officer at LibreOffice, driven through its UNO bridge; run by the system's Python, which has
``uno``.

    python3 officer.py PIPE TASKS.json

does each task [file, saved, deed] (the suffix of ``saved`` decides the format) and ends
LibreOffice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import uno
from com.sun.star.table import TableSortField

from desk import FILTERS, desktop, prop


def treat(sheet, deed):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    width, height = cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow
    head = next(row for row in range(12) if sheet.getCellByPosition(0, row).String == "线索编号")
    last = head + 1
    while last <= height and sheet.getCellByPosition(0, last).String:
        last += 1
    sheet.unprotect("")
    if deed == "sort":
        field = TableSortField()
        field.Field, field.IsAscending = 1, False
        fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
        rows = sheet.getCellRangeByPosition(0, head + 1, width, last - 1)
        rows.sort((prop("SortFields", fields), prop("ContainsHeader", False)))
    elif deed == "delete":
        sheet.Rows.removeByIndex(head + 1, 2)
    elif deed == "columns":
        sheet.Columns.insertByIndex(2, 1)
        sheet.getCellByPosition(2, head).String = "备注"
        sheet.Columns.getByIndex(3).Width = 9000
    elif deed == "filter":
        sheet.Rows.getByIndex(head + 2).IsVisible = False


def main(pipe, tasks):
    office = desktop(pipe)
    for file, saved, deed in json.loads(Path(tasks).read_text()):
        document = office.loadComponentFromURL(
            Path(file).as_uri(), "_blank", 0, (prop("Hidden", True),)
        )
        treat(document.Sheets.getByName("预警名单"), deed)
        document.CurrentController.setActiveSheet(document.Sheets.getByName("预警名单"))
        options = [prop("FilterName", FILTERS[Path(saved).suffix])]
        if saved.endswith(".csv"):
            options.append(prop("FilterOptions", "44,34,76,1"))
        document.storeToURL(Path(saved).as_uri(), tuple(options))
        document.close(True)
    office.terminate()


main(*sys.argv[1:])
