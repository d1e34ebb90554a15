"""What all papers share: for whom and when they are (`Paper`), and a workbook whose sheets are
built alike (`Book`)."""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.documents.frames import LEVELS
from shouwang.documents.looks import (
    Value,
    band,
    lay_out,
    new_workbook,
    protect,
    put,
    set_widths,
    text_height,
    wrapped_height,
)
from shouwang.documents.saving import Target, save
from shouwang.documents.text import column_values, display_width, lines_needed

SYSTEM = "shouwang"
"""Who made what no person asked for."""


@dataclass(frozen=True, kw_only=True)
class Paper(ABC):
    """Whose paper it is, who made it when, and for whom: none (``receiver`` empty) if it is for
    everybody's eyes."""

    county: str
    office: str
    made_at: dt.datetime
    made_by: str = SYSTEM
    receiver: str = ""

    @property
    @abstractmethod
    def title(self) -> str:
        """The heading, and the file's property."""

    @property
    def day(self) -> dt.date:
        """The day on which it was made (编制日期)."""
        return self.made_at.date()

    @property
    def mark(self) -> str:
        """What stands at the head of each page, so that a copy tells where it came from: for whom,
        from whom, when."""
        by = "系统生成" if self.made_by == SYSTEM else f"经办人 {self.made_by}"
        return f"{self.receiver}专用　{by}　{self.made_at:%Y-%m-%d}" if self.receiver else ""

    @property
    def use(self) -> str:
        """What it may be used for, at the foot of each page."""
        return "内部资料，注意保管"

    @property
    def footer(self) -> tuple[str, str]:
        """What stands at the foot of each page beside its number."""
        return self.use, f"{self.office}  {self.day.isoformat()}"

    def line(self, *more: str) -> str:
        """The line below the heading."""
        return "　　".join((f"编制单位：{self.office}", f"编制日期：{self.day.isoformat()}", *more))


@dataclass(frozen=True)
class Column:
    """A printed column: its heading, where its values come from, its width (spreadsheet units) and
    its style."""

    header: str
    source: str
    width: float
    style: str


def total_width(columns: Sequence[Column]) -> float:
    """How wide columns are together."""
    return sum(column.width for column in columns)


def values_of(columns: Sequence[Column], frame: pd.DataFrame) -> dict[str, list[Value]]:
    """A frame's columns as cell values; what it lacks stays empty."""
    shown = frame.reindex(columns=[column.source for column in columns])
    values: dict[str, list[Value]] = {name: [*column_values(shown[name])] for name in shown.columns}
    if "level" in values:
        values["level"] = [LEVELS.get(str(level), level) for level in values["level"]]
    return values


class Book:
    """A workbook in the making: every sheet A4, locked, with what its paper puts at the head and
    foot of each page."""

    def __init__(self, paper: Paper) -> None:
        self.paper, self.workbook = paper, new_workbook()

    def sheet(
        self,
        name: str,
        widths: Sequence[float],
        title: str = "",
        facts: str = "",
        landscape: bool = True,
    ) -> Worksheet:
        """A new sheet with its heading in row 1 and the facts in row 2."""
        sheet: Worksheet = self.workbook.create_sheet(re.sub(r"[\\/*?:\[\]']", "", name)[:31])
        set_widths(sheet, widths)
        if title:
            band(sheet, 1, 1, len(widths), title, "标题", text_height(title, sum(widths), 34, 18))
        if facts:
            band(sheet, 2, 1, len(widths), facts, "副标题", text_height(facts, sum(widths), 20, 11))
        lay_out(sheet, landscape=landscape, footer=self.paper.footer, mark=self.paper.mark)
        protect(sheet)
        return sheet

    def list(
        self,
        name: str,
        columns: Sequence[Column],
        title: str,
        facts: str = "",
        landscape: bool = True,
    ) -> Worksheet:
        """A new sheet as wide as the columns of its table."""
        return self.sheet(name, [column.width for column in columns], title, facts, landscape)

    def save(self, path: Target) -> None:
        """Write it; what stands on a sheet is what is printed of it."""
        for sheet in self.workbook:
            if sheet.sheet_state == "visible":
                sheet.print_area = sheet.dimensions
        paper = self.paper
        save(self.workbook, path, when=paper.day, title=paper.title, creator=paper.office)


def note(
    sheet: Worksheet, row: int, width: Sequence[float] | float, text: str, style: str = "说明"
) -> int:
    """A paragraph over all columns; the row that follows."""
    total, size = (
        width if isinstance(width, int | float) else sum(width),
        10 if style == "汇总" else 11,
    )
    band(
        sheet,
        row,
        1,
        len(sheet.column_dimensions),
        text,
        style,
        text_height(text, total, 20, size) + 4,
    )
    return row + 1


def table(
    sheet: Worksheet,
    head: int,
    columns: Sequence[Column],
    values: Mapping[str, Sequence[Value]],
    *,
    nothing: str = "没有。",
    least: float = 22,
    heading: float = 24,
    freeze: str = "A",
    repeated: int | None = None,
) -> int:
    """A table of a sheet: headings (from row ``repeated`` on each page), a row each with a filter,
    or what is said if there is none; the last row's number.

    Columns to fill in are those whose style begins with 填写; ``freeze``: the first column that
    moves.
    """
    for number, column in enumerate(columns, start=1):
        put(
            sheet,
            head,
            number,
            column.header,
            "填写栏目" if column.style.startswith("填写") else "栏目",
        )
    sheet.row_dimensions[head].height = heading
    sheet.freeze_panes = f"{freeze}{head + 1}"
    sheet.print_title_rows = f"{repeated or head}:{head}"
    count = len(next(iter(values.values())))
    if not count:
        put(sheet, head + 1, 1, None, "空表")  # a form is read by its first column
        band(sheet, head + 1, 2, len(columns), nothing, "空表", 48)
        return head + 1
    write_rows(sheet, head, columns, values, least)
    sheet.auto_filter.ref = f"A{head}:{get_column_letter(len(columns))}{head + count}"
    return head + count


def counted(
    sheet: Worksheet,
    row: int,
    widths: Sequence[float],
    headers: Sequence[str],
    lines: Sequence[Sequence[str | int]],
    title: str = "",
    total: bool = False,
) -> int:
    """A small table of counts, text in its first column, perhaps below a title, perhaps ending in a
    total; where the next one may begin."""
    if title:
        band(sheet, row, 1, len(widths), title, "说明小节", 24)
        row += 1
    for place, cells in enumerate((headers, *lines), start=row):
        for column, cell in enumerate(cells, start=1):
            style = (
                "栏目" if place == row else "合计" if total and place == row + len(lines) else ""
            )
            put(sheet, place, column, cell, style or ("文本" if column == 1 else "整数"))
        sheet.row_dimensions[place].height = text_height(str(cells[0]), widths[0], 20)
    return row + len(lines) + 2


def write_rows(
    sheet: Worksheet,
    head: int,
    columns: Sequence[Column],
    values: Mapping[str, Sequence[Value]],
    least: float,
) -> None:
    """Write the rows below the headings in row ``head``, each as high as its longest cell needs."""
    count = len(next(iter(values.values())))
    heights = [1] * count
    for number, column in enumerate(columns, start=1):
        for place, value in enumerate(values.get(column.source) or [None] * count):
            style = (
                str(value)[0]
                if column.source == "level" and value in LEVELS.values()
                else column.style
            )
            put(sheet, head + 1 + place, number, value, style)
            if isinstance(value, str) and display_width(value) > column.width - 2:
                heights[place] = max(heights[place], lines_needed(value, column.width))
    for place, lines in enumerate(heights):
        sheet.row_dimensions[head + 1 + place].height = wrapped_height(lines, least)


def offer(
    sheet: Worksheet,
    column: int,
    first: int,
    last: int,
    choices: Sequence[str],
    title: str,
    only: bool = True,
) -> None:
    """A drop-down on some rows of a column; ``only``: nothing else may be written."""
    check = DataValidation(
        "list", formula1=f'"{",".join(choices)}"', allow_blank=True, showErrorMessage=only
    )
    check.errorTitle, check.error = title, "请从下拉列表中选择。"
    check.add(f"{get_column_letter(column)}{first}:{get_column_letter(column)}{last}")
    sheet.add_data_validation(check)
