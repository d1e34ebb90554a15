"""Signals (预警信号): what one rule says about the rows in force of one month."""

from __future__ import annotations

import pandas as pd

from shouwang.core.errors import ConfigError
from shouwang.core.identity import clean_names
from shouwang.screening import households, sentences
from shouwang.screening.checking import BEFORE_THIS
from shouwang.screening.comparing import PLACE, beyond, with_units
from shouwang.screening.conditions import ABOUT, BEFORE, REQUIRED
from shouwang.screening.evidence import Evidence
from shouwang.screening.rules import Requirement, Rule

COLUMNS = [
    *("rule", "risk", "household_id", "person_id", "department", "dataset", "value", "threshold"),
    *("sentence", "submission_month", *PLACE),
]


def silent(rule: Rule, evidence: Evidence) -> str | None:
    """Why a rule that compares submissions says nothing this month, in Chinese: one of them is not
    there.

    Without this, everybody on a roster would be newly granted in the first month and newly stopped
    in a missing one.
    """
    needed = [(other.source or rule.source, other.period) for other in rule.without]
    for compared in rule.comparisons.values():
        if compared.measure.compared_to:
            needed.append((rule.source, compared.measure.compared_to))
    if rule.looks_back or rule.period.span == "previous":
        needed.append((rule.source, BEFORE_THIS))
    datasets = evidence.book.datasets
    gaps = [(datasets[source].title, evidence.gap(source, period)) for source, period in needed]
    reasons = "，".join(f"“{title}”没有{gap}的数据" for title, gap in gaps if gap)
    return f"{rule.code} {rule.title}：本月未作比较，因为{reasons}" if reasons else None


def fire(rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The signals of one rule (`COLUMNS`, and ``over``: how far beyond the threshold); what
    suggested measures ask of the row that stands for the evidence lies under ``evidence.<column>``.
    """
    rows = evidence.rows(rule.source, rule.period)
    try:
        for step in (_filtered, _joined, beyond, _signals):
            if rows.empty:
                return pd.DataFrame()
            rows = step(rows, rule, evidence)
        return rows
    except KeyError as missing:
        raise ConfigError(
            f"rules.yaml, rule {rule.code}: the records of {rule.source} have no column {missing}. "
            "Correct the rule, or add the column to the department's contract."
        ) from None


def _filtered(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows that meet the conditions; what is known from elsewhere is looked up for the few that
    are left."""
    own = [c for c in rule.where if c.column in rows and not c.changed]
    rest = [c for c in rule.where if c not in own]
    rows = with_units(rows[evidence.holds(rows, own)], rule, evidence)
    for name in sorted(rule.asked & ABOUT.keys()):
        known = evidence.homes, evidence.persons
        rows[name] = households.about(name, rows, *known, evidence.month)
    if rule.looks_back:
        rows = _with_before(rows, rule, evidence)
    return rows[evidence.holds(rows, rest)]


def _joined(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows whose unit has what the rule requires and has not what it must be without."""
    shown = [word.removeprefix(REQUIRED) for word in rule.words if word.startswith(REQUIRED)]
    for n, requirement in enumerate(rule.requires):
        others = _others(requirement, rule, evidence)
        if others.empty:
            return rows.iloc[:0]
        keys = ["_unit", *requirement.same]
        others = others.drop_duplicates(keys)
        others = others[keys].assign(**{REQUIRED + c: others[c] for c in shown if n == 0})
        rows = rows.merge(others, on=keys)
    for requirement in rule.without:
        keys = ["_unit", *requirement.same]
        others = _others(requirement, rule, evidence)[keys].drop_duplicates()
        kept = rows[keys].merge(others, on=keys, how="left", indicator=True)["_merge"]
        rows = rows[(kept == "left_only").to_numpy()]
        rows = rows[~_perhaps_among(rows, requirement, rule, evidence)]
    return rows.reset_index(drop=True)


def _perhaps_among(
    rows: pd.DataFrame, requirement: Requirement, rule: Rule, evidence: Evidence
) -> pd.Series[bool]:
    """Which units may own a row that matching has not placed yet: one of the same name. Nobody is
    missed for a typo."""
    loose = evidence.rows(requirement.source or rule.source, requirement.period, unplaced=True)
    if loose.empty or "name" not in loose:
        return pd.Series(False, index=rows.index)
    names = clean_names(loose.loc[evidence.holds(loose, requirement.where), "name"]).dropna()
    members = evidence.persons[evidence.persons["household_id"].isin(rows["household_id"])]
    members = members[clean_names(members["name"]).isin(names)]
    units = members["household_id"] if rule.unit == "household" else members.index
    named: pd.Series[bool] = rows["_unit"].isin(units)
    return named | clean_names(rows["name"]).isin(names) if "name" in rows else named


def _others(requirement: Requirement, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows that a requirement means, with their units."""
    rows = evidence.rows(requirement.source or rule.source, requirement.period)
    if rows.empty:
        return pd.DataFrame(columns=["_unit", *requirement.same], dtype="str")
    return with_units(rows[evidence.holds(rows, requirement.where)], rule, evidence)


def _with_before(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """What the submission before said of the same unit; unknown where one of the two has several
    rows of it."""
    keys = ["_unit", *rule.split_by]
    earlier, now = (
        with_units(evidence.rows(rule.source, period), rule, evidence)
        for period in (BEFORE_THIS, rule.period)
    )
    once = now.loc[~now.duplicated(keys, keep=False), keys]
    earlier = earlier[~earlier.duplicated(keys, keep=False)].merge(once, on=keys)
    asked = sorted(name for name in rule.asked if name.startswith(BEFORE))
    before = {name: earlier[name.removeprefix(BEFORE)] for name in asked}
    return rows.merge(earlier[keys].assign(**before), on=keys, how="left")


def _signals(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    names = households.looked_up(rows["_unit"], evidence.persons["name"])
    if "name" in rows:
        names = names.fillna(rows["name"])
    heads = households.looked_up(rows["household_id"], evidence.homes["head"])
    words = rows[[name for name in rows if name in rule.words or str(name).startswith("_")]].assign(
        office=evidence.book.offices[rule.department],
        person=names.map(households.shown),
        head=heads.map(households.shown),
        **sentences.calendar_words(evidence.month, evidence.school_year),
    )
    # Only rows that fired come here, so a loop is cheap.
    said = [
        sentences.sentence(rule, {**row, **sentences.figures(rule, row)})
        for row in ({str(name): v for name, v in one.items()} for one in words.to_dict("records"))
    ]
    ratio = rows["_value"] / rows["_line"]
    helps = [help_ for help_ in evidence.book.measures if rule.code in help_.rules]
    asked = sorted({condition.column for help_ in helps for condition in help_.where})
    return rows[["household_id", "submission_month", *PLACE]].assign(
        **{f"evidence.{name}": rows[name] for name in asked},
        value=rows["_value"],
        threshold=rows["_line"],
        rule=rule.code,
        risk=rule.risk,
        person_id=rows["person_id"] if rule.unit != "household" else _nobody(rows),
        department=rule.department,
        dataset=rule.dataset,
        sentence=pd.Series(said, index=rows.index, dtype="str"),
        over=(2 - ratio if rule.compare in ("<", "<=") else ratio).fillna(1.0),
    )


def _nobody(rows: pd.DataFrame) -> pd.Series[str]:
    return pd.Series(None, index=rows.index, dtype="str")
