"""The ledger in the database: read the facts, replay them, write what differs."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.ledger import Answer, Ledger, Warned, replay
from shouwang.county.settings import CountySettings
from shouwang.month import Month
from shouwang.store.database import frame, insert
from shouwang.store.tables import case, case_event, feedback, release_item, signal, warning

Households = sa.Select[tuple[str]]


def keep_ledger(connection: Connection, settings: CountySettings, households: Households | None = None) -> Ledger:
    """Replay the ledger from the facts in the database and write it back; unchanged facts change nothing.

    ``households`` is a query for the ids of those whose facts changed: no household's story depends on another's.
    """
    clues = None if households is None else sa.select(case.c.clue_no).where(case.c.household_id.in_(households))
    released = sa.select(release_item.c.month, release_item.c.clue_no).distinct()
    ledger = replay(
        settings.code,
        _warned(connection, households),
        _answers(connection, clues),
        [(Month.parse(m), clue) for m, clue in connection.execute(_only(released, release_item.c.clue_no, clues))],
        settings.casework.silence_months,
        settings.casework.grown_by,
    )
    cases = [
        {
            "clue_no": c.clue_no, "household_id": c.household_id, "opened_month": str(c.opened_month),
            "state": c.state, "open": c.open, "level": c.level, "category": c.category,
            "rules": " ".join(sorted(c.sent)), "risks": "、".join(sorted(c.risks)), "township": c.township,
            "last_month": str(c.last_month), "conclusion": c.conclusion,
        }
        for c in ledger.cases
    ]  # fmt: skip
    numbers: dict[str, int] = {}
    events = []
    for event in ledger.events:
        numbers[event.clue_no] = numbers.get(event.clue_no, 0) + 1
        events.append({
            "clue_no": event.clue_no, "event_no": numbers[event.clue_no], "month": str(event.month),
            "kind": event.kind, "state": event.state, "level": event.level, "rules": event.rules,
            "detail": json.dumps(dict(event.detail), ensure_ascii=False, default=str),
        })  # fmt: skip
    events_of = case_event.delete()
    connection.execute(events_of if clues is None else events_of.where(case_event.c.clue_no.in_(clues)))
    cases_of = case.delete()
    connection.execute(cases_of if households is None else cases_of.where(case.c.household_id.in_(households)))
    insert(connection, case, pd.DataFrame(cases))
    insert(connection, case_event, pd.DataFrame(events))
    return ledger


def _only(query: sa.Select[Any], column: sa.Column[Any], among: sa.Select[Any] | None) -> sa.Select[Any]:
    return query if among is None else query.where(column.in_(among))


def _warned(connection: Connection, households: Households | None) -> list[Warned]:
    facts = sa.select(signal.c.month, signal.c.household_id, signal.c.rule, signal.c.value, signal.c.threshold)
    signals = frame(connection, _only(facts, signal.c.household_id, households))
    evidence: dict[tuple[str, str], dict[str, float]] = {}
    for month, household, rule, value, threshold in signals.to_numpy().tolist():
        found = evidence.setdefault((month, household), {})
        found[rule] = max(found.get(rule, 0.0), strength(value, threshold))
    query = sa.select(warning).order_by(warning.c.month, warning.c.household_id)
    rows = connection.execute(_only(query, warning.c.household_id, households)).mappings()
    return [
        Warned(
            Month.parse(w["month"]), w["household_id"], w["level"], w["category"],
            frozenset(w["risks"].split("、")), evidence.get((w["month"], w["household_id"]), {}), w["township"],
        )
        for w in rows
    ]  # fmt: skip


def strength(value: Any, threshold: Any) -> float:
    """How far evidence is beyond its threshold, 1 at the threshold; 0 where a rule has no figure."""
    if value is None or threshold is None or value != value or threshold != threshold:
        return 0.0
    if threshold <= 0 or value <= 0:
        return float(abs(value))
    return float(max(value / threshold, threshold / value))


def _answers(connection: Connection, clues: sa.Select[tuple[str]] | None) -> list[Answer]:
    query = sa.select(feedback).order_by(feedback.c.received_at, feedback.c.file, feedback.c.row)
    query = _only(query, feedback.c.clue_no, clues)
    answers = []
    for f in connection.execute(query).mappings():
        opened = Month(2000 + int(f["clue_no"][:2]), int(f["clue_no"][2:4]))
        day: dt.date = f["visited"] or f["received_at"].date()
        detail = {"visitor": f["visitor"], "file": f["file"], "row": f["row"], "visited": f["visited"]}
        answers.append(Answer(f["clue_no"], f["conclusion"], max(Month.of(day), opened + 1), detail))
    return sorted(answers, key=lambda a: a.month)


def outcomes_of(ledger: Ledger, month: Month) -> pd.DataFrame:
    """What each warning of a month came to: ``household_id, state, clue_no``."""
    rows = [(household, *outcome) for (m, household), outcome in ledger.outcomes.items() if m == month]
    return pd.DataFrame(rows, columns=["household_id", "state", "clue_no"], dtype="str")
