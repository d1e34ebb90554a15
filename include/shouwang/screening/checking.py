"""Whether a rule book makes sense: in itself, and against the columns that the departments' contracts promise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shouwang.screening.conditions import DATE_TESTS, TEXT_TESTS, Condition
from shouwang.screening.rules import Burden, Measure, Period, Rule, RuleBook

Path = tuple[str | int, ...]
Columns = Mapping[str, Mapping[str, str]]
"""``department.dataset`` → column → its type in the contract."""

FACTS = {
    "income": "yuan",
    "net_income": "yuan",
    "burden": "yuan",
    "able_members": "integer",
    "members": "integer",
    "risks": "integer",
    "household_type": "text",
    "risk_removed": "text",
}
"""What is known of a household when it is graded."""
ABOUT_THE_PERSON = {"person.age": "integer", "household.type": "text"}
"""What a rule may ask of the person or the household behind a row, besides the row's own columns."""
WORDS = ("office", "person", "head", "month", "year", "month_number", "school_year")
VALUES = ("value", "measured", "threshold", "beyond")
PRIVATE = ("name", "id_number", "phone")
TEXT, NUMBER, DATE = ("text", "code"), ("yuan", "number", "integer"), ("date",)
ANY = (*TEXT, *NUMBER, *DATE)


@dataclass(frozen=True)
class Problem:
    """One mistake: where it stands, what was found there, and what would be right."""

    path: Path
    found: str
    allowed: str


def placeholders(sentence: str) -> list[str]:
    """The names in braces of a sentence template."""
    return re.findall(r"\{([^{}]*)\}", sentence)


def asked(rule: Rule) -> set[str]:
    """The columns that a rule's conditions and its sentence ask for."""
    return {condition.column for condition in rule.where} | set(placeholders(rule.sentence))


def inconsistencies(book: RuleBook) -> list[Problem]:
    """What contradicts itself within the rule book."""
    return [*_rules(book), *_grading(book), *_parameters(book)]


def against_contracts(book: RuleBook, columns: Columns) -> list[Problem]:
    """Where rules ask for a dataset or a column that no contract has, or that is of another type."""
    return [
        *(p for n, rule in enumerate(book.rules) for p in _rule_columns(rule, ("rules", n), columns)),
        *(p for n, burden in enumerate(book.burden) for p in _burden_columns(burden, ("burden", n), columns)),
        *_negative_columns(book, columns),
        *_keys(book, columns),
    ]


def _one_of(path: Path, found: str, allowed: Sequence[str] | Mapping[str, object]) -> Iterator[Problem]:
    if found not in allowed:
        yield Problem(path, f"“{found}”", ", ".join(allowed))


def _rules(book: RuleBook) -> Iterator[Problem]:
    for n, rule in enumerate(book.rules):
        path: Path = ("rules", n)
        yield from _one_of((*path, "department"), rule.department, book.offices)
        yield from _one_of((*path, "risk"), rule.risk, book.risks)
        yield from _one_of((*path, "dataset"), rule.source, book.datasets)
        yield from _period(book, rule.source, rule.period, (*path, "period"))
        yield from _bounds(rule.where, book.parameters, (*path, "where"))
        if rule.requires:
            yield from _period(book, rule.source, rule.requires.period, (*path, "requires", "period"))
            yield from _bounds(rule.requires.where, book.parameters, (*path, "requires", "where"))
        if rule.measure and rule.measure.divided_by:
            yield from _one_of((*path, "measure", "divided_by"), rule.measure.divided_by, book.parameters)
        if rule.unit == "household" and "person.age" in asked(rule):
            yield Problem((*path, "unit"), "“household” with person.age", "row or person, which have an age")
        yield from _sentence(rule, (*path, "sentence"))
        for earlier in book.rules[:n]:
            if earlier.code == rule.code and _overlap(earlier, rule):
                yield Problem(
                    (*path, "code"),
                    f"“{rule.code}” a second time for the same days",
                    "one rule of a code at a time; end the older one with valid.until",
                )


def _overlap(a: Rule, b: Rule) -> bool:
    return (a.valid.until is None or b.valid.first <= a.valid.until) and (
        b.valid.until is None or a.valid.first <= b.valid.until
    )


def _period(book: RuleBook, source: str, period: Period, path: Path) -> Iterator[Problem]:
    dataset = book.datasets.get(source)
    if dataset and not dataset.key and period.date:
        yield Problem(
            (*path, "span"),
            f"“{period.span}” over {source}, which is a whole roster each time (no key): its rows would count twice",
            "delivery or school_year",
        )


def _bounds(conditions: Sequence[Condition], names: Mapping[str, object], path: Path) -> Iterator[Problem]:
    for n, condition in enumerate(conditions):
        if isinstance(condition.bound, str) and condition.bound not in names:
            yield Problem((*path, n, condition.tests[0]), f"“{condition.bound}”", f"a number, or {', '.join(names)}")


def _sentence(rule: Rule, path: Path) -> Iterator[Problem]:
    for name in placeholders(rule.sentence):
        if name in PRIVATE:
            yield Problem(path, f"{{{name}}}, which no list may show", "{person} (张某) or {head}")
        elif name in VALUES and rule.measure is None:
            yield Problem(path, f"{{{name}}} in a rule without a measure", ", ".join(WORDS) + " or a column")
        elif name == "divisor" and not (rule.measure and rule.measure.divided_by):
            yield Problem(path, "{divisor} in a rule that divides by nothing", "a measure with divided_by")
    if rule.sentence.count("{") != rule.sentence.count("}"):
        yield Problem(path, "a brace that is not closed", "{…} in pairs")


def _grading(book: RuleBook) -> Iterator[Problem]:
    names = {**FACTS, **book.parameters}
    codes = {rule.code for rule in book.rules}
    for n, burden in enumerate(book.burden):
        yield from _one_of(("burden", n, "source"), burden.source, book.datasets)
        yield from _period(book, burden.source, burden.period, ("burden", n, "period"))
    for n, level in enumerate(book.levels):
        if bool(level.any) == (n == len(book.levels) - 1):
            yield Problem(
                ("levels", n, "any"), f"level {level.level}", "conditions for every level but the last, none for that"
            )
        for m, group in enumerate(level.any):
            yield from _facts(group, names, ("levels", n, "any", m))
    for n, category in enumerate(book.categories):
        yield from _facts(category.when, names, ("categories", n, "when"))
    for n, help_ in enumerate(book.measures):
        yield from _facts(help_.household, names, ("measures", n, "household"))
        if help_.risk:
            yield from _one_of(("measures", n, "risk"), help_.risk, book.risks)
        for m, code in enumerate(help_.rules):
            yield from _one_of(("measures", n, "rules", m), code, sorted(codes))
    for fact in book.must_know:
        yield from _one_of(("must_know", fact), fact, FACTS)


def _facts(conditions: Sequence[Condition], names: Mapping[str, object], path: Path) -> Iterator[Problem]:
    yield from _conditions(conditions, FACTS, path)
    yield from _bounds(conditions, names, path)


def _parameters(book: RuleBook) -> Iterator[Problem]:
    for name, parameter in book.parameters.items():
        days = [v.first for v in parameter.values]
        for n, day in enumerate(days):
            if day in days[:n]:
                yield Problem(("parameters", name, "values", n, "from"), f"{day} a second time", "each day once")
    start = book.parameters.get("school_year_starts")
    if start is None:
        yield Problem(("parameters",), "no school_year_starts", "the number of the month in which a school year begins")
    for n, dated in enumerate(start.values if start else ()):
        if dated.value not in range(1, 13):
            yield Problem(("parameters", "school_year_starts", "values", n, "value"), str(dated.value), "1 to 12")


def _rule_columns(rule: Rule, path: Path, columns: Columns) -> Iterator[Problem]:
    if rule.source not in columns:
        yield Problem((*path, "dataset"), f"“{rule.source}”", ", ".join(columns))
        return
    known = columns[rule.source]
    yield from _conditions(rule.where, {**known, **ABOUT_THE_PERSON}, (*path, "where"))
    yield from _period_column(rule.period, known, (*path, "period", "date"))
    if rule.requires:
        yield from _conditions(rule.requires.where, known, (*path, "requires", "where"))
        yield from _period_column(rule.requires.period, known, (*path, "requires", "period", "date"))
    for n, name in enumerate(rule.split_by):
        yield from _column(name, ANY, known, (*path, "split_by", n))
    if rule.measure:
        yield from _measure_columns(rule.measure, known, (*path, "measure"))
    for name in placeholders(rule.sentence):
        if name not in (*WORDS, *VALUES, "divisor", *PRIVATE):
            yield from _column(name, ANY, {**known, **ABOUT_THE_PERSON}, (*path, "sentence"))


def _burden_columns(burden: Burden, path: Path, columns: Columns) -> Iterator[Problem]:
    known = columns.get(burden.source)
    if known is None:
        yield Problem((*path, "source"), f"“{burden.source}”", ", ".join(columns))
        return
    yield from _period_column(burden.period, known, (*path, "period", "date"))
    yield from _measure_columns(burden.measure, known, (*path, "measure"))


def _negative_columns(book: RuleBook, columns: Columns) -> Iterator[Problem]:
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


def _measure_columns(measure: Measure, known: Mapping[str, str], path: Path) -> Iterator[Problem]:
    for side, names in (("plus", measure.plus), ("minus", measure.minus)):
        for n, name in enumerate(names):
            yield from _column(name, NUMBER, known, (*path, side, n))


def _period_column(period: Period, known: Mapping[str, str], path: Path) -> Iterator[Problem]:
    if period.date:
        yield from _column(period.date, DATE, known, path)


def _conditions(conditions: Sequence[Condition], known: Mapping[str, str], path: Path) -> Iterator[Problem]:
    for n, condition in enumerate(conditions):
        test = condition.tests[0]
        kinds = TEXT if test in TEXT_TESTS else DATE if test in DATE_TESTS else NUMBER
        yield from _column(condition.column, kinds, known, (*path, n, "column"), f" for “{test}”")


def _column(
    name: str, kinds: Sequence[str], known: Mapping[str, str], path: Path, purpose: str = ""
) -> Iterator[Problem]:
    if name not in known:
        yield Problem(path, f"“{name}”", ", ".join(c for c in known if c not in PRIVATE))
    elif known[name] not in kinds:
        fitting = [c for c, kind in known.items() if kind in kinds] or ["no column of this dataset"]
        yield Problem(path, f"“{name}”, which is of type {known[name]}{purpose}", ", ".join(fitting))
