"""A clerk at LibreOffice, driven through its UNO bridge; run by the system's Python, which has
``uno``.

    python3 clerk.py PIPE FILE SAVED HEADING VALUE

opens FILE, writes VALUE into every cell under HEADING on the sheets 退回数据, sorts those sheets by
their last visible column downwards, saves as SAVED (its suffix decides the format) and ends
LibreOffice.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uno
from com.sun.star.table import TableSortField

from desk import FILTERS, desktop, prop


def mend(sheet, heading, value):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    width, height = cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow
    titles = [sheet.getCellByPosition(column, 0).String for column in range(width + 1)]
    for row in range(1, height + 1):
        sheet.getCellByPosition(titles.index(heading), row).String = value
    field = TableSortField()
    field.Field, field.IsAscending = titles.index("退回原因"), False
    fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
    sheet.getCellRangeByPosition(0, 1, width, height).sort(
        (prop("SortFields", fields), prop("ContainsHeader", False))
    )


def main(pipe, file, saved, heading, value):
    office = desktop(pipe)
    document = office.loadComponentFromURL(
        Path(file).as_uri(), "_blank", 0, (prop("Hidden", True),)
    )
    for sheet in document.Sheets:
        if sheet.Name.startswith("退回数据"):
            mend(sheet, heading, value)
    document.storeToURL(Path(saved).as_uri(), (prop("FilterName", FILTERS[Path(saved).suffix]),))
    document.close(True)
    office.terminate()


main(*sys.argv[1:])
