"""What of a month's clues goes to which township, and what has gone already.

A list is a version of a township's month. The first holds every new clue and supplement of the
month; a later one (补充名单) only those that are new or say something else than what was sent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.folding import NEW, REPEATED, SUPPLEMENT
from shouwang.casework.warnings import month_warnings, township_of
from shouwang.core.conclusions import BY_CODE
from shouwang.core.digests import short_digest
from shouwang.core.month import Month
from shouwang.core.terms import HEAD, LEVELS
from shouwang.documents.manifest import beside, check_code
from shouwang.documents.text import column_values
from shouwang.registry.history import people_as_of
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import (
    case,
    case_event,
    last_answer,
    release,
    release_item,
    sent,
    signal,
    warning,
)

_SAID = ["clue_no", "level", "risks", "reasons", "category", "measures", "household_type"]
"""What a clue says; not its date: the same clue with another due date is no news."""
_ITEM = ["clue_no", "household_id", "level", "category", "risks", "rules", "check_code", "content"]


@dataclass(frozen=True)
class Outgoing:
    """What a township would receive now: frames ``clues`` and ``details`` of docs/architecture.md,
    and the version."""

    township: str
    version: int
    clues: pd.DataFrame
    details: pd.DataFrame

    @property
    def kind(self) -> Literal["名单", "补充名单"]:
        """What the list is called."""
        return "名单" if self.version == 1 else "补充名单"

    @property
    def content(self) -> str:
        """A fingerprint of what the list says."""
        return fingerprint("|".join(sorted(self.clues["content"])))


def fingerprint(text: str) -> str:
    """A digest that tells whether a text is the same."""
    return short_digest(text)


def warned_in(month: Month, township: str | None = None) -> sa.Select[tuple[str]]:
    """A query for the households with a warning in a month, of one township if it is given."""
    households = sa.select(warning.c.household_id).where(warning.c.month == str(month))
    return households if township is None else households.where(township_of == township)


def all_clues(
    connection: Connection, month: Month, township: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every clue to visit of a month, or of one township: frames ``clues`` and ``details``; ``due``
    as the list that told it says, null where none has.

    What a month repeats counts as new while no list has told it: an earlier month's may wait for
    its approval.
    """
    households = warned_in(month, township)
    warned = month_warnings(connection, month, township)
    untold = (warned["state"] == REPEATED) & warned["clue_no"].isin(_untold(connection, month))
    warned["state"] = warned["state"].mask(untold, NEW)
    warned = warned[warned["state"].isin([NEW, SUPPLEMENT])]
    signals = sa.select(signal).where(
        signal.c.month == str(month), signal.c.household_id.in_(households)
    )
    details = frame(connection, signals.order_by(signal.c.signal_no))
    details = details.merge(warned[["household_id", "clue_no"]], on="household_id")
    people = people_as_of(connection, month, households)
    people = people[people["household_id"].isin(warned["household_id"])]
    clues = warned.merge(
        households_of(people), on="household_id", how="left", suffixes=("", "_registry")
    )
    named = details.merge(people[["person_id", "household_id", "name"]].dropna(subset=["name"]))
    involved = named.groupby("clue_no")["name"].agg(lambda names: "、".join(dict.fromkeys(names)))
    clues["involved"] = clues["clue_no"].map(involved).astype("str").fillna(clues["head"])
    clues["reasons"] = clues["clue_no"].map(details.groupby("clue_no")["sentence"].agg("\n".join))
    for column, words in (("missing", "未掌握："), ("negatives", "负面情况：")):
        text = clues[column].fillna("")
        clues["reasons"] += ("\n" + words + text).where(text != "", "")
    due = clues["clue_no"].astype(object).map(_due_days(connection, month).get)
    clues["due"] = pd.to_datetime(due).astype("datetime64[ms]")
    clues["last_conclusion"] = clues["household_id"].map(_last_conclusions(connection))
    return clues, details


def _untold(connection: Connection, month: Month) -> list[str]:
    """The numbers of open cases of earlier months that this month repeats and that have been on no
    list."""
    repeated = sa.select(case_event.c.clue_no).where(
        case_event.c.month == str(month), case_event.c.kind == states.REPEATED
    )
    query = sa.select(case.c.clue_no).where(
        case.c.open,
        case.c.numbers.is_(None),
        case.c.opened_month < str(month),
        case.c.clue_no.in_(repeated),
    )
    return [*connection.scalars(query)]


def _due_days(connection: Connection, month: Month) -> dict[str, dt.date]:
    """The day by which each clue that went out is to be answered, as its newest list says."""
    query = sa.select(sent.c.clue_no, sent.c.due).where(sent.c.month == str(month))
    rows = connection.execute(query.order_by(sent.c.version))
    return {row.clue_no: row.due for row in rows}


def head_first(people: pd.DataFrame) -> pd.DataFrame:
    """People with the head of each household before its other members."""
    return people.assign(other=people["relation"] != HEAD).sort_values("other", kind="stable")


def households_of(people: pd.DataFrame) -> pd.DataFrame:
    """A row a household: ``household_id, village_group, household_type, head, phone, members``;
    where no head is registered, or without a phone, whoever stands first."""
    grouped = head_first(people).groupby("household_id", sort=False)
    households = grouped[["village_group", "household_type", "name", "phone"]].first()
    households["members"] = grouped.size().astype("Int64")
    return households.rename(columns={"name": "head"}).reset_index()


def _last_conclusions(connection: Connection) -> pd.Series:
    names = ("household_id", "conclusion", "visited", "received_at", "content")
    query = sa.select(*(last_answer.c[name] for name in names))
    query = query.where(last_answer.c.household_id.is_not(None))
    rows = frame(connection, query.order_by(last_answer.c.received_at, last_answer.c.content))
    rows = rows.drop_duplicates("household_id", keep="last")
    words = [
        BY_CODE[code].text + (f"（{day.isoformat()}）" if isinstance(day, dt.date) else "")
        for code, day in zip(rows["conclusion"], rows["visited"], strict=True)
    ]
    return pd.Series(words, index=rows["household_id"], dtype="str")


def outgoing(
    connection: Connection, month: Month, due: dt.date, township: str | None = None
) -> list[Outgoing]:
    """What each township, or one, has to receive now, by name; townships with nothing new are not
    among them."""
    clues, details = all_clues(connection, month, township)
    if clues.empty:
        return []
    clues["due"] = pd.Timestamp(due)
    keys = keys_of(connection)
    texts = clues[_SAID].astype("str").fillna("").agg("\x1f".join, axis=1)
    clues["content"] = keys.keyed(texts.map(fingerprint).astype("str"))
    clues["check_code"] = [
        check_code(keys.keyed_text, beside(*(str(value or "") for value in stands)))
        for stands in zip(
            *(column_values(clues[name]) for name in ("clue_no", "village", "head")), strict=True
        )
    ]
    key = ["township", "clue_no", "content"]
    query = sa.select(release_item).where(release_item.c.month == str(month))
    items = frame(connection, query).astype(dict.fromkeys(key, "str"))
    sent_before = pd.MultiIndex.from_frame(clues[key]).isin(pd.MultiIndex.from_frame(items[key]))
    versions = items.groupby("township")["version"].max()
    fresh = clues[~sent_before & ~_told_later(connection, month, clues)]
    return [
        Outgoing(
            str(name),
            int(versions.get(name, 0)) + 1,
            rows.reset_index(drop=True),
            details[details["clue_no"].isin(rows["clue_no"])],
        )
        for name, rows in fresh.groupby("township", sort=True)
    ]


def unsent_months(connection: Connection, due: dt.date) -> dict[Month, list[Outgoing]]:
    """Months that have been released and have something to send again, the oldest first, with what
    they have to send.

    An answer that comes back late may close a case before a warning that was kept silent because of
    it: what was then repeated is now new, and nobody has heard of it.
    """
    listed = sa.exists().where(
        release_item.c.month == case_event.c.month, release_item.c.clue_no == case_event.c.clue_no
    )
    query = (
        sa.select(case_event.c.month)
        .distinct()
        .where(
            case_event.c.kind.in_([states.OPENED, states.RELAPSED, states.SUPPLEMENT]),
            case_event.c.month.in_(sa.select(release.c.month)),
            ~listed,
        )
    )
    months = sorted(map(Month.parse, connection.scalars(query)))
    return {month: lists for month in months if (lists := outgoing(connection, month, due))}


def _told_later(connection: Connection, month: Month, clues: pd.DataFrame) -> pd.Series[bool]:
    """Which clues say no more than a later month's list has told already, and were on no list of
    this month."""
    names = ("month", "household_id", "level", "risks")
    query = sa.select(*(release_item.c[name] for name in names))
    items = connection.execute(query.where(release_item.c.month >= str(month)))
    listed, risks, levels = set[str](), dict[str, set[str]](), dict[str, int]()
    for when, household, level, text in items:
        if when == str(month):
            listed.add(household)
        else:
            risks.setdefault(household, set()).update(text.split("、"))
            rank = LEVELS.index(level)
            levels[household] = min(rank, levels.get(household, rank))
    told = [
        household not in listed
        and household in levels
        and LEVELS.index(level) >= levels[household]
        and set(text.split("、")) <= risks[household]
        for household, level, text in zip(
            clues["household_id"], clues["level"], clues["risks"], strict=True
        )
    ]
    return pd.Series(told, index=clues.index, dtype=bool)


def record_release(
    connection: Connection, month: Month, out: Outgoing, file: str, by: str, on: dt.date
) -> None:
    """Put a list on record; there is none of its version yet."""
    key: dict[str, Any] = {"month": str(month), "township": out.township, "version": out.version}
    facts = {"kind": out.kind, "file": file, "content": out.content, "released_on": on}
    due = out.clues["due"].iloc[0].date()
    connection.execute(release.insert().values(**key, **facts, released_by=by, due=due))
    insert(connection, release_item, out.clues[_ITEM].assign(**key))
