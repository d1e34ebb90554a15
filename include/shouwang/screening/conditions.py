"""Conditions (条件): one column, one test; the same for rows of a department and for facts about a
household."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import pandas as pd
from pydantic import Field, model_validator
from pydantic import Strict as StrictType

from shouwang.core.month import Month
from shouwang.county.yamls import Strict

Number = Annotated[float, StrictType()]
Bound = Number | str
"""A number; or a dated parameter or another fact about the household, by name, perhaps so many
times: ``0.5 * line``."""
Words = Annotated[tuple[str, ...], Field(min_length=1)]

_RELATIVE = (
    "(?:配偶|丈夫|妻子|爱人|老伴|父亲|母亲|父母|儿子|女儿|子女|儿媳|女婿|兄弟|姐妹|哥哥|弟弟|姐姐|妹妹|孙子|孙女|爷爷|奶奶|公公|婆婆|"
    "岳父|岳母|家人|亲属|家属|成员|监护人|抚养人|赡养人|扶养人)(?:(?!本人|自己|申请人|保障对象)[^，,；;。、]){0,12}?"
)
"""What is said of a relative is not said of the person: a stop because the spouse has died is no
death of his."""
TEXT_TESTS = ("in", "not_in", "contains_none")
NUMBER_TESTS = ("at_least", "above", "at_most", "below", "between", "not_at_most")
DATE_TESTS = ("in_data_month", "months_ago")
BEFORE = "before."
"""What a column said of the same unit in the submission before stands under this prefix."""
_NAMED = re.compile(r"(?:([0-9]+(?:\.[0-9]+)?)\s*\*\s*)?([a-z][a-z0-9_]*)")


def named(bound: str) -> tuple[float, str] | None:
    """The factor and the name in ``0.5 * reference_income``; none where it is written otherwise."""
    found = _NAMED.fullmatch(bound.strip())
    return (float(found[1] or 1), found[2]) if found else None


def worth(bound: Bound, values: Mapping[str, float]) -> float:
    """What a bound comes to with the parameters of a month."""
    if not isinstance(bound, str):
        return bound
    factor, name = named(bound) or (1.0, bound)
    return round(factor * values[name], 2)


class Condition(Strict):
    """One test of one column.

    An empty cell passes ``not_in``, ``contains_none``, ``not_at_most`` and ``empty`` and fails
    every other test: what is not known is never taken for true. ``months_ago`` counts calendar
    months back from the data month, which is 0; ``changed``: the submission before said something
    else of the same unit.
    """

    column: str
    one_of: Words | None = Field(None, alias="in")
    not_in: Words | None = None
    contains_none: Words | None = None
    at_least: Bound | None = None
    above: Bound | None = None
    at_most: Bound | None = None
    below: Bound | None = None
    between: tuple[Number, Number] | None = None
    in_data_month: Literal[True] | None = None
    months_ago: tuple[int, int] | None = None
    changed: Literal[True] | None = None
    not_at_most: Bound | None = None
    empty: Literal[True] | None = None

    @model_validator(mode="after")
    def _has_one_test(self) -> Self:
        if len(self.tests) != 1:
            allowed = ", ".join(TEXT_TESTS + NUMBER_TESTS + DATE_TESTS + ("changed", "empty"))
            raise ValueError(f"a condition is one column and exactly one test of: {allowed}")
        return self

    @property
    def tests(self) -> list[str]:
        """The tests that were written, by the names they have in the file."""
        names = {"one_of": "in"}
        written = [
            key
            for key in type(self).model_fields
            if key != "column" and getattr(self, key) is not None
        ]
        return [names.get(key, key) for key in written]

    @property
    def bound(self) -> Bound | None:
        """What ``at_least``, ``above``, ``at_most``, ``below`` or ``not_at_most`` compares with."""
        bounds = (self.at_least, self.above, self.at_most, self.below, self.not_at_most)
        return next((bound for bound in bounds if bound is not None), None)


def holds(
    frame: pd.DataFrame, conditions: Sequence[Condition], month: Month, values: Mapping[str, float]
) -> pd.Series[bool]:
    """Which rows of ``frame`` meet all of the conditions; ``values`` are the parameters of that
    month."""
    kept = pd.Series(True, index=frame.index)
    for condition in conditions:
        kept &= _test(frame, condition, month, values)
    return kept


def in_days(dates: pd.Series, first: Month, last: Month) -> pd.Series[bool]:
    """Which dates lie in the months ``first`` to ``last``, whatever their time of day."""
    return (dates >= pd.Timestamp(first.first)) & (dates < pd.Timestamp((last + 1).first))


def _test(
    frame: pd.DataFrame, condition: Condition, month: Month, values: Mapping[str, float]
) -> pd.Series[bool]:
    column = frame[condition.column]
    if condition.one_of is not None:
        return column.isin(condition.one_of)
    if condition.not_in is not None:
        return ~column.isin(condition.not_in)
    if condition.contains_none is not None:
        words = "|".join(map(re.escape, condition.contains_none))
        own = column.astype("str").str.replace(f"{_RELATIVE}(?:{words})", "", regex=True)
        return ~own.str.contains(words, regex=True, na=False)
    if condition.empty:
        return column.isna()
    if condition.in_data_month:
        return in_days(column, month, month)
    if condition.between is not None:
        return column.between(*condition.between)
    if condition.months_ago is not None:
        ago = (month.year - column.dt.year) * 12 + month.number - column.dt.month
        recent: pd.Series[bool] = ago.between(*condition.months_ago)
        return recent
    if condition.changed:
        before = frame[BEFORE + condition.column]
        different: pd.Series[bool] = column.notna() & before.notna() & (column != before)
        return different
    bound = condition.bound or 0
    fact = isinstance(bound, str) and bound in frame
    limit = frame[bound] if fact else worth(bound, values)
    if condition.not_at_most is not None:
        return ~(column <= limit).fillna(False)
    if condition.at_least is not None:
        return column >= limit
    if condition.above is not None:
        return column > limit
    return column <= limit if condition.at_most is not None else column < limit
