"""The frames that submission is handed by `casework`, checked at the door."""

from __future__ import annotations

import pandas as pd

CLUE_COLUMNS = (
    "clue_no",
    "household_id",
    "township",
    "village",
    "village_group",
    "head",
    "members",
    "involved",
    "phone",
    "household_type",
    "level",
    "risks",
    "reasons",
    "category",
    "measures",
    "due",
    "last_conclusion",
)
"""One row a household to visit, best ranked first."""

DETAIL_COLUMNS = (
    "clue_no",
    "rule",
    "risk",
    "department",
    "dataset",
    "sentence",
    "value",
    "threshold",
    "file",
    "sheet",
    "row",
)
"""One row a signal of those households."""


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Raise `ValueError` when a frame lacks a column."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(
            f"The frame of {what} lacks {', '.join(missing)}; it needs {', '.join(columns)}."
        )
