"""How every paper looks: fonts, named cell styles, page set-up, protection, and the writing of
cells.

Fonts: 宋体 for the body and 黑体 for headings, what official Chinese forms are set in. Both come
with every Windows and with WPS; where they are missing (Linux, macOS) their declared character set
(GB2312) and family make Excel, WPS and LibreOffice substitute a Chinese serif or sans (Noto CJK,
文泉驿, Songti), never boxes. Their Latin digits are exactly half a 汉字 wide, which the row heights
count on. Colours are chosen so that they differ in grey too, and nothing is said by colour alone.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.documents.text import lines_needed, printable

SONG, HEI = "宋体", "黑体"
_RULER = "Arial"
"""Column widths count in digits of the workbook's normal font: one that Windows has, and Linux has
in equal widths."""
_GB2312, _MODERN = 134, 3
_LINE_POINTS = 14.0
_TALLEST_ROW = 409.0
_INK, _MUTED, _ALARM = "1F2933", "5B6770", "C00000"
_HEAD, _HEAD_FILL_IN, _TINT, _WHITE = "DCE3EA", "FBE9C6", "F4F6F8", "FFFFFF"
_LINE = Side(style="thin", color="8A949E")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)

Value: TypeAlias = str | float | dt.date | None


@dataclass(frozen=True)
class Look:
    """One named style: what distinguishes it from 10-point 宋体, left, wrapped, boxed and
    locked."""

    font: str = SONG
    size: float = 10
    bold: bool = False
    ink: str = _INK
    fill: str | None = None
    align: str = "left"
    grid: bool = True
    number_format: str = "General"
    locked: bool = True
    shrink: bool = False

    def named(self, name: str) -> NamedStyle:
        """As openpyxl wants it."""
        return NamedStyle(
            name=name,
            font=Font(
                name=self.font,
                sz=self.size,
                b=self.bold,
                color=self.ink,
                charset=_GB2312,
                family=_MODERN,
            ),
            fill=PatternFill("solid", fgColor=self.fill) if self.fill else PatternFill(),
            border=_GRID if self.grid else Border(),
            alignment=Alignment(
                horizontal=self.align,
                vertical="center",
                wrap_text=not self.shrink,
                shrink_to_fit=self.shrink,
            ),
            number_format=self.number_format,
            protection=Protection(locked=self.locked),
        )


DATE, DUE, COUNT, TEXT = "yyyy-mm-dd", 'm"月"d"日"', "#,##0", "@"
FIGURE = "[<10]0.00;[<1000]General;#,##0.00"
"""A share with two places, days and litres as they are, money with 分."""

LOOKS = {
    "标题": Look(HEI, 18, align="center", grid=False),
    "副标题": Look(size=11, align="center", grid=False),
    "缺报提示": Look(HEI, 11, ink=_ALARM, align="center", grid=False),
    "说明": Look(size=10.5, grid=False),
    "说明小节": Look(HEI, 12, grid=False),
    "汇总": Look(ink=_MUTED, fill=_TINT),
    "栏目": Look(HEI, 10, align="center", fill=_HEAD),
    "填写栏目": Look(HEI, 10, align="center", fill=_HEAD_FILL_IN),
    "文本": Look(number_format=TEXT),
    "文本居中": Look(align="center", number_format=TEXT),
    "姓名": Look(bold=True, align="center", number_format=TEXT),
    "整数": Look(align="center", number_format=COUNT, shrink=True),
    "单行": Look(align="center", number_format=TEXT, shrink=True),
    "数值": Look(align="right", number_format=FIGURE, shrink=True),
    "日期": Look(align="center", number_format=DATE, shrink=True),
    "截止": Look(align="center", number_format=DUE, shrink=True),
    "红": Look(HEI, 11, bold=True, ink=_WHITE, fill="C00000", align="center"),
    "黄": Look(HEI, 11, bold=True, fill="FFD966", align="center"),
    "蓝": Look(HEI, 11, bold=True, fill="BDD7EE", align="center"),
    "填写文本": Look(number_format=TEXT, locked=False),
    "填写选项": Look(locked=False),
    "填写居中": Look(align="center", number_format=TEXT, locked=False),
    "填写日期": Look(align="center", number_format=DATE, locked=False),
    "填写金额": Look(align="right", number_format="#,##0.##", locked=False),
    "合计": Look(HEI, 10, align="center", fill=_TINT, number_format=COUNT),
    "退回单元格": Look(fill="F8CBAD", ink=_ALARM, bold=True, number_format=TEXT, locked=False),
    "退回原文": Look(number_format=TEXT, locked=False),
    "退回原因": Look(ink=_ALARM, number_format=TEXT, locked=False),
    "告警居中": Look(ink=_ALARM, align="center", number_format=TEXT),
    "落款": Look(size=11, align="right", grid=False),
    "空表": Look(size=12, ink=_MUTED, align="center"),
}
"""Every style of every paper, under the name that spreadsheet programs show."""


def new_workbook() -> Workbook:
    """An empty workbook that knows `LOOKS`."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook._named_styles["Normal"].font = Font(name=_RULER, sz=10)
    styles = {name: look.named(name) for name, look in LOOKS.items()}
    for style in styles.values():
        workbook.add_named_style(style)
    workbook.looks = {name: style.as_tuple() for name, style in styles.items()}
    return workbook


def put(sheet: Worksheet, row: int, column: int, value: Value | CellRichText, style: str) -> Cell:
    """Write one cell; text always stays text, whatever it begins with."""
    cell = sheet.cell(row, column)
    cell._style = copy(
        sheet.parent.looks[style]
    )  # as `cell.style = style` does, after a search through all names
    if isinstance(value, str):
        text = printable(value)
        cell.value = text or None
        cell.data_type = "s" if text else "n"
        if text[:1] in ("=", "+", "-", "@", "\t", "|", "%"):
            cell.quotePrefix = True
    elif value is not None:
        cell.value = value
    return cell


def band(
    sheet: Worksheet,
    row: int,
    first: int,
    last: int,
    value: Value | CellRichText,
    style: str,
    height: float | None = None,
) -> None:
    """Write one value over the merged columns ``first`` to ``last``, boxed on all sides."""
    for column in range(first + 1, last + 1):
        put(sheet, row, column, None, style)
    put(sheet, row, first, value, style)
    if last > first:
        # as `sheet.merge_cells` does, without looking for borders that each cell has already
        sheet.merged_cells.add(f"{get_column_letter(first)}{row}:{get_column_letter(last)}{row}")
    if height is not None:
        sheet.row_dimensions[row].height = height


def set_widths(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Column widths, from the first column on."""
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def wrapped_height(lines: int, least: float = 24.0, line: float = _LINE_POINTS) -> float:
    """Points that so many lines need; programs do not grow rows of files that they did not
    write."""
    return min(_TALLEST_ROW, max(least, math.ceil(lines * line + 7)))


def text_height(text: str, width: float, least: float = 18.0, size: float = 10.0) -> float:
    """Points that a text of a font size needs when it is wrapped in a width."""
    return wrapped_height(
        lines_needed(text, width * 10.0 / size), least, _LINE_POINTS * size / 10.0
    )


def lay_out(sheet: Worksheet, *, landscape: bool, footer: tuple[str, str], mark: str = "") -> None:
    """A4, as wide as the paper; at the foot: left, page of pages, right; at the head of each page,
    in grey, the mark."""
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins = PageMargins(
        left=0.35, right=0.35, top=0.5, bottom=0.6, header=0.22, footer=0.25
    )
    sheet.print_options.horizontalCentered = True
    for part, text in (
        (sheet.oddHeader.right, mark.replace("&", "&&")),
        (sheet.oddFooter.left, footer[0].replace("&", "&&")),
        (sheet.oddFooter.center, "第 &P 页，共 &N 页"),
        (sheet.oddFooter.right, footer[1].replace("&", "&&")),
    ):
        if text:
            part.text, part.size, part.font = text, 9, SONG
    sheet.oddHeader.right.color = _MUTED
    sheet.sheet_view.showGridLines = False


def protect(sheet: Worksheet) -> None:
    """Lock what is not to be filled in: no password, and filter, sort, widths and heights stay
    free."""
    protection: Any = sheet.protection
    protection.sheet = True
    protection.autoFilter = protection.sort = protection.formatColumns = protection.formatRows = (
        False
    )
    protection.selectLockedCells = protection.selectUnlockedCells = False
