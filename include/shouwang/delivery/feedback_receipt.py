"""The township's receipt (反馈回执): of each row of a workbook that came back, whether it was taken or what is wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from shouwang.delivery.looks import band, lay_out, new_workbook, protect, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values

COLUMNS = (
    Column("工作表", "sheet", 14, "文本居中"), Column("行", "row", 7, "整数"), Column("线索编号", "clue_no", 16, "单行"),
    Column("户号", "household_id", 18, "单行"), Column("填报内容", "said", 26, "文本"),
    Column("结果", "result", 12, "文本居中"), Column("说明", "remark", 52, "文本"),
)  # fmt: skip
RESULTS = {"problem": "退回更正", "taken": "已采纳", "known": "此前已收"}
"""What becomes of a row, the most urgent first."""


@dataclass(frozen=True)
class FeedbackPaper:
    """Which file of which township was received when; ``refused``: why it was turned down as a whole (null if not)."""

    county: str
    office: str
    township: str
    file: str
    received_on: dt.date
    blank: int = 0
    refused: str | None = None


def write_feedback_receipt(path: Path, paper: FeedbackPaper, rows: pd.DataFrame) -> None:
    """Write it; ``rows``: the sources of `COLUMNS`, ``result`` one of `RESULTS`; rows with a problem come first."""
    workbook = new_workbook()
    sheet = workbook.create_sheet("反馈回执")
    widths = [column.width for column in COLUMNS]
    set_widths(sheet, widths)
    last, title = len(COLUMNS), f"{paper.township}核查反馈回执"
    band(sheet, 1, 1, last, title, "标题", 34)
    facts = f"{paper.county}　　报回文件：{paper.file}　　接收日期：{paper.received_on.isoformat()}"
    band(sheet, 2, 1, last, facts, "副标题", 20)
    verdict = _verdict(paper, rows)
    urgent = paper.refused is not None or (rows["result"] == "problem").any()
    band(sheet, 3, 1, last, verdict, "缺报提示" if urgent else "副标题", text_height(verdict, sum(widths), 28, 11))
    for number, column in enumerate(COLUMNS, start=1):
        band(sheet, 4, number, number, column.header, "栏目", 24)
    order = rows.assign(order=rows["result"].map({result: n for n, result in enumerate(RESULTS)}))
    shown = order.sort_values(["order", "sheet", "row"], kind="stable")
    shown["result"] = shown["result"].map(RESULTS)
    write_rows(sheet, 4, COLUMNS, {c.source: [*column_values(shown[c.source])] for c in COLUMNS}, least=22)
    sheet.auto_filter.ref = f"A4:G{4 + max(1, len(shown))}"
    sheet.freeze_panes = "A5"
    footer = (f"供{paper.township}更正反馈使用，不得外传", f"{paper.office}  {paper.received_on.isoformat()}")
    lay_out(sheet, landscape=True, title_rows="4:4", footer=footer)
    protect(sheet)
    save(workbook, path, when=paper.received_on, title=title, creator=paper.office)


def _verdict(paper: FeedbackPaper, rows: pd.DataFrame) -> str:
    if paper.refused is not None:
        return f"整份退回，未采纳任何一行：{paper.refused}"
    counts = rows["result"].value_counts()
    said = "，".join(f"{word} {counts.get(result, 0)} 行" for result, word in RESULTS.items())
    hint = "请在原表中更正退回的行后再报，其余各行不必重报。" if counts.get("problem", 0) else ""
    return f"{said}，未填写 {paper.blank} 行。{hint}"
