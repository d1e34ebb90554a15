"""The warnings of a month, with what each came to in the ledger."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.folding import NEW, REPEATED, SUPPLEMENT
from shouwang.core.month import Month
from shouwang.core.terms import LEVELS
from shouwang.store.database import frame
from shouwang.store.tables import case, case_event, warning

UNKNOWN_TOWNSHIP = "乡镇不明"
township_of = sa.func.coalesce(warning.c.township, UNKNOWN_TOWNSHIP)
OUTCOMES = {
    states.OPENED: NEW,
    states.RELAPSED: NEW,
    states.SUPPLEMENT: SUPPLEMENT,
    states.REPEATED: REPEATED,
    states.SILENCED: REPEATED,
}


def month_warnings(
    connection: Connection, month: Month, township: str | None = None
) -> pd.DataFrame:
    """The warnings of a month, or of one township, the most urgent first, with ``clue_no`` and what
    each came to: ``state`` (new, repeated, supplement)."""
    outcomes = sa.select(case.c.household_id, case_event.c.clue_no, case_event.c.kind)
    outcomes = outcomes.join(case, case.c.clue_no == case_event.c.clue_no)
    outcomes = outcomes.where(case_event.c.month == str(month), case_event.c.kind.in_([*OUTCOMES]))
    query = sa.select(warning).where(warning.c.month == str(month))
    if township is not None:
        query = query.where(township_of == township)
    rows = frame(connection, query).astype({"household_id": "str"})
    rows = rows.merge(frame(connection, outcomes).astype("str"), on="household_id", how="left")
    rows["state"] = rows.pop("kind").map(OUTCOMES)
    rows["township"] = rows["township"].fillna(UNKNOWN_TOWNSHIP)
    order = {
        "rank": rows["level"].map(LEVELS.index),
        "lowered": rows["negatives"].fillna("") != "",
        "under": -rows["over"].fillna(0),
    }
    ranked = rows.assign(**order).sort_values([*order, "household_id"], ignore_index=True)
    return ranked.drop(columns=[*order])
