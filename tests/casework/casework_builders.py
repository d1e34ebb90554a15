"""Small builders of facts about one household."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shouwang.casework.entries import Ledger, Policy
from shouwang.casework.facts import Amount, Answer, Fact, Released, Removal, Warned
from shouwang.casework.ledger import clue_number, replay
from shouwang.core.month import Month

COUNTY, HOUSE = "532900", "532900000001"
POLICY = Policy(COUNTY, lambda digest: digest[::-1])


def warned(
    month: str, level: str = "蓝", risks: str = "因病", category: str | None = None, **evidence: Any
) -> Warned:
    amounts = {
        rule: Amount(*(v if isinstance(v, tuple) else (v, v))) for rule, v in evidence.items()
    }
    found = amounts or {"MED-1": Amount(10000.0, 10000.0)}
    return Warned(
        Month.parse(month), HOUSE, level, category, frozenset(risks.split()), found, "东乡"
    )


def number(month: str) -> str:
    return clue_number(POLICY, Month.parse(month), HOUSE)


def released(month: str, opened: str | None = None, day: int = 12, **more: Any) -> Released:
    """The list of a month, handed out on a day of the next; due six days later, on supervision from
    day 23 on."""
    on = (Month.parse(month) + 1).first.replace(day=day)
    due = on + dt.timedelta(days=6)
    return Released(
        Month.parse(month),
        number(opened or month),
        HOUSE,
        "东乡",
        on,
        due,
        on + dt.timedelta(days=11),
        **more,
    )


def answered(opened: str, conclusion: str, received: str, **more: Any) -> Answer:
    day = dt.datetime.fromisoformat(received)
    listed = Month.parse(more.pop("listed", opened))
    return Answer(
        number(opened), HOUSE, conclusion, listed, day, more.pop("visited", day.date()), **more
    )


def removed(opened: str, on: str, measure: str | None = None) -> Removal:
    day = dt.datetime.fromisoformat(on)
    return Removal(number(opened), HOUSE, day.date(), day, measure)


def told(*facts: Fact) -> Ledger:
    return replay(POLICY, facts)


def outcomes(*facts: Fact) -> list[str]:
    """What each warning came to, in the order of the months."""
    ledger = told(*facts)
    return [ledger.outcomes[key][0] for key in sorted(ledger.outcomes)]


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind for event in ledger.events]
