"""The sheet 线索明细: every signal behind a township's list, with its department, file and row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from shouwang.documents.looks import Value
from shouwang.documents.paper import Book, Column, table, values_of

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
_NOTE = "每条线索的依据：由哪个部门的哪份文件、哪一行数据得出。对数据有疑问的，核查结论选“13 部门数据有误”。"


def write_details(
    book: Book, clues: pd.DataFrame, details: pd.DataFrame, departments: Mapping[str, str]
) -> None:
    """Write the signals in the order of the list; ``departments`` turns department codes into
    Chinese."""
    placed = details.merge(
        clues[["clue_no", "village", "head"]].assign(place=range(len(clues))),
        on="clue_no",
        how="left",
    )
    placed = placed.sort_values(["place", "rule", "file", "row"], kind="stable")
    names = placed["department"].map(departments)
    placed["department"] = names.where(names.notna(), placed["department"])
    sheet = book.list("线索明细", _COLUMNS, f"{book.paper.title}·线索明细", _NOTE)
    values: dict[str, Sequence[Value]] = {
        **values_of(_COLUMNS, placed),
        "clue_no": [*placed["clue_no"].astype("str")],
    }
    table(sheet, 3, _COLUMNS, values, least=20, freeze="D", nothing="本月没有线索。")
