"""The sheet 线索明细: every signal behind a township's list, with its department, file and row."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.delivery.looks import band, protect, put, set_widths
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values

_COLUMNS = (
    Column("线索编号", "clue_no", 12, "文本居中"),
    Column("村", "village", 10, "文本居中"),
    Column("户主", "head", 9, "姓名"),
    Column("规则", "rule", 9, "文本居中"),
    Column("风险类型", "risk", 9, "文本居中"),
    Column("线索内容", "sentence", 50, "文本"),
    Column("数值", "value", 13, "数值"),
    Column("标准", "threshold", 13, "数值"),
    Column("数据部门", "department", 13, "文本居中"),
    Column("来源文件", "file", 30, "文本"),
    Column("工作表", "sheet", 12, "文本居中"),
    Column("行号", "row", 7, "整数"),
)


def write_details(
    sheet: Worksheet, clues: pd.DataFrame, details: pd.DataFrame, departments: Mapping[str, str], title: str
) -> None:
    """Write the signals in the order of the list; ``departments`` turns department codes into Chinese."""
    placed = details.merge(
        clues[["clue_no", "village", "head"]].assign(place=range(len(clues))), on="clue_no", how="left"
    )
    placed = placed.sort_values(["place", "rule", "file", "row"], kind="stable")
    names = placed["department"].map(departments)
    placed["department"] = names.where(names.notna(), placed["department"])
    values = {column.source: [*column_values(placed[column.source])] for column in _COLUMNS}
    values["clue_no"] = [*placed["clue_no"].astype("str")]
    last = len(_COLUMNS)
    set_widths(sheet, [column.width for column in _COLUMNS])
    band(sheet, 1, 1, last, f"{title}·线索明细", "标题", 34)
    note = "每条线索的依据：由哪个部门的哪份文件、哪一行数据得出。对数据有疑问的，核查结论选“13 部门数据有误”。"
    band(sheet, 2, 1, last, note, "副标题", 20)
    for number, column in enumerate(_COLUMNS, start=1):
        put(sheet, 3, number, column.header, "栏目")
    sheet.row_dimensions[3].height = 24
    if placed.empty:
        band(sheet, 4, 1, last, "本月没有线索。", "空表", 48)
    else:
        write_rows(sheet, 3, _COLUMNS, values, least=20)
        sheet.auto_filter.ref = f"A3:{get_column_letter(last)}{3 + len(placed)}"
    sheet.freeze_panes = "D4"
    protect(sheet)
