"""A query's frame has the dtypes of its columns, whatever it found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from shouwang.store.database import Database, frame
from shouwang.store.migrate import migrate
from shouwang.store.tables import decision, dispatch, feedback, submission

COLUMNS = (
    feedback.c.clue_no,
    feedback.c.reason,
    feedback.c.row,
    feedback.c.income,
    feedback.c.received_at,
    feedback.c.visited,
)
TYPED = ["str", "str", "int64", "float64", "datetime64[us]", "object"]


def dtypes(rows: pd.DataFrame) -> list[str]:
    return [str(kind) for kind in rows.dtypes]


def test_the_frame_of_no_rows_has_them_too(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shouwang.db'}")
    migrate(database, [])
    answer = {"content": "a", "clue_no": "C1", "conclusion": "01", "file": "a.xlsx", "row": 3}
    with database.write() as connection:
        assert dtypes(frame(connection, sa.select(*COLUMNS))) == TYPED
        now = dt.datetime(2026, 10, 12, 9)
        connection.execute(feedback.insert().values(**answer, received_at=now))
        nothing = frame(connection, sa.select(*COLUMNS))
        assert dtypes(nothing) == TYPED, "reason, income and visited are missing"
        assert nothing["income"].isna().all()
        assert dtypes(frame(connection, sa.select(dispatch.c.sent_at))) == ["datetime64[us]"]
        assert dtypes(frame(connection, sa.select(submission.c.in_force))) == ["bool"]
        both = sa.union_all(sa.select(decision.c.month), sa.select(submission.c.month))
        assert dtypes(frame(connection, both)) == ["str"]
        assert dtypes(frame(connection, sa.text("SELECT 1 AS a, 'x' AS b"))) == ["int64", "str"]
