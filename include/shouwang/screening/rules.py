"""What can stand in ``rules.yaml`` and ``parameters.yaml``, as pydantic models."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.county.yamls import Strict
from shouwang.screening.conditions import BEFORE, Condition, Number
from shouwang.screening.parts import (
    Comparison,
    Measure,
    Name,
    Operator,
    Period,
    Requirement,
    Threshold,
    Validity,
)


def placeholders(sentence: str) -> list[str]:
    """The names in braces of a sentence template."""
    return re.findall(r"\{([^{}]*)\}", sentence)


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
    compare: Operator | None = None
    threshold: Threshold | None = None
    shown_as: Literal["money", "percent", "number"] = "number"
    also: Comparison | None = None
    sentence: Name
    further: bool = False

    @model_validator(mode="after")
    def _measures_all_or_nothing(self) -> Self:
        if len({self.measure is None, self.compare is None, self.threshold is None}) > 1:
            raise ValueError(
                "measure, compare and threshold belong together; a rule has all three or none of them"
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
    def line(self) -> Comparison | None:
        """What the rule itself measures and compares, if anything."""
        if self.measure is None or self.compare is None or self.threshold is None:
            return None
        return Comparison(
            measure=self.measure,
            compare=self.compare,
            threshold=self.threshold,
            shown_as=self.shown_as,
        )

    @property
    def joined(self) -> tuple[Requirement, ...]:
        """The other rows that the rule looks at."""
        return (*self.requires, *self.without)

    @property
    def periods(self) -> list[Period]:
        """Every period that the rule looks at."""
        measures = [line.measure for line in (self.line, self.also) if line]
        compared = [measure.compared_to for measure in measures if measure.compared_to]
        return [self.period, *(other.period for other in self.joined), *compared]

    @property
    def words(self) -> set[str]:
        """The names in braces of its sentence."""
        return set(placeholders(self.sentence))

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

    def in_force(self, month: Month) -> list[Rule]:
        """The rules that hold on the last day of the data month, in the order of their codes."""
        return sorted((r for r in self.rules if r.valid.covers(month.last)), key=lambda r: r.code)

    def first_month(self, month: Month) -> Month:
        """The first month whose records the screening of a month looks at: last January and twelve
        months at least."""
        periods = [p for rule in self.rules for p in rule.periods] + [b.period for b in self.burden]
        return min(
            Month(month.year, 1), month + -11, *(p.dates(month)[0] for p in periods if p.date)
        )

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
