"""The review workbook (有待核实名单): what could not be decided, the candidates side by side, a
choice to make."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target

REVIEW, NUMBER, CHOICE, REMARK = "有待核实", "核实编号", "认定结果", "备注"
CHOICES = ("候选1", "候选2", "候选3", "都不是")


@dataclass(frozen=True, kw_only=True)
class ReviewPaper(Paper):
    """Of which month, and (``township``) of which township if it is not the whole county's."""

    month: Month
    township: str | None = None


def write_review(path: Target, paper: ReviewPaper, reviews: pd.DataFrame) -> None:
    """Write the list; ``reviews``, one row a written identity: number, places, name, id_number,
    place, reason, option_1, option_2, option_3."""
    values = {
        "month": paper.month.chinese,
        "township": paper.township or "",
        "count": len(reviews),
        "rows": reviews,
    }
    fill("review.xlsx", paper, path, values)
