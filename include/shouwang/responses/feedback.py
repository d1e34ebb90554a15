"""A workbook that came back, from the door to the receipt: passwords, one transaction, the
township's answer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import IO, Any

import pandas as pd
from sqlalchemy import Connection

from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core.errors import FileRefused
from shouwang.core.month import Month
from shouwang.documents.feedback_receipt import FeedbackPaper, write_feedback_receipt
from shouwang.documents.paper import SYSTEM
from shouwang.intake.files import fingerprint
from shouwang.responses.collecting import settle
from shouwang.responses.returning import (
    BLANK,
    HELD,
    KNOWN,
    PROBLEM,
    ROWS,
    TAKEN,
    Answered,
    Received,
    take_back,
)
from shouwang.store.audit import audit
from shouwang.transfer import passwords
from shouwang.transfer.fetching import opened
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace, safe_name


def receive(workspace: Workspace, path: Path, township: str | None = None) -> dict[str, Any]:
    """Take a file's rows and write the receipt into the township's outbox; counts, and problems
    with their place.

    Raises `FileRefused` when nothing of it can be read; where the sender is known, a receipt says
    so.
    """
    now = workspace.now().replace(
        microsecond=dt.datetime.now(workspace.zone).microsecond
    )  # of two words, which was the last
    received = Received(
        path, now, passwords.by_holder(workspace, f"{township or ''} {path.name}"), township
    )
    try:
        with workspace.database.write() as connection:
            answered = take_back(connection, workspace, received)
            if taken := answered.count(TAKEN):
                audit(
                    connection, "feedback", "feedback", "shouwang", str(answered.month), taken=taken
                )
            if answered.manifest:
                opened(connection, workspace, answered.manifest)
            receipt = _write(connection, workspace, received, answered)
            settle(connection, path)
    except FileRefused as refused:
        if township or refused.code == HELD:
            nothing = Answered(
                township or "", Month.of(received.at.date()) + -1, pd.DataFrame(columns=[*ROWS])
            )
            with workspace.database.write() as connection:
                _write(connection, workspace, received, nothing, refused)
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
            for sheet, row, problem in zip(
                faulty["sheet"], faulty["row"], faulty["remark"], strict=True
            )
        ],
        "receipt": receipt,
    }


def _write(
    connection: Connection,
    workspace: Workspace,
    received: Received,
    answered: Answered,
    refused: FileRefused | None = None,
) -> str:
    """The receipt, on its way to the township, or among the county's papers where nobody knows
    whose file it is."""
    township = answered.township or UNKNOWN_TOWNSHIP
    name = f"{safe_name(township)}反馈回执_{answered.month}_{fingerprint([received.path])[:8]}.xlsx"
    folder = (
        workspace.lists_of(answered.month, township)
        if answered.township
        else workspace.county_papers_of(answered.month)
    )
    if (
        not (refused or answered.count(TAKEN) or answered.count(PROBLEM))
        and (folder / name).exists()
    ):
        return name
    whose = answered.township or COUNTY
    paper = FeedbackPaper(
        **headed(workspace, whose),
        township=township,
        file=received.path.name,
        blank=answered.count(BLANK),
        refused=str(refused) if refused else None,
        held=refused is not None and refused.code == HELD,
    )

    def write(part: IO[bytes]) -> None:
        write_feedback_receipt(part, paper, answered.rows[answered.rows["result"] != BLANK])

    if answered.township:
        hand_out(connection, workspace, answered.month, township, name, SYSTEM, write)
    else:
        put_out(connection, workspace, folder / name, answered.month, COUNTY, SYSTEM, write)
    return name
