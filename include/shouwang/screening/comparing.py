"""Comparing (比较): what is measured in each unit of account, and whether it lies beyond its
threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shouwang.screening import households as homes_
from shouwang.screening.conditions import holds, worth
from shouwang.screening.evidence import Evidence, amounts
from shouwang.screening.parts import Comparison, Measure
from shouwang.screening.rules import Rule
from shouwang.screening.units import with_units

PLACE = ["file", "sheet", "row"]
FIGURES = ["measured", "value", "line", "divisor", "before"]
"""What was compared, of each row that stands for a unit: ``_value`` and so on, ``_also.value`` of
the second measure."""
OPERATORS = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal}


def beyond(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """One row for each unit of account beyond its thresholds: its first row in the newest submission,
    and `FIGURES`."""
    rows = rows.assign(_group=_groups(rows, rule))
    for prefix, line in (("_", rule.line), ("_also.", rule.also)):
        if line is None:
            rows = rows.assign(**{prefix + name: np.nan for name in FIGURES})
            continue
        figures = _figures(rows, line, rule, evidence)
        rows = rows[rows["_group"].isin(figures.index)].join(
            figures.add_prefix(prefix), on="_group"
        )
    if rows["_group"].is_unique:
        return rows
    rows = rows.sort_values(
        ["submission_month", *PLACE], ascending=[False, True, True, True], kind="stable"
    )
    return rows.drop_duplicates("_group")


def _figures(rows: pd.DataFrame, line: Comparison, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """`FIGURES` of the groups beyond the line; a ratio is compared as an amount, so that it equals
    its line exactly."""
    measure = line.measure
    measured = _measured(rows, measure)
    home = (
        rows.drop_duplicates("_group").set_index("_group")["household_id"].reindex(measured.index)
    )
    limit = _limits(home, line, evidence)
    divisor = pd.Series(
        evidence.parameters[measure.divided_by] if measure.divided_by else 1.0, index=measured.index
    )
    before = pd.Series(np.nan, index=measured.index)
    if measure.compared_to:
        before = _before(rows, measure, rule, evidence)
        if measure.by == "ratio":
            divisor = before.where(before > 0)
        else:
            measured = (measured - before if measure.by == "rise" else before - measured).round(2)
    edge = (limit * divisor).round(2)
    value = (measured / divisor).mask(measured == edge, limit)
    found = pd.DataFrame(dict(zip(FIGURES, (measured, value, limit, divisor, before), strict=True)))
    return found[OPERATORS[line.compare](measured, edge)]


def _limits(home: pd.Series, line: Comparison, evidence: Evidence) -> pd.Series[float]:
    """The threshold of each group, by the type of its household."""
    special = homes_.looked_up(home, evidence.homes["special"]).eq(True)
    pair = [worth(bound, evidence.parameters) for bound in line.threshold.pair]
    limit = pd.Series(np.where(special, *pair), index=home.index)
    kind = homes_.looked_up(home, evidence.homes["household_type"])
    for name, bound in line.threshold.types.items():
        limit = limit.mask(kind == name, worth(bound, evidence.parameters))
    return limit


def _before(
    rows: pd.DataFrame, measure: Measure, rule: Rule, evidence: Evidence
) -> pd.Series[float]:
    """The same measure of each group in the earlier period; null where it has no row there."""
    groups = rows.drop_duplicates("_group")
    nothing = pd.Series(np.nan, index=groups["_group"])
    earlier = (
        evidence.rows(rule.source, measure.compared_to) if measure.compared_to else pd.DataFrame()
    )
    if earlier.empty:
        return nothing
    own = [c for c in rule.where if c.column in earlier and not c.changed]
    earlier = with_units(
        earlier[holds(earlier, own, evidence.month, evidence.parameters)], rule, evidence
    )
    keys = _keys(earlier, rule)
    numbered = keys.assign(
        _group=keys.groupby(list(keys.columns), dropna=False, sort=False).ngroup()
    )
    amount = _measured(earlier.assign(_group=numbered["_group"]), measure).rename("_before")
    known = numbered.drop_duplicates("_group").join(amount, on="_group").drop(columns="_group")
    return (
        _keys(groups, rule)
        .merge(known, how="left")
        .set_index(pd.Index(groups["_group"]))["_before"]
    )


def _groups(rows: pd.DataFrame, rule: Rule) -> pd.Series[int]:
    """A number for each unit of account."""
    if rule.unit == "row":
        return pd.Series(np.arange(len(rows)), index=rows.index)
    keys = _keys(rows, rule).assign(household_id=rows["household_id"])
    return keys.groupby(list(keys.columns), dropna=False, sort=False).ngroup()


def _keys(rows: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """What tells units of account apart; the time of day of a date does not."""
    keys = rows[["_unit", *rule.split_by]].copy()
    for column in rule.split_by:
        if pd.api.types.is_datetime64_any_dtype(keys[column]):
            keys[column] = keys[column].dt.normalize()
    return keys


def _measured(rows: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """The amount of each group; sums are rounded to cents before anything is compared."""
    if measure.kind == "count":
        return rows.groupby("_group").size().astype("float64")
    grouped = amounts(rows, measure).groupby(rows["_group"])
    return grouped.max() if measure.kind == "max" else grouped.sum(min_count=1).round(2)
