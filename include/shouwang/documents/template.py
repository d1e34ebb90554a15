"""A county's template of a paper (模板): a workbook with placeholders, parsed, and what is wrong
with it.

``{{ name }}`` is one of the paper's values; a row with ``{{ table.column }}`` is repeated for every
row of that table; ``{{ if name }}`` and ``{{ if no name }}`` keep their row only where there is, or
is not, such a value (or a row of such a table). A sheet whose name is ``{{ list.column }}`` is
repeated for every entry of a list. What a paper has to offer stands in ``papers.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import yaml
from openpyxl import Workbook, load_workbook
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import BaseModel, ConfigDict

from shouwang.core.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "county" / "templates"
OF_EVERY_PAPER = (
    "county",
    "office",
    "made_by",
    "receiver",
    "day",
    "day_in_words",
    "year_later",
    "mark",
)
_PLACEHOLDER = re.compile(r"\{\{\s*(if no |if )?\s*([^\s.{}]+)(?:\.([^\s{}]+))?\s*\}\}")


class Offer(BaseModel):
    """What a paper, or one sheet of a list of sheets, has to offer: names of values, tables with
    their columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    names: tuple[str, ...] = ()
    tables: Mapping[str, tuple[str, ...]] = {}


class Spec(Offer):
    """A paper's offer, and what its template must have: sheets by name, placeholders, and headings
    by which it is read when it comes back."""

    title: str
    required: tuple[str, ...] = ()
    sheets: Mapping[str, tuple[str, ...]] = {}
    lists: Mapping[str, Offer] = {}


@dataclass(frozen=True)
class Placeholder:
    """``{{ name.column }}``; ``when``: whether it asks for something to be there, or not to be;
    null if it is to be printed."""

    name: str
    column: str | None = None
    when: bool | None = None

    def __str__(self) -> str:
        asked = {None: "", True: "if ", False: "if no "}[self.when]
        return f"{{{{ {asked}{self.name}{f'.{self.column}' if self.column else ''} }}}}"


Parts = tuple[object, ...]
"""Text, placeholders; a number or a day that stands alone in its cell."""


@dataclass(frozen=True)
class TemplateCell:
    """A cell, up to which column it is merged, its text in pieces, its style."""

    column: int
    last: int
    parts: Parts
    style: StyleArray


@dataclass(frozen=True)
class TemplateRow:
    """A row; ``table``: for each row of which it is repeated."""

    number: int
    height: float | None
    cells: tuple[TemplateCell, ...]
    table: str | None
    conditions: tuple[Placeholder, ...]


@cache
def specs() -> dict[str, Spec]:
    """What each paper offers, by the name of its template's file."""
    text = (Path(__file__).parent / "papers.yaml").read_text(encoding="utf-8")
    return {name: Spec.model_validate(entry) for name, entry in yaml.safe_load(text).items()}


def find_template(folder: Path, file: str) -> Path:
    """The county's own template of that name, else the shipped one."""
    return folder / file if (folder / file).is_file() else SHIPPED / file


def open_template(path: Path) -> Workbook:
    """The workbook of a template; `ConfigError` with all that is wrong with it."""
    try:
        workbook = load_workbook(path)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path.name}: not a workbook that can be read; save it as .xlsx.") from (
            error
        )
    if problems := [*_problems(path.name, workbook, specs()[path.name])]:
        raise ConfigError("\n".join(problems))
    return workbook


def rows_of(sheet: Worksheet) -> list[TemplateRow]:
    """A sheet's rows, in pieces."""
    spans = {
        (area.min_row, column): area.max_col if column == area.min_col else 0
        for area in sheet.merged_cells.ranges
        for column in range(area.min_col, area.max_col + 1)
    }
    rows = []
    for cells in sheet.iter_rows():
        number = cells[0].row
        parsed = tuple(
            TemplateCell(
                cell.column,
                spans.get((number, cell.column), cell.column),
                parts_of(cell.value),
                cell._style,
            )
            for cell in cells
            if cell.has_style or cell.value is not None
        )
        asked = [p for cell in parsed for p in cell.parts if isinstance(p, Placeholder)]
        tables = [p.name for p in asked if p.column and p.when is None]
        rows.append(
            TemplateRow(
                number,
                sheet.row_dimensions[number].height,
                parsed,
                tables[0] if tables else None,
                tuple(p for p in asked if p.when is not None),
            )
        )
    return rows


def parts_of(value: object) -> Parts:
    """Text and placeholders of a cell, of a sheet's name, or of a page's head and foot."""
    if value is None or not isinstance(value, str):
        return () if value is None else (value,)
    text, end = value, 0
    parts: list[object] = []
    for match in _PLACEHOLDER.finditer(text):
        parts += [text[end : match.start()]] if match.start() > end else []
        when = None if match[1] is None else match[1] == "if "
        parts.append(Placeholder(match[2], match[3], when))
        end = match.end()
    return (*parts, text[end:]) if end < len(text) else tuple(parts)


def texts_of(sheet: Worksheet) -> Iterator[tuple[str, str]]:
    """What stands at the head and foot of a sheet's pages, with the name of its place."""
    for kind, name in (("oddHeader", "header"), ("oddFooter", "footer")):
        for side in ("left", "center", "right"):
            yield f"{name}, {side}", getattr(getattr(sheet, kind), side).text or ""


def _problems(file: str, workbook: Workbook, spec: Spec) -> Iterator[str]:
    for name, headings in spec.sheets.items():
        if name not in workbook.sheetnames:
            existing = ", ".join(workbook.sheetnames)
            yield f"{file}: the sheet {name} is missing; there are {existing}."
            continue
        values = [str(cell.value).strip() for row in workbook[name] for cell in row]
        standing = {*values, *(str(part) for value in values for part in parts_of(value))}
        for wanted in headings:
            if wanted not in standing:
                yield f"{file}, sheet {name}: “{wanted}” is missing; the paper is read by it."
    places: list[tuple[str, str]] = []
    for sheet in workbook:
        here = f"sheet {sheet.title}"
        of_list = next((p.name for p in parts_of(sheet.title) if isinstance(p, Placeholder)), "")
        if of_list and of_list not in spec.lists:
            yield f"{file}, {here}: there is no list {of_list}."
        own = spec.lists.get(of_list, Offer())
        texts_here = [(f"{here}, {place}", text) for place, text in texts_of(sheet)]
        for row in sheet.iter_rows():
            texts_here += [
                (f"{here}, cell {cell.coordinate}", str(cell.value))
                for cell in row
                if cell.value is not None
            ]
            parts = [p for cell in row for p in parts_of(cell.value) if isinstance(p, Placeholder)]
            tables = sorted({p.name for p in parts if p.column and p.when is None})
            if len(tables) > 1:
                yield (
                    f"{file}, {here}, row {row[0].row}: a row is repeated for one table, this one "
                    f"names {' and '.join(tables)}."
                )
            for cell in row:
                if cell.data_type == "f":
                    yield (
                        f"{file}, {here}, cell {cell.coordinate}: formulas are not filled in; "
                        "write text or a placeholder."
                    )
        for area in sheet.merged_cells.ranges:
            if area.min_row != area.max_row:
                yield f"{file}, {here}, cells {area}: cells may be joined within a row only."
        offer = Offer(names=spec.names + own.names, tables={**spec.tables, **own.tables})
        yield from _wrong_placeholders(file, offer, texts_here)
        places += texts_here
    yield from _missing(file, spec, places)


def problems_of(file: str, spec: Spec, places: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with the placeholders in the texts of a template, each with its place."""
    yield from _wrong_placeholders(file, spec, places)
    yield from _missing(file, spec, places)


def _wrong_placeholders(
    file: str, offer: Offer, places: Iterable[tuple[str, str]]
) -> Iterator[str]:
    for place, text in places:
        for part in parts_of(text):
            if isinstance(part, Placeholder):
                if wrong := _unknown(part, offer):
                    yield f"{file}, {place}: {wrong}"
            elif "{{" in str(part) or "}}" in str(part):
                text = str(part).strip()
                yield f"{file}, {place}: “{text}” is no placeholder; write {{{{ name }}}}."


def _missing(file: str, spec: Spec, places: Iterable[tuple[str, str]]) -> Iterator[str]:
    printed = {str(part) for _, text in places for part in parts_of(text)}
    for name in spec.required:
        if f"{{{{ {name} }}}}" not in printed:
            yield f"{file}: the placeholder {{{{ {name} }}}} is missing; the paper needs it."


def _unknown(part: Placeholder, offer: Offer) -> str | None:
    """What is wrong with a placeholder, and what comes close to it."""
    allowed = [*OF_EVERY_PAPER, *offer.names]
    for table, columns in offer.tables.items():
        allowed += [f"{table}.{column}" for column in columns]
        allowed += [table] if part.when is not None else []
    written = f"{part.name}.{part.column}" if part.column else part.name
    if written in allowed:
        return None
    close = get_close_matches(written, allowed, 3, 0.5) or allowed
    return f"there is no {{{{ {written} }}}}; there is {', '.join(close)}."


def check_templates(folder: Path) -> list[str]:
    """What is wrong with a county's templates (``folder``), and with the shipped ones where it has
    none of its own; a file there that is none of a paper is named, too."""
    problems = [
        f"{path.name}: no paper has such a template; there are {', '.join(specs())}."
        for path in sorted(folder.glob("*.*"))
        if path.name not in specs() and not path.name.startswith(("~", "."))
    ]
    for file in specs():
        try:
            open_any(find_template(folder, file))
        except ConfigError as error:
            problems.append(str(error))
    return problems


def open_any(path: Path) -> Any:
    """Open a template of either kind; `ConfigError` with all that is wrong with it."""
    if path.suffix == ".docx":
        from shouwang.documents.bulletin_docx import open_document

        return open_document(path)
    return open_template(path)
