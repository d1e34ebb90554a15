"""What of the departments' records a rule book looks at, so that nothing else need be read."""

from __future__ import annotations

from collections.abc import Collection

from shouwang.screening.conditions import BEFORE, Condition
from shouwang.screening.parts import Measure, Period
from shouwang.screening.rules import Rule, RuleBook
from shouwang.screening.units import REQUIRED

ALWAYS = frozenset({"name", "id_number"})
"""Whose row it is, and how old they are, where the registry does not say."""


def columns(book: RuleBook, source: str) -> set[str]:
    """The columns of ``department.dataset`` that rules, burden, measures and negatives ask for."""
    dataset = book.datasets.get(source)
    asked = {*ALWAYS, *([dataset.key] if dataset and dataset.key else [])}
    for rule in book.rules:
        asked |= _of_rule(rule, source)
    for burden in book.burden:
        asked |= _of_measure(burden.measure, burden.period) if burden.source == source else set()
    for negative in book.negatives:
        asked |= _of(negative.where) if negative.source == source else set()
    for help_ in book.measures:
        if any(rule.source == source for rule in book.rules if rule.code in help_.rules):
            asked |= _of(help_.where)
    return asked


def _of_rule(rule: Rule, source: str) -> set[str]:
    asked: set[str] = set()
    if rule.source == source:
        asked |= {name.removeprefix(BEFORE) for name in rule.asked} | {*rule.split_by}
        for line in (rule.line, rule.also):
            asked |= _of_measure(line.measure, rule.period) if line else set()
        asked |= {*_dated(rule.period), *(name for other in rule.joined for name in other.same)}
    for other in rule.joined:
        if (other.source or rule.source) == source:
            asked |= {*_of(other.where), *other.same, *_dated(other.period)}
            asked |= {word.removeprefix(REQUIRED) for word in rule.words if word.startswith(REQUIRED)}
    return asked


def _of_measure(measure: Measure, period: Period) -> set[str]:
    compared = _dated(measure.compared_to) if measure.compared_to else set()
    return {*measure.plus, *measure.minus, *_dated(period), *compared}


def _of(conditions: Collection[Condition]) -> set[str]:
    return {condition.column for condition in conditions}


def _dated(period: Period) -> set[str]:
    return {period.date} if period.date else set()
