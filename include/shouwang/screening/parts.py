"""What a rule is put together from: when it holds, which rows count, what is measured, and with
what it is compared."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shouwang.core.month import Month
from shouwang.county.yamls import Strict
from shouwang.screening.conditions import Condition, Number

Operator = Literal[">=", ">", "<", "<="]
Name = Annotated[str, Field(min_length=1)]
Positive = Annotated[Number, Field(gt=0)]
Line = Positive | Name
"""A threshold: a number, or a dated parameter by name, perhaps so many times: ``0.5 *
reference_income``."""


class Validity(Strict):
    """From which day a rule holds, and until which (both included); the last day of the data month
    decides."""

    first: dt.date = Field(alias="from")
    until: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until < self.first:
            raise ValueError("'until' lies before 'from'")
        return self

    def covers(self, day: dt.date) -> bool:
        """Whether the rule holds on that day."""
        return self.first <= day and (self.until is None or day <= self.until)


class Period(Strict):
    """Which rows count.

    ``delivery``: the submission of the data month; ``previous``: the latest submission before it;
    ``school_year``: the latest submission of the running school year; ``month``, ``year`` (January to
    the end of the data month) and ``rolling`` (the last ``months`` months): by the column ``date``,
    from all submissions up to the data month, all of it ``back`` months earlier if that is given.
    """

    span: Literal["delivery", "previous", "month", "year", "rolling", "school_year"]
    date: Name | None = None
    months: Annotated[int, Field(ge=2, le=60)] | None = None
    back: Annotated[int, Field(ge=0, le=60)] = 0

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        dated = self.span in ("month", "year", "rolling")
        if (self.date is None) == dated:
            raise ValueError(
                "month, year and rolling need a 'date' column; delivery, previous and school_year have none"
            )
        if (self.months is not None) != (self.span == "rolling"):
            raise ValueError("'months' is needed with rolling, and with nothing else")
        if self.back and not dated:
            raise ValueError(
                "'back' goes with month, year and rolling; the submission before is span: previous"
            )
        return self

    def dates(self, month: Month) -> tuple[Month, Month]:
        """The first and last month of the dates that count for a data month."""
        last = month + -self.back
        first = Month(last.year, 1) if self.span == "year" else last + (1 - (self.months or 1))
        return first, last


class Measure(Strict):
    """What is measured in a unit of account: a sum, the largest row, or the number of rows.

    ``compared_to`` sets it against the same measure of an earlier period: ``by`` how much it rose,
    how much it fell, or how many times as much it is (``ratio``).
    """

    kind: Literal["sum", "max", "count"] = "sum"
    plus: tuple[Name, ...] = ()
    minus: tuple[Name, ...] = ()
    divided_by: Name | None = None
    compared_to: Period | None = None
    by: Literal["rise", "fall", "ratio"] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.kind == "count") == bool(self.plus):
            raise ValueError("sum and max need columns under 'plus'; count has none")
        if (self.compared_to is None) != (self.by is None):
            raise ValueError("'compared_to' and 'by' (rise, fall or ratio) belong together")
        if self.by == "ratio" and self.divided_by:
            raise ValueError(
                "'by: ratio' divides by the earlier value already; leave out 'divided_by'"
            )
        return self


class Threshold(Strict):
    """The line a value is compared with: one for all, or one each for special households and for
    the others.

    ``types`` gives single household types a line of their own.
    """

    all: Line | None = None
    special: Line | None = None
    general: Line | None = None
    types: dict[Name, Line] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.all is None) != (self.special is not None and self.general is not None) or (
            self.all is not None and (self.special is not None or self.general is not None)
        ):
            raise ValueError("give either 'all', or both 'special' and 'general'")
        return self

    @property
    def pair(self) -> tuple[Line, Line]:
        """For special households, and for the others."""
        if self.all is not None:
            return self.all, self.all
        return self.special or 0, self.general or 0

    def lines(self) -> dict[str, Line]:
        """Every line that was written, by its key."""
        written = {"all": self.all, "special": self.special, "general": self.general, **self.types}
        return {key: line for key, line in written.items() if line is not None}


class Comparison(Strict):
    """A measure, how it is compared, and with what."""

    measure: Measure
    compare: Operator
    threshold: Threshold
    shown_as: Literal["money", "percent", "number"] = "number"


class Requirement(Strict):
    """Rows that must exist besides (``requires``), or must not (``without``), of the same unit of
    account.

    ``source`` is another dataset, ``department.dataset``; without it, the rule's own. ``same``
    names columns that must agree besides the person or the household.
    """

    source: Name | None = None
    period: Period
    where: tuple[Condition, ...] = ()
    same: tuple[Name, ...] = ()
