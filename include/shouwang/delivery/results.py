"""What became of a department's rows (结果反馈), as a workbook: the counts, and every row that led to a signal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values
from shouwang.month import Month

_COLUMNS = (
    Column("数据月份", "delivery_month", 10, "文本居中"),
    Column("文件", "file", 32, "文本"),
    Column("工作表", "sheet", 12, "文本居中"),
    Column("行号", "row", 8, "整数"),
    Column("规则", "rule", 26, "文本"),
    Column("数值", "value", 13, "数值"),
    Column("标准", "threshold", 13, "数值"),
    Column("处理", "sent", 20, "文本居中"),
    Column("乡镇核查结论", "conclusion", 28, "文本"),
    Column("核查日期", "visited", 12, "日期"),
    Column("数据有误之处", "wrong", 32, "文本"),
)
_WIDTHS = (34, 14, 14)
_NOTE = (
    "只列贵单位报送的数据。“行号”是贵单位文件中的行号，多行合计的线索列出第一行。"
    "“数据有误之处”请核实更正后重新报送；本表只用于核对数据，不得外传。"
)


@dataclass(frozen=True)
class ResultsPaper:
    """For which department and month, by whom and when; ``rule_titles`` words rule codes in Chinese."""

    county: str
    office: str
    department: str
    month: Month
    prepared_on: dt.date
    rule_titles: Mapping[str, str]

    @property
    def title(self) -> str:
        """The heading, and the file's property."""
        return f"{self.month.chinese}{self.department}数据使用结果反馈"


def write_results(
    path: Path, paper: ResultsPaper, rows: Sequence[tuple[str, int]], outcome: Sequence[tuple[str, int, int]],
    details: pd.DataFrame,
) -> None:  # fmt: skip
    """Write the workbook: ``rows`` counts by what became of them, ``outcome`` signals and households by conclusion."""
    workbook = new_workbook()
    sheet = workbook.create_sheet("结果反馈")
    set_widths(sheet, _WIDTHS)
    band(sheet, 1, 1, 3, f"{paper.county}{paper.title}", "标题", 34)
    band(sheet, 2, 1, 3, f"编制单位：{paper.office}　　编制日期：{paper.prepared_on.isoformat()}", "副标题", 20)
    row = _counts(sheet, 4, "报送数据", ("项目", "行数"), rows)
    row = _counts(sheet, row, "线索和核查结果", ("项目", "线索", "户数"), outcome)
    band(sheet, row, 1, 3, _NOTE, "说明", text_height(_NOTE, sum(_WIDTHS), size=10.5))
    lay_out(sheet, landscape=False, title_rows=None, footer=("内部资料，注意保管", paper.office))
    protect(sheet)
    _write_details(workbook.create_sheet("线索明细"), paper, details)
    save(workbook, path, when=paper.prepared_on, title=paper.title, creator=paper.office)


def _counts(
    sheet: Worksheet, row: int, title: str, heads: Sequence[str], lines: Sequence[tuple[str | int, ...]]
) -> int:
    band(sheet, row, 1, 3, title, "说明小节", 24)
    for place, cells in enumerate((heads, *lines), start=row + 1):
        for column, cell in enumerate(cells, start=1):
            style = "栏目" if place == row + 1 else "文本" if column == 1 else "整数"
            put(sheet, place, column, cell, style)
        sheet.row_dimensions[place].height = 20
    return row + len(lines) + 3


def _write_details(sheet: Worksheet, paper: ResultsPaper, details: pd.DataFrame) -> None:
    last = len(_COLUMNS)
    set_widths(sheet, [column.width for column in _COLUMNS])
    band(sheet, 1, 1, last, f"{paper.title}·线索明细", "标题", 34)
    for number, column in enumerate(_COLUMNS, start=1):
        put(sheet, 2, number, column.header, "栏目")
    sheet.row_dimensions[2].height = 24
    if details.empty:
        band(sheet, 3, 1, last, "本月没有由贵单位数据产生的线索。", "空表", 48)
    else:
        titles = {code: f"{code} {title}" for code, title in paper.rule_titles.items()}
        shown = details.assign(rule=details["rule"].map(titles).fillna(details["rule"]))
        write_rows(sheet, 2, _COLUMNS, {c.source: [*column_values(shown[c.source])] for c in _COLUMNS}, least=20)
        sheet.auto_filter.ref = f"A2:{get_column_letter(last)}{2 + len(details)}"
    sheet.freeze_panes = "B3"
    lay_out(sheet, landscape=True, title_rows="2:2", footer=("内部资料，注意保管", paper.office))
    protect(sheet)
