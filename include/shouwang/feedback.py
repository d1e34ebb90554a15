"""A workbook that came back, from the door to the receipt: passwords, one transaction, the township's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from shouwang.delivery.feedback_receipt import FeedbackPaper, write_feedback_receipt
from shouwang.errors import FileRefused
from shouwang.house import House
from shouwang.intake.files import fingerprint
from shouwang.month import Month
from shouwang.releasing import UNKNOWN_TOWNSHIP
from shouwang.returning import BLANK, KNOWN, PROBLEM, ROWS, TAKEN, Answered, Received, take_back
from shouwang.store.audit import audit
from shouwang.store.tables import release


def receive(house: House, path: Path, township: str | None = None) -> dict[str, Any]:
    """Take a file's rows and write the receipt into the township's outbox; counts, and problems with their place.

    Raises `FileRefused` when nothing of it can be read; where the sender is known, a receipt says so.
    """
    received = Received(path, house.now(), _passwords(house, path, township), township)
    settings = house.county.settings
    try:
        with house.database.write() as connection:
            answered = take_back(connection, settings, received)
            if taken := answered.count(TAKEN):
                audit(connection, "feedback", "feedback", "shouwang", str(answered.month), taken=taken)
            receipt = _write(house, received, answered)
    except FileRefused as refused:
        if township:
            _write(
                house,
                received,
                Answered(township, Month.of(received.at.date()), pd.DataFrame(columns=[*ROWS])),
                str(refused),
            )
        raise
    rows = answered.rows
    faulty = rows[rows["result"] == PROBLEM]
    return {
        "file": path.name,
        "township": answered.township,
        "rows": len(rows),
        "taken": answered.count(TAKEN),
        "known_already": answered.count(KNOWN),
        "blank": answered.count(BLANK),
        "problems": [
            {"sheet": sheet, "row": int(row), "problem": problem}
            for sheet, row, problem in zip(faulty["sheet"], faulty["row"], faulty["remark"], strict=True)
        ],
        "receipt": str(receipt),
    }


def _write(house: House, received: Received, answered: Answered, refused: str | None = None) -> Path:
    township = answered.township or UNKNOWN_TOWNSHIP
    folder = house.lists_of(answered.month, township)
    if answered.township is None:
        folder = house.county_papers_of(answered.month)
    path = folder / f"{township}反馈回执_{answered.month}_{fingerprint([received.path])[:8]}.xlsx"
    news = refused or answered.count(TAKEN) or answered.count(PROBLEM)
    if news or not path.exists():
        settings, blank = house.county.settings, answered.count(BLANK)
        paper = FeedbackPaper(
            settings.name, settings.office, township, received.path.name, received.at.date(), blank, refused
        )
        with house.outgoing(path) as part:
            write_feedback_receipt(part, paper, answered.rows[answered.rows["result"] != BLANK])
    return path


def _passwords(house: House, path: Path, township: str | None) -> tuple[str, ...]:
    """What may open the file: the passwords stored for the townships, those of the likeliest sender first."""
    with house.database.read() as connection:
        known = [*connection.scalars(sa.select(release.c.township).distinct().order_by(release.c.township))]
    likely = sorted(known, key=lambda name: (name != township, name not in path.name))
    return tuple(dict.fromkeys(password for name in likely for password in house.passwords_of(name)))
