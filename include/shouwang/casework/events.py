"""The events from which cases follow, and where each stands in time.

An event has a day of its own: a month's screening and its lists count as of the first day after
that month, a response as of the visit. What arrives late therefore finds its place, and the order of
arrival does not matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shouwang.core.month import Month
from shouwang.core.terms import LEVELS

Place = tuple[dt.date, Month, int, str, str]


class Amount(NamedTuple):
    """What a rule measured in a household in a month: all its signals together, and the largest of
    them."""

    total: float
    largest: float

    def grown(self, before: Amount, growth: float) -> bool:
        """Whether either is ``growth`` times what it was; without a figure before there is nothing
        to compare."""
        return any(b > 0 and now >= growth * b for now, b in zip(self, before, strict=True))


NO_FIGURE = Amount(0.0, 0.0)


@dataclass(frozen=True)
class WarningRaised:
    """What a month's screening says of one household; ``evidence`` is what each rule measured."""

    month: Month
    household_id: str
    level: str
    category: str | None
    risks: frozenset[str]
    evidence: Mapping[str, Amount]
    township: str | None

    @property
    def when(self) -> Place:
        """Its place in time."""
        return ((self.month + 1).first, self.month, 0, "", "")


@dataclass(frozen=True)
class ListReleased:
    """A clue on a list that went out, to be answered by ``due``, ``late_from`` on supervision."""

    month: Month
    clue_no: str
    household_id: str
    township: str
    released_on: dt.date
    due: dt.date
    late_from: dt.date
    level: str = LEVELS[-1]
    category: str | None = None
    risks: frozenset[str] = frozenset()
    rules: str = ""
    version: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> Place:
        """Its place in time: with the screening that it follows from, whenever it went out."""
        out = f"{self.released_on} {self.version:04d}"
        return ((self.month + 1).first, self.month, 1, out, self.clue_no)


@dataclass(frozen=True)
class ResponseReceived:
    """What a township found at one case; ``list_month`` is the month of the list that it answers.

    ``monitored_since``: since when the registry has the household as monitored; null if it is not.
    """

    clue_no: str
    household_id: str
    conclusion: str
    list_month: Month
    received_at: dt.datetime
    visited: dt.date | None = None
    measure: str | None = None
    category: str | None = None
    risks: frozenset[str] = frozenset()
    next_visit: dt.date | None = None
    monitored_since: dt.date | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""

    @property
    def when(self) -> Place:
        """Its place in time: the visit, which follows the list."""
        day = max(self.visited or self.received_at.date(), (self.list_month + 1).first)
        return (day, self.list_month, 2, *self.word)

    @property
    def word(self) -> tuple[str, str]:
        """What makes it the last word on a clue, as the view ``last_answer`` has it."""
        return (self.received_at.isoformat(), self.content)


@dataclass(frozen=True)
class RiskRemoved:
    """A township or the county says that the risk is removed (风险消除)."""

    clue_no: str
    household_id: str
    removed_on: dt.date
    received_at: dt.datetime
    measure: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def when(self) -> Place:
        """Its place in time."""
        return (
            self.removed_on,
            Month.of(self.removed_on),
            3,
            self.received_at.isoformat(),
            self.clue_no,
        )


Event = WarningRaised | ListReleased | ResponseReceived | RiskRemoved
