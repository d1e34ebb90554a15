"""Hit rates (命中率): of the clues that each rule sent out, how many the townships confirmed, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.month import Month
from shouwang.store.database import frame
from shouwang.store.tables import case, release_item, signal

CONFIRMED = ("01", "02", "03")
"""Conclusions after which the household is helped: 拟纳入监测, 已是监测对象补充措施, 风险回退."""
_Z = 1.959964
"""Of a normal distribution, 95 % lies within so many standard deviations."""


def hit_rates(connection: Connection, months: list[Month] | None = None) -> pd.DataFrame:
    """One row a rule: ``rule, sent, answered, confirmed`` (clues)``, rate, low, high``.

    ``rate`` is confirmed ÷ answered, ``low`` and ``high`` its 95 % interval (Wilson); null where nothing was answered.
    ``months`` are those in whose lists the clues went out; all of them when it is left out.
    """
    query = (
        sa.select(release_item.c.clue_no, signal.c.rule, case.c.conclusion)
        .select_from(
            release_item.join(case, case.c.clue_no == release_item.c.clue_no).join(
                signal,
                sa.and_(signal.c.month == release_item.c.month, signal.c.household_id == case.c.household_id),
            )
        )
        .distinct()
    )
    if months is not None:
        query = query.where(release_item.c.month.in_([str(month) for month in months]))
    clues = frame(connection, query)
    clues = clues.assign(answered=clues["conclusion"].notna(), confirmed=clues["conclusion"].isin(CONFIRMED))
    rules = clues.groupby("rule").agg(
        sent=("clue_no", "size"), answered=("answered", "sum"), confirmed=("confirmed", "sum")
    )
    rules = rules.astype("int64").reset_index()
    answered = rules["answered"].where(rules["answered"] > 0)
    low, high = wilson(rules["confirmed"], answered)
    return rules.assign(rate=rules["confirmed"] / answered, low=low, high=high)


def wilson(hits: pd.Series, of: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The bounds between which a share lies with 95 % certainty; honest for few and for extreme shares too."""
    share, n = hits / of, of
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (middle - half).clip(lower=0), (middle + half).clip(upper=1)
