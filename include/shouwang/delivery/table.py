"""A table on a sheet: headings, rows each as high as its longest cell needs, a filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.frames import LEVELS
from shouwang.delivery.looks import Value, put, wrapped_height
from shouwang.delivery.text import display_width, lines_needed


@dataclass(frozen=True)
class Column:
    """A printed column: its heading, where its values come from, its width (spreadsheet units) and its style."""

    header: str
    source: str
    width: float
    style: str


def write_rows(
    sheet: Worksheet, head: int, columns: Sequence[Column], values: Mapping[str, Sequence[Value]], least: float
) -> None:
    """Write the rows below the headings in row ``head``, each as high as its longest cell needs."""
    heights = [1] * len(values[columns[0].source])
    for number, column in enumerate(columns, start=1):
        for place, value in enumerate(values[column.source]):
            style = str(value)[0] if column.source == "level" and value in LEVELS.values() else column.style
            put(sheet, head + 1 + place, number, value, style)
            if isinstance(value, str) and display_width(value) > column.width - 2:
                heights[place] = max(heights[place], lines_needed(value, column.width))
    for place, lines in enumerate(heights):
        sheet.row_dimensions[head + 1 + place].height = wrapped_height(lines, least)
