"""``shouwang export``: matches, rejects, signals, warnings and cases as CSV for other tools."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import unknown
from shouwang.core.files import atomic_write
from shouwang.core.month import Month
from shouwang.documents.text import harmless
from shouwang.store.database import frame
from shouwang.store.submissions import lines_of
from shouwang.store.tables import case, signal, submission_row

KINDS = ("matches", "rejects", "signals", "warnings", "cases")
_PLACE = "month department dataset file sheet row outcome"
PROMISED = {
    "matches": f"{_PLACE} household_id method confidence correction",
    "rejects": f"{_PLACE} reason",
    "warnings": "month household_id level rules township village category risks state "
    "clue_no over missing",
}
"""The columns of the black-box interface, and ours behind them."""


def export(connection: Connection, kind: str, month: Month) -> pd.DataFrame:
    """The table of a kind for a month; columns as the black-box interface promises, more behind
    them."""
    match kind:
        case "matches":
            rows = lines_of(connection, month)
        case "rejects":
            outcomes = submission_row.c.outcome.in_(["rejected", "duplicate"])
            rows = lines_of(connection, month, outcomes)
        case "warnings":
            from shouwang.casework.warnings import month_warnings

            rows = month_warnings(connection, month).sort_values("household_id", ignore_index=True)
        case "signals":
            columns = [c for c in signal.columns if c.name not in ("signal_no", "sentence")]
            signals = sa.select(*columns).where(signal.c.month == str(month))
            return frame(connection, signals.order_by(signal.c.signal_no))
        case "cases":
            cases = sa.select(case).where(case.c.opened_month <= str(month))
            return frame(connection, cases.order_by(case.c.clue_no))
        case _:
            raise unknown("export", kind, KINDS)
    return rows[PROMISED[kind].split()]


def write_csv(rows: pd.DataFrame, out: Path) -> None:
    """Write a table as UTF-8 CSV with a mark, so that spreadsheets show the Chinese; whole or not
    at all.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    rows = rows.copy()
    for name in [name for name, kind in rows.dtypes.items() if kind == "str"]:
        rows[name] = rows[name].map(harmless, na_action="ignore")
    with atomic_write(out) as part:
        rows.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
