"""The data month (批次), ``YYYY-MM``: the month that the data describe, and the key of
everything."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from shouwang.core.errors import UsageError


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month that sorts, counts and prints as ``2026-09``."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``2026-09``, of this century; anything else is a `UsageError`."""
        found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text.strip(), re.ASCII)
        if not found:
            raise UsageError(
                f"“{text}” is not a data month; write it as YYYY-MM, for example 2026-09."
            )
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: dt.date) -> Month:
        """The month a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __add__(self, months: int) -> Month:
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)

    def __sub__(self, other: Month) -> int:
        """How many months lie between ``other`` and this one."""
        return (self.year - other.year) * 12 + self.number - other.number

    @property
    def first(self) -> dt.date:
        """The first day."""
        return dt.date(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        """The last day."""
        return dt.date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def chinese(self) -> str:
        """As a clerk writes it: ``2026年9月``."""
        return f"{self.year}年{self.number}月"

    @classmethod
    def span(cls, first: Month, last: Month) -> list[Month]:
        """Every month from ``first`` to ``last``, both included."""
        return [first + n for n in range(last - first + 1)]
