"""Signals (预警信号): what one rule says about the rows in force of one month."""

from __future__ import annotations

import pandas as pd

from shouwang.core.errors import ConfigError
from shouwang.screening import households as homes_
from shouwang.screening import sentences
from shouwang.screening.comparing import PLACE, beyond
from shouwang.screening.evidence import Evidence
from shouwang.screening.rules import Rule
from shouwang.screening.units import BEFORE_THIS, filtered, joined

COLUMNS = [
    "rule",
    "risk",
    "household_id",
    "person_id",
    "department",
    "dataset",
    "value",
    "threshold",
    "sentence",
    "submission_month",
    *PLACE,
]


def silent(rule: Rule, evidence: Evidence) -> str | None:
    """Why a rule that compares submissions says nothing this month, in Chinese: one of them is not
    there.

    Without this, everybody on a roster would be newly granted in the first month and newly stopped
    in a missing one.
    """
    needed = [(other.source or rule.source, other.period) for other in rule.without]
    needed += [
        (rule.source, line.measure.compared_to)
        for line in (rule.line, rule.also)
        if line and line.measure.compared_to
    ]
    needed += (
        [(rule.source, BEFORE_THIS)] if rule.looks_back or rule.period.span == "previous" else []
    )
    gaps = [
        (evidence.book.datasets[source].title, evidence.gap(source, period))
        for source, period in needed
    ]
    told = "，".join(f"“{title}”没有{gap}的数据" for title, gap in gaps if gap)
    return f"{rule.code} {rule.title}：本月未作比较，因为{told}" if told else None


def fire(rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The signals of one rule (`COLUMNS`, and ``over``: how far beyond the threshold); what
    suggested measures ask of the row that stands for the evidence lies under ``evidence.<column>``.
    """
    rows = evidence.rows(rule.source, rule.period)
    try:
        for step in (filtered, joined, beyond, _signals):
            if rows.empty:
                return pd.DataFrame()
            rows = step(rows, rule, evidence)
        return rows
    except KeyError as missing:
        raise ConfigError(
            f"rules.yaml, rule {rule.code}: the records of {rule.source} have no column {missing}. Correct the rule, "
            "or add the column to the department's contract."
        ) from None


def _signals(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    words = rows[[name for name in rows if name in rule.words or str(name).startswith("_")]].assign(
        office=evidence.book.offices[rule.department],
        person=_names(rows, evidence),
        head=homes_.looked_up(rows["household_id"], evidence.homes["head"]).map(homes_.shown),
    )
    time = sentences.calendar_words(evidence.month, evidence.school_year)
    # Only rows that fired come here, so a loop is cheap.
    told = [
        sentences.sentence(rule, {**row, **time, **sentences.values(rule, row)})
        for row in (
            {str(name): value for name, value in one.items()} for one in words.to_dict("records")
        )
    ]
    person = (
        rows["person_id"]
        if rule.unit != "household"
        else pd.Series(None, index=rows.index, dtype="str")
    )
    ratio = rows["_value"] / rows["_line"]
    over = (2 - ratio if rule.compare in ("<", "<=") else ratio).fillna(1.0)
    helped = {
        c.column
        for help_ in evidence.book.measures
        if rule.code in help_.rules
        for c in help_.where
    }
    return (
        rows[sorted(helped)]
        .add_prefix("evidence.")
        .assign(
            **{column: rows[column] for column in ("household_id", "submission_month", *PLACE)},
            value=rows["_value"],
            threshold=rows["_line"],
            rule=rule.code,
            risk=rule.risk,
            person_id=person,
            department=rule.department,
            dataset=rule.dataset,
            sentence=pd.Series(told, index=rows.index, dtype="str"),
            over=over,
        )
    )


def _names(rows: pd.DataFrame, evidence: Evidence) -> pd.Series[str]:
    """Surnames of the people of the rows, as registered; else as the department wrote them."""
    names = homes_.looked_up(rows["_unit"], evidence.persons["name"])
    if "name" in rows:
        names = names.fillna(rows["name"])
    return names.map(homes_.shown)
