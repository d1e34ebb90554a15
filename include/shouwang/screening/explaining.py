"""Rules in words (规则说明): every rule of the book told in Chinese, generated from what it
says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.screening import sentences
from shouwang.screening.conditions import BEFORE, Bound, Condition, named, worth
from shouwang.screening.parts import Comparison, Period, Requirement
from shouwang.screening.rules import Rule, RuleBook
from shouwang.screening.units import REQUIRED

ABOUT = {
    "person.age": "月末周岁",
    "person.relation": "与户主关系",
    "person.health": "登记的健康状况",
    "person.labour": "登记的劳动能力",
    "household.type": "户类型",
    "household.risk_removed": "风险是否消除",
    "household.income": "人均纯收入",
    "household.members": "家庭人口",
}
UNITS = {"row": "逐行判断", "person": "按人合计", "household": "按户合计"}
TESTS = {
    "at_least": "不低于",
    "above": "高于",
    "at_most": "不高于",
    "below": "低于",
    "not_at_most": "未填或高于",
}
OPERATORS = {">=": "达到或超过", ">": "超过", "<": "低于", "<=": "不超过"}
SPANS = {"delivery": "本月报送的", "previous": "上次报送的", "school_year": "本学年最近一次报送的"}
SHOWN = {"money": sentences.whole_money, "percent": sentences.percent, "number": sentences.number}
SAMPLE = {"person": "张某", "head": "张某", "before": "…"}


@dataclass(frozen=True)
class Explained:
    """One rule in words: its heading, and lines of what and how."""

    heading: str
    lines: tuple[tuple[str, str], ...]


class Explainer:
    """Tells rules with the words that departments use for their columns, and the parameters of a
    month."""

    def __init__(self, book: RuleBook, contracts: Sequence[Contract], month: Month) -> None:
        self.book, self.month, self.parameters = book, month, book.values(month)
        self.columns = {c.slug: c.columns for c in contracts}

    def tell(self, rule: Rule) -> Explained:
        """A rule in words."""
        until = f"，至 {rule.valid.until}" if rule.valid.until else ""
        lines = [
            ("数据", f"{self.book.offices[rule.department]}《{self.title(rule.source)}》"),
            ("取哪些行", self.rows(rule.source, rule.period, rule.where)),
            *(("同时要有", self.other(rule, other)) for other in rule.requires),
            *(("同时没有", self.other(rule, other)) for other in rule.without),
            ("合计单位", self.unit(rule)),
            *(("算什么", self.measured(rule, line)) for line in (rule.line, rule.also) if line),
            *(("门槛", self.threshold(line)) for line in (rule.line, rule.also) if line),
            ("风险类型", rule.risk),
            ("依据", rule.basis),
            ("责任单位", rule.responsible),
            ("执行日期", f"{rule.valid.first} 起{until}"),
            ("预警原因举例", self.example(rule)),
        ]
        return Explained(f"{rule.code} {rule.title}", tuple(lines))

    def title(self, source: str) -> str:
        """What a dataset is called."""
        return self.book.datasets[source].title

    def column(self, name: str, source: str) -> str:
        """What the department calls a column."""
        for prefix, word in ((BEFORE, "上次的"), (REQUIRED, "对方的")):
            if name.startswith(prefix):
                return word + self.column(name.removeprefix(prefix), source)
        known = self.columns.get(source, {}).get(name)
        return ABOUT.get(name) or (known.wordings[0] if known and known.wordings else name)

    def rows(self, source: str, period: Period, where: Sequence[Condition]) -> str:
        """Which rows, in one sentence."""
        told = "，且".join(self.condition(c, source) for c in where)
        return f"{self.period(source, period)}行" + (f"中，{told}的" if told else "")

    def period(self, source: str, period: Period) -> str:
        """A period, as in 近 6 个月（按结算日期）."""
        if not period.date:
            return SPANS[period.span]
        back = f"往前推 {period.back} 个月的" if period.back else ""
        span = {"month": "当月", "year": "当年 1 月至当月"}.get(
            period.span, f"连续 {period.months} 个月"
        )
        return f"{back}{span}（按{self.column(period.date, source)}）的"

    def condition(self, condition: Condition, source: str) -> str:
        """One condition."""
        name, test = self.column(condition.column, source), condition.tests[0]
        words = "、".join(condition.one_of or condition.not_in or condition.contains_none or ())
        if test == "between" and condition.between:
            low, high = map(sentences.number, condition.between)
            return f"{name}在 {low} 到 {high} 之间"
        if test == "months_ago" and condition.months_ago:
            first, last = condition.months_ago
            return f"{name}在数据月份之前 {first} 至 {last} 个月"
        return {
            "in": f"{name}是{words}",
            "not_in": f"{name}不是{words}",
            "contains_none": f"{name}不含{words}等字样",
            "in_data_month": f"{name}在当月",
            "changed": f"{name}与上次不同",
            "empty": f"{name}未填",
        }.get(test) or f"{name}{TESTS[test]} {self.bound(condition.bound or 0)}"

    def bound(self, bound: Bound) -> str:
        """A number, or a parameter with its value."""
        if not isinstance(bound, str):
            return sentences.number(bound)
        factor, name = named(bound) or (1.0, bound)
        times = f"{factor:g} 倍的" if factor != 1 else ""
        return (
            f"{times}{self.parameter(name)}，现为 {sentences.number(worth(bound, self.parameters))}"
        )

    def parameter(self, name: str) -> str:
        """A parameter's title without the unit."""
        return self.book.parameters[name].title.partition("（")[0]

    def other(self, rule: Rule, other: Requirement) -> str:
        """Rows that must or must not be there besides."""
        source = other.source or rule.source
        whose = "同一户" if rule.unit == "household" else "同一人"
        same = "、".join(self.column(name, source) for name in other.same)
        where = self.rows(source, other.period, other.where)
        return f"{whose}{f'、{same}相同，' if same else ''}在《{self.title(source)}》里{where}"

    def unit(self, rule: Rule) -> str:
        """The unit of account."""
        split = "、".join(self.column(name, rule.source) for name in rule.split_by)
        return UNITS[rule.unit] + (f"，{split}不同的分开" if split else "")

    def measured(self, rule: Rule, line: Comparison) -> str:
        """What is measured."""
        measure = line.measure
        if measure.kind == "count":
            told = "行数"
        else:
            plus = "＋".join(self.column(name, rule.source) for name in measure.plus)
            minus = "".join(f"－{self.column(name, rule.source)}" for name in measure.minus)
            told = f"{plus}{minus}" + ("的合计" if measure.kind == "sum" else "最大的一行")
        if measure.divided_by:
            told += f" ÷ {self.bound(measure.divided_by)}"
        if measure.compared_to and measure.by:
            earlier = self.period(rule.source, measure.compared_to)
            told += (
                f"，比{earlier}同一数"
                + {"rise": "增加多少", "fall": "减少多少", "ratio": "是几倍"}[measure.by]
            )
        return told

    def threshold(self, line: Comparison) -> str:
        """Against which line, for whom."""
        keys = {"all": "所有农户", "special": "重点户", "general": "一般农户"}
        show = SHOWN[line.shown_as]
        told = "；".join(
            f"{keys.get(key, key)} {self.bound(bound) if isinstance(bound, str) else show(bound)}"
            for key, bound in line.threshold.lines().items()
        )
        return f"{OPERATORS[line.compare]}：{told}"

    def example(self, rule: Rule) -> str:
        """The sentence as a list may show it."""
        words: dict[str, object] = {
            **SAMPLE,
            **sentences.calendar_words(self.month, Month(self.month.year, 9)),
            "office": self.book.offices[rule.department],
        }
        for prefix, compared in (("", rule.line), ("also.", rule.also)):
            if compared:
                line = worth(compared.threshold.pair[0], self.parameters)
                said, divisor = (
                    SHOWN[compared.shown_as](line),
                    self.parameters.get(compared.measure.divided_by or "", 1),
                )
                found = {
                    "value": said,
                    "threshold": said,
                    "beyond": "达到",
                    "divisor": sentences.whole_money(divisor),
                }
                found["measured"] = sentences.money(line * divisor)
                words |= {prefix + name: word for name, word in found.items()}
        codes = {
            name: next(iter(c.values), None)
            for name, c in self.columns.get(rule.source, {}).items()
        }
        chosen = {c.column: c.one_of[0] for c in rule.where if c.one_of}
        others = {
            word: codes.get(word) or f"〔{self.column(word, rule.source)}〕" for word in rule.words
        }
        return sentences.sentence(rule, {**others, **words, **chosen})


def explain(
    book: RuleBook, contracts: Sequence[Contract], month: Month, code: str | None = None
) -> list[Explained]:
    """Every rule, or the versions of one, in words."""
    explainer = Explainer(book, contracts, month)
    return [explainer.tell(rule) for rule in book.rules if code in (None, rule.code)]
