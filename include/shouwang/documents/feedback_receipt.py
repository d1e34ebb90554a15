"""The township's receipt (反馈回执): of each row of a workbook that came back, whether it was taken
or what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.documents.paper import Book, Column, Paper, note, table, total_width, values_of
from shouwang.documents.saving import Target

COLUMNS = (
    Column("工作表", "sheet", 14, "文本居中"),
    Column("行", "row", 7, "整数"),
    Column("线索编号", "clue_no", 16, "单行"),
    Column("户号", "household_id", 18, "单行"),
    Column("填报内容", "said", 26, "文本"),
    Column("结果", "result", 12, "文本居中"),
    Column("说明", "remark", 52, "文本"),
)
RESULTS = {"problem": "退回更正", "taken": "已采纳", "known": "此前已收"}
"""What becomes of a row, the most urgent first."""


@dataclass(frozen=True, kw_only=True)
class FeedbackPaper(Paper):
    """Of which file of which township; ``refused``: why it was turned down as a whole (null if
    not), or is ``held``."""

    township: str
    file: str
    blank: int = 0
    refused: str | None = None
    held: bool = False

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.township}核查反馈回执"

    @property
    def use(self) -> str:
        """For whom and for what."""
        return f"供{self.township}更正反馈使用，不得外传"


def write_feedback_receipt(path: Target, paper: FeedbackPaper, rows: pd.DataFrame) -> None:
    """Write it; ``rows``: the sources of `COLUMNS`, ``result`` one of `RESULTS`; rows with a
    problem come first."""
    book = Book(paper)
    facts = f"{paper.county}　　报回文件：{paper.file}　　接收日期：{paper.day.isoformat()}"
    sheet = book.list("反馈回执", COLUMNS, paper.title, facts)
    urgent = paper.refused is not None or (rows["result"] == "problem").any()
    head = note(
        sheet, 3, total_width(COLUMNS), _verdict(paper, rows), "缺报提示" if urgent else "副标题"
    )
    order = rows.assign(order=rows["result"].map({result: n for n, result in enumerate(RESULTS)}))
    shown = order.sort_values(["order", "sheet", "row"], kind="stable")
    shown["result"] = shown["result"].map(RESULTS)
    table(sheet, head, COLUMNS, values_of(COLUMNS, shown), nothing="没有采纳的行。")
    book.save(path)


def _verdict(paper: FeedbackPaper, rows: pd.DataFrame) -> str:
    if paper.refused is not None:
        return f"{'整份待县里核实' if paper.held else '整份退回'}，未采纳任何一行：{paper.refused}"
    counts = rows["result"].value_counts()
    said = "，".join(f"{word} {counts.get(result, 0)} 行" for result, word in RESULTS.items())
    hint = "请在原表中更正退回的行后再报，其余各行不必重报。" if counts.get("problem", 0) else ""
    return f"{said}，未填写 {paper.blank} 行。{hint}"
