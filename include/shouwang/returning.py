"""Feedback: a township's filled-in workbook → answers on record, each with its file and row."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.delivery.township import read_back
from shouwang.store.database import insert
from shouwang.store.tables import case, feedback


def take_back(connection: Connection, path: Path, passwords: Sequence[str] = ()) -> dict[str, Any]:
    """Put the answers of one workbook on record; rows without an answer are counted, faulty ones reported with place."""
    rows = read_back(path, passwords)
    blank = rows["conclusion"].isna() & rows["problem"].isna()
    known = set(connection.scalars(sa.select(case.c.clue_no)))
    strange = rows["problem"].isna() & ~blank & ~rows["clue_no"].isin(known)
    rows["problem"] = rows["problem"].mask(strange, "台账里没有这个线索编号，请核对是否本县下发的名单")
    good = rows[~blank & rows["problem"].isna()].copy()
    good["visited"] = pd.to_datetime(good["visited"], errors="coerce")
    answers = ["clue_no", "conclusion", "reason", "visited", "visitor", "income", "measure"]
    text = good[answers].astype("str").fillna("").agg("\x1f".join, axis=1) if len(good) else pd.Series(dtype="str")
    good["content"] = text.map(lambda t: hashlib.sha256(t.encode()).hexdigest()[:16]).astype("str")
    seen = set(connection.scalars(sa.select(feedback.c.content)))
    fresh = good[~good["content"].isin(seen)].drop_duplicates("content")
    now = pd.Timestamp(dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0))
    columns = [*answers, "content", "row"]
    insert(connection, feedback, fresh[columns].assign(file=path.name, received_at=now))
    faulty = rows[rows["problem"].notna()]
    return {
        "file": path.name,
        "rows": len(rows),
        "taken": len(fresh),
        "known_already": len(good) - len(fresh),
        "blank": int(blank.sum()),
        "problems": [
            {"sheet": sheet, "row": int(row), "problem": problem}
            for sheet, row, problem in zip(faulty["sheet"], faulty["row"], faulty["problem"], strict=True)
        ],
    }
