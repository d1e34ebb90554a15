"""The scorecard (数据质量评分卡) as a workbook: one sheet a department, one row a month."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from shouwang.documents.looks import Value
from shouwang.documents.paper import Column
from shouwang.documents.report import ReportPaper, ReportTable, write_report
from shouwang.documents.saving import Target

_COLUMNS = (
    Column("数据月份", "month", 10, "文本居中"),
    Column("状态", "state", 10, "文本居中"),
    Column("报送日期", "received_on", 12, "日期"),
    Column("逾期天数", "days_late", 9, "整数"),
    Column("报送次数", "versions", 9, "整数"),
    Column("整份退回", "refused", 9, "整数"),
    Column("读取行数", "rows", 10, "整数"),
    Column("退回行数", "rejected", 10, "整数"),
    Column("退回率", "share", 9, "单行"),
    Column("已更正", "corrected", 9, "整数"),
    Column("重复", "duplicate", 9, "整数"),
    Column("匹配", "matched", 10, "整数"),
    Column("待核实", "review", 9, "整数"),
    Column("未匹配", "unmatched", 9, "整数"),
    Column("实地有误", "wrong_on_foot", 9, "整数"),
    Column("提醒", "warnings", 44, "文本"),
    Column("按相近写法识别的表头", "guesses", 30, "文本"),
    Column("未使用的列", "ignored", 30, "文本"),
)
_STATES = {"in force": "已接收", "refused": "整份退回"}


def write_scorecard(path: Target, paper: ReportPaper, card: Sequence[dict[str, Any]]) -> None:
    """Write the lines of `shouwang.statistics.scorecards.score`, a sheet for each department."""
    tables = [
        ReportTable(name, "", _COLUMNS, [_printed(line) for line in lines])
        for name, lines in groupby(card, key=lambda line: str(line["title"]))
    ]
    write_report(path, paper, tables or [ReportTable("还没有部门报送过数据", "", _COLUMNS, [])])


def _printed(line: dict[str, Any]) -> dict[str, Value]:
    rows, rejected = line["rows"], line["rejected"]
    return {
        **line,
        "state": _STATES[line["status"]],
        "share": f"{rejected / rows:.1%}" if rows and rejected is not None else None,
        "warnings": "\n".join(line["warnings"]) or None,
        "guesses": "\n".join(line["guesses"]) or None,
        "ignored": "、".join(line["ignored"]) or None,
    }
