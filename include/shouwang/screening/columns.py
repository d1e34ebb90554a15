"""Whether a rule book asks for what the contracts promise: columns, their types, and the values of codes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

from shouwang.county.contract import Column, ColumnType
from shouwang.county.yamls import KeyPath as Path
from shouwang.county.yamls import Problem
from shouwang.screening import households as homes_
from shouwang.screening.checking import FACTS, PRIVATE, VALUES, WORDS
from shouwang.screening.conditions import BEFORE, DATE_TESTS, TEXT_TESTS, Condition
from shouwang.screening.parts import Measure, Period, Requirement
from shouwang.screening.rules import Burden, Rule, RuleBook
from shouwang.screening.units import REQUIRED

Columns = Mapping[str, Mapping[str, Column]]
"""``department.dataset`` → column → what its contract says of it; the registry's are those of ``registry.people``."""
REGISTRY = "registry.people"
TEXT, NUMBER, DATE = ("text", "code"), ("yuan", "number", "integer"), ("date",)
ANY = (*TEXT, *NUMBER, *DATE)


def against_contracts(book: RuleBook, columns: Columns) -> list[Problem]:
    """Where rules ask for a dataset, a column or a value that no contract has, or for a column of another type."""
    facts = _known(FACTS, columns)
    return [
        *(p for n, rule in enumerate(book.rules) for p in _rule(rule, ("rules", n), columns)),
        *(p for n, burden in enumerate(book.burden) for p in _burden(burden, ("burden", n), columns)),
        *_grading(book, facts),
        *_negatives(book, columns),
        *_keys(book, columns),
    ]


def _known(asked: Mapping[str, ColumnType], columns: Columns) -> dict[str, Column]:
    """What may be asked of a person or a household, with the values that the registry's contract gives."""
    registry = columns.get(REGISTRY, {})
    found = {}
    for name, kind in asked.items():
        known = registry.get({"household.type": "household_type"}.get(name, name.rpartition(".")[2]))
        found[name] = known or Column.model_construct(type=kind, values={})
    return found


def _rule(rule: Rule, path: Path, columns: Columns) -> Iterator[Problem]:
    if rule.source not in columns:
        yield Problem((*path, "dataset"), f"“{rule.source}”", ", ".join(columns))
        return
    own = columns[rule.source]
    known = {**own, **_known(homes_.ABOUT, columns)}
    before = {BEFORE + name: column for name, column in own.items()}
    yield from _conditions(rule.where, {**known, **before}, (*path, "where"))
    yield from _period(rule.period, own, (*path, "period"))
    required: Mapping[str, Column] = {}
    for key, others in (("requires", rule.requires), ("without", rule.without)):
        for n, other in enumerate(others):
            theirs = columns.get(other.source or rule.source)
            if theirs is None:
                yield Problem((*path, key, n, "source"), f"“{other.source}”", ", ".join(columns))
                continue
            yield from _requirement(other, own, theirs, (*path, key, n))
            if key == "requires" and n == 0:
                required = {REQUIRED + name: column for name, column in theirs.items()}
    for n, name in enumerate(rule.split_by):
        yield from _column(name, ANY, own, (*path, "split_by", n))
    for line, place in ((rule.line, path), (rule.also, (*path, "also"))):
        if line:
            yield from _measure(line.measure, own, (*place, "measure"))
            types = columns.get(REGISTRY, {}).get("household_type")
            yield from _values(line.threshold.types, types, (*place, "threshold", "types"))
    for name in sorted(rule.words):
        if name.removeprefix("also.") not in (*WORDS, *VALUES) and name not in PRIVATE:
            yield from _column(name, ANY, {**known, **before, **required}, (*path, "sentence"))


def _requirement(
    other: Requirement, own: Mapping[str, Column], theirs: Mapping[str, Column], path: Path
) -> Iterator[Problem]:
    yield from _conditions(other.where, theirs, (*path, "where"))
    yield from _period(other.period, theirs, (*path, "period"))
    for n, name in enumerate(other.same):
        for known in (own, theirs):
            yield from _column(name, ANY, known, (*path, "same", n))


def _burden(burden: Burden, path: Path, columns: Columns) -> Iterator[Problem]:
    known = columns.get(burden.source)
    if known is None:
        yield Problem((*path, "source"), f"“{burden.source}”", ", ".join(columns))
        return
    yield from _period(burden.period, known, (*path, "period"))
    yield from _measure(burden.measure, known, (*path, "measure"))


def _grading(book: RuleBook, facts: Mapping[str, Column]) -> Iterator[Problem]:
    """Levels, categories and measures name values that the registry knows."""
    for n, level in enumerate(book.levels):
        for m, group in enumerate(level.any):
            yield from _conditions(group, facts, ("levels", n, "any", m))
    for n, category in enumerate(book.categories):
        yield from _conditions(category.when, facts, ("categories", n, "when"))
    for n, help_ in enumerate(book.measures):
        yield from _conditions(help_.household, facts, ("measures", n, "household"))
    yield from _values(book.special_households, facts["household_type"], ("special_households",))


def _negatives(book: RuleBook, columns: Columns) -> Iterator[Problem]:
    """Negative indicators may wait for a department that does not deliver yet; one that does is held to its columns."""
    for n, negative in enumerate(book.negatives):
        if negative.source in columns:
            yield from _conditions(negative.where, columns[negative.source], ("negatives", n, "where"))
    for n, help_ in enumerate(book.measures):
        for rule in (r for r in book.rules if r.code in help_.rules and r.source in columns):
            yield from _conditions(help_.where, columns[rule.source], ("measures", n, "where"))


def _keys(book: RuleBook, columns: Columns) -> Iterator[Problem]:
    for source, dataset in book.datasets.items():
        if dataset.key and source in columns:
            yield from _column(dataset.key, ANY, columns[source], ("datasets", source, "key"))


def _measure(measure: Measure, known: Mapping[str, Column], path: Path) -> Iterator[Problem]:
    for side, names in (("plus", measure.plus), ("minus", measure.minus)):
        for n, name in enumerate(names):
            yield from _column(name, NUMBER, known, (*path, side, n))
    if measure.compared_to:
        yield from _period(measure.compared_to, known, (*path, "compared_to"))


def _period(period: Period, known: Mapping[str, Column], path: Path) -> Iterator[Problem]:
    if period.date:
        yield from _column(period.date, DATE, known, (*path, "date"))


def _conditions(conditions: Sequence[Condition], known: Mapping[str, Column], path: Path) -> Iterator[Problem]:
    for n, condition in enumerate(conditions):
        test = condition.tests[0]
        kinds = TEXT if test in TEXT_TESTS else DATE if test in DATE_TESTS else ANY if condition.changed else NUMBER
        yield from _column(condition.column, kinds, known, (*path, n, "column"), f" for “{test}”")
        yield from _values(condition.one_of or condition.not_in or (), known.get(condition.column), (*path, n, test))


def _values(written: Collection[str], column: Column | None, path: Path) -> Iterator[Problem]:
    """A code is one of the values of its contract; a typing mistake would silently never be met."""
    values = list(column.values) if column else []
    for value in written:
        if values and value not in values:
            near = difflib.get_close_matches(value, values, 1, 0.4)
            hint = f" (did you mean “{near[0]}”?)" if near else ""
            yield Problem(path, f"“{value}”, a value that the contract does not have{hint}", ", ".join(values))


def _column(
    name: str, kinds: Sequence[str], known: Mapping[str, Column], path: Path, purpose: str = ""
) -> Iterator[Problem]:
    names = {c: known[c].type for c in known if c.rpartition(".")[2] not in PRIVATE and not c.startswith(BEFORE)}
    if name not in known:
        near = difflib.get_close_matches(name, [*names, *WORDS], 1)
        hint = f" (did you mean “{near[0]}”?)" if near else ""
        yield Problem(path, f"“{name}”{hint}", ", ".join(names))
    elif known[name].type not in kinds:
        fitting = [c for c, kind in names.items() if kind in kinds] or ["no column of this dataset"]
        yield Problem(path, f"“{name}”, which is of type {known[name].type}{purpose}", ", ".join(fitting))
