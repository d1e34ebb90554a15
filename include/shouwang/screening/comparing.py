"""Comparing (比较): what is measured in each unit of account, and whether it lies beyond its
threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shouwang.screening.conditions import OPERATORS, worth
from shouwang.screening.evidence import Evidence, amounts
from shouwang.screening.households import looked_up, who
from shouwang.screening.rules import Comparison, Measure, Rule

PLACE = ["file", "sheet", "row"]
FIGURES = ["measured", "value", "line", "divisor", "before"]
"""What was compared, of each row that stands for a unit: ``_value`` and so on, ``_also.value`` of
the second measure."""


def with_units(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows with ``_unit``, their household or person (合计单位)."""
    household = rule.unit == "household"
    return rows.assign(_unit=rows["household_id"] if household else who(rows, evidence.persons))


def beyond(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """One row for each unit of account beyond its thresholds: its first row in the newest
    submission, and `FIGURES`."""
    rows = rows.assign(_group=_groups(rows, rule))
    for prefix in ("", "also."):
        compared = rule.comparisons.get(prefix)
        if compared is None:
            rows = rows.assign(**{f"_{prefix}{name}": np.nan for name in FIGURES})
        else:
            figures = _figures(rows, compared, rule, evidence).add_prefix(f"_{prefix}")
            rows = rows[rows["_group"].isin(figures.index)].join(figures, on="_group")
    if rows["_group"].is_unique:
        return rows
    newest = rows.sort_values(
        ["submission_month", *PLACE], ascending=[False, True, True, True], kind="stable"
    )
    return newest.drop_duplicates("_group")


def _figures(
    rows: pd.DataFrame, compared: Comparison, rule: Rule, evidence: Evidence
) -> pd.DataFrame:
    """`FIGURES` of the groups beyond the line; a ratio is compared as an amount, so that it equals
    its line exactly."""
    measure = compared.measure
    measured = _measured(rows, measure)
    groups = rows.drop_duplicates("_group").set_index("_group")
    line = _lines(groups["household_id"].reindex(measured.index), compared, evidence)
    one = evidence.parameters[measure.divided_by] if measure.divided_by else 1.0
    divisor = pd.Series(one, index=measured.index)
    before = pd.Series(np.nan, index=measured.index)
    if measure.compared_to:
        before = _before(rows, measure, rule, evidence)
        if measure.by == "ratio":
            divisor = before.where(before > 0)
        else:
            measured = (measured - before if measure.by == "rise" else before - measured).round(2)
    edge = (line * divisor).round(2)
    value = (measured / divisor).mask(measured == edge, line)
    figures = dict(zip(FIGURES, (measured, value, line, divisor, before), strict=True))
    fires: pd.Series[bool] = OPERATORS[compared.compare][1](measured, edge)
    return pd.DataFrame(figures)[fires]


def _lines(homes: pd.Series, compared: Comparison, evidence: Evidence) -> pd.Series[float]:
    """The threshold of each group, by the type of its household."""
    special = looked_up(homes, evidence.homes["special"]).eq(True)
    pair = [worth(bound, evidence.parameters) for bound in compared.threshold.pair]
    line = pd.Series(np.where(special, *pair), index=homes.index)
    types = looked_up(homes, evidence.homes["household_type"])
    for name, bound in compared.threshold.types.items():
        line = line.mask(types == name, worth(bound, evidence.parameters))
    return line


def _before(
    rows: pd.DataFrame, measure: Measure, rule: Rule, evidence: Evidence
) -> pd.Series[float]:
    """The same measure of each group in the earlier period; null where it has no row there."""
    groups = rows.drop_duplicates("_group")
    earlier = (
        evidence.rows(rule.source, measure.compared_to) if measure.compared_to else pd.DataFrame()
    )
    if earlier.empty:
        return pd.Series(np.nan, index=groups["_group"])
    own = [c for c in rule.where if c.column in earlier and not c.changed]
    earlier = with_units(earlier[evidence.holds(earlier, own)], rule, evidence)
    keys = _keys(earlier, rule)
    grouped = keys.groupby(list(keys.columns), dropna=False, sort=False)
    keys = keys.assign(_group=grouped.ngroup())
    amount = _measured(earlier.assign(_group=keys["_group"]), measure).rename("_before")
    by_key = keys.drop_duplicates("_group").join(amount, on="_group").drop(columns="_group")
    before = _keys(groups, rule).merge(by_key, how="left")["_before"]
    return before.set_axis(pd.Index(groups["_group"]))


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
