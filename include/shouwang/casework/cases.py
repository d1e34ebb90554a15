"""What the ledger holds: cases, their history, and when a risk may be called removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shouwang.casework import states
from shouwang.casework.events import Amount
from shouwang.casework.states import TABLE
from shouwang.core.month import Month
from shouwang.core.terms import LEVELS


@dataclass(frozen=True)
class Policy:
    """What a county may set: how long a closed case keeps its rules silent, and what growth breaks
    the silence.

    ``keyed`` puts a digest under the county's key, so that nobody can compute a household's clue
    numbers.
    """

    county: str
    keyed: Callable[[str], str]
    silence_months: int = 6
    grown_by: float = 0.5


@dataclass(eq=False)
class Case:
    """One case as it stands.

    ``sent`` is what each rule measured when it was last sent; ``turns_on`` the day from which time
    alone makes another state of it; ``relapsed``: the household's risk had been removed (回退);
    ``numbers`` every number under which it went out.
    """

    clue_no: str
    household_id: str
    opened_month: Month
    sent: dict[str, Amount]
    last_month: Month
    relapsed: bool
    level: str = LEVELS[-1]
    category: str | None = None
    risks: frozenset[str] = frozenset()
    township: str | None = None
    state: str = states.UNBORN
    conclusion: str | None = None
    concluded_month: Month | None = None
    recognised_on: dt.date | None = None
    measures: list[str] = field(default_factory=list)
    due: dt.date | None = None
    turns_on: dt.date | None = None
    next_visit: dt.date | None = None
    numbers: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether a further warning joins it."""
        return self.state in states.OPEN


@dataclass(frozen=True)
class HistoryEntry:
    """What one event did to a case (``kind``, see `states`), with what the case was then."""

    clue_no: str
    day: dt.date
    month: Month
    kind: str
    state: str
    level: str
    rules: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """Every case, its history, and what each warning came to: ``outcomes[month, household]`` is
    (state, clue number)."""

    cases: tuple[Case, ...]
    history: tuple[HistoryEntry, ...]
    outcomes: Mapping[tuple[Month, str], tuple[str, str]]


def why_not_removed(case: Case, on: dt.date, measure: str | None = None) -> str | None:
    """Why a risk cannot be called removed on a day, as a sentence; null if it can."""
    if (case.state, states.REMOVAL) not in TABLE:
        return f"线索现为“{case.state}”，只有{'、'.join(states.MONITORED)}的户可以风险消除"
    since, earliest = "该户没有认定日期", None
    if case.recognised_on is not None:
        earliest = months_later(case.recognised_on, states.NEEDS_MONTHS)
        since = f"该户 {case.recognised_on} 认定，最早 {earliest}"
    if earliest is None or on < earliest:
        return f"认定未满 {states.NEEDS_MONTHS} 个月（{since}），不能风险消除"
    if not case.measures and not measure:
        return "没有帮扶措施记录，不能风险消除；请先以结论 02 报措施，或写明已采取的措施"
    return None


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, the month's last day where it has no such day."""
    month = Month.of(day) + months
    return month.first.replace(day=min(day.day, month.last.day))
