"""Plain reports (报表): a few tables, each on a sheet of its own, in the look of every paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils import get_column_letter

from shouwang.delivery.looks import Value, band, lay_out, new_workbook, protect, put, set_widths
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows


@dataclass(frozen=True)
class ReportTable:
    """One sheet: its name, what is said above the table, the columns, and a mapping a row."""

    name: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Value]]


def write_report(path: Path, title: str, office: str, prepared_on: dt.date, tables: Sequence[ReportTable]) -> None:
    """Write the tables, a sheet each; one without rows says so."""
    workbook = new_workbook()
    for table in tables:
        sheet = workbook.create_sheet(table.name[:31])
        last = len(table.columns)
        set_widths(sheet, [column.width for column in table.columns])
        band(sheet, 1, 1, last, f"{title}·{table.name}", "标题", 34)
        band(sheet, 2, 1, last, table.note, "说明", 34)
        for number, column in enumerate(table.columns, start=1):
            put(sheet, 3, number, column.header, "栏目")
        values = {column.source: [row.get(column.source) for row in table.rows] for column in table.columns}
        write_rows(sheet, 3, table.columns, values, least=20)
        if table.rows:
            sheet.auto_filter.ref = f"A3:{get_column_letter(last)}{3 + len(table.rows)}"
        else:
            band(sheet, 4, 1, last, "没有", "空表", 30)
        sheet.freeze_panes = "B4"
        lay_out(sheet, landscape=True, title_rows="3:3", footer=(office, prepared_on.isoformat()))
        protect(sheet)
    save(workbook, path, when=prepared_on, title=title, creator=office)
