"""The ledger in the database: read the events on record, fold them, write what follows."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.cases import Ledger, Policy
from shouwang.casework.events import (
    Amount,
    Event,
    ListReleased,
    ResponseReceived,
    RiskRemoved,
    WarningRaised,
)
from shouwang.casework.folding import fold_events
from shouwang.casework.states import supervised_from
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.registry.monitoring import MONITORED_TYPES
from shouwang.store.database import insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, case_event, feedback, person, removal, sent, signal, warning

log = logging.getLogger(__name__)
Households = sa.Select[tuple[str]] | Sequence[str] | None
"""The ids of some households, or a query for them; null for all."""
_AS_THEY_ARE = (
    "clue_no",
    "household_id",
    "state",
    "open",
    "level",
    "category",
    "township",
    "conclusion",
    "relapsed",
    "recognised_on",
    "due",
    "turns_on",
    "next_visit",
)


def rebuild_cases(
    connection: Connection, settings: CountySettings, households: Households = None
) -> Ledger:
    """Fold the events on record and write the cases back; unchanged events change nothing.

    ``households``: those whose events changed; no household's cases depend on another's.
    """
    began = time.monotonic()
    ledger = fold_of(connection, settings, households)
    old_cases, old_history = case.delete(), case_event.delete()
    if households is not None:
        concerned = case.c.household_id.in_(households)
        numbers = sa.select(case.c.clue_no).where(concerned)
        old_cases = old_cases.where(concerned)
        old_history = old_history.where(case_event.c.clue_no.in_(numbers))
    connection.execute(old_history)
    connection.execute(old_cases)
    insert(connection, case, _case_rows(ledger))
    insert(connection, case_event, _history_rows(ledger))
    seconds = time.monotonic() - began
    log.info(
        "Cases rebuilt: %d cases, %d entries of history, %.1f s.",
        len(ledger.cases),
        len(ledger.history),
        seconds,
    )
    return ledger


def fold_of(
    connection: Connection, settings: CountySettings, households: Households = None
) -> Ledger:
    """The ledger, or the part of some households, as the events on record give it."""
    casework = settings.casework
    keyed = keys_of(connection).keyed_text
    policy = Policy(settings.code, keyed, casework.silence_months, casework.grown_by)
    events: list[Event] = [
        *_warnings(connection, households),
        *_lists(connection, households, settings.calendar.overdue_days),
        *_responses(connection, households),
        *_removals(connection, households),
    ]
    return fold_events(policy, events)


def _case_rows(ledger: Ledger) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{name: getattr(each, name) for name in _AS_THEY_ARE},
            "opened_month": str(each.opened_month),
            "last_month": str(each.last_month),
            "rules": " ".join(sorted(each.sent)),
            "risks": "、".join(sorted(each.risks)),
            "measures": "；".join(dict.fromkeys(each.measures)) or None,
            "numbers": " ".join(each.numbers) or None,
        }
        for each in ledger.cases
    )


def _history_rows(ledger: Ledger) -> pd.DataFrame:
    entries, rows = Counter[str](), []
    for entry in ledger.history:
        entries[entry.clue_no] += 1
        number, month = entries[entry.clue_no], str(entry.month)
        rows.append({**vars(entry), "event_no": number, "month": month})
    return pd.DataFrame(rows)


def _rows(
    connection: Connection, table: sa.Table, households: Households, *names: str
) -> sa.MappingResult:
    """The rows of a table, those of some households (of none without one)."""
    mine = table.c.household_id
    query = sa.select(*(table.c[name] for name in names or table.c.keys()))
    among = mine.is_not(None) if households is None else mine.in_(households)
    return connection.execute(query.where(among)).mappings()


def _risks(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, (text or "").split("、")))


def _warnings(connection: Connection, households: Households) -> list[WarningRaised]:
    names = ("month", "household_id", "rule", "value", "threshold")
    signals = pd.DataFrame(_rows(connection, signal, households, *names).all(), columns=[*names])
    keys = [signals[name] for name in names[:3]]
    measured = amounts(signals["value"], signals["threshold"]).groupby(keys, sort=False)
    evidence: dict[tuple[str, str], dict[str, Amount]] = defaultdict(dict)
    for (month, household, rule), total, largest in (
        measured.agg(["sum", "max"]).round(4).itertuples()
    ):
        evidence[month, household][rule] = Amount(float(total), float(largest))
    return [
        WarningRaised(
            Month.parse(w["month"]),
            w["household_id"],
            w["level"],
            w["category"],
            _risks(w["risks"]),
            evidence.get((w["month"], w["household_id"]), {}),
            w["township"],
        )
        for w in _rows(connection, warning, households)
    ]


def amounts(value: pd.Series, threshold: pd.Series) -> pd.Series[float]:
    """What signals measured: the value, or by how far it falls short where it lies below its
    threshold; else 0."""
    value, threshold = value.astype("float64"), threshold.astype("float64")
    return value.where(~(value < threshold), threshold - value).fillna(0.0)


def _lists(connection: Connection, households: Households, overdue_days: int) -> list[ListReleased]:
    return [
        ListReleased(
            Month.parse(r["month"]),
            r["clue_no"],
            r["household_id"],
            r["township"],
            r["released_on"],
            r["due"],
            supervised_from(r["released_on"], r["due"], overdue_days),
            r["level"],
            r["category"],
            _risks(r["risks"]),
            r["rules"],
            r["version"],
            {
                "released_on": r["released_on"].isoformat(),
                "by": r["released_by"],
                **{name: r[name] for name in ("file", "township", "version")},
            },
        )
        for r in _rows(connection, sent, households)
    ]


def _responses(connection: Connection, households: Households) -> list[ResponseReceived]:
    monitored = _monitored(connection, households)
    responses = []
    for f in _rows(connection, feedback, households):
        listed = Month.parse(f["list_month"])
        spans = [span for span in monitored[f["household_id"]] if span[0] <= listed]
        now = any(last is None or listed < last for _, last in spans)
        responses.append(
            ResponseReceived(
                f["clue_no"],
                f["household_id"],
                f["conclusion"],
                listed,
                f["received_at"],
                f["visited"],
                f["measure"],
                f["category"],
                _risks(f["risks"]),
                f["next_visit"],
                min(first for first, _ in spans).first if now else None,
                {n: f[n] for n in ("reason", "visitor", "income", "file", "sheet", "row")},
                f["content"],
            )
        )
    return responses


def _monitored(
    connection: Connection, households: Households
) -> dict[str, list[tuple[Month, Month | None]]]:
    """From when until when (not included) the registry has the answered households as monitored."""
    answered = sa.select(feedback.c.household_id) if households is None else households
    query = sa.select(person.c.household_id, person.c.from_month, person.c.to_month).distinct()
    query = query.where(
        person.c.household_id.in_(answered),
        person.c.household_type.in_(MONITORED_TYPES),
        sa.func.coalesce(person.c.risk_removed, "否") != "是",
    )
    spans: dict[str, list[tuple[Month, Month | None]]] = defaultdict(list)
    for household, first, last in connection.execute(query):
        spans[household].append((Month.parse(first), Month.parse(last) if last else None))
    return spans


def _removals(connection: Connection, households: Households) -> list[RiskRemoved]:
    return [
        RiskRemoved(
            r["clue_no"],
            r["household_id"],
            r["removed_on"],
            r["received_at"],
            r["measure"],
            {name: r[name] for name in ("by", "file", "sheet", "row")},
        )
        for r in _rows(connection, removal, households)
    ]
