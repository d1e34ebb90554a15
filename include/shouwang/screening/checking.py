"""Whether a rule book makes sense: in itself, and held against the contracts of the departments."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shouwang.core.terms import LEVELS
from shouwang.county.contract import Column, ColumnType
from shouwang.county.yamls import KeyPath, Problem
from shouwang.screening.conditions import (
    ABOUT,
    ANY,
    BEFORE,
    DATE,
    FACTS,
    NUMBER,
    REQUIRED,
    TESTS,
    Condition,
    bound_by_name,
)
from shouwang.screening.rules import (
    HOUSEHOLD,
    Burden,
    Dataset,
    Help,
    Measure,
    Period,
    Place,
    Requirement,
    Rule,
    RuleBook,
    Threshold,
)

Columns = Mapping[str, Mapping[str, Column]]
"""``department.dataset`` → column → what its contract says of it; the registry's are those of
``registry.people``."""
WORDS = ("office", "person", "head", "month", "year", "month_number", "school_year")
VALUES = ("value", "measured", "threshold", "beyond", "divisor", "before")
PRIVATE = ("name", "id_number", "phone")
ALWAYS = frozenset({"name", "id_number"})
"""Whose row it is, and how old they are, where the registry does not say."""
BEFORE_THIS = Period(span="previous")


def mistakes(book: RuleBook, columns: Columns) -> list[Problem]:
    """What contradicts itself within the rule book; if nothing does, where it asks for what no
    contract has (with ``columns``)."""
    inconsistent = [*_grading(book), *_parameters(book)]
    for place in book.parts():
        inconsistent += _inconsistencies(book, place)
    return inconsistent or ([*_against_contracts(book, columns)] if columns else [])


def columns_of(book: RuleBook, source: str) -> set[str]:
    """The columns of ``department.dataset`` that rules, burden, measures and negatives ask for."""
    names = set(ALWAYS)
    for asked in _asked(book):
        if asked.column.startswith(REQUIRED):
            names |= {asked.column.removeprefix(REQUIRED)} if asked.required == source else set()
        elif asked.source == source:
            names.add(asked.column.removeprefix(BEFORE))
    return names


def _one_of(path: KeyPath, written: str, allowed: Iterable[str]) -> Iterator[Problem]:
    if written not in allowed:
        yield Problem(path, f"“{written}”", ", ".join(allowed))


def _inconsistencies(book: RuleBook, place: Place) -> Iterator[Problem]:
    path, part, source = place
    match part:
        case Rule():
            yield from _rule(book, part, path)
        case Requirement():
            yield from _one_of((*path, "source"), source, book.datasets)
        case Period():
            yield from _period(book, source, part, path)
        case Measure(divided_by=str(name)):
            yield from _one_of((*path, "divided_by"), name, book.parameters)
        case Threshold():
            for key, line in part.lines().items():
                at = ("types", key) if key in part.types else (key,)
                yield from _bound(line, book.parameters, (*path, *at))
        case Condition():
            names: Collection[str] = book.parameters
            if source == HOUSEHOLD:
                yield from _one_of((*path, "column"), part.column, FACTS)
                names = [*FACTS, *book.parameters]
            yield from _bound(part.value, names, (*path, part.test))
        case Help():
            if part.risk:
                yield from _one_of((*path, "risk"), part.risk, book.risks)
            codes = sorted({rule.code for rule in book.rules})
            for n, code in enumerate(part.rules):
                yield from _one_of((*path, "rules", n), code, codes)


def _rule(book: RuleBook, rule: Rule, path: KeyPath) -> Iterator[Problem]:
    yield from _one_of((*path, "department"), rule.department, book.offices)
    yield from _one_of((*path, "risk"), rule.risk, book.risks)
    yield from _one_of((*path, "dataset"), rule.source, book.datasets)
    if rule.looks_back:
        yield from _period(book, rule.source, BEFORE_THIS, (*path, "where"))
    personal = sorted(name for name in rule.asked & ABOUT.keys() if name.startswith("person."))
    if rule.unit == "household" and personal:
        allowed = "row or person, which are somebody"
        yield Problem((*path, "unit"), f"“household” with {personal[0]}", allowed)
    for prefix, comparison in rule.comparisons.items():
        if comparison.measure.compared_to and rule.unit == "row":
            at = (*path, *prefix.split(".")[:-1], "measure", "compared_to")
            yield Problem(at, "a comparison of single rows", "unit: person or household")
    yield from _sentence(rule, (*path, "sentence"))
    for earlier in book.rules[: book.rules.index(rule)]:
        if earlier.key == rule.key and earlier.valid.overlaps(rule.valid):
            again = f"“{rule.code}” a second time for the same days"
            allowed = "one rule of a code at a time; end the older one with valid.until"
            yield Problem((*path, "code"), again, allowed)


def _period(book: RuleBook, source: str, period: Period, path: KeyPath) -> Iterator[Problem]:
    dataset = book.datasets.get(source)
    if dataset and not dataset.key and period.date:
        mistake = (
            f"“{period.span}” over {source}, which is a whole roster each time (no key): its rows "
            "would count twice"
        )
        yield Problem((*path, "span"), mistake, "delivery, previous or school_year")
    if dataset and dataset.key and period.span == "previous":
        mistake = f"the submission before, of {source}, which arrives piece by piece (key)"
        yield Problem(path, mistake, "month with back: 1")


def _bound(bound: object, names: Collection[str], path: KeyPath) -> Iterator[Problem]:
    if isinstance(bound, str):
        named = bound_by_name(bound)
        if named is None or named[1] not in names:
            allowed = (
                f"a number without quotation marks, or {', '.join(names)}, perhaps so many times: "
                "0.5 * name"
            )
            yield Problem(path, f"“{bound}”", allowed)


def _sentence(rule: Rule, path: KeyPath) -> Iterator[Problem]:
    for name in rule.words:
        compared = rule.comparisons.get("also." if name.startswith("also.") else "")
        figure = name.removeprefix("also.")
        measure = compared.measure if compared else Measure(kind="count")
        if name.removeprefix(BEFORE).removeprefix(REQUIRED) in PRIVATE:
            yield Problem(path, f"{{{name}}}, which no list may show", "{person} (张某) or {head}")
        elif name.startswith(REQUIRED) and not rule.requires:
            mistake = f"{{{name}}} in a rule that requires nothing"
            yield Problem(path, mistake, "a rule with requires")
        elif figure in VALUES and compared is None:
            allowed = ", ".join(WORDS) + " or a column"
            yield Problem(path, f"{{{name}}} in a rule without a measure", allowed)
        elif figure == "divisor" and not (measure.divided_by or measure.by == "ratio"):
            mistake = "{divisor} in a rule that divides by nothing"
            yield Problem(path, mistake, "a measure with divided_by")
        elif figure == "before" and not measure.compared_to:
            mistake = "{before} in a rule that compares with nothing"
            yield Problem(path, mistake, "a measure with compared_to")
    if rule.sentence.count("{") != rule.sentence.count("}"):
        yield Problem(path, "a brace that is not closed", "{…} in pairs")


def _grading(book: RuleBook) -> Iterator[Problem]:
    codes = tuple(level.level for level in book.levels)
    for n, code in enumerate(codes):
        if code != "".join(LEVELS[n : n + 1]):
            allowed = (
                f"{'、'.join(LEVELS)}, each once and in this order: they are codes that cases and "
                "counts go by"
            )
            yield Problem(("levels", n, "level"), f"“{code}”", allowed)
    if len(codes) < len(LEVELS):
        yield Problem(("levels",), "、".join(codes), f"all of {'、'.join(LEVELS)}")
    for n, level in enumerate(book.levels):
        if bool(level.any) == (n == len(book.levels) - 1):
            allowed = "conditions for every level but the last, none for that"
            yield Problem(("levels", n, "any"), f"level {level.level}", allowed)
    for n, burden in enumerate(book.burden):
        yield from _one_of(("burden", n, "source"), burden.source, book.datasets)
    for fact in book.must_know:
        yield from _one_of(("must_know", fact), fact, FACTS)


def _parameters(book: RuleBook) -> Iterator[Problem]:
    for name, parameter in book.parameters.items():
        days = [v.first for v in parameter.values]
        for n, day in enumerate(days):
            if day in days[:n]:
                path = ("parameters", name, "values", n, "from")
                yield Problem(path, f"{day} a second time", "each day once")
    start = book.parameters.get("school_year_starts")
    if start is None:
        allowed = "the number of the month in which a school year begins"
        yield Problem(("parameters",), "no school_year_starts", allowed)
    for n, dated in enumerate(start.values if start else ()):
        if dated.value not in range(1, 13):
            path = ("parameters", "school_year_starts", "values", n, "value")
            yield Problem(path, str(dated.value), "1 to 12")


class Asked(NamedTuple):
    """A column that the rule book asks a source for: where it does, of which type, and which values
    it names.

    ``besides``: the name may also be one of the person or the household, or stand under
    ``before.``; ``required``: the source whose columns stand under ``required.``.
    """

    path: KeyPath
    source: str
    column: str
    types: Sequence[ColumnType] = ANY
    test: str = ""
    values: Collection[str] = ()
    besides: bool = False
    required: str = ""


def _asked(book: RuleBook) -> Iterator[Asked]:
    types = (HOUSEHOLD, "household_type", ANY)
    yield Asked(("",), *types, "special_households", book.special_households)
    for path, part, source in book.parts():
        match part:
            case Dataset(key=str(key)):
                yield Asked((*path, "key"), str(path[1]), key)
            case Rule():
                yield from _asked_by_rule(part, path)
            case Requirement():
                own = book.rules[int(path[1])].source
                for n, name in enumerate(part.same):
                    yield from (Asked((*path, "same", n), of, name) for of in (own, source))
            case Period(date=str(date)):
                yield Asked((*path, "date"), source, date, DATE)
            case Measure():
                for side, names in (("plus", part.plus), ("minus", part.minus)):
                    for n, name in enumerate(names):
                        yield Asked((*path, side, n), source, name, NUMBER)
            case Threshold():
                yield Asked((*path, ""), *types, "types", part.types)
            case Condition():
                values = part.one_of or part.not_in or ()
                besides = path[0] == "rules" and path[2] == "where"
                asked = (source, part.column, TESTS[part.test].types, part.test, values, besides)
                yield Asked((*path, "column"), *asked)


def _asked_by_rule(rule: Rule, path: KeyPath) -> Iterator[Asked]:
    for n, name in enumerate(rule.split_by):
        yield Asked((*path, "split_by", n), rule.source, name)
    first = (rule.requires[0].source or rule.source) if rule.requires else ""
    for name in sorted(rule.words):
        if name.removeprefix("also.") not in (*WORDS, *VALUES, *PRIVATE):
            path_ = (*path, "sentence")
            yield Asked(path_, rule.source, name, besides=True, required=first)


def _against_contracts(book: RuleBook, columns: Columns) -> Iterator[Problem]:
    """Where rules ask for a dataset, a column or a value that no contract has, or for a column of
    another type; a negative indicator may wait for a department that does not deliver yet."""
    registry = columns.get("registry.people", {})

    def registered(name: str, kind: ColumnType) -> Column:
        own = "household_type" if name == "household.type" else name.rpartition(".")[2]
        return registry.get(own) or Column.model_construct(type=kind, values={})

    every = {**columns, HOUSEHOLD: {name: registered(name, kind) for name, kind in FACTS.items()}}
    about = {name: registered(name, kind) for name, (kind, _) in ABOUT.items()}
    for path, part, source in book.parts():
        if isinstance(part, Rule | Requirement | Burden) and source not in every:
            key = "dataset" if isinstance(part, Rule) else "source"
            yield Problem((*path, key), f"“{source}”", ", ".join(columns))
    for asked in _asked(book):
        own = dict(every.get(asked.source, {}))
        if asked.besides:
            before = {BEFORE + name: column for name, column in own.items()}
            theirs = columns.get(asked.required, {}).items()
            own |= about | before | {REQUIRED + name: column for name, column in theirs}
        if asked.source in every:
            yield from _column(asked, own)


def _column(asked: Asked, own: Mapping[str, Column]) -> Iterator[Problem]:
    shown = {
        name: column.type
        for name, column in own.items()
        if name.rpartition(".")[2] not in PRIVATE and not name.startswith(BEFORE)
    }
    column = own.get(asked.column)
    if column is None:
        mistake = f"“{asked.column}”{_nearest(asked.column, [*shown, *WORDS], 0.6)}"
        yield Problem(asked.path, mistake, ", ".join(shown))
        return
    if column.type not in asked.types:
        fitting = [name for name, kind in shown.items() if kind in asked.types]
        purpose = f" for “{asked.test}”" if asked.test else ""
        mistake = f"“{asked.column}”, which is of type {column.type}{purpose}"
        yield Problem(asked.path, mistake, ", ".join(fitting) or "no column of this dataset")
    # A code is one of the values of its contract; a typing mistake would silently never be met.
    for value in asked.values if column.values else ():
        if value not in column.values:
            near = _nearest(value, column.values, 0.4)
            mistake = f"“{value}”, a value that the contract does not have{near}"
            yield Problem((*asked.path[:-1], asked.test), mistake, ", ".join(column.values))


def _nearest(written: str, names: Iterable[str], cutoff: float) -> str:
    near = difflib.get_close_matches(written, list(names), 1, cutoff)
    return f" (did you mean “{near[0]}”?)" if near else ""
