"""Small builders of events about one household."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shouwang.casework.cases import Ledger, Policy
from shouwang.casework.events import (
    Amount,
    Event,
    ListReleased,
    ResponseReceived,
    RiskRemoved,
    WarningRaised,
)
from shouwang.casework.folding import clue_number, fold_events
from shouwang.core.month import Month

COUNTY, HOUSE = "532900", "532900000001"
POLICY = Policy(COUNTY, lambda digest: digest[::-1])


def warned(
    month: str, level: str = "蓝", risks: str = "因病", category: str | None = None, **evidence: Any
) -> WarningRaised:
    amounts = {
        rule: Amount(*(v if isinstance(v, tuple) else (v, v))) for rule, v in evidence.items()
    }
    found = amounts or {"MED-1": Amount(10000.0, 10000.0)}
    return WarningRaised(
        Month.parse(month), HOUSE, level, category, frozenset(risks.split()), found, "东乡"
    )


def number(month: str) -> str:
    return clue_number(POLICY, Month.parse(month), HOUSE)


def released(month: str, opened: str | None = None, day: int = 12, **more: Any) -> ListReleased:
    """The list of a month, handed out on a day of the next; due six days later, on supervision from
    day 23 on."""
    on = (Month.parse(month) + 1).first.replace(day=day)
    due = on + dt.timedelta(days=6)
    return ListReleased(
        Month.parse(month),
        number(opened or month),
        HOUSE,
        "东乡",
        on,
        due,
        on + dt.timedelta(days=11),
        **more,
    )


def answered(opened: str, conclusion: str, received: str, **more: Any) -> ResponseReceived:
    day = dt.datetime.fromisoformat(received)
    listed = Month.parse(more.pop("listed", opened))
    return ResponseReceived(
        number(opened), HOUSE, conclusion, listed, day, more.pop("visited", day.date()), **more
    )


def removed(opened: str, on: str, measure: str | None = None) -> RiskRemoved:
    day = dt.datetime.fromisoformat(on)
    return RiskRemoved(number(opened), HOUSE, day.date(), day, measure)


def told(*events: Event) -> Ledger:
    return fold_events(POLICY, events)


def outcomes(*events: Event) -> list[str]:
    """What each warning came to, in the order of the months."""
    ledger = told(*events)
    return [ledger.outcomes[key][0] for key in sorted(ledger.outcomes)]


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind for event in ledger.history]
