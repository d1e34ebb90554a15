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

MATCHES = [
    "month",
    "department",
    "dataset",
    "file",
    "sheet",
    "row",
    "outcome",
    "household_id",
    "method",
    "confidence",
    "correction",
]
KINDS = ("matches", "rejects", "signals", "warnings", "cases")


def export(connection: Connection, kind: str, month: Month) -> pd.DataFrame:
    """The table of a kind for a month; columns as the black-box interface promises, more behind
    them."""
    match kind:
        case "matches":
            return lines_of(connection, month)[MATCHES]
        case "rejects":
            rows = lines_of(
                connection, month, submission_row.c.outcome.in_(["rejected", "duplicate"])
            )
            return rows[
                ["month", "department", "dataset", "file", "sheet", "row", "outcome", "reason"]
            ]
        case "signals":
            wanted = [c for c in signal.columns if c.name not in ("signal_no", "sentence")]
            return frame(
                connection,
                sa.select(*wanted).where(signal.c.month == str(month)).order_by(signal.c.signal_no),
            )
        case "warnings":
            from shouwang.casework.warnings import month_warnings

            rows = month_warnings(connection, month).sort_values("household_id", ignore_index=True)
            front = [
                "month",
                "household_id",
                "level",
                "rules",
                "township",
                "village",
                "category",
                "risks",
                "state",
            ]
            return rows[[*front, "clue_no", "over", "missing"]]
        case "cases":
            return frame(
                connection,
                sa.select(case).where(case.c.opened_month <= str(month)).order_by(case.c.clue_no),
            )
    raise unknown("export", kind, KINDS)


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
