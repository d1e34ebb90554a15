"""The frames that papers are made of, checked at the door; their columns stand in ``papers.yaml``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from shouwang.documents.template import specs

_LIST = specs()["township.xlsx"].tables

CLUE_COLUMNS = tuple(name for name in _LIST["rows"] if name != "check_code")
"""One row a household to visit, best ranked first."""

DETAIL_COLUMNS = tuple(name for name in _LIST["details"] if name not in ("village", "head"))
"""One row a signal of those households."""

DEPARTMENT_COLUMNS = specs()["summary.xlsx"].tables["departments"]
"""One row a dataset that was due: names and state (已接收, 整份退回, 未报送 …) in Chinese, null
where there is none."""

OVERDUE_COLUMNS = specs()["supervision.xlsx"].tables["rows"]
"""One row a clue without an answer; ``days_late``: since it was due."""


def require_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `ValueError` when a frame lacks a column."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(
            f"The frame of {what} lacks {', '.join(missing)}; it needs {', '.join(columns)}."
        )
