"""What of a month's clues goes to which township, and what has gone already.

A list is a version of a township's month. The first holds every new clue and supplement of the
month; a later one (补充名单) only those that are new or say something else than what was sent.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework import states
from shouwang.casework.ledger import LEVELS, NEW, REPEATED, SUPPLEMENT
from shouwang.casework.warnings import month_warnings, township_of
from shouwang.core.month import Month
from shouwang.documents.conclusions import BY_CODE
from shouwang.documents.manifest import beside, check_code
from shouwang.documents.text import column_values
from shouwang.registry.history import people_as_of
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, case_event, feedback, release, release_item, signal, warning

HEAD = "户主"


@dataclass(frozen=True)
class Outgoing:
    """What a township would receive now: frames ``clues`` and ``details`` of docs/architecture.md,
    and the version."""

    township: str
    version: int
    kind: str
    clues: pd.DataFrame
    details: pd.DataFrame
    contents: pd.Series

    @property
    def content(self) -> str:
        """A fingerprint of what the list says."""
        return hashlib.sha256("|".join(sorted(self.contents)).encode()).hexdigest()[:16]


def warned_in(month: Month, township: str | None = None) -> sa.Select[tuple[str]]:
    """A query for the households with a warning in a month, of one township if it is given."""
    households = sa.select(warning.c.household_id).where(warning.c.month == str(month))
    if township is None:
        return households
    return households.where(township_of == township)


def all_clues(
    connection: Connection, month: Month, due: dt.date, township: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every clue to visit of a month, or of one township: frames ``clues`` (with ``township``) and
    ``details``.

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
        _households(people), on="household_id", how="left", suffixes=("", "_registry")
    )
    named = details.merge(
        people[["person_id", "household_id", "name"]], on=["person_id", "household_id"], how="left"
    )
    involved = (
        named.dropna(subset=["name"])
        .groupby("clue_no")["name"]
        .agg(lambda names: "、".join(dict.fromkeys(names)))
    )
    clues["involved"] = clues["clue_no"].map(involved).astype("str").fillna(clues["head"])
    clues["reasons"] = clues["clue_no"].map(details.groupby("clue_no")["sentence"].agg("\n".join))
    for column, words in (("missing", "未掌握："), ("negatives", "负面情况：")):
        said = clues[column].fillna("")
        clues["reasons"] = clues["reasons"] + ("\n" + words + said).where(said != "", "")
    clues["members"] = clues["members"].astype("Int64")
    clues["due"] = pd.Timestamp(due)
    clues["last_conclusion"] = clues["household_id"].map(_last_conclusions(connection))
    return clues, details


def _untold(connection: Connection, month: Month) -> list[str]:
    """The numbers of open cases of earlier months that this month repeats and that have been on no
    list."""
    query = sa.select(case.c.clue_no).where(
        case.c.open, case.c.numbers.is_(None), case.c.opened_month < str(month)
    )
    repeated = sa.select(case_event.c.clue_no).where(
        case_event.c.month == str(month), case_event.c.kind == states.REPEATED
    )
    return [*connection.scalars(query.where(case.c.clue_no.in_(repeated)))]


def due_days(connection: Connection, month: Month) -> dict[str, dt.date]:
    """The day by which each clue that went out is to be answered, as its newest list of the month
    says."""
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    query = sa.select(release_item.c.clue_no, release.c.due).join(release, sa.and_(*same))
    query = query.where(release.c.month == str(month)).order_by(release.c.version)
    return {row.clue_no: row.due for row in connection.execute(query)}


def _households(people: pd.DataFrame) -> pd.DataFrame:
    grouped = people.groupby("household_id", sort=False)
    heads = (
        people[people["relation"] == HEAD].drop_duplicates("household_id").set_index("household_id")
    )
    first = grouped.first()
    found = first[["village_group", "household_type"]].copy()
    found["members"] = grouped.size()
    found["head"] = heads["name"].reindex(found.index).fillna(first["name"])
    found["phone"] = heads["phone"].reindex(found.index).fillna(first["phone"])
    return found.reset_index()


def _last_conclusions(connection: Connection) -> pd.Series:
    query = sa.select(feedback.c.household_id, feedback.c.conclusion, feedback.c.visited)
    query = query.where(feedback.c.household_id.is_not(None)).order_by(
        feedback.c.received_at, feedback.c.content
    )
    rows = frame(connection, query).drop_duplicates("household_id", keep="last")
    words = rows["conclusion"].map(lambda code: BY_CODE[code].text) + rows["visited"].map(
        lambda day: f"（{day.isoformat()}）" if isinstance(day, dt.date) else ""
    )
    return pd.Series(words.to_numpy(), index=rows["household_id"], dtype="str")


def _contents(clues: pd.DataFrame) -> pd.Series:
    """A fingerprint of what each clue says, without its date: the same clue with another due date
    is no news."""
    said = ["clue_no", "level", "risks", "reasons", "category", "measures", "household_type"]
    text = (
        clues[said].astype("str").fillna("").agg("\x1f".join, axis=1)
        if len(clues)
        else pd.Series(dtype="str")
    )
    return text.map(lambda t: hashlib.sha256(t.encode()).hexdigest()[:16]).astype("str")


def outgoing(
    connection: Connection, month: Month, due: dt.date, township: str | None = None
) -> list[Outgoing]:
    """What each township, or one, has to receive now, by name; townships with nothing new are not
    among them."""
    clues, details = all_clues(connection, month, due, township)
    if clues.empty:
        return []
    clues["content"] = keys_of(connection).keyed(_contents(clues))
    sent = frame(connection, sa.select(release_item).where(release_item.c.month == str(month)))
    known = set(zip(sent["township"], sent["clue_no"], sent["content"], strict=True))
    versions = sent.groupby("township")["version"].max() if len(sent) else pd.Series(dtype="int64")
    unsent = [
        key not in known
        for key in zip(clues["township"], clues["clue_no"], clues["content"], strict=True)
    ]
    keyed = keys_of(connection).keyed_text
    clues["check_code"] = [
        check_code(keyed, beside(str(number), str(village or ""), str(head or "")))
        for number, village, head in zip(
            *(column_values(clues[n]) for n in ("clue_no", "village", "head")), strict=True
        )
    ]
    fresh = clues[pd.Series(unsent, index=clues.index) & ~_told_later(connection, month, clues)]
    found = []
    for name, rows in fresh.groupby("township", sort=True):
        version = int(versions.get(name, 0)) + 1
        mine = details[details["clue_no"].isin(rows["clue_no"])]
        kind = "名单" if version == 1 else "补充名单"
        found.append(
            Outgoing(str(name), version, kind, rows.reset_index(drop=True), mine, rows["content"])
        )
    return found


def unsent_months(connection: Connection, due: dt.date) -> dict[Month, list[Outgoing]]:
    """Months that have been released and have something to send again, the oldest first, with what
    they have to send.

    An answer that comes back late may close a case before a warning that was kept silent because of
    it: what was then repeated is now new, and nobody has heard of it.
    """
    sent = sa.exists().where(
        release_item.c.month == case_event.c.month, release_item.c.clue_no == case_event.c.clue_no
    )
    query = (
        sa.select(case_event.c.month)
        .distinct()
        .where(
            case_event.c.kind.in_([states.OPENED, states.RETURNED, states.SUPPLEMENT]),
            case_event.c.month.in_(sa.select(release.c.month)),
            ~sent,
        )
    )
    months = sorted(map(Month.parse, connection.scalars(query)))
    return {month: lists for month in months if (lists := outgoing(connection, month, due))}


def _told_later(connection: Connection, month: Month, clues: pd.DataFrame) -> pd.Series[bool]:
    """Which clues say no more than a later month's list has told already, and were on no list of
    this month."""
    query = sa.select(
        release_item.c.month,
        release_item.c.household_id,
        release_item.c.level,
        release_item.c.risks,
    )
    told = frame(connection, query.where(release_item.c.month >= str(month))).dropna()
    here, later = told[told["month"] == str(month)], told[told["month"] > str(month)]
    risks: dict[str, set[str]] = {}
    for household, said in zip(later["household_id"], later["risks"], strict=True):
        risks.setdefault(household, set()).update(said.split("、"))
    level = later["level"].map(LEVELS).groupby(later["household_id"]).max()
    no_more = [
        set(said.split("、")) <= risks.get(h, set())
        for h, said in zip(clues["household_id"], clues["risks"], strict=True)
    ]
    no_higher = clues["level"].map(LEVELS) <= clues["household_id"].map(level)
    return (
        pd.Series(no_more, index=clues.index)
        & no_higher
        & ~clues["household_id"].isin(here["household_id"])
    )


def record_release(
    connection: Connection,
    month: Month,
    out: Outgoing,
    file: str,
    by: str,
    on: dt.date,
    due: dt.date,
) -> bool:
    """Put a release on record, once; whether it was new."""
    key = {"month": str(month), "township": out.township, "version": out.version}
    same = [release.c[name] == value for name, value in key.items()]
    if connection.execute(sa.select(release.c.version).where(*same)).first():
        return False
    connection.execute(
        release.insert().values(
            **key,
            kind=out.kind,
            file=file,
            content=out.content,
            released_on=on,
            released_by=by,
            due=due,
        )
    )
    said = ["clue_no", "household_id", "level", "category", "risks", "rules", "check_code"]
    items = out.clues[said].assign(content=out.contents.to_numpy())
    insert(connection, release_item, items.assign(**key))  # type: ignore[arg-type]
    return True
