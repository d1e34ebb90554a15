"""The county's summary of a month (月度汇总): counts by township, level, risk and rule; the
departments' state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from shouwang.core.month import Month
from shouwang.core.terms import LEVEL_NAMES
from shouwang.documents.filling import fill
from shouwang.documents.frames import require_columns
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target
from shouwang.documents.township import printed_clues

WARNING_COLUMNS = ("township", "level", "category", "risks", "rules", "state")
"""One row a household with a signal; ``state`` is new, repeated or supplement."""

_STATES = {"new": "新增", "supplement": "补充", "repeated": "重复"}


@dataclass(frozen=True, kw_only=True)
class SummaryPaper(Paper):
    """Of what month and version, which departments it lacks; ``rule_titles`` words rule codes in
    Chinese."""

    month: Month
    version: int
    missing: tuple[str, ...] = ()
    rule_titles: Mapping[str, str] = field(default_factory=dict)


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
    states = pd.crosstab(warnings["township"], warnings["state"])
    states = states.reindex(columns=list(_STATES), fill_value=0).rename(columns=_STATES)
    townships = _by_level(warnings["township"], warnings["level"]).join(states)
    categories = _by_level(warnings["category"].fillna("（未建议）"), warnings["level"])
    titles = {code: f"{code} {title}" for code, title in summary.rule_titles.items()}
    values = {
        "month": summary.month.chinese,
        "version": str(summary.version),
        "missing": "、".join(summary.missing),
        "townships": _named(townships),
        "townships_total": _named(_total(townships)),
        "risks": _named(_exploded(warnings, "risks", "、")),
        "rules": _named(_exploded(warnings, "rules", " ").rename(index=titles)),
        "categories": _named(categories),
        "categories_total": _named(_total(categories)),
        "departments": departments,
        "lists": [
            {"township": township, "rows": printed_clues(clues).drop(columns="phone")}
            for township, clues in (lists or {}).items()
        ],
    }
    fill("summary.xlsx", summary, path, values)


def _exploded(warnings: pd.DataFrame, column: str, separator: str) -> pd.DataFrame:
    """Households by level of each value of a column that holds several."""
    split = warnings[column].str.split(separator, regex=False)
    rows = warnings[["level"]].assign(value=split).explode("value").dropna(subset=["value"])
    return _by_level(rows["value"].astype("str"), rows["level"])


def _by_level(groups: pd.Series, levels: pd.Series) -> pd.DataFrame:
    """Households of each group by level, and together."""
    counts = pd.crosstab(groups, levels).reindex(columns=list(LEVEL_NAMES), fill_value=0)
    counts = counts.rename(columns=LEVEL_NAMES)
    return counts.assign(合计=counts.sum(axis="columns")).sort_index()


def _total(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.sum().rename("合计").to_frame().T


def _named(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.rename_axis("name").reset_index()
