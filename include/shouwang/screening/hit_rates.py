"""Hit rates (命中率): of the clues that a rule sent out, how many did townships confirm, and how
sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.store.database import frame
from shouwang.store.tables import feedback, release_item

CONFIRMED = ("01", "02", "03")
"""Conclusions that say: there is a risk (拟纳入监测, 补充措施, 需回退)."""
COLUMNS = ["rule", "title", "sent", "answered", "confirmed", "rate", "low", "high"]
_Z = 1.959964


def hit_rates(
    connection: Connection, titles: Mapping[str, str], months: Sequence[Month] | None = None
) -> pd.DataFrame:
    """One row a rule that sent anything in these data months, or ever (`COLUMNS`), the poorest
    first.

    Each clue counts once, for the rules of its last list and with the last answer to it. ``rate``
    is confirmed ÷ answered with Wilson's 95 % interval ``low`` to ``high`` (Wilson 1927); all three
    are null where nobody has answered.
    """
    query = sa.select(release_item.c.clue_no, release_item.c.rules)
    if months is not None:
        query = query.where(release_item.c.month.in_([str(month) for month in months]))
    sent = frame(connection, query.order_by(release_item.c.month, release_item.c.version))
    sent = sent.drop_duplicates("clue_no", keep="last")
    sent["rule"] = sent["rules"].fillna("").str.split()
    sent = sent.explode("rule").dropna(subset=["rule"])
    query = sa.select(feedback.c.clue_no, feedback.c.conclusion)
    answers = frame(connection, query.order_by(feedback.c.received_at, feedback.c.row))
    answers = answers.drop_duplicates("clue_no", keep="last").set_index("clue_no")
    sent["conclusion"] = sent["clue_no"].map(answers["conclusion"])
    sent["hit"] = sent["conclusion"].isin(CONFIRMED)
    counts = sent.groupby("rule", sort=True).agg(
        sent=("clue_no", "size"), answered=("conclusion", "count"), confirmed=("hit", "sum")
    )
    counts = counts.astype("int64").join(wilson(counts["confirmed"], counts["answered"]))
    counts = counts.rename_axis("rule").reset_index()
    counts["title"] = counts["rule"].map(dict(titles)).astype("str")
    order = counts.sort_values(["rate", "sent"], ascending=[True, False], kind="stable")
    return order.reset_index(drop=True)[COLUMNS]


def wilson(hits: pd.Series[int], tries: pd.Series[int]) -> pd.DataFrame:
    """``rate, low, high`` of hits among tries; null where nothing was tried."""
    n = tries.astype("float64").where(tries > 0, np.nan)
    rate, square = hits / n, _Z * _Z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half: pd.Series[float] = (
        _Z / (1 + square / n) * np.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    )
    low, high = (middle - half).clip(lower=0), (middle + half).clip(upper=1)
    return pd.DataFrame({"rate": rate, "low": low, "high": high}).round(4)
