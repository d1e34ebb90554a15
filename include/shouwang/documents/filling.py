"""The one filler: a county's template, the paper's values and frames → a finished workbook.

Text stays text whatever it begins with, long numbers in frames are masked, rows grow with what
stands in them, and the same input gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from typing import TypeAlias

import pandas as pd
from openpyxl.cell import Cell
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.formula.translate import Translator
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target, save
from shouwang.documents.template import (
    Offer,
    Parts,
    Placeholder,
    TemplateRow,
    find_template,
    open_template,
    parts_of,
    rows_of,
    specs,
    texts_of,
)
from shouwang.documents.text import lines_needed, plain, printable

log = logging.getLogger(__name__)

Values: TypeAlias = Mapping[str, object]
"""Values by name, tables as frames, lists of sheets as one mapping for each sheet."""

_LINE_POINTS, _TALLEST_ROW, _USUAL_ROW, _USUAL_WIDTH = 14.0, 409.0, 15.0, 8.43
_FORMULA = ("=", "+", "-", "@", "\t", "|", "%")


class Filling:
    """A paper in the making; what the filler cannot do is done on its ``workbook`` in between."""

    def __init__(self, file: str, paper: Paper) -> None:
        path = find_template(paper.templates, file)
        self.paper, self.spec, self.workbook = paper, specs()[file], open_template(path)
        self._said = hashlib.sha256(path.read_bytes())

    def fill(self, values: Values) -> None:
        """Write the values into every sheet; `ValueError` where one that the paper offers is
        lacking."""
        lacking = [name for name in (*self.spec.names, *self.spec.lists) if name not in values]
        if lacking:
            raise ValueError(f"The values of the paper lack {', '.join(lacking)}.")
        self._note({**values, **self.paper.lasting}, self.spec)
        values = {**self.paper.printed, **values}
        for sheet in list(self.workbook):
            title = parts_of(sheet.title)
            names = [part for part in title if isinstance(part, Placeholder)]
            if not names:
                _fill_sheet(sheet, values, self.spec.tables)
                continue
            offer = self.spec.lists[names[0].name]
            entries = values[names[0].name]
            for entry in entries if isinstance(entries, list) else ():
                texts = (entry[str(p.column)] if isinstance(p, Placeholder) else p for p in title)
                twin = copied(sheet, "".join(map(str, texts)))
                _fill_sheet(twin, {**values, **entry}, {**self.spec.tables, **offer.tables})
            self.workbook.remove(sheet)

    def save(self, target: Target) -> None:
        """Write it; what stands on a sheet is what is printed of it."""
        for sheet in self.workbook:
            if sheet.sheet_state == "visible":
                sheet.print_area = sheet.dimensions
        first = self.workbook.worksheets[0]
        save(
            self.workbook,
            target,
            when=self.paper.day,
            title=str(first["A1"].value or first.title),
            creator=self.paper.office,
            said=self._said.hexdigest(),
        )
        log.info("%s: %d sheets written", self.spec.title, len(self.workbook.sheetnames))

    def _note(self, values: Values, offer: Offer) -> None:
        """Take what the paper says into its fingerprint: no column that it does not offer, and not
        the moment at which it is made."""
        for name in sorted(values):
            value = values[name]
            if isinstance(value, pd.DataFrame):
                columns = [*offer.tables.get(name, value.columns)]
                value = value.reindex(columns=columns).to_csv()
            if isinstance(value, list):
                for entry in value:
                    self._note(entry, self.spec.lists[name])
            else:
                self._said.update(f"{name}={value}\n".encode(errors="replace"))


def fill(file: str, paper: Paper, target: Target, values: Values) -> None:
    """Fill the template of a paper and write it."""
    filling = Filling(file, paper)
    filling.fill(values)
    filling.save(target)


def put(cell: Cell, value: object, style: StyleArray) -> None:
    """Write one cell; text always stays text, whatever it begins with."""
    cell._style = copy(style)
    if isinstance(value, dt.date) and cell.number_format == "@":
        value = value.isoformat()
    if isinstance(value, str):
        text = printable(value)
        cell.value = text or None
        cell.data_type = "s" if text else "n"
        if text[:1] in _FORMULA and text:
            cell.quotePrefix = True
    elif value is not None:
        cell.value = value


def copied(sheet: Worksheet, title: str) -> Worksheet:
    """A copy of a sheet of a template, under a name that a sheet may bear, before it."""
    twin = sheet.parent.copy_worksheet(sheet)
    twin.title = re.sub(r"[\\/*?:\[\]']", "", title)[:31]
    for name in ("HeaderFooter", "views", "protection", "auto_filter", "conditional_formatting"):
        setattr(twin, name, deepcopy(getattr(sheet, name)))
    twin.data_validations = deepcopy(sheet.data_validations)
    twin.print_title_rows = sheet.print_title_rows
    sheets = sheet.parent._sheets
    sheets.insert(sheets.index(sheet), sheets.pop())
    return twin


def row_height(lines: int, least: float | None = None, size: float = 10.0) -> float:
    """Points that so many lines need: spreadsheet programs do not grow rows that others wrote."""
    needed = math.ceil(lines * _LINE_POINTS * size / 10.0 + 7)
    return min(_TALLEST_ROW, max(least or _USUAL_ROW, needed if lines > 1 else 0.0))


def widths_of(sheet: Worksheet) -> dict[int, float]:
    """The width of each column that has one of its own."""
    return {
        column: dimension.width
        for dimension in sheet.column_dimensions.values()
        for column in range(dimension.min or 0, (dimension.max or -1) + 1)
    }


def _fill_sheet(sheet: Worksheet, values: Values, tables: Mapping[str, tuple[str, ...]]) -> None:
    rows = rows_of(sheet)
    frames = {name: _frame(values, name, columns) for name, columns in tables.items()}
    widths = widths_of(sheet)
    sheet._cells.clear()
    sheet.merged_cells = MultiCellRange()
    sheet.row_dimensions.clear()
    at, places = 1, {}
    for row in rows:
        first = at
        if all(_is_there(p, values, frames) is p.when for p in row.conditions):
            count = len(frames[row.table]) if row.table else 1
            _write_rows(sheet, at, count, row, values, frames.get(row.table or ""), widths)
            at += count
        places[row.number] = (first, at - 1)
    _move_what_refers_to_rows(sheet, places, at)
    for place, text in list(texts_of(sheet)):
        kind, side = place.split(", ")
        part = getattr(sheet.oddHeader if kind == "header" else sheet.oddFooter, side)
        if text:
            part.text = "".join(
                _as_text(values[piece.name]).replace("&", "&&")
                if isinstance(piece, Placeholder)
                else str(piece)
                for piece in parts_of(text)
            )


def _frame(values: Values, name: str, columns: Sequence[str]) -> pd.DataFrame:
    frame = values[name]
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"{name} is to be a frame.")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(f"The frame {name} lacks {', '.join(missing)}.")
    return frame


def _is_there(part: Placeholder, values: Values, frames: Mapping[str, pd.DataFrame]) -> bool:
    if part.name in frames:
        return len(frames[part.name]) > 0
    return bool(values[part.name])


def _write_rows(
    sheet: Worksheet,
    at: int,
    count: int,
    row: TemplateRow,
    values: Values,
    frame: pd.DataFrame | None,
    widths: Mapping[int, float],
) -> None:
    """Write a row of the template from row ``at`` on, as often as it is repeated."""
    heights = [row_height(1, row.height)] * count
    for cell in row.cells:
        written = _contents(cell.parts, count, values, frame)
        for number, value in enumerate(written):
            put(sheet.cell(at + number, cell.column), value, cell.style)
            if cell.last > cell.column:
                area = f"{get_column_letter(cell.column)}{at + number}:"
                sheet.merged_cells.add(f"{area}{get_column_letter(cell.last)}{at + number}")
        if count and cell.last and any(isinstance(value, str) for value in written):
            sample = sheet.cell(at, cell.column)
            size = float(sample.font.sz or 10)
            width = sum(widths.get(n, _USUAL_WIDTH) for n in range(cell.column, cell.last + 1))
            if sample.alignment.wrap_text:
                for number, value in enumerate(written):
                    lines = lines_needed(value, width * 10 / size) if isinstance(value, str) else 1
                    heights[number] = max(heights[number], row_height(lines, None, size))
    for number, height in enumerate(heights):
        sheet.row_dimensions[at + number].height = height


def _contents(
    parts: Parts, count: int, values: Values, frame: pd.DataFrame | None
) -> Sequence[object]:
    """What stands in a cell, in each of the rows that it is repeated in."""
    pieces: list[Sequence[object]] = []
    for part in parts:
        if not isinstance(part, Placeholder):
            pieces.append([part] * count)
        elif part.when is None and part.column and frame is not None:
            pieces.append([plain(value) for value in frame[part.column].astype("object")])
        elif part.when is None:
            pieces.append([values[part.name]] * count)
    if len(pieces) < 2:
        return pieces[0] if pieces else [None] * count
    return ["".join(map(_as_text, texts)) for texts in zip(*pieces, strict=True)]


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _move_what_refers_to_rows(
    sheet: Worksheet, places: Mapping[int, tuple[int, int]], after: int
) -> None:
    """Move drop-downs, colours, filters, repeated headings and the frozen head to where their rows
    stand now."""

    def moved(area: str) -> str | None:
        left, top, right, bottom = range_boundaries(area)
        first, last = places.get(top, (after, 0))[0], places.get(bottom, (0, after - 1))[1]
        if last < first:
            return None
        return f"{get_column_letter(left)}{first}:{get_column_letter(right)}{last}"

    for check in list(sheet.data_validations.dataValidation):
        areas = [new for area in check.sqref.ranges if (new := moved(area.coord))]
        check.sqref = MultiCellRange(" ".join(areas))
        if not areas:
            sheet.data_validations.dataValidation.remove(check)
    colours, sheet.conditional_formatting = (
        sheet.conditional_formatting,
        ConditionalFormattingList(),
    )
    for colour in colours:
        old = str(colour.sqref).split()[0].split(":")[0]
        areas = [new for area in colour.sqref.ranges if (new := moved(area.coord))]
        for rule in colour.rules if areas else ():
            new = areas[0].split(":")[0]
            rule.formula = [
                Translator(f"={text}", old).translate_formula(new)[1:] for text in rule.formula
            ]
            sheet.conditional_formatting.add(" ".join(areas), rule)
    if sheet.auto_filter.ref:
        top = range_boundaries(sheet.auto_filter.ref)[3]
        has_rows = places.get(top, (1, 0))[1] >= places.get(top, (1, 0))[0]
        sheet.auto_filter.ref = moved(sheet.auto_filter.ref) if has_rows else None
    if sheet.print_title_rows:
        top, bottom = (int(row.strip("$")) for row in sheet.print_title_rows.split(":"))
        sheet.print_title_rows = f"{places[top][0]}:{places[bottom][1]}"
    if sheet.freeze_panes:
        left, top = range_boundaries(sheet.freeze_panes)[:2]
        first = places.get(top, (after, after))[0]
        sheet.freeze_panes = f"{get_column_letter(left)}{first}"
