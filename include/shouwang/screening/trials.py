"""Trying changed rules on past months (试算, ``shouwang rules try``): clues now and then,
households won and lost, confirmed ones missed; touches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.core.terms import LEVELS
from shouwang.documents import charts
from shouwang.registry.history import load_in_force, people_as_of
from shouwang.screening import households
from shouwang.screening.evaluate import conclude, signals_of
from shouwang.screening.evidence import gather, ordered
from shouwang.screening.hit_rates import CONFIRMED
from shouwang.screening.recorded import records_for
from shouwang.screening.reports import CHANNEL_NAMES, reported
from shouwang.screening.rulebook import RuleBook, load_rulebook
from shouwang.store.database import frame
from shouwang.store.tables import case
from shouwang.workspace.workspace import Workspace

NOW, THEN = "now", "then"
TITLES = {NOW: "现行规则", THEN: "试算规则"}


@dataclass(frozen=True)
class Trial:
    """What two rule books say of the same months.

    ``warnings``: a row a month and household, ``month, household_id, township, village, now, then``
    (levels, null where it is not on the list)``, rules_now, rules_then, clue_no`` (of a confirmed
    case of that time, else null). ``signals``: ``month, rule, book`` (now or then)``,
    household_id``. ``titles`` of the rules of both books.
    """

    months: list[Month]
    warnings: pd.DataFrame
    signals: pd.DataFrame
    titles: dict[str, str]
    silent: tuple[str, ...]

    def report(self) -> dict[str, Any]:
        """The counts of each month and of all of them: ``{"months": […], "total": {…}}``."""
        each = []
        for month in map(str, self.months):
            rows = (part[part["month"] == month] for part in (self.warnings, self.signals))
            each.append({"month": month, **_counts(*rows)})
        total = _counts(self.warnings, self.signals)
        return {"months": each, "total": {"month": "all months", **total}}


def try_rules(
    connection: Connection, workspace: Workspace, rules: Path, months: list[Month]
) -> Trial:
    """Screen past months with the rules in force and with those of another file.

    The records are read once and cut for each month in memory; a rule that stands in both books is
    applied once.
    """
    now = load_rulebook(workspace.county_folder)
    then = load_rulebook(workspace.county_folder, rules, workspace.county.every_contract)
    books = [now] if _alike(now, then) else [now, then]
    records = records_for(connection, workspace.county.contracts.values(), (now, then), months)
    prepared = [ordered(book, records) for book in books]
    warnings, signals, silent = [], [], list[str]()
    last_load = ""
    for month in months:
        if (load := load_in_force(connection, month)) != last_load:
            last_load, people = load, people_as_of(connection, month)
            homes = [households.households(people, book) for book in books]
            persons = households.persons(people)
        cut = [
            gather(book, month, of_book, of_homes, persons)
            for book, of_book, of_homes in zip(books, prepared, homes, strict=True)
        ]
        reports = {"": reported(connection, month)}
        first = {rule.key: signals_of(rule, cut[0]) for rule in now.in_force(month)}
        unchanged = now.in_force(month) if len(books) == 1 else []
        second = {
            rule.key: first[rule.key] if rule in unchanged else signals_of(rule, cut[-1])
            for rule in then.in_force(month)
        }
        screened = {
            NOW: conclude(cut[0], first | reports),
            THEN: conclude(replace(cut[-1], book=then), second | reports),
        }
        now_and_then = (screened[NOW].warnings, screened[THEN].warnings)
        warnings.append(_side_by_side(*now_and_then, month))
        for name, screening in screened.items():
            one = screening.signals[["rule", "household_id"]].drop_duplicates()
            signals.append(one.assign(month=str(month), book=name))
        silent += [f"{month} {reason}" for reason in screened[THEN].silent]
    both = pd.concat(warnings, ignore_index=True)
    both = both.merge(_confirmed(connection, months), on=["month", "household_id"], how="left")
    first_ways = (rule for book in (now, then) for rule in book.rules if not rule.further)
    titles = CHANNEL_NAMES | {rule.code: rule.title for rule in first_ways}
    return Trial(months, both, pd.concat(signals, ignore_index=True), titles, tuple(silent))


def _alike(now: RuleBook, then: RuleBook) -> bool:
    """Whether the two books cut the records alike, so that both can look at the same evidence."""
    shared = ("offices", "datasets", "special_households", "able_to_work")
    return all(getattr(now, name) == getattr(then, name) for name in shared)


def _side_by_side(now: pd.DataFrame, then: pd.DataFrame, month: Month) -> pd.DataFrame:
    where = ["household_id", "township", "village"]
    first, second = (
        rows[[*where, "level", "rules"]].rename(columns={"level": name, "rules": f"rules_{name}"})
        for name, rows in ((NOW, now), (THEN, then))
    )
    return first.merge(second, on=where, how="outer").assign(month=str(month))


def _confirmed(connection: Connection, months: list[Month]) -> pd.DataFrame:
    """``month, household_id, clue_no``: households whose case of that time the township
    confirmed."""
    query = sa.select(case.c.household_id, case.c.clue_no, case.c.opened_month, case.c.last_month)
    cases = frame(connection, query.where(case.c.conclusion.in_(CONFIRMED)))
    parts = []
    for month in map(str, months):
        open_then = (cases["opened_month"] <= month) & (cases["last_month"] >= month)
        parts.append(cases[open_then].assign(month=month))
    confirmed = pd.concat(parts)[["month", "household_id", "clue_no"]].astype("str")
    return confirmed.drop_duplicates(["month", "household_id"])


def _counts(warnings: pd.DataFrame, signals: pd.DataFrame) -> dict[str, Any]:
    """Households on the lists of one month or of several, now and then, with the gained, the lost,
    and the confirmed."""
    now, then = warnings[NOW].notna(), warnings[THEN].notna()
    confirmed = warnings["clue_no"].notna()
    by_rule = pd.crosstab(signals["rule"], signals["book"]).reindex(columns=[*TITLES], fill_value=0)
    by_level = {level: _pair(warnings[[*TITLES]] == level) for level in LEVELS}
    townships = warnings.groupby("township", sort=True)
    return {
        "households": {
            **_pair(warnings[[*TITLES]].notna()),
            "gained": int((then & ~now).sum()),
            "lost": int((now & ~then).sum()),
        },
        "confirmed": {
            **_pair(warnings.loc[confirmed, [*TITLES]].notna()),
            "missed": sorted(warnings.loc[confirmed & now & ~then, "clue_no"].unique()),
        },
        "by_rule": {str(r): {k: int(row[k]) for k in TITLES} for r, row in by_rule.iterrows()},
        "by_level": {level: pair for level, pair in by_level.items() if any(pair.values())},
        "by_township": {str(n): _pair(rows[[*TITLES]].notna()) for n, rows in townships},
    }


def _pair(holds: pd.DataFrame) -> dict[str, int]:
    return {name: int(holds[name].sum()) for name in TITLES}


def chart(by_rule: Mapping[str, Mapping[str, int]], titles: Mapping[str, str]) -> str:
    """Households of each rule, now and then, as bars side by side."""
    rows = [
        {"rule": f"{rule} {titles.get(rule, '')}", "book": title, "households": pair[name]}
        for rule, pair in by_rule.items()
        for name, title in TITLES.items()
    ]
    return charts.chart("trial", pd.DataFrame(rows, columns=["rule", "book", "households"]))
