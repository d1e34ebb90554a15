"""Screening one month: pure and deterministic, so that the month itself, a what-if and a backtest can all call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from shouwang.month import Month
from shouwang.screening import grading
from shouwang.screening import signals as signals_
from shouwang.screening.rules import RuleBook

SIGNALS = signals_.COLUMNS
WARNINGS = grading.COLUMNS
_FLOATS = {"value": "float64", "threshold": "float64", "over": "float64", "row": "int64"}


@dataclass(frozen=True)
class Screening:
    """What a month's records say.

    ``signals`` (`SIGNALS`), sorted by household, rule and place; ``warnings`` (`WARNINGS`), the most urgent first;
    ``parameters``: every value that was used, for the run's record.
    """

    signals: pd.DataFrame
    warnings: pd.DataFrame
    parameters: dict[str, float | str]


def screen(book: RuleBook, month: Month, records: Mapping[str, pd.DataFrame], people: pd.DataFrame) -> Screening:
    """Apply the rules in force to the matched rows of a month and those before it.

    ``records``: ``department.dataset`` → its matched rows (see docs/architecture.md); a department that is late is
    simply not there. ``people``: the registry as of the month. Raises `ConfigError` when a rule asks for a column
    that the records do not have or a parameter has no value for that month.
    """
    evidence = signals_.gather(book, month, records, people)
    rules = book.in_force(month)
    fired = [found for rule in rules if len(found := signals_.fire(rule, evidence))]
    parameters = used(book, month)
    if not fired:
        return Screening(_empty(SIGNALS), _empty(WARNINGS), parameters)
    found = pd.concat(fired, ignore_index=True)
    found = found.sort_values(["household_id", "rule", *signals_.PLACE], kind="stable", ignore_index=True)
    return Screening(found[SIGNALS], grading.warnings(found, evidence), parameters)


def used(book: RuleBook, month: Month) -> dict[str, float | str]:
    """The parameters' values of that month, and each rule in force with its line, as in ``MED-1: >= 6000 / 10000``."""
    lines: dict[str, float | str] = dict(book.values(month))
    for rule in book.in_force(month):
        pair = dict.fromkeys(rule.threshold.pair) if rule.threshold else {}
        lines[rule.code] = f"{rule.compare} {' / '.join(f'{v:g}' for v in pair)}" if rule.threshold else "any"
    return lines


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=_FLOATS.get(column, "str")) for column in columns})
