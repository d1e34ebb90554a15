"""Which columns a rule book asks for: so that nothing else need be read, and whether the contracts
promise them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from shouwang.county.contract import Column, ColumnType
from shouwang.county.yamls import KeyPath, Problem
from shouwang.screening import households as homes_
from shouwang.screening.checking import FACTS, PRIVATE, VALUES, WORDS
from shouwang.screening.conditions import BEFORE, DATE_TESTS, TEXT_TESTS, Condition
from shouwang.screening.parts import Measure, Period
from shouwang.screening.rules import Rule, RuleBook
from shouwang.screening.units import REQUIRED

Columns = Mapping[str, Mapping[str, Column]]
"""``department.dataset`` → column → what its contract says of it; the registry's are those of
``registry.people``."""
REGISTRY = "registry.people"
HOUSEHOLD = "household"
"""The source of what is known of a household when it is graded (`checking.FACTS`)."""
TEXT, NUMBER, DATE = ("text", "code"), ("yuan", "number", "integer"), ("date",)
ANY = (*TEXT, *NUMBER, *DATE)
ALWAYS = frozenset({"name", "id_number"})
"""Whose row it is, and how old they are, where the registry does not say."""


class Asked(NamedTuple):
    """A column that the rule book asks a source for: where it does, of which type, and which values
    it names.

    ``known``: the name may also be one of the person or the household, or stand under ``before.``;
    ``required``: the source whose columns stand under ``required.``.
    """

    path: KeyPath
    source: str
    column: str
    kinds: Sequence[str] = ANY
    test: str = ""
    values: Collection[str] = ()
    known: bool = False
    required: str = ""


def columns(book: RuleBook, source: str) -> set[str]:
    """The columns of ``department.dataset`` that rules, burden, measures and negatives ask for."""
    found = set(ALWAYS)
    for asked in _asked(book):
        if asked.column.startswith(REQUIRED):
            found |= {asked.column.removeprefix(REQUIRED)} if asked.required == source else set()
        elif asked.source == source:
            found.add(asked.column.removeprefix(BEFORE))
    return found


def against_contracts(book: RuleBook, columns: Columns) -> list[Problem]:
    """Where rules ask for a dataset, a column or a value that no contract has, or for a column of
    another type."""
    every = {**columns, HOUSEHOLD: _registered(FACTS, columns)}
    about = _registered(homes_.ABOUT, columns)
    found = [
        Problem(path, f"“{s}”", ", ".join(columns))
        for path, s in _sources(book)
        if s not in columns
    ]
    for asked in _asked(book):
        if asked.source in every:
            own = every[asked.source]
            before = {BEFORE + name: column for name, column in own.items()}
            required = {
                REQUIRED + name: column for name, column in columns.get(asked.required, {}).items()
            }
            found += _column(asked, {**own, **about, **before, **required} if asked.known else own)
    types = every[HOUSEHOLD]["household_type"]
    found += _values(book.special_households, types, ("special_households",))
    for n, rule in enumerate(book.rules):
        for line, place in ((rule.line, ()), (rule.also, ("also",))):
            if line:
                found += _values(
                    line.threshold.types, types, ("rules", n, *place, "threshold", "types")
                )
    return found


def _sources(book: RuleBook) -> Iterator[tuple[KeyPath, str]]:
    """The datasets that must be there; a negative indicator may wait for a department that does not
    deliver yet."""
    for n, rule in enumerate(book.rules):
        yield ("rules", n, "dataset"), rule.source
        for key, others in (("requires", rule.requires), ("without", rule.without)):
            yield from (
                (("rules", n, key, m, "source"), o.source) for m, o in enumerate(others) if o.source
            )
    yield from ((("burden", n, "source"), burden.source) for n, burden in enumerate(book.burden))


def _registered(asked: Mapping[str, ColumnType], columns: Columns) -> dict[str, Column]:
    """What may be asked of a person or a household, with the values that the registry's contract
    gives."""
    registry = columns.get(REGISTRY, {})
    found = {}
    for name, kind in asked.items():
        known = registry.get(
            {"household.type": "household_type"}.get(name, name.rpartition(".")[2])
        )
        found[name] = known or Column.model_construct(type=kind, values={})
    return found


def _asked(book: RuleBook) -> Iterator[Asked]:
    for source, dataset in book.datasets.items():
        if dataset.key:
            yield Asked(("datasets", source, "key"), source, dataset.key)
    for n, rule in enumerate(book.rules):
        yield from _of_rule(rule, ("rules", n))
    for n, burden in enumerate(book.burden):
        yield from _of_measure(burden.measure, burden.source, ("burden", n, "measure"))
        yield from _of_period(burden.period, burden.source, ("burden", n, "period"))
    for n, level in enumerate(book.levels):
        for m, group in enumerate(level.any):
            yield from _of_conditions(group, HOUSEHOLD, ("levels", n, "any", m))
    for n, category in enumerate(book.categories):
        yield from _of_conditions(category.when, HOUSEHOLD, ("categories", n, "when"))
    for n, negative in enumerate(book.negatives):
        yield from _of_conditions(negative.where, negative.source, ("negatives", n, "where"))
    for n, help_ in enumerate(book.measures):
        yield from _of_conditions(help_.household, HOUSEHOLD, ("measures", n, "household"))
        for rule in (rule for rule in book.rules if rule.code in help_.rules):
            yield from _of_conditions(help_.where, rule.source, ("measures", n, "where"))


def _of_rule(rule: Rule, path: KeyPath) -> Iterator[Asked]:
    own = rule.source
    yield from _of_conditions(rule.where, own, (*path, "where"), known=True)
    yield from _of_period(rule.period, own, (*path, "period"))
    for key, others in (("requires", rule.requires), ("without", rule.without)):
        for n, other in enumerate(others):
            theirs, place = other.source or own, (*path, key, n)
            yield from _of_conditions(other.where, theirs, (*place, "where"))
            yield from _of_period(other.period, theirs, (*place, "period"))
            for m, name in enumerate(other.same):
                yield from (Asked((*place, "same", m), source, name) for source in (own, theirs))
    yield from (Asked((*path, "split_by", n), own, name) for n, name in enumerate(rule.split_by))
    for line, place in ((rule.line, path), (rule.also, (*path, "also"))):
        if line:
            yield from _of_measure(line.measure, own, (*place, "measure"))
    first = (rule.requires[0].source or own) if rule.requires else ""
    for name in sorted(rule.words):
        if name.removeprefix("also.") not in (*WORDS, *VALUES) and name not in PRIVATE:
            yield Asked((*path, "sentence"), own, name, known=True, required=first)


def _of_measure(measure: Measure, source: str, path: KeyPath) -> Iterator[Asked]:
    for side, names in (("plus", measure.plus), ("minus", measure.minus)):
        yield from (Asked((*path, side, n), source, name, NUMBER) for n, name in enumerate(names))
    if measure.compared_to:
        yield from _of_period(measure.compared_to, source, (*path, "compared_to"))


def _of_period(period: Period, source: str, path: KeyPath) -> Iterator[Asked]:
    if period.date:
        yield Asked((*path, "date"), source, period.date, DATE)


def _of_conditions(
    conditions: Sequence[Condition], source: str, path: KeyPath, known: bool = False
) -> Iterator[Asked]:
    for n, condition in enumerate(conditions):
        test = condition.tests[0]
        kinds = (
            TEXT
            if test in TEXT_TESTS
            else DATE
            if test in DATE_TESTS
            else ANY
            if condition.changed or condition.empty
            else NUMBER
        )
        values = condition.one_of or condition.not_in or ()
        yield Asked((*path, n, "column"), source, condition.column, kinds, test, values, known)


def _column(asked: Asked, known: Mapping[str, Column]) -> Iterator[Problem]:
    names = {
        c: known[c].type
        for c in known
        if c.rpartition(".")[2] not in PRIVATE and not c.startswith(BEFORE)
    }
    column = known.get(asked.column)
    if column is None:
        near = difflib.get_close_matches(asked.column, [*names, *WORDS], 1)
        hint = f" (did you mean “{near[0]}”?)" if near else ""
        yield Problem(asked.path, f"“{asked.column}”{hint}", ", ".join(names))
        return
    if column.type not in asked.kinds:
        fitting = [c for c, kind in names.items() if kind in asked.kinds] or [
            "no column of this dataset"
        ]
        purpose = f" for “{asked.test}”" if asked.test else ""
        yield Problem(
            asked.path,
            f"“{asked.column}”, which is of type {column.type}{purpose}",
            ", ".join(fitting),
        )
    yield from _values(asked.values, column, (*asked.path[:-1], asked.test))


def _values(written: Collection[str], column: Column, path: KeyPath) -> Iterator[Problem]:
    """A code is one of the values of its contract; a typing mistake would silently never be met."""
    values = list(column.values)
    for value in written:
        if values and value not in values:
            near = difflib.get_close_matches(value, values, 1, 0.4)
            hint = f" (did you mean “{near[0]}”?)" if near else ""
            yield Problem(
                path, f"“{value}”, a value that the contract does not have{hint}", ", ".join(values)
            )
