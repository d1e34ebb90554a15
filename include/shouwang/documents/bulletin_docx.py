"""The bulletin as a document to edit (.docx): A4, headings in 黑体, text in 仿宋, tables in 宋体,
charts as pictures.

Official papers in China are set so (GB/T 9704): title 二号 centred, text 三号 in 仿宋; here one
size smaller, so that the text stays on one page.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from shouwang.documents.bulletin import Bulletin, CountTable
from shouwang.documents.looks import HEI, SONG
from shouwang.documents.saving import Target
from shouwang.documents.text import display_width, printable

FANG = "仿宋"
_LATIN = "Times New Roman"
_RED, _INK = RGBColor(0xC0, 0, 0), RGBColor(0x1F, 0x29, 0x33)
_HEAD_FILL, _TOTAL_FILL = "DCE3EA", "F4F6F8"
_TEXT, _SMALL, _LEADING = 11.0, 9.5, 16.6
_PAGE_WIDTH = Cm(16.4)
_WHOLE = 24
"""A table of up to so many rows is kept on one page."""


def write_docx(path: Target, bulletin: Bulletin, to_png: Callable[[Any], bytes]) -> None:
    """Write the document; ``to_png`` draws a chart."""
    document = Document()
    _set_page(document, bulletin)
    _head(document, bulletin)
    for section in bulletin.sections:
        _say(document, section.heading, HEI, _TEXT, indent=2)
        for paragraph in section.paragraphs:
            _say(document, paragraph, FANG, _TEXT, indent=2)
    for line in (bulletin.office, bulletin.signed):
        _say(document, line, FANG, _TEXT, align=WD_ALIGN_PARAGRAPH.RIGHT)
    heading = _say(document, "附件：统计表和统计图", HEI, 14)
    heading.paragraph_format.page_break_before = True
    for number, table in enumerate(bulletin.tables, start=1):
        _table(document, f"表{number}　{table.title}", table)
    for number, figure in enumerate(bulletin.figures, start=1):
        _say(
            document, f"图{number}　{figure.title}", HEI, 11, before=10
        ).paragraph_format.keep_with_next = True
        picture = document.add_paragraph()
        picture.alignment = WD_ALIGN_PARAGRAPH.CENTER
        shape = picture.add_run().add_picture(io.BytesIO(to_png(figure.chart)), width=Cm(13.5))
        shape._inline.docPr.set("descr", figure.alt)
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = (
        bulletin.title,
        bulletin.office,
        bulletin.office,
    )
    properties.created = properties.modified = dt.datetime.combine(bulletin.prepared_on, dt.time())
    document.save(str(path) if isinstance(path, Path) else path)


def _set_page(document: Any, bulletin: Bulletin) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.3)
    page.top_margin, page.bottom_margin = Cm(1.7), Cm(1.7)
    page.footer_distance = Cm(1.0)
    normal = document.styles["Normal"]
    normal.font.size, normal.font.color.rgb = Pt(_TEXT), _INK
    _set_font(normal.element.get_or_add_rPr(), FANG)
    for language in document.styles.element.iter(
        qn("w:lang")
    ):  # else punctuation is drawn as in other languages
        language.set(qn("w:eastAsia"), "zh-CN")
    foot = page.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(foot, "内部资料，注意保管　　第 ", SONG, 9)
    _field(foot, "PAGE", 9)
    _run(foot, f" 页　　{bulletin.signed}编制", SONG, 9)


def _head(document: Any, bulletin: Bulletin) -> None:
    masthead = _say(
        document, bulletin.office, HEI, 22, align=WD_ALIGN_PARAGRAPH.CENTER, ink=_RED, after=2
    )
    masthead.paragraph_format.space_before = Pt(0)
    line = _say(
        document,
        f"{bulletin.issue}　　{bulletin.signed}",
        FANG,
        11,
        align=WD_ALIGN_PARAGRAPH.CENTER,
        after=8,
    )
    _bottom_line(line)
    _say(document, bulletin.title, HEI, 16, align=WD_ALIGN_PARAGRAPH.CENTER, before=2, after=4)
    _say(document, bulletin.addressed, FANG, _TEXT)


def _say(
    document: Any,
    text: str,
    font: str,
    size: float,
    *,
    align: Any = None,
    indent: int = 0,
    before: float = 0,
    after: float = 0,
    ink: RGBColor | None = None,
) -> Any:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = Pt(max(_LEADING, size * 1.45))
    form.first_line_indent = Pt(size * indent) if indent else None
    paragraph.alignment = align
    _run(paragraph, text, font, size, ink)
    return paragraph


def _run(paragraph: Any, text: str, font: str, size: float, ink: RGBColor | None = None) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size = Pt(size)
    if ink is not None:
        run.font.color.rgb = ink
    _set_font(run._element.get_or_add_rPr(), font)


def _set_font(properties: Any, font: str) -> None:
    """Latin and East Asian fonts apart: python-docx names the Latin one only, and Word then picks
    its own for 汉字."""
    fonts = properties.get_or_add_rFonts()
    for place, name in (("ascii", _LATIN), ("hAnsi", _LATIN), ("eastAsia", font), ("cs", _LATIN)):
        fonts.set(qn(f"w:{place}"), name)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


def _field(paragraph: Any, code: str, size: float) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    _run(paragraph, "1", SONG, size)
    field.append(paragraph.runs[-1]._r)
    paragraph._p.append(field)


def _bottom_line(paragraph: Any) -> None:
    borders = OxmlElement("w:pBdr")
    line = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "12"), ("space", "4"), ("color", "C00000")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _table(document: Any, title: str, table: CountTable) -> None:
    _say(document, title, HEI, 11, before=10, after=3).paragraph_format.keep_with_next = True
    count = len(table.headers)
    grid = document.add_table(rows=0, cols=count)
    grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    _narrow_margins(grid)
    widths = _widths(table)
    lines = [([*table.headers], True), *table.lines]
    for place, (cells, strong) in enumerate(lines):
        row = grid.add_row()
        _keep_whole(row, header=place == 0)
        for number, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
            cell.width = widths[number]
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = paragraph.paragraph_format.space_before = Pt(0)
            paragraph.paragraph_format.line_spacing = Pt(15.5)
            is_name = number == 0 and place > 0
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if is_name else WD_ALIGN_PARAGRAPH.CENTER
            last = place == len(lines) - 1
            paragraph.paragraph_format.keep_with_next = (
                bool(table.note) if last else len(lines) <= _WHOLE or place < 3
            )
            _run(paragraph, text, HEI if strong else SONG, _SMALL)
            if strong:
                _fill(cell, _HEAD_FILL if place == 0 else _TOTAL_FILL)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    if table.note:
        _say(document, f"注：{table.note}", SONG, 9, before=2)


def _widths(table: CountTable) -> list[int]:
    """The page's width, shared out by what stands in each column."""
    lines = [[*table.headers], *(cells for cells, _ in table.lines)]
    needed = [
        max(5, *(display_width(line[n]) + 2 for line in lines)) for n in range(len(table.headers))
    ]
    least = sum(needed) * 0.26  # cm a half-width place
    whole = min(int(_PAGE_WIDTH), max(int(Cm(10)), int(Cm(least))))
    return [whole * width // sum(needed) for width in needed]


def _narrow_margins(grid: Any) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "45")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    grid._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _keep_whole(row: Any, *, header: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    for name in ("cantSplit", *(["tblHeader"] if header else [])):
        properties.append(OxmlElement(f"w:{name}"))


def _fill(cell: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)
