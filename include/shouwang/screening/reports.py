"""The other two channels (农户自主申报, 干部排查): what they report is a signal of its month like a
department's."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.store.database import frame
from shouwang.store.tables import report

CHANNEL_NAMES = {"SELF-1": "农户自主申报", "OFFI-1": "干部排查"}
"""The rule-like codes of the channels; they stand where a department and its rule would."""
_SAID = ("content", "rule", "risk", "household_id", "person_id", "sentence", "file", "sheet", "row")


def reported(connection: Connection, month: Month) -> pd.DataFrame:
    """What was reported for a month, as signals (`screening.signals`) that measure nothing; with
    ``content``."""
    query = sa.select(*(report.c[name] for name in _SAID)).where(report.c.month == str(month))
    rows = frame(connection, query.order_by(report.c.content))
    figures = {
        name: pd.Series(pd.NA, index=rows.index, dtype="Float64").astype("float64")
        for name in ("value", "threshold")
    }
    return rows.assign(
        department=rows["rule"],
        dataset=rows["rule"],
        submission_month=str(month),
        over=1.0,
        **figures,
    ).astype({name: "str" for name in _SAID if name != "row"})
