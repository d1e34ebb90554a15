"""What became of a department's rows (结果反馈), as a workbook: the counts, and every row that led
to a signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target


@dataclass(frozen=True, kw_only=True)
class ResultsPaper(Paper):
    """For which department and month; ``rule_titles`` words rule codes in Chinese."""

    department: str
    month: Month
    rule_titles: Mapping[str, str]


def write_results(
    path: Target,
    paper: ResultsPaper,
    rows: Sequence[tuple[str, int]],
    outcome: Sequence[tuple[str, int, int]],
    details: pd.DataFrame,
) -> None:
    """Write the workbook: ``rows`` counts by what became of them, ``outcome`` signals and
    households by conclusion."""
    titles = {code: f"{code} {title}" for code, title in paper.rule_titles.items()}
    values = {
        "month": paper.month.chinese,
        "department": paper.department,
        "delivered": pd.DataFrame(rows, columns=["name", "rows"]),
        "outcomes": pd.DataFrame(outcome, columns=["name", "signals", "households"]),
        "rows": details.assign(rule=details["rule"].map(titles).fillna(details["rule"])),
    }
    fill("results.xlsx", paper, path, values)
