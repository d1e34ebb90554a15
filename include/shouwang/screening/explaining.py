"""Rules in words (规则说明): what each rule looks at, measures and compares, in Chinese, from the rules themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shouwang.screening.conditions import BEFORE, Condition
from shouwang.screening.parts import Comparison, Line, Measure, Period, Requirement, Threshold
from shouwang.screening.rules import Rule, RuleBook
from shouwang.screening.sentences import number, percent, whole_money

Wordings = Mapping[str, Mapping[str, str]]
"""``department.dataset`` → column → what the departments call it."""

UNITS = {"row": "每行单独", "person": "每人合计", "household": "每户合计"}
COMPARED = {">=": "达到或超过", ">": "超过", "<": "低于", "<=": "不高于"}
ABOUT = {
    "person.age": "月末周岁", "person.health": "本人健康状况", "person.labour": "本人劳动能力", "household.type": "户类型",
    "household.income": "人均纯收入", "household.members": "家庭人口",
}  # fmt: skip
TESTS = {
    "in": "是{}", "not_in": "不是{}", "contains_none": "不含{}", "at_least": "不少于{}", "above": "大于{}",
    "at_most": "不大于{}", "below": "小于{}", "between": "在{}之间", "in_data_month": "在数据月份内", "months_ago": "在数据月份之前{}个月", "changed": "与上次不同",
}  # fmt: skip


def explain(rule: Rule, book: RuleBook, wordings: Wordings) -> dict[str, str]:
    """A rule as lines of a table: heading → words."""
    told = _Teller(book, wordings.get(rule.source, {}), wordings)
    until = f"，至 {rule.valid.until} 止" if rule.valid.until else ""
    lines = {
        "名称": f"{rule.code} {rule.title}",
        "数据": f"{book.offices[rule.department]}《{book.datasets[rule.source].title}》，{told.period(rule.period)}",
        "条件": told.conditions(rule.where) or "全部行",
        "另须有": "；".join(told.required(other, rule) for other in rule.requires),
        "须没有": "；".join(told.required(other, rule) for other in rule.without),
        "合计方式": UNITS[rule.unit] + told.split(rule.split_by),
        "计算": told.measure(rule.measure) if rule.measure else "有这样的行就预警",
        "门槛": told.line(rule.line) if rule.line else "",
        "并且": f"{told.measure(rule.also.measure)}，{told.line(rule.also)}" if rule.also else "",
        "风险类型": rule.risk,
        "依据": rule.basis,
        "责任单位": rule.responsible,
        "执行": f"自 {rule.valid.first} 起{until}",
        "预警原因": rule.sentence,
    }
    return {heading: words for heading, words in lines.items() if words}


class _Teller:
    """Words for the parts of a rule, with the columns called as their department calls them."""

    def __init__(self, book: RuleBook, columns: Mapping[str, str], wordings: Wordings) -> None:
        self.book, self.columns, self.wordings = book, columns, wordings

    def name(self, column: str) -> str:
        """What a column is called."""
        if column.startswith(BEFORE):
            return f"上次的{self.name(column.removeprefix(BEFORE))}"
        return ABOUT.get(column) or self.columns.get(column, column)

    def period(self, period: Period) -> str:
        """Which rows."""
        by = f"（按{self.name(period.date)}）" if period.date else ""
        words = {
            "delivery": "本月报送", "previous": "上次报送", "month": "当月", "year": "当年1月至数据月份",
            "rolling": f"最近 {period.months} 个月", "school_year": "本学年最近一次报送",
        }[period.span]  # fmt: skip
        return (f"{period.back} 个月前的" if period.back else "") + words + by

    def conditions(self, conditions: Sequence[Condition]) -> str:
        """All of them."""
        return "，且".join(self._condition(condition) for condition in conditions)

    def _condition(self, condition: Condition) -> str:
        test = condition.tests[0]
        value = condition.bound if condition.bound is not None else condition.between or condition.months_ago
        words = condition.one_of or condition.not_in or condition.contains_none
        if words:
            shown = "、".join(f"“{word}”" for word in words)
        elif isinstance(value, tuple):
            shown = f" {number(value[0])} 至 {number(value[1])} "
        else:
            shown = f" {self.bound(value)}" if value is not None else ""
        return self.name(condition.column) + TESTS[test].format(shown)

    def required(self, other: Requirement, rule: Rule) -> str:
        """Rows that must, or must not, be there besides."""
        source = other.source or rule.source
        told = _Teller(self.book, self.wordings.get(source, {}), self.wordings)
        whose = "同一户" if rule.unit == "household" else "同一人"
        same = "".join(f"、同一{told.name(column)}" for column in other.same)
        where = told.conditions(other.where)
        return f"《{self.book.datasets[source].title}》{told.period(other.period)}里{whose}{same}" + (
            f"，{where}" if where else ""
        )

    def split(self, columns: Sequence[str]) -> str:
        """What divides a person's rows."""
        return f"，再按{'、'.join(map(self.name, columns))}分开" if columns else ""

    def measure(self, measure: Measure) -> str:
        """What is measured."""
        plus, minus = (
            "".join(f"{sign}{self.name(c)}" for c in columns)
            for sign, columns in (("＋", measure.plus), ("－", measure.minus))
        )
        amount = plus.removeprefix("＋") + minus
        words = {"sum": f"{amount} 合计", "max": f"{amount} 最大一行", "count": "行数"}[measure.kind]
        if measure.divided_by:
            words += f" ÷ {self.bound(measure.divided_by)}"
        if measure.compared_to:
            by = {"rise": "增加多少", "fall": "减少多少", "ratio": "是几倍"}[str(measure.by)]
            words += f"，与{self.period(measure.compared_to)}比{by}"
        return words

    def line(self, line: Comparison) -> str:
        """The threshold, for whom."""
        return COMPARED[line.compare] + " " + self._threshold(line.threshold, line.shown_as)

    def _threshold(self, threshold: Threshold, shown_as: str) -> str:
        heads = {"all": "", "special": "重点户 ", "general": "一般农户 "}
        show = {"money": lambda v: f"{whole_money(v)} 元", "percent": percent, "number": number}[shown_as]
        return "，".join(
            heads.get(key, f"{key} ") + (show(line) if isinstance(line, float | int) else self.bound(line))
            for key, line in threshold.lines().items()
        )

    def bound(self, bound: Line) -> str:
        """A number, or a dated parameter by its title."""
        if not isinstance(bound, str):
            return number(float(bound))
        times, _, parameter = bound.rpartition("*")
        known = self.book.parameters.get(parameter.strip())
        title = known.title if known else self.name(parameter.strip())
        return f"{title}的 {times.strip()} 倍" if times.strip() else title
