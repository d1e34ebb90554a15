"""What the counts are made of (统计口径): the database's tables as frames, a row a household and
month.

What is read of the ledger's events and conclusions stands in `OUTCOMES` and `MOVING`.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.data_errors import answers, clue_numbers
from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core.month import Month
from shouwang.registry.monitoring import (
    RECOGNISED,
    REMOVAL,
    RETURN,
    RETYPED,
    STRUCK_OFF,
    household_sizes,
    monitoring,
    movements,
)
from shouwang.screening.hit_rates import CONFIRMED
from shouwang.store.database import frame
from shouwang.store.tables import case, case_event, person, release, release_item, signal, warning

NEW, SUPPLEMENT, REPEATED = "新增", "补充", "重复"
OUTCOMES = {
    states.OPENED: NEW,
    states.RELAPSED: NEW,
    states.SUPPLEMENT: SUPPLEMENT,
    states.REPEATED: REPEATED,
    states.SILENCED: REPEATED,
}
"""What a warning came to, by the kind of the case's event."""
MOVING = (states.RELAPSED, states.FEEDBACK, states.REMOVAL, states.RETYPED)
"""Events that may move a monitored household; what each comes to is said in `_ledger_moves`."""


@dataclass(frozen=True)
class Facts:
    """Frames with ``month`` (text) and ``household_id``; townships by name, months the ``span``
    that was read.

    ``warned``: township, level, category, risks, outcome. ``by_department``: department. ``sent``:
    clue_no, township, released_on, due, and the last word on it: conclusion, reason, measure (null
    if unanswered), confirmed. ``moves``: movement, reason. ``registered``: the monitored households
    of the last month with township, monitored, removed. ``sizes``: people by household.
    ``townships``: those of the registry.
    """

    span: tuple[Month, ...]
    warned: pd.DataFrame
    by_department: pd.DataFrame
    sent: pd.DataFrame
    moves: pd.DataFrame
    registered: pd.DataFrame
    sizes: pd.Series[int]
    townships: tuple[str, ...]


def read_facts(connection: Connection, first: Month, last: Month) -> Facts:
    """Everything that is counted of the data months ``first`` to ``last``."""
    low, high = str(first), str(last)
    homes = clue_numbers(connection)["household_id"]
    registry = (
        sa.select(person.c.township)
        .where(person.c.from_month <= high)
        .where(sa.or_(person.c.to_month.is_(None), person.c.to_month > high))
    )
    history = monitoring(connection, last)
    registered = history[history["as_of"] == history["as_of"].max()].dropna(subset=["monitored"])
    return Facts(
        span=tuple(Month.span(first, last)),
        warned=_warned(connection, low, high),
        by_department=frame(
            connection,
            sa.select(signal.c.month, signal.c.household_id, signal.c.department)
            .where(signal.c.month.between(low, high))
            .distinct(),
        ).astype("str"),
        sent=_sent(connection, low, high, homes),
        moves=_moves(connection, low, high, history),
        registered=registered,
        sizes=household_sizes(connection, last),
        townships=tuple(sorted(filter(None, connection.scalars(registry.distinct())))),
    )


def _warned(connection: Connection, low: str, high: str) -> pd.DataFrame:
    names = ("month", "household_id", "township", "level", "category", "risks")
    warned = frame(
        connection,
        sa.select(*(warning.c[n] for n in names)).where(warning.c.month.between(low, high)),
    )
    outcomes = frame(
        connection,
        sa.select(case_event.c.month, case.c.household_id, case_event.c.kind)
        .join(case, case.c.clue_no == case_event.c.clue_no)
        .where(case_event.c.month.between(low, high), case_event.c.kind.in_(list(OUTCOMES))),
    )
    outcomes["outcome"] = outcomes["kind"].map(OUTCOMES)
    outcomes = outcomes.drop_duplicates(["month", "household_id"])[
        ["month", "household_id", "outcome"]
    ]
    warnings = warned.astype("str").merge(
        outcomes.astype("str"), on=["month", "household_id"], how="left"
    )
    return warnings.fillna({"township": UNKNOWN_TOWNSHIP, "outcome": REPEATED})


def _sent(connection: Connection, low: str, high: str, homes: pd.Series) -> pd.DataFrame:
    """What went out, once a month and clue, with the last word on that list or a later one."""
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    sent = frame(
        connection,
        sa.select(
            release.c.month,
            release.c.township,
            release_item.c.clue_no,
            release.c.released_on,
            release.c.due,
        )
        .join(release_item, sa.and_(*same))
        .where(release.c.month.between(low, high))
        .order_by(release.c.month, release.c.version),
    ).drop_duplicates(["month", "clue_no"])
    sent["household_id"] = sent["clue_no"].map(homes)
    sent = sent.dropna(subset=["household_id"]).astype({"month": "str", "household_id": "str"})
    words, answer = answers(connection), ["conclusion", "reason", "measure"]
    for rows, days in ((sent, ["released_on", "due"]), (words, ["received_at"])):
        rows[days] = rows[days].astype("datetime64[ms]")
    answered = sent.merge(words[["clue_no", "list_month", "received_at", *answer]], on="clue_no")
    later = (answered["received_at"] >= answered["released_on"]) & ~(
        answered["list_month"].astype("str") < answered["month"]
    )
    answered = answered[later].drop_duplicates(["month", "clue_no"], keep="last")[
        ["month", "clue_no", *answer]
    ]
    sent = sent.merge(answered.astype("str"), on=["month", "clue_no"], how="left")
    return sent.assign(confirmed=sent["conclusion"].isin(CONFIRMED))


def _moves(connection: Connection, low: str, high: str, history: pd.DataFrame) -> pd.DataFrame:
    """Movements told by the ledger and by the registry; the same one of a household in a year
    counts once, the first."""
    registered = movements(history)
    moves = pd.concat(
        [
            _ledger_moves(connection, low, high, history),
            registered[registered["month"].between(low, high)],
        ]
    ).astype("str")
    moves = moves.sort_values("month", kind="stable").assign(
        year=lambda t: t["month"].str.slice(0, 4)
    )
    once = moves.groupby(["year", "household_id", "movement"], sort=False)[
        ["month", "reason"]
    ].first()
    return once.reset_index()[["month", "household_id", "movement", "reason"]].astype("str")


def _ledger_moves(
    connection: Connection, low: str, high: str, history: pd.DataFrame
) -> pd.DataFrame:
    """What the ledger's events say, beside how the registry had the household at that time.

    A day counts to the data month before it, whose clues are worked off then. 01 is a recognition
    of a household that was not monitored, and a return (回退) of one whose risk had been removed. A
    category changes only where the registry had another one: before that it was a suggestion.
    """
    query = (
        sa.select(case_event, case.c.household_id)
        .join(case, case.c.clue_no == case_event.c.clue_no)
        .where(case_event.c.kind.in_(MOVING))
        .order_by(case_event.c.clue_no, case_event.c.event_no)
    )
    events = [
        {**e, **_said(e["detail"]), "month": str(Month.of(e["day"]) + -1)}
        for e in connection.execute(query).mappings()
    ]
    names = ["month", "household_id", "clue_no", "kind", "state", "conclusion", "now", "reason"]
    rows = pd.DataFrame(events, columns=names, dtype="str")
    again = rows["clue_no"].isin(rows.loc[rows["kind"] == states.RELAPSED, "clue_no"])
    loads = sorted(history["as_of"].unique())
    rows["as_of"] = rows["month"].map(
        lambda month: max((load for load in loads if load <= month), default=None)
    )
    rows = rows.astype({"as_of": "str"}).merge(history, on=["household_id", "as_of"], how="left")
    was, removed, code = rows["monitored"].notna(), rows["removed"].eq(True), rows["conclusion"]
    movements_of = {
        RECOGNISED: (code == "01") & ~was & ~again,
        RETURN: (code == "03") | (code.isin(["01", "02"]) & (removed | again)),
        STRUCK_OFF: rows["state"].eq(states.EXPELLED) & (rows["kind"] == states.FEEDBACK),
        REMOVAL: rows["kind"] == states.REMOVAL,
        RETYPED: was & rows["now"].notna() & (rows["now"] != rows["monitored"]),
    }
    last = ~rows.duplicated(["clue_no", "month", "kind"], keep="last") & rows["month"].between(
        low, high
    )
    moves = [rows[last & holds].assign(movement=kind) for kind, holds in movements_of.items()]
    return pd.concat(moves)[["month", "household_id", "movement", "reason"]]


def _said(detail: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(detail) if isinstance(detail, str) else detail
    return {name: values.get(name) for name in ("conclusion", "now", "reason")}


def on_supervision(sent: pd.DataFrame, today: dt.date, overdue_days: int) -> pd.Series[bool]:
    """Which clues are unanswered so long after their release, and their due day, that they are
    supervised (督办)."""
    released, due = (sent[name].dt.date for name in ("released_on", "due"))
    since = [
        states.supervised_from(*days, overdue_days) <= today
        for days in zip(released, due, strict=True)
    ]
    return sent["conclusion"].isna() & pd.Series(since, index=sent.index, dtype=bool)
