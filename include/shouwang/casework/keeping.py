"""The ledger in the database: read the facts, replay them, write what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.entries import Ledger, Policy
from shouwang.casework.facts import Amount, Answer, Fact, Released, Removal, Warned
from shouwang.casework.ledger import replay
from shouwang.casework.states import supervised_from
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.registry.monitoring import MONITORED_TYPES
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import (
    case,
    case_event,
    feedback,
    person,
    release,
    release_item,
    removal,
    signal,
    warning,
)

Households = sa.Select[tuple[str]] | Sequence[str]


def keep_ledger(
    connection: Connection, settings: CountySettings, households: Households | None = None
) -> Ledger:
    """Replay the ledger from the facts in the database and write it back; unchanged facts change
    nothing.

    ``households``: the ids of those whose facts changed, or a query for them; no household's story
    depends on another's.
    """
    ledger = replay(policy_of(connection, settings), facts_of(connection, settings, households))
    cases = [
        {
            "clue_no": c.clue_no,
            "household_id": c.household_id,
            "opened_month": str(c.opened_month),
            "state": c.state,
            "open": c.open,
            "level": c.level,
            "category": c.category,
            "rules": " ".join(sorted(c.sent)),
            "risks": "、".join(sorted(c.risks)),
            "township": c.township,
            "last_month": str(c.last_month),
            "conclusion": c.conclusion,
            "returned": c.returned,
            "recognised_on": c.recognised_on,
            "measures": "；".join(dict.fromkeys(c.measures)) or None,
            "due": c.due,
            "turns_on": c.turns_on,
            "next_visit": c.next_visit,
            "numbers": " ".join(c.numbers) or None,
        }
        for c in ledger.cases
    ]
    told: Counter[str] = Counter()
    events = []
    for event in ledger.events:
        told[event.clue_no] += 1
        events.append(
            {
                "clue_no": event.clue_no,
                "event_no": told[event.clue_no],
                "month": str(event.month),
                "day": event.day,
                "kind": event.kind,
                "state": event.state,
                "level": event.level,
                "rules": event.rules,
                "detail": dict(event.detail),
            }
        )
    events_of, cases_of = case_event.delete(), case.delete()
    if households is not None:
        mine = case.c.household_id.in_(households)
        events_of = events_of.where(case_event.c.clue_no.in_(sa.select(case.c.clue_no).where(mine)))
        cases_of = cases_of.where(mine)
    connection.execute(events_of)
    connection.execute(cases_of)
    insert(connection, case, pd.DataFrame(cases))
    insert(connection, case_event, pd.DataFrame(events))
    return ledger


def policy_of(connection: Connection, settings: CountySettings) -> Policy:
    """What the county has set."""
    return Policy(
        settings.code,
        keys_of(connection).keyed_text,
        settings.casework.silence_months,
        settings.casework.grown_by,
    )


def facts_of(
    connection: Connection, settings: CountySettings, households: Households | None = None
) -> list[Fact]:
    """Every fact on record, or those of some households."""
    return [
        *_warned(connection, households),
        *_released(connection, households, settings.calendar.overdue_days),
        *_answers(connection, households),
        *_removals(connection, households),
    ]


def _only(
    query: sa.Select[Any], column: sa.Column[Any], among: Households | None
) -> sa.Select[Any]:
    return query if among is None else query.where(column.in_(among))


def _warned(connection: Connection, households: Households | None) -> list[Warned]:
    facts = sa.select(
        signal.c.month, signal.c.household_id, signal.c.rule, signal.c.value, signal.c.threshold
    )
    signals = frame(connection, _only(facts, signal.c.household_id, households))
    evidence: dict[tuple[str, str], dict[str, Amount]] = {}
    measured = amounts(signals["value"], signals["threshold"])
    keys = [signals["month"], signals["household_id"], signals["rule"]]
    found = measured.groupby(keys, sort=False).agg(["sum", "max"]).round(4)
    for (month, household, rule), total, largest in zip(
        found.index, found["sum"], found["max"], strict=True
    ):
        evidence.setdefault((month, household), {})[rule] = Amount(float(total), float(largest))
    query = _only(sa.select(warning), warning.c.household_id, households)
    return [
        Warned(
            Month.parse(w["month"]),
            w["household_id"],
            w["level"],
            w["category"],
            _set(w["risks"]),
            evidence.get((w["month"], w["household_id"]), {}),
            w["township"],
        )
        for w in connection.execute(query).mappings()
    ]


def amounts(value: pd.Series, threshold: pd.Series) -> pd.Series[float]:
    """What signals measured: the value, or by how far it falls short where it lies below its
    threshold; else 0."""
    value, threshold = value.astype("float64"), threshold.astype("float64")
    return value.where(~(value < threshold), threshold - value).fillna(0.0)


def _set(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, (text or "").split("、")))


def _released(
    connection: Connection, households: Households | None, overdue_days: int
) -> list[Released]:
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    paper = [release.c[name] for name in ("released_on", "due", "released_by", "file")]
    query = (
        sa.select(release_item, *paper)
        .join(release, sa.and_(*same))
        .where(release_item.c.household_id.is_not(None))
    )
    return [
        Released(
            Month.parse(r["month"]),
            r["clue_no"],
            r["household_id"],
            r["township"],
            r["released_on"],
            r["due"],
            supervised_from(r["released_on"], r["due"], overdue_days),
            r["level"] or "蓝",
            r["category"],
            _set(r["risks"]),
            r["rules"] or "",
            r["version"],
            {
                "released_on": r["released_on"].isoformat(),
                "by": r["released_by"],
                "file": r["file"],
                "township": r["township"],
                "version": r["version"],
            },
        )
        for r in connection.execute(
            _only(query, release_item.c.household_id, households)
        ).mappings()
    ]


def _answers(connection: Connection, households: Households | None) -> list[Answer]:
    query = _only(
        sa.select(feedback).where(feedback.c.household_id.is_not(None)),
        feedback.c.household_id,
        households,
    )
    since = _monitored(connection, households)
    answers = []
    for f in connection.execute(query).mappings():
        clue_no = f["clue_no"]
        listed = (
            Month.parse(f["list_month"])
            if f["list_month"]
            else Month(2000 + int(clue_no[:2]), int(clue_no[2:4]))
        )
        detail = {name: f[name] for name in ("reason", "visitor", "income", "file", "sheet", "row")}
        known = [first for first, last in since.get(f["household_id"], ()) if first <= listed]
        there = any(
            first <= listed and (last is None or listed < last)
            for first, last in since.get(f["household_id"], ())
        )
        answers.append(
            Answer(
                clue_no,
                f["household_id"],
                f["conclusion"],
                listed,
                f["received_at"],
                f["visited"],
                f["measure"],
                f["category"],
                _set(f["risks"]),
                f["next_visit"],
                min(known).first if there else None,
                detail,
                f["content"],
            )
        )
    return answers


def _monitored(
    connection: Connection, households: Households | None
) -> Mapping[str, list[tuple[Month, Month | None]]]:
    """From when until when (not included) the registry has the answered households as monitored."""
    answered = sa.select(feedback.c.household_id) if households is None else households
    query = sa.select(person.c.household_id, person.c.from_month, person.c.to_month).distinct()
    query = query.where(
        person.c.household_id.in_(answered),
        person.c.household_type.in_(MONITORED_TYPES),
        sa.func.coalesce(person.c.risk_removed, "否") != "是",
    )
    found: dict[str, list[tuple[Month, Month | None]]] = {}
    for household, first, last in connection.execute(query):
        found.setdefault(household, []).append(
            (Month.parse(first), Month.parse(last) if last else None)
        )
    return found


def _removals(connection: Connection, households: Households | None) -> list[Removal]:
    query = _only(sa.select(removal), removal.c.household_id, households)
    return [
        Removal(
            r["clue_no"],
            r["household_id"],
            r["removed_on"],
            r["received_at"],
            r["measure"],
            {name: r[name] for name in ("by", "file", "sheet", "row")},
        )
        for r in connection.execute(query).mappings()
    ]
