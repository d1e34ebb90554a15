"""The county's summary of a month (月度汇总): counts by township, level, risk and rule; the
departments' state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.core.month import Month
from shouwang.documents.frames import LEVELS, require_columns
from shouwang.documents.paper import (
    Book,
    Column,
    Paper,
    counted,
    note,
    table,
    total_width,
    values_of,
)
from shouwang.documents.saving import Target
from shouwang.documents.township import LIST_COLUMNS, list_values

WARNING_COLUMNS = ("township", "level", "category", "risks", "rules", "state")
"""One row a household with a signal; ``state`` is new, repeated or supplement."""

DEPARTMENTS = (
    Column("部门", "department", 16, "文本居中"),
    Column("数据", "dataset", 18, "文本居中"),
    Column("状态", "state", 14, "文本居中"),
    Column("版本", "version", 8, "整数"),
    Column("读取", "rows", 11, "整数"),
    Column("接收", "accepted", 11, "整数"),
    Column("退回", "rejected", 11, "整数"),
    Column("重复", "duplicate", 11, "整数"),
    Column("匹配", "matched", 11, "整数"),
    Column("待核实", "review", 11, "整数"),
    Column("未匹配", "unmatched", 11, "整数"),
)
DEPARTMENT_COLUMNS = tuple(column.source for column in DEPARTMENTS)
"""One row a dataset that was due: names and state (已接收, 整份退回, 未报送 …) in Chinese, null
where there is none."""

_STATES = {"new": "新增", "supplement": "补充", "repeated": "重复"}
_LATE = ("未报送", "整份退回")
_WIDTHS = (26, 11, 11, 11, 11, 11, 11, 11)


@dataclass(frozen=True, kw_only=True)
class SummaryPaper(Paper):
    """Of what month and version, which departments it lacks; ``rule_titles`` words rule codes in
    Chinese."""

    month: Month
    version: int
    missing: tuple[str, ...] = ()
    rule_titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The heading of the summary and of the file's properties."""
        return f"{self.county}{self.month.chinese}防返贫风险预警汇总"

    @property
    def footer(self) -> tuple[str, str]:
        """With the version of the last list that went out."""
        return self.use, f"{super().footer[1]}  第{self.version}版"


def write_summary(
    path: Target,
    summary: SummaryPaper,
    warnings: pd.DataFrame,
    departments: pd.DataFrame,
    lists: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the summary: 月度汇总, 部门数据 and, for every township of ``lists``, its list of clues
    without phones.

    ``warnings`` as `WARNING_COLUMNS`, ``departments`` as `DEPARTMENT_COLUMNS`, ``lists`` frames of
    clues by township.
    """
    require_columns(warnings, WARNING_COLUMNS, "warnings")
    require_columns(departments, DEPARTMENT_COLUMNS, "departments")
    book = Book(summary)
    _write_counts(book, summary, warnings)
    _write_departments(book, summary, departments)
    for township, clues in (lists or {}).items():
        _write_list(book, summary, township, clues)
    book.save(path)


def _write_counts(book: Book, summary: SummaryPaper, warnings: pd.DataFrame) -> None:
    sheet = book.sheet("月度汇总", _WIDTHS, summary.title, _facts(summary), landscape=False)
    row = _missing(sheet, summary, sum(_WIDTHS))
    states = pd.crosstab(warnings["township"], warnings["state"]).reindex(
        columns=list(_STATES), fill_value=0
    )
    by_township = _by_level(warnings["township"], warnings["level"]).join(
        states.rename(columns=_STATES)
    )
    titles = {code: f"{code} {title}" for code, title in summary.rule_titles.items()}
    rules, risks = _exploded(warnings, "rules", " "), _exploded(warnings, "risks", "、")
    by_rule = _by_level(rules["rules"], rules["level"]).rename(index=titles)
    by_category = _by_level(warnings["category"].fillna("（未建议）"), warnings["level"])
    for title, group, counts, total in (
        ("各乡镇预警户数", "乡镇", by_township, True),
        (
            "风险类型（户；一户可有多种）",
            "风险类型",
            _by_level(risks["risks"], risks["level"]),
            False,
        ),
        ("触发规则（户；一户可触发多条）", "规则", by_rule, False),
        ("建议类别（户）", "建议类别", by_category, True),
    ):
        shown = pd.concat([counts, counts.sum().rename("合计").to_frame().T]) if total else counts
        figures: list[list[str | int]] = shown.to_numpy(dtype="int64").tolist()
        lines = [[str(name), *line] for name, line in zip(shown.index, figures, strict=True)]
        row = counted(sheet, row, _WIDTHS, (group, *counts.columns), lines, title, total)


def _facts(summary: SummaryPaper) -> str:
    return summary.line(f"第{summary.version}版，发布人 {summary.made_by}")


def _missing(sheet: Worksheet, summary: SummaryPaper, width: float) -> int:
    """What the figures lack; the row number that follows."""
    if not summary.missing:
        return 4
    text = f"注意：{'、'.join(summary.missing)}本月数据尚未报送，以下数字不含其线索。"
    return note(sheet, 3, width, text, "缺报提示") + 1


def _exploded(warnings: pd.DataFrame, column: str, separator: str) -> pd.DataFrame:
    """One row for each value of a column that holds several."""
    split = warnings[[column, "level"]].assign(
        **{column: warnings[column].str.split(separator, regex=False)}
    )
    return split.explode(column).dropna(subset=[column]).astype({column: "str"})


def _by_level(groups: pd.Series, levels: pd.Series) -> pd.DataFrame:
    """Households of each group by level, and together."""
    counts = (
        pd.crosstab(groups, levels)
        .reindex(columns=list(LEVELS), fill_value=0)
        .rename(columns=LEVELS)
    )
    return counts.assign(合计=counts.sum(axis="columns")).sort_index()


def _write_departments(book: Book, summary: SummaryPaper, departments: pd.DataFrame) -> None:
    title, width = f"{summary.county}{summary.month.chinese}部门数据情况", total_width(DEPARTMENTS)
    sheet = book.list("部门数据", DEPARTMENTS, title, _facts(summary))
    row = _missing(sheet, summary, width)
    foot = table(sheet, row, DEPARTMENTS, values_of(DEPARTMENTS, departments))
    for place, state in enumerate(departments["state"], start=row + 1):
        if state in _LATE:
            sheet.cell(place, 3).style = "告警居中"
    note(sheet, foot + 2, width, "读取 = 接收 + 退回 + 重复；接收 = 匹配 + 待核实 + 未匹配。")


def _write_list(book: Book, summary: SummaryPaper, township: str, clues: pd.DataFrame) -> None:
    """One township's clues as it was given them, without phones and without columns to fill in."""
    columns = [column for column in LIST_COLUMNS if column.source != "phone"]
    sheet = book.list(
        township, columns, f"{summary.county}{township}{summary.month.chinese}防返贫风险预警名单"
    )
    nothing = "本月没有需要核查的风险线索。"
    table(sheet, 2, columns, list_values(clues), least=24, heading=32, freeze="E", nothing=nothing)
