"""What became of a department's rows (结果反馈), as a workbook: the counts, and every row that led
to a signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.paper import Book, Column, Paper, counted, note, table, values_of
from shouwang.documents.saving import Target

_COLUMNS = (
    Column("数据月份", "submission_month", 10, "文本居中"),
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


@dataclass(frozen=True, kw_only=True)
class ResultsPaper(Paper):
    """For which department and month; ``rule_titles`` words rule codes in Chinese."""

    department: str
    month: Month
    rule_titles: Mapping[str, str]

    @property
    def title(self) -> str:
        """The heading, and the file's property."""
        return f"{self.month.chinese}{self.department}数据使用结果反馈"


def write_results(
    path: Target,
    paper: ResultsPaper,
    rows: Sequence[tuple[str, int]],
    outcome: Sequence[tuple[str, int, int]],
    details: pd.DataFrame,
) -> None:
    """Write the workbook: ``rows`` counts by what became of them, ``outcome`` signals and
    households by conclusion."""
    book = Book(paper)
    sheet = book.sheet(
        "结果反馈", _WIDTHS, f"{paper.county}{paper.title}", paper.line(), landscape=False
    )
    row = counted(sheet, 4, _WIDTHS, ("项目", "行数"), rows, "报送数据")
    row = counted(sheet, row, _WIDTHS, ("项目", "线索", "户数"), outcome, "线索和核查结果")
    note(sheet, row, _WIDTHS, _NOTE)
    titles = {code: f"{code} {title}" for code, title in paper.rule_titles.items()}
    shown = details.assign(rule=details["rule"].map(titles).fillna(details["rule"]))
    sheet = book.list("线索明细", _COLUMNS, f"{paper.title}·线索明细")
    nothing = "本月没有由贵单位数据产生的线索。"
    table(sheet, 2, _COLUMNS, values_of(_COLUMNS, shown), least=20, freeze="B", nothing=nothing)
    book.save(path)
