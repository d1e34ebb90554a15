"""Rules in words (规则说明): every rule of the book told in Chinese, generated from what it
says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.screening import sentences
from shouwang.screening.conditions import (
    ABOUT,
    BEFORE,
    OPERATORS,
    REQUIRED,
    TESTS,
    Bound,
    Condition,
    bound_by_name,
    worth,
)
from shouwang.screening.rules import Comparison, Measure, Period, Requirement, Rule, RuleBook

UNITS = {"row": "逐行判断", "person": "按人合计", "household": "按户合计"}
SPANS = {"delivery": "本月报送的", "previous": "上次报送的", "school_year": "本学年最近一次报送的"}
DATED_SPANS = {"month": "当月", "year": "当年 1 月至当月"}
CHANGES = {"rise": "增加多少", "fall": "减少多少", "ratio": "是几倍"}
THRESHOLDS = {"all": "所有农户", "special": "重点户", "general": "一般农户"}


@dataclass(frozen=True)
class Explained:
    """One rule in words: its heading, and lines of what and how."""

    heading: str
    lines: tuple[tuple[str, str], ...]


def explain(
    book: RuleBook, contracts: Sequence[Contract], month: Month, code: str | None = None
) -> list[Explained]:
    """Every rule, or the versions of one, in the words that departments use for their columns and
    with the parameters of a month."""
    explainer = _Explainer(book, contracts, month)
    return [explainer.rule(rule) for rule in book.rules if code in (None, rule.code)]


class _Explainer:
    def __init__(self, book: RuleBook, contracts: Sequence[Contract], month: Month) -> None:
        self._book, self._month, self._parameters = book, month, book.values(month)
        self._columns = {c.slug: c.columns for c in contracts}

    def rule(self, rule: Rule) -> Explained:
        until = f"，至 {rule.valid.until}" if rule.valid.until else ""
        split = "、".join(self._column(name, rule.source) for name in rule.split_by)
        compared = rule.comparisons.values()
        lines = [
            ("数据", f"{self._book.offices[rule.department]}《{self._title(rule.source)}》"),
            ("取哪些行", self._rows(rule.source, rule.period, rule.where)),
            *(("同时要有", self._requirement(rule, other)) for other in rule.requires),
            *(("同时没有", self._requirement(rule, other)) for other in rule.without),
            ("合计单位", UNITS[rule.unit] + (f"，{split}不同的分开" if split else "")),
            *(("算什么", self._measure(rule.source, c.measure)) for c in compared),
            *(("门槛", self._threshold(comparison)) for comparison in compared),
            ("风险类型", rule.risk),
            ("依据", rule.basis),
            ("责任单位", rule.responsible),
            ("执行日期", f"{rule.valid.first} 起{until}"),
            ("预警原因举例", self._example(rule)),
        ]
        return Explained(f"{rule.code} {rule.title}", tuple(lines))

    def _title(self, source: str) -> str:
        return self._book.datasets[source].title

    def _column(self, name: str, source: str) -> str:
        """What the department calls a column."""
        for prefix, word in ((BEFORE, "上次的"), (REQUIRED, "对方的")):
            if name.startswith(prefix):
                return word + self._column(name.removeprefix(prefix), source)
        column = self._columns.get(source, {}).get(name)
        if name in ABOUT:
            return ABOUT[name][1]
        return column.wordings[0] if column and column.wordings else name

    def _rows(self, source: str, period: Period, where: Sequence[Condition]) -> str:
        conditions = "，且".join(self._condition(c, source) for c in where)
        return f"{self._period(source, period)}行" + (f"中，{conditions}的" if conditions else "")

    def _period(self, source: str, period: Period) -> str:
        """A period, as in 近 6 个月（按结算日期）."""
        if not period.date:
            return SPANS[period.span]
        back = f"往前推 {period.back} 个月的" if period.back else ""
        span = DATED_SPANS.get(period.span, f"连续 {period.months} 个月")
        return f"{back}{span}（按{self._column(period.date, source)}）的"

    def _condition(self, condition: Condition, source: str) -> str:
        value = condition.value
        if condition.test in ("in", "not_in", "contains_none"):
            value = ["、".join(value)]
        elif condition.test == "months_ago":
            value = list(value)
        else:
            value = [self._bound(b) for b in (value if isinstance(value, tuple) else (value,))]
        return self._column(condition.column, source) + TESTS[condition.test].words.format(*value)

    def _bound(self, bound: Bound) -> str:
        """A number, or a parameter with its value."""
        if not isinstance(bound, str):
            return sentences.number(bound)
        factor, name = bound_by_name(bound) or (1.0, bound)
        times = f"{factor:g} 倍的" if factor != 1 else ""
        title = self._book.parameters[name].title.partition("（")[0]
        return f"{times}{title}，现为 {sentences.number(worth(bound, self._parameters))}"

    def _requirement(self, rule: Rule, other: Requirement) -> str:
        """Rows that must or must not be there besides."""
        source = other.source or rule.source
        whose = "同一户" if rule.unit == "household" else "同一人"
        same = "、".join(self._column(name, source) for name in other.same)
        where = self._rows(source, other.period, other.where)
        return f"{whose}{f'、{same}相同，' if same else ''}在《{self._title(source)}》里{where}"

    def _measure(self, source: str, measure: Measure) -> str:
        plus = "＋".join(self._column(name, source) for name in measure.plus)
        minus = "".join(f"－{self._column(name, source)}" for name in measure.minus)
        words = {"count": "行数", "sum": f"{plus}{minus}的合计", "max": f"{plus}{minus}最大的一行"}
        divided = f" ÷ {self._bound(measure.divided_by)}" if measure.divided_by else ""
        compared = ""
        if measure.compared_to and measure.by:
            earlier = self._period(source, measure.compared_to)
            compared = f"，比{earlier}同一数{CHANGES[measure.by]}"
        return words[measure.kind] + divided + compared

    def _threshold(self, compared: Comparison) -> str:
        """Against which line, for whom."""
        _, show = sentences.SHOWN[compared.shown_as]
        lines = "；".join(
            f"{THRESHOLDS.get(key, key)} {self._bound(b) if isinstance(b, str) else show(b)}"
            for key, b in compared.threshold.lines().items()
        )
        return f"{OPERATORS[compared.compare][0]}：{lines}"

    def _example(self, rule: Rule) -> str:
        """The sentence as a list may show it."""
        columns = self._columns.get(rule.source, {})
        codes = {name: next(iter(column.values), None) for name, column in columns.items()}
        words: dict[str, object] = {
            name: codes.get(name) or f"〔{self._column(name, rule.source)}〕" for name in rule.words
        }
        words |= sentences.calendar_words(self._month, Month(self._month.year, 9))
        words |= {"person": "张某", "head": "张某", "before": "…"}
        words["office"] = self._book.offices[rule.department]
        for prefix, compared in rule.comparisons.items():
            line = worth(compared.threshold.pair[0], self._parameters)
            divisor = self._parameters.get(compared.measure.divided_by or "", 1)
            shown = sentences.SHOWN[compared.shown_as][1](line)
            words |= {
                f"{prefix}value": shown,
                f"{prefix}threshold": shown,
                f"{prefix}beyond": "达到",
                f"{prefix}divisor": sentences.whole_money(divisor),
                f"{prefix}measured": sentences.money(line * divisor),
            }
        chosen = {c.column: c.one_of[0] for c in rule.where if c.one_of}
        return sentences.sentence(rule, words | chosen)
