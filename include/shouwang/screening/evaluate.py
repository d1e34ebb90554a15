"""Screening one month: pure and deterministic, so that the month itself, a what-if and a backtest
can all call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.screening import grading
from shouwang.screening import households as homes_
from shouwang.screening import signals as signals_
from shouwang.screening.comparing import PLACE
from shouwang.screening.conditions import worth
from shouwang.screening.evidence import Evidence, gather, ordered
from shouwang.screening.rules import Rule, RuleBook

SIGNALS = signals_.COLUMNS
WARNINGS = grading.COLUMNS
_FLOATS = {"value": "float64", "threshold": "float64", "over": "float64", "row": "int64"}


@dataclass(frozen=True)
class Screening:
    """What a month's records say.

    ``signals`` (`SIGNALS`), sorted by household, rule and place; ``warnings`` (`WARNINGS`), the
    most urgent first; ``parameters``: every value that was used, for the run's record; ``silent``:
    why rules that compare submissions could not be applied, in Chinese.
    """

    signals: pd.DataFrame
    warnings: pd.DataFrame
    parameters: dict[str, float | str]
    silent: tuple[str, ...] = ()


def screen(
    book: RuleBook,
    month: Month,
    records: Mapping[str, pd.DataFrame],
    people: pd.DataFrame,
    reported: pd.DataFrame | None = None,
) -> Screening:
    """Apply the rules in force to the matched rows of a month and those before it.

    ``records``: ``department.dataset`` → its matched rows (see docs/architecture.md); a department
    that is late is simply not there. ``people``: the registry as of the month. ``reported``:
    signals that no rule makes (`casework.reports`); a household is graded by all its signals.
    Raises `ConfigError` when a rule asks for a column that the records do not have or a parameter
    has no value for that month.
    """
    evidence = gather(
        book, month, ordered(book, records), homes_.households(people, book), homes_.persons(people)
    )
    told: dict[str, pd.DataFrame | str] = {
        rule.key: said(rule, evidence) for rule in book.in_force(month)
    }
    return conclude(evidence, told if reported is None else told | {"": reported})


def said(rule: Rule, evidence: Evidence) -> pd.DataFrame | str:
    """What `signals.fire` gives for a rule, or why it is silent this month."""
    return signals_.silent(rule, evidence) or signals_.fire(rule, evidence)


def conclude(evidence: Evidence, of_rules: Mapping[str, pd.DataFrame | str]) -> Screening:
    """Put together what each rule said."""
    parameters = used(evidence.book, evidence.month)
    silent = tuple(reason for reason in of_rules.values() if isinstance(reason, str))
    fired = [found for found in of_rules.values() if not isinstance(found, str) and len(found)]
    if not fired:
        return Screening(_empty(SIGNALS), _empty(WARNINGS), parameters, silent)
    found = pd.concat(fired, ignore_index=True)
    found = found.sort_values(["household_id", "rule", *PLACE], kind="stable", ignore_index=True)
    return Screening(found[SIGNALS], grading.warnings(found, evidence), parameters, silent)


def used(book: RuleBook, month: Month) -> dict[str, float | str]:
    """The parameters' values of that month, and each rule in force with its line, as in ``MED-1: >=
    6000 / 10000``."""
    values = book.values(month)
    lines: dict[str, float | str] = dict(values)
    for rule in book.in_force(month):
        bounds = dict.fromkeys(rule.threshold.pair) if rule.threshold else {}
        pair = [f"{worth(bound, values):g}" for bound in bounds]
        lines[rule.key] = f"{rule.compare} {' / '.join(pair)}" if pair else "any"
    return lines


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({column: pd.Series(dtype=_FLOATS.get(column, "str")) for column in columns})
