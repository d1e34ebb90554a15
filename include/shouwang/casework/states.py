"""The life of a case as one table: in which state, on what event, it takes which state.

Handbook section 8. Whatever the table does not hold does not happen: the event stays on record and
changes no state.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from shouwang.core.conclusions import CONCLUSIONS

UNBORN = ""
WAITING_FOR_RELEASE, WAITING_FOR_VISIT, SUPERVISED = "待发布", "待核查", "督办"
HELPED, REMOVED, FINISHED, EXPELLED = "帮扶中", "风险消除", "结案", "清退"
ANSWERED = tuple(dict.fromkeys(c.state for c in CONCLUSIONS))
MONITORED = tuple(dict.fromkeys(c.state for c in CONCLUSIONS if c.recognises))
UNANSWERED = (WAITING_FOR_RELEASE, WAITING_FOR_VISIT)
OPEN = (*UNANSWERED, *(c.state for c in CONCLUSIONS if c.stays_open))
ANY = (*dict.fromkeys((*OPEN, *ANSWERED)), EXPELLED)

# What an event did to a case: the kinds of the history's entries.
OPENED, RELAPSED, RELAPSE_FOUND, KEPT = "opened", "relapsed", "relapse_found", "kept"
REPEATED, SILENCED, SUPPLEMENT = "repeated", "silenced", "supplement"
RELEASED, FEEDBACK, LATE_WORD = "released", "feedback", "late_word"
MEASURE, RETYPED = "measure", "retyped"
REMOVAL, REMOVAL_REFUSED, TIME = "removed", "removal_refused", "time"
EXPULSION = "12 of a monitored household"


NEEDS_MONTHS = 6
"""Months from recognition before a risk may be called removed (风险消除), handbook section 2."""

# Event, states in which it may happen, state that follows. What else it needs is checked where the
# event is taken.
STEPS = (
    (OPENED, (UNBORN,), WAITING_FOR_RELEASE),
    (RELAPSED, (UNBORN,), WAITING_FOR_RELEASE),  # the household's last case: risk removed
    (SUPPLEMENT, OPEN, WAITING_FOR_RELEASE),
    (RELEASED, OPEN, WAITING_FOR_VISIT),
    (TIME, (WAITING_FOR_VISIT,), SUPERVISED),  # not answered for as long as the county sets
    *((conclusion.code, ANY, conclusion.state) for conclusion in CONCLUSIONS),
    (EXPULSION, ANY, EXPELLED),
    (MEASURE, ("拟纳入监测", "风险回退"), HELPED),
    (REMOVAL, MONITORED, REMOVED),  # recognised for `NEEDS_MONTHS`, a measure on record
    (TIME, (REMOVED,), FINISHED),  # no new clue while it was silent
)
TABLE = {(source, event): target for event, sources, target in STEPS for source in sources}
_BY_TIME = {source: target for (source, event), target in TABLE.items() if event == TIME}


def supervised_from(released_on: dt.date, due: dt.date, overdue_days: int) -> dt.date:
    """The first day of 督办 of a clue without an answer: its due day is over, and so many days
    after its release are."""
    return max(due, released_on + dt.timedelta(days=overdue_days)) + dt.timedelta(days=1)


def state_on(state: str, turns_on: dt.date | None, day: dt.date) -> str:
    """The state on a day: what time alone makes of it (督办, 结案) is not stored but told."""
    return _BY_TIME.get(state, state) if turns_on is not None and day >= turns_on else state


def states_on(cases: pd.DataFrame, day: dt.date) -> pd.Series[str]:
    """`state_on` for a frame with ``state`` and ``turns_on``."""
    turned = cases["state"].map(_BY_TIME)
    late = pd.to_datetime(cases["turns_on"]) <= pd.Timestamp(day)
    return cases["state"].mask(late & turned.notna(), turned).astype("str")
