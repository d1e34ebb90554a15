"""Every paper says what it said when somebody last read it; one is compared in its looks, too."""

from __future__ import annotations

import os
import re
from pathlib import Path

import every_paper
import pytest
from docx import Document
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

GOLDEN = Path(__file__).parent / "golden"


def contents(path: Path) -> str:
    """A paper's text, a row a line, with its sheets."""
    if path.suffix == ".docx":
        document = Document(str(path))
        lines = [f"{p.style.name}: {p.text}" for p in document.paragraphs if p.text]
        for table in document.tables:
            lines += [" | ".join(cell.text for cell in row.cells) for row in table.rows]
        lines += [str(shape._inline.docPr.get("descr")) for shape in document.inline_shapes]
        return "\n".join([f"foot: {document.sections[0].footer.paragraphs[0].text}", *lines]) + "\n"
    lines = []
    for sheet in load_workbook(path):
        lines.append(f"# {sheet.title}")
        for row in sheet.iter_rows(values_only=True):
            cells = [str(value).replace("\n", "⏎") for value in row if value is not None]
            lines += [" | ".join(cells)] if cells else []
        lines.append(f"foot: {sheet.oddFooter.left.text} | {sheet.oddFooter.right.text}")
    return "\n".join(lines) + "\n"


def looks(sheet: Worksheet) -> str:
    """How a sheet's pages are set up, what may be written where, and the style of each cell."""
    lines = [
        " ".join(f"{name}={d.width}" for name, d in sorted(sheet.column_dimensions.items())),
        " ".join(sorted(map(str, sheet.merged_cells.ranges))),
        f"{sheet.page_setup.orientation}, repeats {sheet.print_title_rows}, prints {sheet.print_area}",
        f"filters {sheet.auto_filter.ref}, keeps {sheet.freeze_panes}",
    ]
    for check in sorted(sheet.data_validations.dataValidation, key=lambda check: str(check.sqref)):
        lines.append(f"{check.sqref} takes {check.type} {check.formula1} {check.showErrorMessage}")
    for area in sheet.conditional_formatting:
        lines += [f"{area.sqref} coloured if {rule.formula}" for rule in area.rules]
    for row in sheet.iter_rows():
        styles = [f"{c.style}{'' if c.protection.locked else ' open'}" for c in row if c.has_style]
        lines.append(f"row {row[0].row}, {sheet.row_dimensions[row[0].row].height} pt: ")
        lines[-1] += " ".join(dict.fromkeys(styles))
    return "\n".join(lines) + "\n"


def compare(text: str, golden: Path) -> None:
    if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", every_paper.PAPERS)
def test_a_paper_says_what_it_said(name: str, tmp_path: Path) -> None:
    compare(contents(every_paper.write(name, tmp_path)), GOLDEN / f"{name}.txt")


def test_a_list_looks_as_it_looked(tmp_path: Path) -> None:
    workbook = load_workbook(every_paper.write("township", tmp_path))
    text = "\n".join(f"# {sheet.title}\n{looks(sheet)}" for sheet in workbook)
    compare(text, GOLDEN / "township_looks.txt")


def test_every_page_of_what_names_people_says_for_whom_from_whom_and_when(tmp_path: Path) -> None:
    for name in every_paper.PAPERS:
        if every_paper.PAPERS[name][0] != ".xlsx" or name == "notice":
            continue
        for sheet in load_workbook(every_paper.write(name, tmp_path)):
            mark = sheet.oddHeader.right.text
            assert sheet.sheet_state == "hidden" or re.fullmatch(
                r".+专用　经办人 张某　2026-10-\d\d", mark
            ), (name, sheet.title)


@pytest.mark.parametrize("name", every_paper.PAPERS)
def test_the_same_content_is_the_same_bytes(name: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    assert (
        every_paper.write(name, first).read_bytes() == every_paper.write(name, second).read_bytes()
    )
