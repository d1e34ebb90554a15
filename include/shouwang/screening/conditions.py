"""Conditions (条件): one column, one test, of the rows of a department or the facts about a
household."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, model_validator
from pydantic import Strict as StrictType

from shouwang.core.month import Month
from shouwang.county.contract import ColumnType
from shouwang.county.yamls import Strict

Number = Annotated[float, StrictType()]
Bound = Number | str
"""A number; or a dated parameter or another fact about the household, by name, perhaps so many
times: ``0.5 * line``."""
Words = Annotated[tuple[str, ...], Field(min_length=1)]
BEFORE = "before."
"""What a column said of the same unit in the submission before stands under this prefix."""
REQUIRED = "required."
"""The columns of the row that the first of ``requires`` found stand under this prefix."""
TEXT: tuple[ColumnType, ...] = ("text", "code")
NUMBER: tuple[ColumnType, ...] = ("yuan", "number", "integer")
DATE: tuple[ColumnType, ...] = ("date",)
ANY = (*TEXT, *NUMBER, *DATE)
ABOUT: dict[str, tuple[ColumnType, str]] = {
    "person.age": ("integer", "月末周岁"),
    "person.relation": ("text", "与户主关系"),
    "person.health": ("text", "登记的健康状况"),
    "person.labour": ("text", "登记的劳动能力"),
    "household.type": ("text", "户类型"),
    "household.risk_removed": ("text", "风险是否消除"),
    "household.income": ("yuan", "人均纯收入"),
    "household.members": ("integer", "家庭人口"),
}
"""What a rule may ask of the person or the household behind a row, besides the row's own columns:
its type, and how it is called."""
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
_NAMED = re.compile(r"(?:([0-9]+(?:\.[0-9]+)?)\s*\*\s*)?([a-z][a-z0-9_]*)")
_RELATIVE = (
    "(?:配偶|丈夫|妻子|爱人|老伴|父亲|母亲|父母|儿子|女儿|子女|儿媳|女婿|兄弟|姐妹|哥哥|弟弟|姐姐|妹妹|"
    "孙子|孙女|爷爷|奶奶|公公|婆婆|岳父|岳母|家人|亲属|家属|成员|监护人|抚养人|赡养人|扶养人)"
    "(?:(?!本人|自己|申请人|保障对象)[^，,；;。、]){0,12}?"
)
"""What is said of a relative is not said of the person: a stop because the spouse has died is no
death of his."""


@dataclass(frozen=True)
class Test:
    """A way to test a column: for which ``types``, in which Chinese ``words`` (``{}``: what is
    written), and how (column, what is written with its bound worked out, data month)."""

    types: Sequence[ColumnType]
    words: str
    holds: Callable[[pd.Series, Any, Month], pd.Series[bool]]


def _contains_none(column: pd.Series, words: Sequence[str], month: Month) -> pd.Series[bool]:
    any_word = "|".join(map(re.escape, words))
    own = column.astype("str").str.replace(f"{_RELATIVE}(?:{any_word})", "", regex=True)
    return ~own.str.contains(any_word, regex=True, na=False)


def _months_ago(column: pd.Series, span: tuple[int, int], month: Month) -> pd.Series[bool]:
    ago = (month.year - column.dt.year) * 12 + month.number - column.dt.month
    recent: pd.Series[bool] = ago.between(*span)
    return recent


def _changed(column: pd.Series, before: pd.Series, month: Month) -> pd.Series[bool]:
    return column.notna() & before.notna() & (column != before)


TESTS = {
    "in": Test(TEXT, "是{}", lambda column, words, _: column.isin(words)),
    "not_in": Test(TEXT, "不是{}", lambda column, words, _: ~column.isin(words)),
    "contains_none": Test(TEXT, "不含{}等字样", _contains_none),
    "at_least": Test(NUMBER, "不低于 {}", lambda column, bound, _: column >= bound),
    "above": Test(NUMBER, "高于 {}", lambda column, bound, _: column > bound),
    "at_most": Test(NUMBER, "不高于 {}", lambda column, bound, _: column <= bound),
    "below": Test(NUMBER, "低于 {}", lambda column, bound, _: column < bound),
    "between": Test(NUMBER, "在 {} 到 {} 之间", lambda column, span, _: column.between(*span)),
    "in_data_month": Test(DATE, "在当月", lambda column, _, month: in_days(column, month, month)),
    "months_ago": Test(DATE, "在数据月份之前 {} 至 {} 个月", _months_ago),
    "changed": Test(ANY, "与上次不同", _changed),
    "not_at_most": Test(NUMBER, "未填或高于 {}", lambda column, bound, _: ~(column <= bound)),
    "empty": Test(ANY, "未填", lambda column, *_: column.isna()),
}
"""Every test by its name in the file."""
OPERATORS = {
    ">=": ("达到或超过", operator.ge),
    ">": ("超过", operator.gt),
    "<": ("低于", operator.lt),
    "<=": ("不超过", operator.le),
}
"""How a measure is compared with its threshold, in words and as a function."""


class Condition(Strict):
    """One test (`TESTS`) of one column.

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
        if len(self._written) != 1:
            allowed = ", ".join(TESTS)
            raise ValueError(f"a condition is one column and exactly one test of: {allowed}")
        return self

    @property
    def _written(self) -> dict[str, Any]:
        given = {name: getattr(self, "one_of" if name == "in" else name) for name in TESTS}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def test(self) -> str:
        """The name of its test."""
        return next(iter(self._written))

    @property
    def value(self) -> Any:
        """What its test compares with, as written: words, a `Bound`, two numbers, or True."""
        return next(iter(self._written.values()))


def bound_by_name(bound: str) -> tuple[float, str] | None:
    """The factor and the name in ``0.5 * reference_income``; none where it is written otherwise."""
    named = _NAMED.fullmatch(bound.strip())
    return (float(named[1] or 1), named[2]) if named else None


def worth(bound: Bound, parameters: Mapping[str, float]) -> float:
    """What a bound comes to with the parameters of a month."""
    if not isinstance(bound, str):
        return bound
    factor, name = bound_by_name(bound) or (1.0, bound)
    return round(factor * parameters[name], 2)


def holds(
    frame: pd.DataFrame,
    conditions: Sequence[Condition],
    month: Month,
    parameters: Mapping[str, float],
) -> pd.Series[bool]:
    """Which rows of ``frame`` meet all of the conditions, with the parameters of that month."""
    kept = pd.Series(True, index=frame.index)
    for condition in conditions:
        value = condition.value
        if condition.changed:
            value = frame[BEFORE + condition.column]
        elif isinstance(value, str):
            value = frame[value] if value in frame else worth(value, parameters)
        kept &= TESTS[condition.test].holds(frame[condition.column], value, month)
    return kept


def in_days(dates: pd.Series, first: Month, last: Month) -> pd.Series[bool]:
    """Which dates lie in the months ``first`` to ``last``, whatever their time of day."""
    return (dates >= pd.Timestamp(first.first)) & (dates < pd.Timestamp((last + 1).first))
