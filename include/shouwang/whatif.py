"""What a changed rule file would have said of past months (``shouwang rules try``); touches nothing.

The records of all months are read once; each month's evidence is gathered once, and a rule that is the same in both
files speaks once. Suppression is left out: what is compared is what the rules say, not what would have been sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.house import House
from shouwang.month import Month
from shouwang.registry.history import load_in_force, people_as_of
from shouwang.reporting.hit_rates import CONFIRMED
from shouwang.screening.evaluate import Screening, conclude, said
from shouwang.screening.evidence import Evidence, gather
from shouwang.screening.rulebook import load_rulebook
from shouwang.screening.rules import RuleBook
from shouwang.store.records import matched_records
from shouwang.store.tables import feedback

NOW, THEN = "now", "then"
GAINED, LOST, CHANGED = "gained", "lost", "changed"
HOUSEHOLDS = ["month", "household_id", "township", "village", "change", "level_now", "level_then", "rules_now",
              "rules_then", "confirmed"]  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """Two rule files over the same months.

    ``counts``: ``month, by`` (all, rule, level, township)``, key, now, then`` in households; ``households``
    (`HOUSEHOLDS`): those that are gained, lost, or said something else of, and whether a township confirmed them.
    """

    rules: str
    months: tuple[Month, ...]
    counts: pd.DataFrame
    households: pd.DataFrame

    @property
    def missed(self) -> pd.DataFrame:
        """Households that a township confirmed in that month and that would not have been on its list."""
        return self.households[self.households["confirmed"] & (self.households["change"] == LOST)]

    def report(self) -> dict[str, Any]:
        """As plain data, a month after the other; ``missed``: confirmed ones that would have been lost."""
        return {
            "rules": self.rules,
            "months": [self._month(month) for month in self.months],
            "missed": len(self.missed),
        }

    def _month(self, month: Month) -> dict[str, Any]:
        counts = self.counts[self.counts["month"] == str(month)]
        changes = self.households[self.households["month"] == str(month)]
        told: dict[str, Any] = {"month": str(month)}
        for by, rows in counts.groupby("by", sort=False):
            pairs = zip(rows["key"], rows[NOW].tolist(), rows[THEN].tolist(), strict=True)
            told["households" if by == "all" else f"by_{by}"] = {key: {NOW: n, THEN: t} for key, n, t in pairs}
        told["households"] = told["households"]["all"] | {
            kind: int((changes["change"] == kind).sum()) for kind in (GAINED, LOST, CHANGED)
        }
        return told | {"missed": int((self.missed["month"] == str(month)).sum())}


def try_rules(connection: Connection, house: House, rules: Path, months: list[Month]) -> Trial:
    """Screen past months with the rules in force and with those of a file."""
    contracts = house.county.every_contract
    now, then = (load_rulebook(house.county_folder, file, contracts=contracts) for file in (None, rules))
    counts: list[tuple[str, str, str, int, int]] = []
    changes: list[pd.DataFrame] = []
    for month, before, after in _screened(connection, house, now, then, months):
        counts += _counts(month, before, after)
        changes.append(_changes(connection, month, before.warnings, after.warnings))
    return Trial(
        rules.name, tuple(months), pd.DataFrame(counts, columns=["month", "by", "key", NOW, THEN]), pd.concat(changes)
    )


def _screened(
    connection: Connection, house: House, now: RuleBook, then: RuleBook, months: list[Month]
) -> Iterator[tuple[Month, Screening, Screening]]:
    first = min(book.first_month(months[0]) for book in (now, then))
    contracts = house.county.contracts.values()
    records = {c.slug: matched_records(connection, c, str(first), str(months[-1])) for c in contracts}
    loaded, people = "", pd.DataFrame()
    for month in months:
        if (load := load_in_force(connection, month)) != loaded:
            loaded, people = load, people_as_of(connection, month)
        evidence = gather(now, month, records, people)
        other = _for(then, evidence, records, people)
        of_now = {rule.code: said(rule, evidence) for rule in now.in_force(month)}
        same = {rule.code: rule for rule in now.in_force(month)} if _alike(now, then) else {}
        of_then = {
            rule.code: of_now[rule.code] if same.get(rule.code) == rule else said(rule, other)
            for rule in then.in_force(month)
        }
        yield month, conclude(evidence, of_now), conclude(other, of_then)


def _alike(a: RuleBook, b: RuleBook) -> bool:
    """Whether the same rule says the same by both books: parameters, rosters and kinds of households agree."""
    fields = ("parameters", "datasets", "offices", "special_households", "able_to_work")
    return all(getattr(a, name) == getattr(b, name) for name in fields)


def _for(book: RuleBook, evidence: Evidence, records: Mapping[str, pd.DataFrame], people: pd.DataFrame) -> Evidence:
    """The same evidence for another book; gathered anew only where that would differ."""
    if _alike(evidence.book, book):
        return replace(evidence, book=book)
    return gather(book, evidence.month, records, people)


def _counts(month: Month, now: Screening, then: Screening) -> Iterator[tuple[str, str, str, int, int]]:
    """Households by rule, level and township, by both."""
    yield str(month), "all", "all", len(now.warnings), len(then.warnings)
    for by in ("rule", "level", "township"):
        frames = [side.signals if by == "rule" else side.warnings for side in (now, then)]
        counted = [rows.groupby(by)["household_id"].nunique() for rows in frames]
        for key in sorted({*counted[0].index, *counted[1].index}):
            yield str(month), by, str(key), int(counted[0].get(key, 0)), int(counted[1].get(key, 0))


def _changes(connection: Connection, month: Month, now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """The households of which the two say different things (`HOUSEHOLDS`)."""
    told = ["household_id", "township", "village", "level", "rules"]
    both = now[told].merge(then[told], on="household_id", how="outer", suffixes=("_now", "_then"))
    both["change"] = pd.Series(CHANGED, index=both.index, dtype="str")
    both.loc[both["level_now"].isna(), "change"] = GAINED
    both.loc[both["level_then"].isna(), "change"] = LOST
    for place in ("township", "village"):
        both[place] = both[f"{place}_now"].fillna(both[f"{place}_then"])
    same = both["level_now"].eq(both["level_then"]) & both["rules_now"].eq(both["rules_then"])
    both = both[~same].assign(month=str(month))
    query = sa.select(feedback.c.household_id).where(
        feedback.c.list_month == str(month), feedback.c.conclusion.in_(CONFIRMED)
    )
    both["confirmed"] = both["household_id"].isin(list(connection.scalars(query)))
    return both.sort_values(["change", "township", "household_id"], ignore_index=True)[HOUSEHOLDS]
