"""What a changed rule file would have said of past months (``shouwang rules try``); touches
nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.registry.history import load_in_force, people_as_of
from shouwang.screening import households as homes_
from shouwang.screening.evaluate import Screening, conclude, said
from shouwang.screening.evidence import Evidence, gather, ordered
from shouwang.screening.hit_rates import CONFIRMED
from shouwang.screening.recorded import records_for
from shouwang.screening.reports import CHANNEL_NAMES, reported
from shouwang.screening.rulebook import load_rulebook
from shouwang.screening.rules import RuleBook
from shouwang.store.database import frame
from shouwang.store.tables import case
from shouwang.workspace.workspace import Workspace

NOW, THEN = "now", "then"


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
    known = ""
    for month in months:
        if (registry := load_in_force(connection, month)) != known:
            known, people = registry, people_as_of(connection, month)
            homes, persons = (
                [homes_.households(people, book) for book in books],
                homes_.persons(people),
            )
        cut = [
            gather(b, month, r, h, persons) for b, r, h in zip(books, prepared, homes, strict=True)
        ]
        found = _both(now, then, month, cut[0], cut[-1], reported(connection, month))
        warnings.append(_side_by_side(month, found[NOW].warnings, found[THEN].warnings))
        for book, screening in found.items():
            one = screening.signals[["rule", "household_id"]].drop_duplicates()
            signals.append(one.assign(month=str(month), book=book))
        silent += [f"{month} {reason}" for reason in found[THEN].silent]
    confirmed = _confirmed(connection, months)
    titles = CHANNEL_NAMES | {
        r.code: r.title for book in (now, then) for r in book.rules if not r.further
    }
    both = pd.concat(warnings, ignore_index=True).merge(
        confirmed, on=["month", "household_id"], how="left"
    )
    return Trial(months, both, pd.concat(signals, ignore_index=True), titles, tuple(silent))


def _alike(now: RuleBook, then: RuleBook) -> bool:
    """Whether the two books cut the records alike, so that both can look at the same evidence."""
    shared = ("offices", "datasets", "special_households", "able_to_work")
    return all(getattr(now, name) == getattr(then, name) for name in shared)


def _both(
    now: RuleBook,
    then: RuleBook,
    month: Month,
    before: Evidence,
    after: Evidence,
    reports: pd.DataFrame,
) -> dict[str, Screening]:
    first = {rule.key: said(rule, before) for rule in now.in_force(month)}
    same = {rule.key: rule for rule in now.in_force(month)} if before is after else {}
    second = {
        rule.key: first[rule.key] if same.get(rule.key) == rule else said(rule, after)
        for rule in then.in_force(month)
    }
    later = Evidence(**{**vars(after), "book": then})
    return {
        NOW: conclude(before, first | {"": reports}),
        THEN: conclude(later, second | {"": reports}),
    }


def _side_by_side(month: Month, now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
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
    parts = [
        cases[(cases["opened_month"] <= str(m)) & (cases["last_month"] >= str(m))].assign(
            month=str(m)
        )
        for m in months
    ]
    found = pd.concat(parts)[["month", "household_id", "clue_no"]].astype("str")
    return found.drop_duplicates(["month", "household_id"])
