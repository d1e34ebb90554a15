"""A rule trial (规则试算) as a workbook: what would change, by rule, level and township, and for which households."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, put, set_widths
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values

COUNTS = (
    Column("月份", "month", 11, "文本居中"), Column("按", "by", 9, "文本居中"), Column("项目", "key", 18, "文本居中"),
    Column("现行规则（户）", "now", 13, "整数"), Column("试算规则（户）", "then", 13, "整数"),
    Column("增减", "more", 9, "整数"),
)  # fmt: skip
HOUSEHOLDS = (
    Column("月份", "month", 11, "文本居中"), Column("变化", "change", 9, "文本居中"), Column("乡镇", "township", 12, "文本居中"),
    Column("村", "village", 12, "文本居中"), Column("户编号", "household_id", 18, "单行"),
    Column("现行等级", "level_now", 9, "文本居中"), Column("试算等级", "level_then", 9, "文本居中"),
    Column("现行规则", "rules_now", 20, "文本"), Column("试算规则", "rules_then", 20, "文本"),
    Column("已核查属实", "confirmed", 11, "文本居中"),
)  # fmt: skip
_BY = {"all": "全县", "rule": "规则", "level": "等级", "township": "乡镇"}
_CHANGE = {"gained": "新增", "lost": "减少", "changed": "变化"}


def write_trial(
    path: Path,
    county: str,
    office: str,
    prepared_on: dt.date,
    rules: str,
    counts: pd.DataFrame,
    households: pd.DataFrame,
) -> None:
    """Write ``counts`` and ``households`` of `whatif.Trial`."""
    workbook = new_workbook()
    title = f"{county}预警规则试算"
    counts = counts.assign(
        by=counts["by"].map(_BY), more=counts["then"] - counts["now"], key=counts["key"].replace("all", "合计")
    )
    told = households.assign(
        change=households["change"].map(_CHANGE), confirmed=households["confirmed"].map({True: "属实", False: ""})
    )
    for name, columns, rows in (("对比", COUNTS, counts), ("户", HOUSEHOLDS, told)):
        sheet = workbook.create_sheet(name)
        set_widths(sheet, [column.width for column in columns])
        last = len(columns)
        band(sheet, 1, 1, last, f"{title}·{name}", "标题", 34)
        band(sheet, 2, 1, last, f"试算文件：{rules}。不考虑已下发、已核查而不再下发的户。", "副标题", 22)
        for number, column in enumerate(columns, start=1):
            put(sheet, 3, number, column.header, "栏目")
        if len(rows):
            write_rows(sheet, 3, columns, {c.source: column_values(rows[c.source]) for c in columns}, least=20)
            sheet.auto_filter.ref = f"A3:{get_column_letter(last)}{3 + len(rows)}"
        else:
            band(sheet, 4, 1, last, "没有不同。", "空表", 40)
        sheet.freeze_panes = "A4"
        lay_out(sheet, landscape=True, title_rows="3:3", footer=(office, prepared_on.isoformat()))
        protect(sheet)
    save(workbook, path, when=prepared_on, title=title, creator=office)
