"""The ledger in the database: read the events on record, fold them, write what follows."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

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
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, case_event, feedback, person, removal, sent, signal, warning

log = logging.getLogger(__name__)
Households = sa.Select[tuple[str]] | Sequence[str] | None
"""The ids of some households, or a query for them; null for all."""
_E = TypeVar("_E", WarningRaised, ListReleased, ResponseReceived, RiskRemoved)


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
    counts, seconds = (len(ledger.cases), len(ledger.history)), time.monotonic() - began
    log.info("Cases rebuilt: %d, with %d entries of history, %.1f s.", *counts, seconds)
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
        *(
            _event(RiskRemoved, row, "by", "file", "sheet", "row")
            for row in _rows(connection, removal, households)
        ),
    ]
    return fold_events(policy, events)


def _case_rows(ledger: Ledger) -> pd.DataFrame:
    names, rows = [column.name for column in case.columns if column.name != "rules"], []
    for each in ledger.cases:
        row = {name: getattr(each, name) for name in names}
        row |= {name: str(row[name]) for name in ("opened_month", "last_month")}
        row |= {"rules": " ".join(sorted(each.sent)), "risks": "、".join(sorted(each.risks))}
        row["measures"] = "；".join(dict.fromkeys(each.measures)) or None
        row["numbers"] = " ".join(each.numbers) or None
        rows.append(row)
    return pd.DataFrame(rows)


def _history_rows(ledger: Ledger) -> pd.DataFrame:
    entries, rows = Counter[str](), []
    for entry in ledger.history:
        entries[entry.clue_no] += 1
        number, month = entries[entry.clue_no], str(entry.month)
        rows.append({**vars(entry), "event_no": number, "month": month})
    return pd.DataFrame(rows)


def _of(table: sa.FromClause, households: Households, *names: str) -> sa.Select[Any]:
    """A query for the rows of a table, those of some households (of none without one)."""
    household = table.c.household_id
    query = sa.select(*(table.c[name] for name in names or table.c.keys()))
    return query.where(household.is_not(None) if households is None else household.in_(households))


def _rows(
    connection: Connection, table: sa.FromClause, households: Households
) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(_of(table, households)).mappings()]


_KINDS: dict[str, Callable[[Any], Any]] = {
    "month": Month.parse,
    "list_month": Month.parse,
    "risks": lambda text: frozenset(filter(None, (text or "").split("、"))),
}


def _event(kind: type[_E], row: Mapping[str, Any], *detail: str, **more: Any) -> _E:
    """An event of a row: its fields are the columns of their names."""
    fields = {f.name: row[f.name] for f in dataclasses.fields(kind) if f.name in row}
    fields |= {name: _KINDS[name](value) for name, value in fields.items() if name in _KINDS}
    if detail:
        more["detail"] = {name: row[name] for name in detail}
    return kind(**fields, **more)


def _warnings(connection: Connection, households: Households) -> list[WarningRaised]:
    names = ("month", "household_id", "rule", "value", "threshold")
    signals = frame(connection, _of(signal, households, *names))
    keys = [signals[name] for name in names[:3]]
    measured = amounts(signals["value"], signals["threshold"]).groupby(keys, sort=False)
    evidence: dict[tuple[str, str], dict[str, Amount]] = defaultdict(dict)
    for (month, household, rule), total, largest in (
        measured.agg(["sum", "max"]).round(4).itertuples()
    ):
        evidence[month, household][rule] = Amount(float(total), float(largest))
    return [
        _event(WarningRaised, row, evidence=evidence[row["month"], row["household_id"]])
        for row in _rows(connection, warning, households)
    ]


def amounts(value: pd.Series, threshold: pd.Series) -> pd.Series[float]:
    """What signals measured: the value, or by how far it falls short where it lies below its
    threshold; else 0."""
    value, threshold = value.astype("float64"), threshold.astype("float64")
    return value.where(~(value < threshold), threshold - value).fillna(0.0)


def _lists(
    connection: Connection, households: Households, overdue_days: int
) -> Iterator[ListReleased]:
    for row in _rows(connection, sent, households):
        late_from = supervised_from(row["released_on"], row["due"], overdue_days)
        facts = row | {"by": row["released_by"], "released_on": row["released_on"].isoformat()}
        detail = {n: facts[n] for n in ("released_on", "by", "file", "township", "version")}
        yield _event(ListReleased, row, late_from=late_from, detail=detail)


def _responses(connection: Connection, households: Households) -> Iterator[ResponseReceived]:
    monitored = _monitored(connection, households)
    detail = ("reason", "visitor", "income", "file", "sheet", "row")
    for row in _rows(connection, feedback, households):
        listed = Month.parse(row["list_month"])
        spans = [span for span in monitored[row["household_id"]] if span[0] <= listed]
        still = any(last is None or listed < last for _, last in spans)
        since = min(first for first, _ in spans).first if still else None
        yield _event(ResponseReceived, row, *detail, monitored_since=since)


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
