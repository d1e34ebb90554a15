"""Grids of cells written as files; fast enough for a county."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
import xlwt

from demo.forms import Cell
from demo.layouts import ONE_TABLE, Layout, Sheet, sheets
from demo.markup import write_html, write_ods, write_xml
from shouwang.core.month import Month

REGISTRY = {
    "household_id": "户编号",
    "township": "乡镇",
    "village": "行政村",
    "village_group": "村民小组",
    "name": "姓名",
    "id_number": "证件号码",
    "sex": "性别",
    "birth_date": "出生日期",
    "relation": "与户主关系",
    "ethnicity": "民族",
    "household_type": "户类型",
    "risk_removed": "风险是否消除",
    "income": "人均纯收入",
    "health": "健康状况",
    "labour": "劳动能力",
    "phone": "联系电话",
}


def write_registry(path: Path, people: pd.DataFrame) -> None:
    """农户信息表, one row a person; as csv where a sheet has not enough rows."""
    frame = people[list(REGISTRY)].assign(birth_date=people["birth_date"].dt.strftime("%Y-%m-%d"))
    grid: list[list[Cell]] = [list(REGISTRY.values())]
    grid += [list(row) for row in zip(*(frame[column].tolist() for column in frame), strict=True)]
    sheet = Sheet("农户信息", grid, np.array([], dtype=np.int64))
    write_text(path, [sheet], "utf-8-sig", ",") if path.suffix == ".csv" else write_xlsx(
        path, [sheet]
    )


def write_export(
    path: Path, rows: pd.DataFrame, department: str, month: Month, layout: Layout, seed: int
) -> pd.DataFrame:
    """One department's file; gives back ``sheet, row`` of every record, in the order of
    ``rows``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = sheets(rows, department, month, layout, seed)
    match layout.kind:
        case "csv" | "tsv":
            write_text(path, whole, layout.encoding, "," if layout.kind == "csv" else "\t")
        case "html":
            write_html(path, whole, layout.encoding)
        case kind:
            {"xlsx": write_xlsx, "xls": write_xls, "ods": write_ods, "xml": write_xml}[kind](
                path, whole
            )
    place = pd.DataFrame({"sheet": pd.Series("", index=rows.index, dtype="str"), "row": 0})
    for sheet in whole:
        if layout.kind not in ONE_TABLE:
            place.loc[sheet.records, "sheet"] = sheet.name
        place.loc[sheet.records, "row"] = list(sheet.lines)
    return place


def write_xlsx(path: Path, whole: list[Sheet]) -> None:
    """A workbook of Excel."""
    tall = any(r1 != r2 for sheet in whole for r1, _, r2, _ in sheet.merges)
    settings = {"constant_memory": not tall, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), settings) as book:
        book.set_properties({"created": dt.datetime(2026, 1, 1)})
        day_format = book.add_format({"num_format": "yyyy-mm-dd"})
        for sheet in whole:
            page = book.add_worksheet(sheet.name)
            if sheet.hidden:
                page.hide()
            for r1, c1, r2, c2 in sheet.merges:
                if (r1, c1) != (r2, c2) and tall:
                    page.merge_range(r1, c1, r2, c2, None)
            for r, line in enumerate(sheet.grid):
                for r1, c1, r2, c2 in sheet.merges:
                    if r1 == r and c1 != c2 and not tall:
                        page.merge_range(r1, c1, r2, c2, None)
                _write_line(page, r, line, day_format)


def _write_line(page: Any, r: int, line: list[Cell], day_format: Any) -> None:
    for c, value in enumerate(line):
        if isinstance(value, str):
            if value:
                page.write_string(r, c, value)
        elif isinstance(value, dt.date):
            page.write_datetime(r, c, value, day_format)
        elif value is not None:
            page.write_number(r, c, value)


def write_xls(path: Path, whole: list[Sheet]) -> None:
    """A workbook of Excel 97."""
    book = xlwt.Workbook(encoding="utf-8")
    day_style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for sheet in whole:
        page = book.add_sheet(sheet.name)
        page.visibility = int(sheet.hidden)
        starts = {
            (r1, c1): (r1, r2, c1, c2) for r1, c1, r2, c2 in sheet.merges if (r1, c1) != (r2, c2)
        }
        for r, line in enumerate(sheet.grid):
            for c, value in enumerate(line):
                if (r, c) in starts:
                    page.write_merge(*starts[r, c], value)
                elif value is not None and value != "":
                    if isinstance(value, dt.date):
                        page.write(r, c, value, day_style)
                    else:
                        page.write(r, c, value)
    book.save(str(path))


def write_text(path: Path, whole: list[Sheet], encoding: str, delimiter: str) -> None:
    """Comma- or tab-separated text."""
    (sheet,) = whole
    width = max(len(line) for line in sheet.grid)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows(
            [*("" if v is None else v for v in line), *[""] * (width - len(line))]
            for line in sheet.grid
        )
