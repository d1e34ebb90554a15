"""What can stand in ``rules.yaml`` and ``parameters.yaml``, as pydantic models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shouwang.errors import ConfigError
from shouwang.month import Month
from shouwang.screening.conditions import Condition, Entry, Number

Operator = Literal[">=", ">", "<", "<="]
Name = Annotated[str, Field(min_length=1)]
Positive = Annotated[Number, Field(gt=0)]


class Validity(Entry):
    """From which day a rule holds, and until which (both included); the last day of the data month decides."""

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


class Period(Entry):
    """Which rows count.

    ``delivery``: the delivery of the data month; ``school_year``: the latest delivery of the running school year;
    ``month``, ``year`` (January to the end of the data month) and ``rolling`` (the last ``months`` months): by the
    column ``date``, from all deliveries up to the data month.
    """

    span: Literal["delivery", "month", "year", "rolling", "school_year"]
    date: Name | None = None
    months: Annotated[int, Field(ge=2, le=60)] | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.date is None) == (self.span in ("month", "year", "rolling")):
            raise ValueError("month, year and rolling need a 'date' column; delivery and school_year have none")
        if (self.months is not None) != (self.span == "rolling"):
            raise ValueError("'months' is needed with rolling, and with nothing else")
        return self


class Measure(Entry):
    """What is measured in a unit of account: a sum, the largest row, or the number of rows."""

    kind: Literal["sum", "max", "count"] = "sum"
    plus: tuple[Name, ...] = ()
    minus: tuple[Name, ...] = ()
    divided_by: Name | None = None

    @model_validator(mode="after")
    def _has_columns(self) -> Self:
        if (self.kind == "count") == bool(self.plus):
            raise ValueError("sum and max need columns under 'plus'; count has none")
        return self


class Threshold(Entry):
    """The line a value is compared with: one for all, or one each for special households and for the others."""

    all: Positive | None = None
    special: Positive | None = None
    general: Positive | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.all is None) != (self.special is not None and self.general is not None) or (
            self.all is not None and (self.special is not None or self.general is not None)
        ):
            raise ValueError("give either 'all', or both 'special' and 'general'")
        return self

    @property
    def pair(self) -> tuple[float, float]:
        """For special households, and for the others."""
        if self.all is not None:
            return self.all, self.all
        return float(self.special or 0), float(self.general or 0)


class Requirement(Entry):
    """Rows that must exist besides, in the same unit of account, for the rule to speak."""

    period: Period
    where: tuple[Condition, ...] = ()


class Rule(Entry):
    """One rule (规则): whose rows, which of them, what is measured, against what, and how it is said."""

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
    requires: Requirement | None = None
    measure: Measure | None = None
    compare: Operator | None = None
    threshold: Threshold | None = None
    shown_as: Literal["money", "percent", "number"] = "number"
    sentence: Name

    @model_validator(mode="after")
    def _measures_all_or_nothing(self) -> Self:
        if len({self.measure is None, self.compare is None, self.threshold is None}) > 1:
            raise ValueError("measure, compare and threshold belong together; a rule has all three or none of them")
        if self.unit != "person" and self.split_by:
            raise ValueError("'split_by' divides the rows of a person; it needs unit: person")
        return self

    @property
    def source(self) -> str:
        """Key of its records: ``department.dataset``."""
        return f"{self.department}.{self.dataset}"


class Dataset(Entry):
    """A department's dataset; one with a ``key`` arrives piece by piece, one without is a whole roster each time."""

    title: Name
    key: Name | None = None


class Burden(Entry):
    """One part of what a household has to bear, set against its yearly net income."""

    title: Name
    source: Name
    period: Period
    measure: Measure


class Level(Entry):
    """A level (预警等级): reached by the first of its alternatives that holds; the last level has none."""

    level: Name
    title: Name
    any: tuple[tuple[Condition, ...], ...] = ()


class Category(Entry):
    """A suggested category (建议类别); without ``suggest`` the household keeps its own."""

    suggest: Name | None = None
    when: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Help(Entry):
    """Measures suggested (建议措施) for a risk, for evidence of certain rules, or for a kind of household."""

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


class Negative(Entry):
    """A negative indicator (负面情况): shown, lowers the rank, never removes a household."""

    title: Name
    source: Name
    where: tuple[Condition, ...] = ()


class DatedValue(Entry):
    """A value and the day from which it holds."""

    first: dt.date = Field(alias="from")
    value: Number


class Parameter(Entry):
    """A dated parameter (参数)."""

    title: Name
    basis: Name
    values: Annotated[tuple[DatedValue, ...], Field(min_length=1)]


class RuleBook(Entry):
    """``rules.yaml`` and ``parameters.yaml`` together: all that a screening depends on besides the records."""

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

    def in_force(self, month: Month) -> list[Rule]:
        """The rules that hold on the last day of the data month, in the order of their codes."""
        return sorted((r for r in self.rules if r.valid.covers(month.last)), key=lambda r: r.code)

    def values(self, month: Month) -> dict[str, float]:
        """Every parameter's value on the last day of the data month."""
        found: dict[str, float] = {}
        for name, parameter in self.parameters.items():
            past = [v for v in parameter.values if v.first <= month.last]
            if not past:
                raise ConfigError(
                    f"parameters.yaml, key parameters.{name}: no value holds on {month.last} (the first holds from "
                    f"{min(v.first for v in parameter.values)}). Add the value of that time to screen {month}."
                )
            found[name] = max(past, key=lambda v: v.first).value
        return found
