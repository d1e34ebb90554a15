"""The counts of a bulletin (通报统计), in households (户) and people (人): by township, level,
risk, category, department.

A period is one data month or two. A household counts once a period: its level, category and
township are those of its last warning, its outcome the strongest (new before supplement before
repeated). People are the registered members of the counted households. Answers are those to the
lists of the period, whenever they came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.conclusions import MEASURES
from shouwang.core.month import Month
from shouwang.core.terms import LEVELS
from shouwang.registry.monitoring import (
    MONITORED_TYPES,
    RECOGNISED,
    REMOVAL,
    RETURN,
    RETYPED,
    STRUCK_OFF,
)
from shouwang.statistics.facts import NEW, REPEATED, SUPPLEMENT, Facts, on_supervision

HOUSEHOLDS, PEOPLE = "户", "人"
MOVES = (RECOGNISED, REMOVAL, RETURN, RETYPED, STRUCK_OFF)
STRUCK_OFF_FOR = ("公职人员", "消费型汽车", "商品房", "工商经营", "种养大户")
OTHER, NOT_SUGGESTED = "其他", "未建议"
FLOW = (NEW, SUPPLEMENT, REPEATED)


@dataclass(frozen=True)
class Period:
    """What one period amounts to; ``totals`` by word, in households and people."""

    totals: pd.DataFrame
    townships: pd.DataFrame
    levels: pd.DataFrame
    risks: pd.DataFrame
    categories: pd.DataFrame
    departments: pd.DataFrame


@dataclass(frozen=True)
class Counts:
    """The period, the two before it of the same length, the year so far, and the months before.

    ``before``, and ``first`` before that, are null where nothing was screened in them. ``moves``:
    本期 and 今年以来, 户 and 人, by movement. ``struck_off``: by reason. ``measures``: 户次 and
    share by kind. ``registered``: 户, 人, and of them 已消除. ``trend``: by month, households
    warned, sent, answered, confirmed.
    """

    months: tuple[Month, ...]
    now: Period
    before: Period | None
    first: Period | None
    moves: pd.DataFrame
    struck_off: pd.DataFrame
    measures: pd.DataFrame
    registered: pd.DataFrame
    trend: pd.DataFrame

    @property
    def label(self) -> str:
        """``2026年9月``, ``2026年8—9月`` or ``2025年12月—2026年1月``."""
        first, last = self.months[0], self.months[-1]
        if first == last:
            return last.chinese
        return (
            f"{first.year}年{first.number}—{last.number}月"
            if first.year == last.year
            else f"{first.chinese}—{last.chinese}"
        )


def count(
    facts: Facts,
    months: Sequence[Month],
    today: dt.date,
    overdue_days: int,
    townships: Sequence[str],
) -> Counts:
    """Count the ``months``, and what stands beside them; every one of the ``townships`` has its
    row."""
    last = months[-1]
    screened = set(facts.warned["month"])

    def earlier(periods: int) -> Period | None:
        span = Month.span(months[0] + -periods * len(months), months[-1] + -periods * len(months))
        was_screened = any(str(month) in screened for month in span)
        return _period(facts, span, today, overdue_days, townships) if was_screened else None

    year = [str(month) for month in facts.span if month.year == last.year]
    now = [str(month) for month in months]
    moves = _moves(facts, now, year)
    this_year = facts.sent[facts.sent["month"].isin(year) & facts.sent["confirmed"]]
    return Counts(
        months=tuple(months),
        now=_period(facts, months, today, overdue_days, townships),
        before=earlier(1),
        first=earlier(2),
        moves=moves,
        struck_off=_struck_off(facts, year),
        measures=_measures(this_year.drop_duplicates("clue_no", keep="last")["measure"]),
        registered=_registered(facts),
        trend=_trend(facts),
    )


def _sizes(facts: Facts, households: pd.Series) -> pd.Series[int]:
    return households.map(facts.sizes).fillna(0).astype("int64")


def _grouped(
    facts: Facts, rows: pd.DataFrame, column: str, order: Sequence[str] = ()
) -> pd.DataFrame:
    """Households and people of each value of a column; those of ``order`` first, the rest by
    size."""
    once = rows.dropna(subset=[column]).drop_duplicates([column, "household_id"])
    by = (
        once.assign(size=_sizes(facts, once["household_id"]))
        .groupby(column)["size"]
        .agg(["size", "sum"])
    )
    by = by.set_axis([HOUSEHOLDS, PEOPLE], axis="columns").sort_values(
        HOUSEHOLDS, ascending=False, kind="stable"
    )
    index = [*order, *(name for name in by.index if name not in order)]
    return by.reindex(pd.Index(index, dtype="str", name=column), fill_value=0)


def _in(rows: pd.DataFrame, months: Sequence[Month]) -> pd.DataFrame:
    return rows[rows["month"].isin([str(month) for month in months])]


def _period(
    facts: Facts,
    months: Sequence[Month],
    today: dt.date,
    overdue_days: int,
    townships: Sequence[str],
) -> Period:
    every = _in(facts.warned, months).sort_values("month", kind="stable")
    warned = every.drop_duplicates("household_id", keep="last")
    place = every["outcome"].map({word: n for n, word in enumerate(FLOW)})
    strongest = place.groupby(every["household_id"]).min().map(dict(enumerate(FLOW)))
    warned = warned.assign(outcome=warned["household_id"].map(strongest))
    sent = (
        _in(facts.sent, months)
        .sort_values("month", kind="stable")
        .drop_duplicates("household_id", keep="last")
    )
    unanswered = sent["conclusion"].isna()
    stages = {
        "预警": warned,
        **{word: warned[warned["outcome"] == word] for word in FLOW},
        "下发": sent,
        "已核查": sent[~unanswered],
        "确认": sent[sent["confirmed"]],
        "逾期": sent[unanswered & (sent["due"] < pd.Timestamp(today))],
        "督办": sent[on_supervision(sent, today, overdue_days)],
    }
    totals = pd.DataFrame(
        {
            word: [len(rows), int(_sizes(facts, rows["household_id"]).sum())]
            for word, rows in stages.items()
        },
        index=[HOUSEHOLDS, PEOPLE],
    ).T
    names = [*townships, *sorted({*warned["township"], *sent["township"]} - set(townships))]
    by_township = _grouped(facts, warned, "township", names).reindex(names)
    levels = pd.crosstab(warned["township"], warned["level"]).reindex(
        index=names, columns=list(LEVELS), fill_value=0
    )
    rest = {
        word: rows.groupby("township").size() for word, rows in stages.items() if word != "预警"
    }
    flow = pd.DataFrame(rest, index=names).fillna(0).astype("int64")
    risks = (
        warned.assign(risk=warned["risks"].str.split("、")).explode("risk").astype({"risk": "str"})
    )
    return Period(
        totals=totals,
        townships=by_township.join(levels).join(flow),
        levels=_grouped(facts, warned, "level", LEVELS),
        risks=_grouped(facts, risks, "risk"),
        categories=_grouped(facts, warned.fillna({"category": NOT_SUGGESTED}), "category"),
        departments=_grouped(facts, _in(facts.by_department, months), "department"),
    )


def _moves(facts: Facts, now: Sequence[str], year: Sequence[str]) -> pd.DataFrame:
    columns: dict[tuple[str, str], pd.Series[int]] = {}
    for name, months in (("本期", now), ("今年以来", year)):
        by = _grouped(facts, facts.moves[facts.moves["month"].isin(months)], "movement", MOVES)
        columns |= {(name, unit): by[unit] for unit in (HOUSEHOLDS, PEOPLE)}
    return pd.DataFrame(columns)


def _struck_off(facts: Facts, year: Sequence[str]) -> pd.DataFrame:
    """Households struck off this year by reason, as far as the township wrote one."""
    rows = facts.moves[facts.moves["month"].isin(year) & (facts.moves["movement"] == STRUCK_OFF)]
    reasons = (
        rows["reason"].fillna("").str.extract(f"({'|'.join(STRUCK_OFF_FOR)})")[0].fillna(OTHER)
    )
    return _grouped(facts, rows.assign(reason=reasons.astype("str")), "reason")


def _measures(written: pd.Series) -> pd.DataFrame:
    """Measures (帮扶措施) by kind: 户次 and share; a text that names none of the known kinds is
    其他."""
    text = written.dropna()
    named = {kind: int(text.str.contains(kind, regex=False).sum()) for kind in MEASURES}
    named[OTHER] = int((~text.str.contains("|".join(MEASURES))).sum()) if len(text) else 0
    by = pd.DataFrame({"户次": pd.Series(named, dtype="int64")})
    by = by[by["户次"] > 0].sort_values("户次", ascending=False, kind="stable")
    return by.assign(占比=by["户次"] / max(1, by["户次"].sum()))


def _registered(facts: Facts) -> pd.DataFrame:
    """Monitored households by type: 户, 人, and of them with the risk removed."""
    rows = facts.registered
    by = _grouped(facts, rows, "monitored", MONITORED_TYPES)
    removed = _grouped(facts, rows[rows["removed"]], "monitored", MONITORED_TYPES)
    return by.join(removed.set_axis(["已消除户", "已消除人"], axis="columns"))


def _trend(facts: Facts) -> pd.DataFrame:
    """By month of the last twelve: warned, sent, answered, confirmed."""
    months = [str(month) for month in facts.span[-12:]]
    sent, warned = facts.sent, facts.warned
    stages: Mapping[str, pd.DataFrame] = {
        "预警": warned,
        "下发": sent,
        "已核查": sent[sent["conclusion"].notna()],
        "确认": sent[sent["confirmed"]],
    }
    by = {word: rows.groupby("month")["household_id"].nunique() for word, rows in stages.items()}
    trend = pd.DataFrame(by).reindex(months).fillna(0).astype("int64")
    return trend[trend["预警"].cumsum() > 0]
