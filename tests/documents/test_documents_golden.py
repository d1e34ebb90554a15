"""Every paper is cell by cell, and in how its pages are set up, what it was when somebody last
looked at it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import every_paper
import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

GOLDEN = Path(__file__).parent / "golden"


def as_text(path: Path) -> str:
    """A paper as plain text: how its pages are set up, and everything on them with its place and
    looks."""
    return {".xlsx": _workbook, ".docx": _document, ".html": _page}[path.suffix](path)


def _workbook(path: Path) -> str:
    lines = []
    for sheet in load_workbook(path, rich_text=True):
        merged = " ".join(sorted(map(str, sheet.merged_cells.ranges)))
        widths = " ".join(
            f"{letter}={column.width}" for letter, column in sorted(sheet.column_dimensions.items())
        )
        lines.append(f"# {sheet.title}, {sheet.sheet_state}, merged {merged}, widths {widths}")
        heads = [sheet.oddHeader.right.text, sheet.oddFooter.left.text, sheet.oddFooter.right.text]
        lines.append(
            f"-- {sheet.page_setup.orientation}, repeats {sheet.print_title_rows}, prints {sheet.print_area}, filters "
            f"{sheet.auto_filter.ref}, keeps {sheet.freeze_panes}, says {' | '.join(map(str, heads))}"
        )
        for check in sorted(
            sheet.data_validations.dataValidation, key=lambda check: str(check.sqref)
        ):
            lines.append(
                f"-- {check.sqref} takes {check.type} {check.formula1} {check.formula2 or ''} {check.showErrorMessage}"
            )
        for area in sheet.conditional_formatting:
            lines += [f"-- {area.sqref} coloured if {rule.formula}" for rule in area.rules]
        for row in sheet.iter_rows():
            height = sheet.row_dimensions[row[0].row].height
            lines.append(f"-- row {row[0].row}, {height} pt")
            for cell in row:
                if cell.value is not None or not cell.protection.locked:
                    lock = "locked" if cell.protection.locked else "open"
                    quote = ", quoted" if cell.quotePrefix else ""
                    value = str(cell.value).replace("\n", "⏎")
                    lines.append(
                        f"{cell.coordinate} [{cell.style}, {lock}{quote}] {cell.data_type} {value}"
                    )
    return "\n".join(lines) + "\n"


def _document(path: Path) -> str:
    def line(paragraph: Any) -> str:
        run = next((run for run in paragraph.runs if run.text), None)
        looks = (
            run
            and f"{run._element.rPr.rFonts.get(qn('w:eastAsia'))} {run.font.size.pt if run.font.size else ''}"
        )
        return f"[{looks}, {paragraph.alignment}] {paragraph.text}"

    document = Document(str(path))
    foot = document.sections[0].footer.paragraphs[0]
    lines = [*map(line, document.paragraphs), f"foot {foot.text}"]
    for number, table in enumerate(document.tables, start=1):
        lines.append(f"# table {number}")
        lines += [" | ".join(cell.text for cell in row.cells) for row in table.rows]
    lines += [f"picture: {shape._inline.docPr.get('descr')}" for shape in document.inline_shapes]
    return "\n".join(lines) + "\n"


def _page(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    return re.sub(r"<svg.*?</svg>", "[chart]", page[page.index("<body>") :], flags=re.DOTALL)


@pytest.mark.parametrize("name", every_paper.PAPERS)
def test_a_paper_is_what_it_was(name: str, tmp_path: Path) -> None:
    path = every_paper.write(name, tmp_path)
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
        golden.write_text(as_text(path), encoding="utf-8")
    assert as_text(path) == golden.read_text(encoding="utf-8")


def test_every_page_of_what_names_people_says_for_whom_from_whom_and_when(tmp_path: Path) -> None:
    for name in every_paper.PAPERS:
        if every_paper.PAPERS[name][0] != ".xlsx" or name == "notice":
            continue
        for sheet in load_workbook(every_paper.write(name, tmp_path)):
            mark = sheet.oddHeader.right.text
            assert sheet.sheet_state == "hidden" or re.fullmatch(
                r".+专用　经办人 张某　2026-10-\d\d", mark
            ), (name, sheet.title)
