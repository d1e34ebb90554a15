"""Evidence (预警依据): all that the rules of one month look at, cut to what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.screening.conditions import Condition, holds, in_days
from shouwang.screening.rules import Measure, Period, RuleBook


@dataclass(frozen=True)
class Evidence:
    """The rows of a month and those before it, a settlement once.

    ``submitted``: the months that each source has; ``unplaced``: rows of which it is not known yet
    whose they are; ``homes`` and ``persons`` as of the month, see `households`.
    """

    book: RuleBook
    month: Month
    parameters: dict[str, float]
    records: dict[str, pd.DataFrame]
    unplaced: dict[str, pd.DataFrame]
    submitted: dict[str, frozenset[str]]
    homes: pd.DataFrame
    persons: pd.DataFrame

    @property
    def school_year(self) -> Month:
        """The month in which the running school year (学年) began."""
        start = int(self.parameters["school_year_starts"])
        return Month(self.month.year - (self.month.number < start), start)

    def holds(
        self, rows: pd.DataFrame, conditions: list[Condition] | tuple[Condition, ...]
    ) -> pd.Series[bool]:
        """Which rows meet all of some conditions, with this month's parameters."""
        return holds(rows, conditions, self.month, self.parameters)

    def rows(self, source: str, period: Period, unplaced: bool = False) -> pd.DataFrame:
        """The rows of a dataset that count for a period; none where the department has sent
        nothing."""
        rows = (self.unplaced if unplaced else self.records).get(source)
        if rows is None or rows.empty:
            return pd.DataFrame()
        if period.date:
            return rows[in_days(rows[period.date], *period.dates(self.month))]
        month = self._submission(source, period)
        return rows[rows["submission_month"] == month] if month else rows.iloc[:0]

    def _submission(self, source: str, period: Period) -> str | None:
        """The month whose whole submission a period means."""
        starts = {"delivery": str(self.month), "school_year": str(self.school_year)}
        first = starts.get(period.span, "")
        last = str(self.month + -1) if period.span == "previous" else str(self.month)
        return max((m for m in self.submitted.get(source, ()) if first <= m <= last), default=None)

    def gap(self, source: str, period: Period) -> str | None:
        """The months without which a comparison with a period would be wrong, in Chinese; none
        where all are there."""
        if not period.date:
            wanted = {"delivery": self.month.chinese, "previous": "此前月份"}
            missing = wanted.get(period.span, "本学年")
            return None if self._submission(source, period) else missing
        submitted = self.submitted.get(source, frozenset())
        every = Month.span(*period.dates(self.month))
        months = [m.chinese for m in every if str(m) not in submitted]
        return "、".join(months[:3]) + (f"等{len(months)}个月" if len(months) > 3 else "") or None


def ordered(book: RuleBook, records: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Records with ``_superseded``: the month of the submission that brings the same key again;
    once for many months."""
    result = {}
    for source in sorted(records):
        rows, dataset = records[source], book.datasets.get(source)
        rows = rows.assign(_superseded=pd.Series(dtype="str"))
        if dataset and dataset.key:
            rows = rows.sort_values("submission_month", kind="stable", ignore_index=True)
            placed = rows[rows["household_id"].notna() & rows[dataset.key].notna()]
            again = placed[placed.duplicated(dataset.key, keep=False)]
            later = again.groupby(dataset.key)["submission_month"].shift(-1)
            rows.loc[again.index, "_superseded"] = later
        result[source] = rows
    return result


def gather(
    book: RuleBook,
    month: Month,
    records: Mapping[str, pd.DataFrame],
    homes: pd.DataFrame,
    persons: pd.DataFrame,
) -> Evidence:
    """Cut `ordered` records to the data month and what lies before it, each keyed row once, as
    sent last."""
    in_force, unplaced, submitted = {}, {}, {}
    for source, rows in records.items():
        past = (rows["submission_month"] <= str(month)) & ~(rows["_superseded"] <= str(month))
        cut = rows[past].drop(columns="_superseded")
        submitted[source] = frozenset(cut["submission_month"].unique())
        placed = cut["household_id"].notna()
        in_force[source] = cut[placed].reset_index(drop=True)
        unplaced[source] = cut[~placed].reset_index(drop=True)
    return Evidence(book, month, book.values(month), in_force, unplaced, submitted, homes, persons)


def amounts(rows: pd.DataFrame, measure: Measure) -> pd.Series[float]:
    """Plus less minus of each row, in its own unit; null where no column of it is filled in."""
    plus = rows[list(measure.plus)].sum(axis=1, min_count=1)
    minus = rows[list(measure.minus)].sum(axis=1, min_count=1)
    return plus.sub(minus, fill_value=0).round(2)
