"""Signals (预警信号): what one rule says about the rows in force of one month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from shouwang.errors import ConfigError
from shouwang.month import Month
from shouwang.screening import households as homes_
from shouwang.screening import sentences
from shouwang.screening.checking import asked
from shouwang.screening.conditions import holds, in_days
from shouwang.screening.rules import Measure, Period, Rule, RuleBook

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
    "delivery_month",
    "file",
    "sheet",
    "row",
]
PLACE = ["file", "sheet", "row"]
OPERATORS = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal}


@dataclass(frozen=True)
class Evidence:
    """All that the rules of one month look at; ``records`` are cut to what is in force, a settlement once."""

    book: RuleBook
    month: Month
    parameters: dict[str, float]
    records: dict[str, pd.DataFrame]
    homes: pd.DataFrame
    persons: pd.DataFrame

    @property
    def school_year(self) -> Month:
        """The month in which the running school year (学年) began."""
        start = int(self.parameters["school_year_starts"])
        return Month(self.month.year - (self.month.number < start), start)

    def rows(self, source: str, period: Period) -> pd.DataFrame:
        """The rows of a dataset that count for a period; none where the department has not delivered."""
        rows = self.records.get(source)
        if rows is None or rows.empty:
            return pd.DataFrame()
        if period.date:
            first = {
                "month": self.month,
                "year": Month(self.month.year, 1),
                "rolling": self.month + (1 - (period.months or 1)),
            }[period.span]
            return rows[in_days(rows[period.date], first, self.month)]
        delivered = rows["delivery_month"]
        if period.span == "delivery":
            return rows[delivered == str(self.month)]
        running = rows[delivered >= str(self.school_year)]
        latest: pd.DataFrame = running[running["delivery_month"] == running["delivery_month"].max()]
        return latest


def gather(book: RuleBook, month: Month, records: Mapping[str, pd.DataFrame], people: pd.DataFrame) -> Evidence:
    """Cut the records to the data month and what lies before it, each keyed row once, as delivered last."""
    in_force = {}
    for source in sorted(records):
        rows = records[source]
        rows = rows[(rows["delivery_month"] <= str(month)) & rows["household_id"].notna()]
        dataset = book.datasets.get(source)
        if dataset and dataset.key:
            rows = rows.sort_values("delivery_month", kind="stable")
            rows = rows[~rows.duplicated(dataset.key, keep="last") | rows[dataset.key].isna()]
        in_force[source] = rows.reset_index(drop=True)
    return Evidence(book, month, book.values(month), in_force, homes_.households(people, book), homes_.persons(people))


def amounts(rows: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """Plus less minus of each row, in its own unit; null where no column of it is filled in."""
    plus = rows[list(measure.plus)].sum(axis=1, min_count=1)
    minus = rows[list(measure.minus)].sum(axis=1, min_count=1)
    return plus.sub(minus, fill_value=0).round(2)


def burdens(evidence: Evidence) -> pd.Series[float]:
    """What each household has to bear (yuan): the parts of the rule book's ``burden``, by ``household_id``."""
    total = pd.Series(0.0, index=evidence.homes.index)
    for part in evidence.book.burden:
        rows = evidence.rows(part.source, part.period)
        if len(rows):
            total = total.add(amounts(rows, part.measure).groupby(rows["household_id"]).sum(), fill_value=0.0)
    return total.round(2)


def fire(rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The signals of one rule (`COLUMNS`, and ``over``: how far beyond the threshold), with the columns of the row
    that stands for the evidence under ``evidence.<column>``.
    """
    rows = evidence.rows(rule.source, rule.period)
    if rows.empty:
        return pd.DataFrame()
    try:
        rows = _filtered(rows, rule, evidence)
        if len(rows) and rule.requires:
            rows = _with_required(rows, rule, evidence)
        return _signals(_beyond(rows, rule, evidence), rule, evidence) if len(rows) else pd.DataFrame()
    except KeyError as missing:
        raise ConfigError(
            f"rules.yaml, rule {rule.code}: the records of {rule.source} have no column {missing}. Correct the rule, "
            "or add the column to the department's contract."
        ) from None


def _filtered(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """The rows that meet the conditions; ages and household types are looked up for the few that are left."""
    own = [c for c in rule.where if c.column not in ("person.age", "household.type")]
    rest = [c for c in rule.where if c not in own]
    rows = rows[holds(rows, own, evidence.month, evidence.parameters)].copy()
    if rows.empty:
        return rows
    if rule.unit == "household":
        rows["_unit"] = rows["household_id"]
    else:
        rows["_unit"] = homes_.who(rows, evidence.persons)
    if "person.age" in asked(rule):
        rows["person.age"] = homes_.ages(rows, rows["_unit"], evidence.persons, evidence.month)
    if "household.type" in asked(rule):
        rows["household.type"] = homes_.looked_up(rows["household_id"], evidence.homes["household_type"])
    return rows[holds(rows, rest, evidence.month, evidence.parameters)]


def _with_required(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    if rule.requires is None:
        return rows
    needed = evidence.rows(rule.source, rule.requires.period)
    needed = needed[holds(needed, rule.requires.where, evidence.month, evidence.parameters)]
    units = needed["household_id"] if rule.unit == "household" else homes_.who(needed, evidence.persons)
    return rows[rows["_unit"].isin(units)]


def _beyond(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    """One row for each unit of account beyond its threshold: its first row in the newest delivery, and the values."""
    rows = rows.assign(_group=_groups(rows, rule))
    if rule.measure is None or rule.threshold is None or rule.compare is None:
        rows = rows.assign(_measured=np.nan, _value=np.nan, _line=np.nan, _divisor=np.nan)
    else:
        measured = _measured(rows, rule.measure)
        home = rows.drop_duplicates("_group").set_index("_group")["household_id"]
        special = homes_.looked_up(home, evidence.homes["special"]).reindex(measured.index).eq(True)
        line = pd.Series(np.where(special, *rule.threshold.pair), index=measured.index)
        divisor = evidence.parameters[rule.measure.divided_by] if rule.measure.divided_by else 1.0
        fired = pd.Series(OPERATORS[rule.compare](measured, (line * divisor).round(2)), index=measured.index)
        rows = rows[rows["_group"].map(fired)]
        amount = rows["_group"].map(measured)
        line = rows["_group"].map(line)
        value = (amount / divisor).mask(amount == (line * divisor).round(2), line)
        rows = rows.assign(_measured=amount, _value=value, _line=line, _divisor=divisor)
    rows = rows.sort_values(PLACE, kind="stable").sort_values("delivery_month", ascending=False, kind="stable")
    return rows.drop_duplicates("_group")


def _groups(rows: pd.DataFrame, rule: Rule) -> pd.Series[int]:
    """A number for each unit of account; the time of day of a date does not divide."""
    if rule.unit == "row":
        return pd.Series(np.arange(len(rows)), index=rows.index)
    keys = rows[["household_id", "_unit", *rule.split_by]].copy()
    for column in rule.split_by:
        if pd.api.types.is_datetime64_any_dtype(keys[column]):
            keys[column] = keys[column].dt.normalize()
    return keys.groupby(list(keys.columns), dropna=False, sort=False).ngroup()


def _measured(rows: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """The amount of each group; sums are rounded to cents before anything is compared."""
    if measure.kind == "count":
        return rows.groupby("_group").size().astype("float64")
    grouped = amounts(rows, measure).groupby(rows["_group"])
    return grouped.max() if measure.kind == "max" else grouped.sum(min_count=1).round(2)


def _signals(rows: pd.DataFrame, rule: Rule, evidence: Evidence) -> pd.DataFrame:
    words = rows.assign(
        office=evidence.book.offices[rule.department],
        person=_names(rows, evidence),
        head=homes_.looked_up(rows["household_id"], evidence.homes["head"]).map(homes_.shown),
    )
    time = sentences.calendar_words(evidence.month, evidence.school_year)
    numbers = zip(rows["_measured"], rows["_value"], rows["_line"], rows["_divisor"], strict=True)
    # Only rows that fired come here, so a loop is cheap.
    told = [
        sentences.sentence(rule, {**{str(k): v for k, v in row.items()}, **time, **sentences.values(rule, *of_row)})
        for row, of_row in zip(words.to_dict("records"), numbers, strict=True)
    ]
    person = rows["person_id"] if rule.unit != "household" else pd.Series(None, index=rows.index, dtype="str")
    ratio = rows["_value"] / rows["_line"]
    over = (2 - ratio if rule.compare in ("<", "<=") else ratio).fillna(1.0)
    return rows.add_prefix("evidence.").assign(
        **{column: rows[column] for column in ("household_id", "delivery_month", *PLACE)},
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


def _names(rows: pd.DataFrame, evidence: Evidence) -> pd.Series[str]:
    """Surnames of the people of the rows, as registered; else as the department wrote them."""
    names = homes_.looked_up(rows["_unit"], evidence.persons["name"])
    if "name" in rows:
        names = names.fillna(rows["name"])
    return names.map(homes_.shown)
