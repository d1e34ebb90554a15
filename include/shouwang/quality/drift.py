"""Drift (数据波动): a submission beside the department's own last months. It blocks nothing; people
are told.

A *profile* is what of a submission is kept for comparison, plain data without people: ``rows``, and
for each column the share of ``empty`` and of ``unreadable`` cells and, for money, the ``sums``
(yuan) and of how many ``amounts`` they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import pandas as pd

from shouwang.county.contract import Contract
from shouwang.county.settings import Drift

FEW, FEW_TIMES = 50, 100
"""The sum of fewer amounts than that may be twice or half of the usual by chance: a hundred times
is a wrong unit."""


def profile(table: pd.DataFrame, contract: Contract) -> dict[str, Any]:
    """The profile of a reading."""
    unreadable = table["unreadable"].dropna().str.split().explode().value_counts()
    rows = max(1, len(table))
    wrong = {name: round(int(unreadable.get(name, 0)) / rows, 4) for name in contract.columns}
    empty = table[list(contract.columns)].isna().mean().fillna(0)
    money = [name for name, column in contract.columns.items() if column.type == "yuan"]
    return {
        "rows": len(table),
        "empty": {name: round(float(empty[name]) - wrong[name], 4) for name in contract.columns},
        "unreadable": wrong,
        "sums": {name: round(float(table[name].sum()), 2) for name in money},
        "amounts": {name: int(table[name].fillna(0).ne(0).sum()) for name in money},
    }


def drift(
    now: dict[str, Any], before: Sequence[dict[str, Any]], contract: Contract, limits: Drift
) -> list[str]:
    """What is out of the usual, in Chinese sentences; nothing where there is no month before to
    compare with."""
    if not before:
        return []

    def usual(what: str, name: str) -> float | None:
        values = [past[what][name] for past in before if name in past.get(what, ())]
        return float(median(values)) if values else None

    sentences = []
    rows = float(median(past["rows"] for past in before))
    if not rows * limits.rows_from <= now["rows"] <= rows * limits.rows_to:
        sentences.append(f"共 {now['rows']} 行，前 {len(before)} 期一般为 {rows:.0f} 行")
    for name, column in contract.columns.items():
        title = column.wordings[0]
        for what, wording, limit in (
            ("empty", "空白的占", limits.empty_rise),
            ("unreadable", "认不出的占", limits.unreadable_rise),
        ):
            share, before_that = now[what][name], usual(what, name)
            if before_that is not None and share - before_that > limit:
                sentences.append(f"“{title}”{wording} {share:.1%}，前几期一般为 {before_that:.1%}")
        total, sums, amounts = now["sums"].get(name), usual("sums", name), usual("amounts", name)
        few = amounts is not None and amounts < FEW
        least, most = (1 / FEW_TIMES, FEW_TIMES) if few else (limits.sums_from, limits.sums_to)
        if total is not None and sums and not sums * least <= total <= sums * most:
            sentences.append(
                f"“{title}”合计 {total:,.2f} 元，前几期一般为 {sums:,.2f} 元，请核对单位"
            )
    return sentences
