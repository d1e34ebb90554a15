"""What can stand in ``rules.yaml`` and ``parameters.yaml``, as pydantic models."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.county.yamls import KeyPath, Strict
from shouwang.screening.conditions import BEFORE, Condition, Number

Name = Annotated[str, Field(min_length=1)]
Line = Annotated[Number, Field(gt=0)] | Name
"""A threshold: a number, or a dated parameter by name, perhaps so many times: ``0.5 *
reference_income``."""
HOUSEHOLD = "household"
"""The source of what is known of a household when it is graded (`conditions.FACTS`)."""


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
        return self.first <= day <= (self.until or day)

    def overlaps(self, other: Validity) -> bool:
        """Whether there is a day on which both hold."""
        return self.covers(max(self.first, other.first)) and other.covers(
            max(self.first, other.first)
        )


class Period(Strict):
    """Which rows count.

    ``delivery``: the submission of the data month; ``previous``: the latest one before it;
    ``school_year``: the latest one of the running school year; ``month``, ``year`` (January to the
    end of the data month) and ``rolling`` (the last ``months`` months): by the column ``date``,
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
                "month, year and rolling need a 'date' column; delivery, previous and school_year "
                "have none"
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
    the others; ``types`` gives single household types a line of their own."""

    all: Line | None = None
    special: Line | None = None
    general: Line | None = None
    types: dict[Name, Line] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if {self.all is None} != {self.special is not None, self.general is not None}:
            raise ValueError("give either 'all', or both 'special' and 'general'")
        return self

    @property
    def pair(self) -> tuple[Line, Line]:
        """For special households, and for the others."""
        return self.all or self.special or 0, self.all or self.general or 0

    def lines(self) -> dict[str, Line]:
        """Every line that was written, by its key."""
        written = {"all": self.all, "special": self.special, "general": self.general, **self.types}
        return {key: line for key, line in written.items() if line is not None}


class Comparison(Strict):
    """A measure, how it is compared, and with what."""

    measure: Measure
    compare: Literal[">=", ">", "<", "<="]
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


class Rule(Strict):
    """One rule (规则): whose rows, which of them, what is measured, against what, and how it is
    said.

    ``further``: another way in which the rule of the same code fires (另一种情形), beside the
    first.
    """

    code: Annotated[str, Field(pattern=r"^[A-Z]{2,6}-[0-9]{1,3}$")]
    title: Name
    department: Name
    dataset: Name
    risk: Name
    basis: Name
    responsible: Name
    valid: Validity
    unit: Literal["row", "person", "household"]
    split_by: tuple[Name, ...] = ()
    period: Period
    where: tuple[Condition, ...] = ()
    requires: tuple[Requirement, ...] = ()
    without: tuple[Requirement, ...] = ()
    measure: Measure | None = None
    compare: Literal[">=", ">", "<", "<="] | None = None
    threshold: Threshold | None = None
    shown_as: Literal["money", "percent", "number"] = "number"
    also: Comparison | None = None
    sentence: Name
    further: bool = False

    @model_validator(mode="after")
    def _measures_all_or_nothing(self) -> Self:
        if len({self.measure is None, self.compare is None, self.threshold is None}) > 1:
            raise ValueError(
                "measure, compare and threshold belong together; a rule has all three or none of "
                "them"
            )
        if self.also and self.measure is None:
            raise ValueError("'also' is a second measure; the first one stands in the rule itself")
        if self.unit != "person" and self.split_by:
            raise ValueError("'split_by' divides the rows of a person; it needs unit: person")
        return self

    @property
    def key(self) -> str:
        """What tells it from every other rule in force: its code, and of a further way its
        title."""
        return f"{self.code} {self.title}" if self.further else self.code

    @property
    def source(self) -> str:
        """Key of its records: ``department.dataset``."""
        return f"{self.department}.{self.dataset}"

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """What it measures and compares, by the prefix of its figures: none or ``also.``."""
        both: dict[str, Comparison] = {}
        if self.measure and self.compare and self.threshold:
            both[""] = Comparison(
                measure=self.measure,
                compare=self.compare,
                threshold=self.threshold,
                shown_as=self.shown_as,
            )
        return both | ({"also.": self.also} if self.also else {})

    @property
    def words(self) -> set[str]:
        """The names in braces of its sentence."""
        return set(re.findall(r"\{([^{}]*)\}", self.sentence))

    @property
    def asked(self) -> set[str]:
        """The columns that its conditions and its sentence ask for."""
        changed = {BEFORE + condition.column for condition in self.where if condition.changed}
        return {condition.column for condition in self.where} | changed | self.words

    @property
    def looks_back(self) -> bool:
        """Whether it asks what the submission before said of the same unit."""
        return any(name.startswith(BEFORE) for name in self.asked)


class Dataset(Strict):
    """A department's dataset; one with a ``key`` arrives piece by piece, one without is a whole
    roster each time."""

    title: Name
    key: Name | None = None


class Burden(Strict):
    """One part of what a household has to bear, set against its yearly net income."""

    title: Name
    source: Name
    period: Period
    measure: Measure


class Level(Strict):
    """A level (预警等级): reached by the first of its alternatives that holds; the last level has
    none."""

    level: Name
    title: Name
    any: tuple[tuple[Condition, ...], ...] = ()


class Category(Strict):
    """A suggested category (建议类别); without ``suggest`` the household keeps its own."""

    suggest: Name | None = None
    when: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Help(Strict):
    """Measures suggested (建议措施) for a risk, for evidence of certain rules, or for a kind of
    household."""

    risk: Name | None = None
    rules: tuple[Name, ...] = ()
    where: tuple[Condition, ...] = ()
    household: tuple[Condition, ...] = ()
    measures: Annotated[tuple[Name, ...], Field(min_length=1)]
    offices: Annotated[tuple[Name, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_one_reason(self) -> Self:
        if sum((self.risk is not None, bool(self.rules), bool(self.household))) != 1:
            raise ValueError("give exactly one of 'risk', 'rules' or 'household'")
        if self.where and not self.rules:
            raise ValueError("'where' looks at the rows of rules; name them under 'rules'")
        return self

    @property
    def words(self) -> str:
        """As it stands in a list: ``健康帮扶、综合保障（医保、卫健、民政）``."""
        return "、".join(self.measures) + f"（{'、'.join(self.offices)}）"


class Negative(Strict):
    """A negative indicator (负面情况): shown, lowers the rank, never removes a household."""

    title: Name
    source: Name
    where: tuple[Condition, ...] = ()


class DatedValue(Strict):
    """A value and the day from which it holds."""

    first: dt.date = Field(alias="from")
    value: Number


class Parameter(Strict):
    """A dated parameter (参数)."""

    title: Name
    basis: Name
    values: Annotated[tuple[DatedValue, ...], Field(min_length=1)]


class Place(NamedTuple):
    """A part of the rule book: where it stands, what it is, of which dataset it speaks."""

    path: KeyPath
    part: Strict
    source: str


class RuleBook(Strict):
    """``rules.yaml`` and ``parameters.yaml`` together: all that a screening depends on besides the
    records."""

    offices: dict[str, Name]
    datasets: dict[str, Dataset]
    risks: Annotated[tuple[Name, ...], Field(min_length=1)]
    special_households: tuple[Name, ...]
    able_to_work: Annotated[tuple[Name, ...], Field(min_length=1)]
    must_know: dict[str, Name]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    burden: tuple[Burden, ...]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    categories: tuple[Category, ...]
    measures: tuple[Help, ...]
    negatives: tuple[Negative, ...]
    parameters: dict[str, Parameter]

    def parts(self) -> Iterator[Place]:
        """Every rule, condition, period, measure and so on, in the order of the file."""
        yield from _parts(self, (), HOUSEHOLD, self)

    def in_force(self, month: Month) -> list[Rule]:
        """The rules that hold on the last day of the data month, in the order of their codes."""
        return sorted((r for r in self.rules if r.valid.covers(month.last)), key=lambda r: r.code)

    def first_month(self, month: Month) -> Month:
        """The first month whose records the screening of a month looks at: last January and twelve
        months at least."""
        periods = [p.part for p in self.parts() if isinstance(p.part, Period) and p.part.date]
        first = [period.dates(month)[0] for period in periods]
        return min(Month(month.year, 1), month + -11, *first)

    def values(self, month: Month) -> dict[str, float]:
        """Every parameter's value on the last day of the data month."""
        values: dict[str, float] = {}
        for name, parameter in self.parameters.items():
            past = [v for v in parameter.values if v.first <= month.last]
            if not past:
                raise ConfigError(
                    f"parameters.yaml, key parameters.{name}: no value holds on {month.last} (the "
                    f"first holds from {min(v.first for v in parameter.values)}). Add the value of "
                    f"that time to screen {month}."
                )
            values[name] = max(past, key=lambda v: v.first).value
        return values


def _parts(part: object, path: KeyPath, source: str, book: RuleBook) -> Iterator[Place]:
    if isinstance(part, Strict):
        source = getattr(part, "source", None) or source
        yield Place(path, part, source)
        for name in type(part).model_fields:
            sources = [source]
            if isinstance(part, Help) and name == "where":
                sources = [rule.source for rule in book.rules if rule.code in part.rules]
            for of in sources:
                yield from _parts(getattr(part, name), (*path, name), of, book)
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _parts(value, (*path, key), source, book)
    elif isinstance(part, tuple):
        for n, item in enumerate(part):
            yield from _parts(item, (*path, n), source, book)
