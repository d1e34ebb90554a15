"""Whether a rule book makes sense in itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from shouwang.county.contract import ColumnType
from shouwang.county.yamls import KeyPath as Path
from shouwang.county.yamls import Problem
from shouwang.screening import households as homes_
from shouwang.screening.conditions import BEFORE, Bound, Condition, named
from shouwang.screening.parts import Comparison, Period
from shouwang.screening.rules import Rule, RuleBook
from shouwang.screening.units import REQUIRED

FACTS: dict[str, ColumnType] = {
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
WORDS = ("office", "person", "head", "month", "year", "month_number", "school_year")
VALUES = ("value", "measured", "threshold", "beyond", "divisor", "before")
PRIVATE = ("name", "id_number", "phone")


def inconsistencies(book: RuleBook) -> list[Problem]:
    """What contradicts itself within the rule book."""
    return [*_rules(book), *_grading(book), *_parameters(book)]


def _one_of(
    path: Path, found: str, allowed: Sequence[str] | Mapping[str, object]
) -> Iterator[Problem]:
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
        for key, others in (("requires", rule.requires), ("without", rule.without)):
            for m, other in enumerate(others):
                source, place = other.source or rule.source, (*path, key, m)
                yield from _one_of((*place, "source"), source, book.datasets)
                yield from _period(book, source, other.period, (*place, "period"))
                yield from _bounds(other.where, book.parameters, (*place, "where"))
        yield from _comparison(book, rule, rule.line, path)
        yield from _comparison(book, rule, rule.also, (*path, "also"))
        if rule.looks_back:
            yield from _period(book, rule.source, Period(span="previous"), (*path, "where"))
        personal = sorted(
            name for name in rule.asked if name in homes_.ABOUT and name.startswith("person.")
        )
        if rule.unit == "household" and personal:
            yield Problem(
                (*path, "unit"),
                f"“household” with {personal[0]}",
                "row or person, which are somebody",
            )
        yield from _sentence(rule, (*path, "sentence"))
        for earlier in book.rules[:n]:
            if earlier.key == rule.key and _overlap(earlier, rule):
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
            "delivery, previous or school_year",
        )
    if dataset and dataset.key and period.span == "previous":
        yield Problem(
            path,
            f"the submission before, of {source}, which arrives piece by piece (key)",
            "month with back: 1",
        )


def _comparison(
    book: RuleBook, rule: Rule, line: Comparison | None, path: Path
) -> Iterator[Problem]:
    if line is None:
        return
    measure = line.measure
    if measure.divided_by:
        yield from _one_of((*path, "measure", "divided_by"), measure.divided_by, book.parameters)
    if measure.compared_to:
        yield from _period(
            book, rule.source, measure.compared_to, (*path, "measure", "compared_to")
        )
        if rule.unit == "row":
            yield Problem(
                (*path, "measure", "compared_to"),
                "a comparison of single rows",
                "unit: person or household",
            )
    for key, bound in line.threshold.lines().items():
        place = ("types", key) if key in line.threshold.types else (key,)
        yield from _bound(bound, book.parameters, (*path, "threshold", *place))


def _bounds(
    conditions: Sequence[Condition], names: Mapping[str, object], path: Path
) -> Iterator[Problem]:
    for n, condition in enumerate(conditions):
        yield from _bound(condition.bound, names, (*path, n, condition.tests[0]))


def _bound(bound: Bound | None, names: Mapping[str, object], path: Path) -> Iterator[Problem]:
    if isinstance(bound, str):
        found = named(bound)
        if found is None or found[1] not in names:
            allowed = f"a number without quotation marks, or {', '.join(names)}, perhaps so many times: 0.5 * name"
            yield Problem(path, f"“{bound}”", allowed)


def _sentence(rule: Rule, path: Path) -> Iterator[Problem]:
    for name in rule.words:
        line = rule.also if name.startswith("also.") else rule.line
        figure = name.removeprefix("also.")
        if name.removeprefix(BEFORE).removeprefix(REQUIRED) in PRIVATE:
            yield Problem(path, f"{{{name}}}, which no list may show", "{person} (张某) or {head}")
        elif figure not in VALUES:
            if name.startswith(REQUIRED) and not rule.requires:
                yield Problem(
                    path, f"{{{name}}} in a rule that requires nothing", "a rule with requires"
                )
        elif line is None:
            yield Problem(
                path, f"{{{name}}} in a rule without a measure", ", ".join(WORDS) + " or a column"
            )
        elif figure == "divisor" and not (line.measure.divided_by or line.measure.by == "ratio"):
            yield Problem(
                path, "{divisor} in a rule that divides by nothing", "a measure with divided_by"
            )
        elif figure == "before" and not line.measure.compared_to:
            yield Problem(
                path, "{before} in a rule that compares with nothing", "a measure with compared_to"
            )
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
                ("levels", n, "any"),
                f"level {level.level}",
                "conditions for every level but the last, none for that",
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


def _facts(
    conditions: Sequence[Condition], names: Mapping[str, object], path: Path
) -> Iterator[Problem]:
    for n, condition in enumerate(conditions):
        yield from _one_of((*path, n, "column"), condition.column, FACTS)
    yield from _bounds(conditions, names, path)


def _parameters(book: RuleBook) -> Iterator[Problem]:
    for name, parameter in book.parameters.items():
        days = [v.first for v in parameter.values]
        for n, day in enumerate(days):
            if day in days[:n]:
                yield Problem(
                    ("parameters", name, "values", n, "from"),
                    f"{day} a second time",
                    "each day once",
                )
    start = book.parameters.get("school_year_starts")
    if start is None:
        yield Problem(
            ("parameters",),
            "no school_year_starts",
            "the number of the month in which a school year begins",
        )
    for n, dated in enumerate(start.values if start else ()):
        if dated.value not in range(1, 13):
            yield Problem(
                ("parameters", "school_year_starts", "values", n, "value"),
                str(dated.value),
                "1 to 12",
            )
