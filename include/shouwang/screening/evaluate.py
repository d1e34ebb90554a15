"""Screening one month: pure and deterministic, so that the month itself and a trial of changed
rules can both call it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from shouwang.core.month import Month
from shouwang.screening import grading, households
from shouwang.screening import signals as signals_
from shouwang.screening.comparing import PLACE
from shouwang.screening.conditions import worth
from shouwang.screening.evidence import Evidence, gather, ordered
from shouwang.screening.rules import Rule, RuleBook

SIGNALS = signals_.COLUMNS
WARNINGS = grading.COLUMNS
_NUMBERS = {"value": "float64", "threshold": "float64", "over": "float64", "row": "int64"}
log = logging.getLogger(__name__)


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
    start = time.monotonic()
    homes, persons = households.households(people, book), households.persons(people)
    evidence = gather(book, month, ordered(book, records), homes, persons)
    of_rules: dict[str, pd.DataFrame | str] = {
        rule.key: signals_of(rule, evidence) for rule in book.in_force(month)
    }
    screening = conclude(evidence, of_rules if reported is None else of_rules | {"": reported})
    log.info(
        "screened %s: %d records, %d rules (%d silent), %d signals, %d warnings, %.1f s",
        *(month, sum(map(len, records.values())), len(of_rules), len(screening.silent)),
        *(len(screening.signals), len(screening.warnings), time.monotonic() - start),
    )
    return screening


def signals_of(rule: Rule, evidence: Evidence) -> pd.DataFrame | str:
    """What `signals.fire` gives for a rule, or why it is silent this month."""
    return signals_.silent(rule, evidence) or signals_.fire(rule, evidence)


def conclude(evidence: Evidence, of_rules: Mapping[str, pd.DataFrame | str]) -> Screening:
    """Put together what each rule said."""
    parameters = _used(evidence)
    silent = tuple(reason for reason in of_rules.values() if isinstance(reason, str))
    fired = [rows for rows in of_rules.values() if not isinstance(rows, str) and len(rows)]
    if not fired:
        return Screening(_empty(SIGNALS), _empty(WARNINGS), parameters, silent)
    order = ["household_id", "rule", *PLACE]
    signals = pd.concat(fired, ignore_index=True)
    signals = signals.sort_values(order, kind="stable", ignore_index=True)
    return Screening(signals[SIGNALS], grading.warnings(signals, evidence), parameters, silent)


def _used(evidence: Evidence) -> dict[str, float | str]:
    """The parameters' values of that month, and each rule in force with its line, as in ``MED-1: >=
    6000 / 10000``."""
    lines: dict[str, float | str] = dict(evidence.parameters)
    for rule in evidence.book.in_force(evidence.month):
        pair = dict.fromkeys(rule.threshold.pair) if rule.threshold else {}
        shown = " / ".join(f"{worth(bound, evidence.parameters):g}" for bound in pair)
        lines[rule.key] = f"{rule.compare} {shown}" if shown else "any"
    return lines


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=_NUMBERS.get(name, "str")) for name in columns})
