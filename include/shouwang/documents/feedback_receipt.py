"""The township's receipt (反馈回执): of each row of a workbook that came back, whether it was taken
or what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target

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


def write_feedback_receipt(path: Target, paper: FeedbackPaper, rows: pd.DataFrame) -> None:
    """Write it; ``rows``: sheet, row, clue_no, household_id, said, result, remark; ``result`` one
    of `RESULTS`; rows with a problem come first."""
    order = rows["result"].map(list(RESULTS).index).astype("int64")
    shown = rows.assign(order=order, result=rows["result"].map(RESULTS))
    values = {
        "township": paper.township,
        "file": paper.file,
        "urgent": bool(paper.refused is not None or (rows["result"] == "problem").any()),
        "verdict": _verdict(paper, rows),
        "rows": shown.sort_values(["order", "sheet", "row"], kind="stable"),
    }
    fill("feedback_receipt.xlsx", paper, path, values)


def _verdict(paper: FeedbackPaper, rows: pd.DataFrame) -> str:
    if paper.refused is not None:
        return f"{'整份待县里核实' if paper.held else '整份退回'}，未采纳任何一行：{paper.refused}"
    counts = rows["result"].value_counts()
    results = "，".join(f"{word} {counts.get(result, 0)} 行" for result, word in RESULTS.items())
    hint = "请在原表中更正退回的行后再报，其余各行不必重报。" if counts.get("problem", 0) else ""
    return f"{results}，未填写 {paper.blank} 行。{hint}"
