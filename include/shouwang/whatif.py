"""What a changed rule file would have said of past months (``shouwang rules try``); touches nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from shouwang.house import House
from shouwang.month import Month
from shouwang.registry.history import people_as_of
from shouwang.screening.evaluate import screen
from shouwang.screening.rulebook import load_rulebook
from shouwang.store.records import matched_records


def try_rules(connection: Connection, house: House, rules: Path, months: list[Month]) -> dict[str, Any]:
    """Screen past months with the rules in force and with others; counts by rule and level, households won and lost."""
    contracts = house.county.contracts.values()
    now = load_rulebook(house.county_folder)
    then = load_rulebook(house.county_folder, rules, house.county.every_contract)
    report: dict[str, Any] = {"rules": str(rules), "months": []}
    for month in months:
        first = min(month + -11, Month(month.year, 1))
        records = {c.slug: matched_records(connection, c, str(first), str(month)) for c in contracts}
        people = people_as_of(connection, month)
        before, after = (screen(book, month, records, people) for book in (now, then))
        old, new = set(before.warnings["household_id"]), set(after.warnings["household_id"])
        report["months"].append({
            "month": str(month),
            "households": {"now": len(old), "then": len(new), "gained": len(new - old), "lost": len(old - new)},
            "by_rule": _counts(before.signals, after.signals, "rule"),
            "by_level": _counts(before.warnings, after.warnings, "level"),
            "by_township": _counts(before.warnings, after.warnings, "township"),
        })  # fmt: skip
    return report


def _counts(now: pd.DataFrame, then: pd.DataFrame, column: str) -> dict[str, dict[str, int]]:
    """Households by the values of a column, now and then."""
    counted = [rows.groupby(column)["household_id"].nunique() for rows in (now, then)]
    keys = sorted({*counted[0].index, *counted[1].index})
    return {str(key): {"now": int(counted[0].get(key, 0)), "then": int(counted[1].get(key, 0))} for key in keys}
