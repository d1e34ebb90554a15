"""The bulletin as a document to edit (.docx): a county's template, filled.

Paragraphs and the table that name the same list (``sections``, ``tables``, ``figures``) are
repeated together for each of its entries. The table of the template has a row of headings, one of
cells and one of totals, each with a cell for the first column and one for all others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Cm
from docx.table import Table
from docx.text.paragraph import Paragraph

from shouwang.core.errors import ConfigError
from shouwang.documents.bulletin import Bulletin, CountTable
from shouwang.documents.paper import in_words
from shouwang.documents.saving import Target, dated, write_bytes
from shouwang.documents.template import Placeholder, find_template, parts_of, problems_of, specs
from shouwang.documents.text import display_width, printable

FILE = "bulletin.docx"
_PAGE_WIDTH, _PICTURE_WIDTH = Cm(16.4), Cm(13.5)
_WHOLE = 24
"""A table of up to so many rows is kept on one page."""


def write_docx(path: Target, bulletin: Bulletin, to_png: Callable[[str], bytes]) -> None:
    """Write the document; ``to_png`` draws a chart."""
    template = find_template(bulletin.templates, FILE)
    document = open_document(template)
    values = {
        "office": bulletin.office,
        "day_in_words": in_words(bulletin.prepared_on),
        "title": bulletin.title,
        "issue": bulletin.issue,
        "addressed": bulletin.addressed,
    }
    pictures = [to_png(figure.chart) for figure in bulletin.figures]
    lists: dict[str, list[dict[str, Any]]] = {
        "sections": [
            {"heading": "" if number else section.heading, "text": text}
            for section in bulletin.sections
            for number, text in enumerate(section.paragraphs)
        ],
        "tables": [
            {"number": str(number), "title": table.title, "note": table.note, "table": table}
            for number, table in enumerate(bulletin.tables, start=1)
        ],
        "figures": [
            {"number": str(number), "title": figure.title, "picture": picture, "alt": figure.alt}
            for number, (figure, picture) in enumerate(
                zip(bulletin.figures, pictures, strict=True), start=1
            )
        ],
    }
    for name, blocks in groupby([*document.iter_inner_content()], _list_of):
        originals = list(blocks)
        for entry in lists[name] if name else ():
            for block in originals:
                _fill_block(block, originals[0], values, entry)
        for block in originals:
            if name:
                block._element.getparent().remove(block._element)
            elif isinstance(block, Paragraph):
                _replace(block, values)
    for paragraph in document.sections[0].footer.paragraphs:
        _replace(paragraph, values)
    properties, moment = (
        document.core_properties,
        dt.datetime.combine(bulletin.prepared_on, dt.time()),
    )
    properties.title, properties.author = bulletin.title, bulletin.office
    properties.last_modified_by = bulletin.office
    properties.created = properties.modified = moment
    said = repr((template.read_bytes(), bulletin.sections, bulletin.tables, pictures))
    properties.identifier = hashlib.sha256(said.encode(errors="replace")).hexdigest()
    written = io.BytesIO()
    document.save(written)
    write_bytes(path, dated(written.getvalue(), bulletin.prepared_on))


def open_document(path: Path) -> Any:
    """The document of a template; `ConfigError` with all that is wrong with it."""
    try:
        document = Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise ConfigError(
            f"{path.name}: not a document that can be read; save it as .docx."
        ) from error
    if problems := [*problems_of(path.name, specs()[path.name], [*_places(document)])]:
        raise ConfigError("\n".join(problems))
    return document


def _places(document: Any) -> Iterator[tuple[str, str]]:
    """Every text of a document with the name of its place."""
    for number, block in enumerate(document.iter_inner_content(), start=1):
        for text in _texts(block):
            yield f"{'table' if isinstance(block, Table) else 'paragraph'} {number}", text
    for paragraph in document.sections[0].footer.paragraphs:
        yield "footer", paragraph.text


def _texts(block: Paragraph | Table) -> list[str]:
    if isinstance(block, Paragraph):
        return [block.text]
    return [cell.text for row in block.rows for cell in row.cells]


def _list_of(block: Paragraph | Table) -> str | None:
    """The list for whose entries a block is repeated."""
    parts = [part for text in _texts(block) for part in parts_of(text)]
    return next((p.name for p in parts if isinstance(p, Placeholder) and p.column), None)


def _fill_block(
    block: Paragraph | Table,
    before: Paragraph | Table,
    values: Mapping[str, str],
    entry: Mapping[str, Any],
) -> None:
    """Put a filled copy of a block before another; a paragraph of which a value is empty is left
    out."""
    if isinstance(block, Table):
        twin = Table(deepcopy(block._tbl), block._parent)
        before._element.addprevious(twin._tbl)
        _fill_table(twin, entry["table"])
        return
    columns = [p.column for p in parts_of(block.text) if isinstance(p, Placeholder) and p.column]
    if not all(entry[column] for column in columns):
        return
    paragraph = Paragraph(deepcopy(block._p), block._parent)
    before._element.addprevious(paragraph._p)
    texts = {f"{_list_of(block)}.{name}": value for name, value in entry.items()}
    if "picture" in columns:
        texts |= {"figures.picture": ""}
        shape = paragraph.add_run().add_picture(io.BytesIO(entry["picture"]), width=_PICTURE_WIDTH)
        shape._inline.docPr.set("descr", entry["alt"])
    _replace(paragraph, {**values, **texts})


def _replace(paragraph: Paragraph, values: Mapping[str, str]) -> None:
    """Put values in place of placeholders, also where a program has cut one into several runs."""
    for match in reversed([*re.finditer(r"\{\{.*?\}\}", "".join(r.text for r in paragraph.runs))]):
        (part,) = parts_of(match[0])
        value = values[str(part).strip("{} ")]
        start = 0
        for run in paragraph.runs:
            first, last = max(match.start() - start, 0), match.end() - start
            start += len(run.text)
            if first < len(run.text) and last > 0:
                run.text = run.text[:first] + printable(value) + run.text[last:]
                value = ""


def _fill_table(table: Table, content: CountTable) -> None:
    """The headings, the rows and the total of a table in the looks of the template's three rows."""
    widths = _widths(content)
    models = [row._tr for row in table.rows]
    rows = [([*content.headers], models[0])]
    rows += [(cells, models[2 if is_total else 1]) for cells, is_total in content.lines]
    for number, (texts, model) in enumerate(rows):
        row = deepcopy(model)
        other = row.tc_lst[1]
        for _ in range(len(texts) - 2):
            other.addnext(deepcopy(other))
        models[0].addprevious(row)
        last = number == len(rows) - 1
        keep = bool(content.note) if last else len(rows) <= _WHOLE or number < 3
        for cell, text in zip(row.tc_lst, texts, strict=True):
            paragraph = Paragraph(cell.p_lst[0], table)
            _replace(
                paragraph, dict.fromkeys(("tables.header", "tables.cell", "tables.total"), text)
            )
            paragraph.paragraph_format.keep_with_next = keep
    for model in models:
        model.getparent().remove(model)
    grid = table._tbl.tblGrid
    while len(grid.gridCol_lst) < len(widths):
        grid.add_gridCol()
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width


def _widths(table: CountTable) -> list[int]:
    """The page's width, shared out by what stands in each column."""
    lines = [table.headers, *(cells for cells, _ in table.lines)]
    needed = [
        max(5, *(display_width(text) + 2 for text in column)) for column in zip(*lines, strict=True)
    ]
    least = sum(needed) * 0.26  # cm a half-width place
    whole = min(int(_PAGE_WIDTH), max(int(Cm(10)), int(Cm(least))))
    return [whole * width // sum(needed) for width in needed]
