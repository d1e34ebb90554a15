"""Cases as they stand on a day, and what is due: reminders (提醒) and the supervision list
(督办名单)."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.cases import months_later
from shouwang.casework.states import (
    FINISHED,
    MONITORED,
    NEEDS_MONTHS,
    SUPERVISED,
    WAITING_FOR_VISIT,
    states_on,
)
from shouwang.core.terms import LEVELS
from shouwang.store.database import frame
from shouwang.store.tables import case, warning

DATES = ("recognised_on", "due", "turns_on", "next_visit")
SHOWN = [
    "clue_no",
    "household_id",
    "township",
    "village",
    "level",
    "state",
    "risks",
    "due",
    "days_late",
    "turns_on",
    "recognised_on",
    "next_visit",
    "opened_month",
    "last_month",
]
"""What of a case a list shows."""


def cases_on(
    connection: Connection, day: dt.date, state: str | None = None, township: str | None = None
) -> pd.DataFrame:
    """Every case as of a day, the most urgent first: the table's columns, ``village`` and
    ``days_late``.

    ``state`` has what time makes of it (督办, 结案); ``days_late`` counts from the due day, null
    where none is due.
    """
    last = sa.select(warning.c.village).where(
        warning.c.household_id == case.c.household_id, warning.c.month == case.c.last_month
    )
    query = sa.select(case, last.scalar_subquery().label("village"))
    rows = frame(
        connection, query if township is None else query.where(case.c.township == township)
    )
    rows[[*DATES]] = rows[[*DATES]].astype("datetime64[ms]")
    rows["state"] = states_on(rows, day)
    waiting = rows["state"].isin([WAITING_FOR_VISIT, SUPERVISED])
    rows["days_late"] = (pd.Timestamp(day) - rows["due"]).dt.days.where(waiting).astype("Int64")
    rows["open"] = rows["open"] & (rows["state"] != FINISHED)
    if state is not None:
        rows = rows[rows["state"] == state]
    order = rows.assign(rank=rows["level"].map(LEVELS.index)).sort_values(
        ["days_late", "rank", "clue_no"], ascending=[False, True, True], na_position="last"
    )
    return order.drop(columns="rank").reset_index(drop=True)


def overdue(connection: Connection, day: dt.date, township: str | None = None) -> pd.DataFrame:
    """The supervision list of a day: clues that went out and are still not answered after the days
    that a county sets."""
    return cases_on(connection, day, SUPERVISED, township)


def due_on(connection: Connection, day: dt.date, township: str | None = None) -> pd.DataFrame:
    """Whom to remind on a day: clues due that day, and households whose next visit (下次走访) is
    that day."""
    rows = cases_on(connection, day, township=township)
    is_due = (rows["state"] == WAITING_FOR_VISIT) & (rows["due"] == pd.Timestamp(day))
    visit = rows["open"] & (rows["next_visit"] == pd.Timestamp(day))
    return rows[is_due | visit].reset_index(drop=True)


def being_helped(connection: Connection, day: dt.date, township: str) -> pd.DataFrame:
    """A township's households under monitoring, with ``earliest``: the first day on which a risk
    may be called removed."""
    rows = cases_on(connection, day, township=township)
    rows = rows[rows["state"].isin(MONITORED)].reset_index(drop=True)
    earliest = [
        None if pd.isna(day) else months_later(day.date(), NEEDS_MONTHS)
        for day in rows["recognised_on"]
    ]
    return rows.assign(earliest=pd.to_datetime(pd.Series(earliest, dtype=object)))
