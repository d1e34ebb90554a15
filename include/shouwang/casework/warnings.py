"""The warnings of a month, with what each came to in the ledger."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.ledger import NEW, REPEATED, SUPPLEMENT
from shouwang.core.month import Month
from shouwang.store.database import frame
from shouwang.store.tables import case, case_event, warning

UNKNOWN_TOWNSHIP = "乡镇不明"
township_of = sa.func.coalesce(warning.c.township, UNKNOWN_TOWNSHIP)
OUTCOMES = {
    states.OPENED: NEW,
    states.RETURNED: NEW,
    states.SUPPLEMENT: SUPPLEMENT,
    states.REPEATED: REPEATED,
    states.SILENCED: REPEATED,
}


def month_outcomes(connection: Connection, month: Month) -> pd.DataFrame:
    """What each warning of a month came to: ``household_id, clue_no, state`` (new, repeated,
    supplement)."""
    query = (
        sa.select(case.c.household_id, case_event.c.clue_no, case_event.c.kind)
        .join(case, case.c.clue_no == case_event.c.clue_no)
        .where(case_event.c.month == str(month), case_event.c.kind.in_(OUTCOMES))
    )
    rows = frame(connection, query).astype("str")
    rows["state"] = rows["kind"].map(OUTCOMES)
    return rows[["household_id", "clue_no", "state"]]


def month_warnings(
    connection: Connection, month: Month, township: str | None = None
) -> pd.DataFrame:
    """The warnings of a month, or of one township, with ``state`` and ``clue_no``, the most urgent
    first."""
    query = sa.select(warning).where(warning.c.month == str(month))
    rows = frame(connection, query if township is None else query.where(township_of == township))
    rows = rows.astype({"household_id": "str"}).merge(
        month_outcomes(connection, month), on="household_id", how="left"
    )
    rank = rows["level"].map({"红": 0, "黄": 1, "蓝": 2})
    lowered = rows["negatives"].notna() & (rows["negatives"] != "")
    rows["township"] = rows["township"].fillna(UNKNOWN_TOWNSHIP)
    return (
        rows.assign(_rank=rank, _low=lowered, _over=-rows["over"].fillna(0))
        .sort_values(["_rank", "_low", "_over", "household_id"], ignore_index=True)
        .drop(columns=["_rank", "_low", "_over"])
    )
