"""Units of account (合计单位): whose row each is, what else is known of them, and which other rows
they have."""

from __future__ import annotations

import pandas as pd

from shouwang.core.identity import clean_names
from shouwang.screening import households as homes_
from shouwang.screening.conditions import BEFORE, holds
from shouwang.screening.evidence import Evidence
from shouwang.screening.parts import Period, Requirement
from shouwang.screening.rules import Rule

REQUIRED = "required."
"""The columns of the row that the first of ``requires`` found stand under this prefix."""
BEFORE_THIS = Period(span="previous")


def with_units(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows with ``_unit``, their household or person."""
    if rule.unit == "household":
        return rows.assign(_unit=rows["household_id"])
    return rows.assign(_unit=homes_.who(rows, evidence.persons))


def filtered(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows that meet the conditions; what is known from elsewhere is looked up for the few that
    are left."""
    own = [c for c in rule.where if c.column in rows and not c.changed]
    rest = [c for c in rule.where if c not in own]
    rows = with_units(rows[holds(rows, own, evidence.month, evidence.parameters)], rule, evidence)
    for name in sorted(rule.asked & set(homes_.ABOUT)):
        rows[name] = homes_.about(name, rows, evidence.homes, evidence.persons, evidence.month)
    if rule.looks_back:
        rows = _with_before(rows, rule, evidence)
    return rows[holds(rows, rest, evidence.month, evidence.parameters)]


def joined(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows whose unit has what the rule requires and has not what it must be without."""
    for n, requirement in enumerate(rule.requires):
        found = _others(requirement, rule, evidence)
        if found.empty:
            return rows.iloc[:0]
        keys = ["_unit", *requirement.same]
        wanted = (
            [w.removeprefix(REQUIRED) for w in rule.words if w.startswith(REQUIRED)]
            if n == 0
            else []
        )
        found = found.drop_duplicates(keys)
        rows = rows.merge(
            found[keys].assign(**{REQUIRED + name: found[name] for name in wanted}), on=keys
        )
    for requirement in rule.without:
        keys = ["_unit", *requirement.same]
        there = _others(requirement, rule, evidence)[keys].drop_duplicates()
        kept = rows[keys].merge(there, on=keys, how="left", indicator=True)["_merge"] == "left_only"
        rows = rows[kept.to_numpy()]
        rows = rows[~_perhaps_there(rows, requirement, rule, evidence)]
    return rows.reset_index(drop=True)


def _perhaps_there(
    rows: pd.DataFrame, requirement: Requirement, rule: Rule, evidence: Evidence
) -> pd.Series[bool]:
    """Which units may own a row that matching has not placed yet: one of the same name. Nobody is
    missed for a typo."""
    loose = evidence.rows(requirement.source or rule.source, requirement.period, unplaced=True)
    if loose.empty or "name" not in loose:
        return pd.Series(False, index=rows.index)
    loose = loose[holds(loose, requirement.where, evidence.month, evidence.parameters)]
    names = clean_names(loose["name"]).dropna().unique()
    known = evidence.persons[evidence.persons["household_id"].isin(rows["household_id"])]
    known = known[clean_names(known["name"]).isin(names)]
    named: pd.Series[bool] = rows["_unit"].isin(
        known["household_id"] if rule.unit == "household" else known.index
    )
    return named | clean_names(rows["name"]).isin(names) if "name" in rows else named


def _others(requirement: Requirement, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows that a requirement means, with their units."""
    rows = evidence.rows(requirement.source or rule.source, requirement.period)
    if rows.empty:
        return pd.DataFrame(columns=["_unit", *requirement.same], dtype="str")
    rows = rows[holds(rows, requirement.where, evidence.month, evidence.parameters)]
    return with_units(rows, rule, evidence)


def _with_before(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """What the submission before said of the same unit; unknown where one of the two submissions has
    several rows of it."""
    keys = ["_unit", *rule.split_by]
    wanted = sorted({name.removeprefix(BEFORE) for name in rule.asked if name.startswith(BEFORE)})
    earlier, now = (
        with_units(evidence.rows(rule.source, period), rule, evidence)
        for period in (BEFORE_THIS, rule.period)
    )
    once = now.loc[~now.duplicated(keys, keep=False), keys]
    earlier = earlier[~earlier.duplicated(keys, keep=False)].merge(once, on=keys)
    told = earlier[keys].assign(**{BEFORE + name: earlier[name] for name in wanted})
    return rows.merge(told, on=keys, how="left")
