"""What the counts are made of (统计口径): the database's tables as frames, a row a household and month.

What is read of the ledger's events and conclusions stands in `OUTCOMES` and `MOVEMENTS`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.data_errors import clue_numbers, last_words
from shouwang.month import Month
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
from shouwang.reporting.hit_rates import CONFIRMED
from shouwang.store.database import frame
from shouwang.store.tables import case, case_event, person, release, release_item, signal, warning

NEW, SUPPLEMENT, REPEATED = "新增", "补充", "重复"
OUTCOMES = {
    states.OPENED: NEW, states.RETURNED: NEW, states.SUPPLEMENT: SUPPLEMENT, states.REPEATED: REPEATED,
    states.SILENCED: REPEATED,
}  # fmt: skip
"""What a warning came to, by the kind of the case's event."""
MOVEMENTS = {"01": RECOGNISED, "03": RETURN, "12": STRUCK_OFF, states.REMOVAL: REMOVAL, states.RETYPED: RETYPED}
"""What moves a monitored household, by conclusion or kind of event; 12 and retyped only where it is one."""
UNKNOWN_TOWNSHIP = "乡镇不明"


@dataclass(frozen=True)
class Facts:
    """Frames with ``month`` (text) and ``household_id``; townships by name, months the ``span`` that was read.

    ``warned``: township, level, category, risks, outcome. ``by_department``: department. ``sent``: clue_no, township,
    released_on, due, and the last word on it: conclusion, reason, measure (null if unanswered), confirmed.
    ``moves``: movement, reason. ``registered``: the monitored households of the last month with township, monitored,
    removed. ``sizes``: people by household. ``townships``: those of the registry.
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
    registry = sa.select(person.c.township).where(person.c.from_month <= high).where(
        sa.or_(person.c.to_month.is_(None), person.c.to_month > high)
    )  # fmt: skip
    history = monitoring(connection, last)
    registered = history[history["as_of"] == history["as_of"].max()].dropna(subset=["monitored"])
    sent = _sent(connection, low, high, homes)
    return Facts(
        span=tuple(Month.span(first, last)),
        warned=_warned(connection, low, high),
        by_department=frame(
            connection,
            sa.select(signal.c.month, signal.c.household_id, signal.c.department)
            .where(signal.c.month.between(low, high))
            .distinct(),
        ).astype("str"),
        sent=sent,
        moves=_moves(connection, low, high, sent, movements(history), set(registered["household_id"])),
        registered=registered,
        sizes=household_sizes(connection, last),
        townships=tuple(sorted(filter(None, connection.scalars(registry.distinct())))),
    )


def _warned(connection: Connection, low: str, high: str) -> pd.DataFrame:
    names = ("month", "household_id", "township", "level", "category", "risks")
    warned = frame(connection, sa.select(*(warning.c[n] for n in names)).where(warning.c.month.between(low, high)))
    told = frame(
        connection,
        sa.select(case_event.c.month, case.c.household_id, case_event.c.kind)
        .join(case, case.c.clue_no == case_event.c.clue_no)
        .where(case_event.c.month.between(low, high), case_event.c.kind.in_(list(OUTCOMES))),
    )
    told["outcome"] = told["kind"].map(OUTCOMES)
    told = told.drop_duplicates(["month", "household_id"])[["month", "household_id", "outcome"]]
    both = warned.astype("str").merge(told.astype("str"), on=["month", "household_id"], how="left")
    return both.fillna({"township": UNKNOWN_TOWNSHIP, "outcome": REPEATED})


def _sent(connection: Connection, low: str, high: str, homes: pd.Series) -> pd.DataFrame:
    """What went out, once a month and clue, with the last word on it that came after it went."""
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    items = frame(
        connection,
        sa.select(release.c.month, release.c.township, release_item.c.clue_no, release.c.released_on, release.c.due)
        .join(release_item, sa.and_(*same))
        .where(release.c.month.between(low, high))
        .order_by(release.c.month, release.c.version),
    ).drop_duplicates(["month", "clue_no"])
    items["household_id"] = items["clue_no"].map(homes)
    words = last_words(connection)[["clue_no", "conclusion", "reason", "measure", "received_at"]]
    sent = items.dropna(subset=["household_id"]).merge(words, on="clue_no", how="left")
    for day in ("released_on", "due", "received_at"):
        sent[day] = pd.to_datetime(sent[day])
    early = ~(sent["received_at"] >= sent["released_on"])
    answer = ["conclusion", "reason", "measure"]
    sent[answer] = sent[answer].astype("str").mask(early)
    return sent.astype({"month": "str", "household_id": "str"}).assign(confirmed=sent["conclusion"].isin(CONFIRMED))


def _moves(
    connection: Connection, low: str, high: str, sent: pd.DataFrame, registered: pd.DataFrame, monitored: set[str]
) -> pd.DataFrame:
    """Movements told by the ledger and by the registry; the same one of a household in a year counts once, the first."""
    answered = sent.assign(movement=sent["conclusion"].map(MOVEMENTS))
    struck = (answered["movement"] != STRUCK_OFF) | answered["household_id"].isin(monitored)
    events = frame(
        connection,
        sa.select(case_event.c.month, case.c.household_id, case_event.c.kind)
        .join(case, case.c.clue_no == case_event.c.clue_no)
        .where(case_event.c.month.between(low, high), case_event.c.kind.in_(list(MOVEMENTS))),
    )
    events["movement"] = events["kind"].map(MOVEMENTS)
    helped = monitored | set(sent.loc[sent["confirmed"], "household_id"])
    events = events[(events["movement"] != RETYPED) | events["household_id"].isin(helped)]
    columns = ["month", "household_id", "movement", "reason"]
    told = pd.concat(
        [
            answered.loc[struck, columns].dropna(subset=["movement"]),
            events.reindex(columns=columns),
            registered[registered["month"].between(low, high)].reindex(columns=columns),
        ]
    ).astype("str")
    told = told.sort_values("month", kind="stable").assign(year=lambda t: t["month"].str.slice(0, 4))
    return told.drop_duplicates(["year", "household_id", "movement"])[columns].reset_index(drop=True)


def on_supervision(sent: pd.DataFrame, today: dt.date, overdue_days: int) -> pd.Series[bool]:
    """Which clues are unanswered so long after their release, and their due day, that they are supervised (督办)."""
    patience = (sent["released_on"] + pd.Timedelta(days=overdue_days)).combine(sent["due"], max)
    return sent["conclusion"].isna() & (patience < pd.Timestamp(today))
