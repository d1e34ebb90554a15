"""A workbook that came back, from the door to the receipt: passwords, one transaction, the
township's answer."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import IO, Any

import pandas as pd
from sqlalchemy import Connection

from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core import clock
from shouwang.core.errors import FileRefused
from shouwang.core.month import Month
from shouwang.documents.feedback_receipt import FeedbackPaper, write_feedback_receipt
from shouwang.documents.paper import SYSTEM
from shouwang.intake.files import fingerprint
from shouwang.responses.answers import BLANK, HELD, KNOWN, PROBLEM, TAKEN, Received
from shouwang.responses.collecting import settle
from shouwang.responses.returning import ROWS, Answered, take_back
from shouwang.store.audit import audit
from shouwang.transfer import passwords
from shouwang.transfer.fetching import opened
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace, safe_name

log = logging.getLogger(__name__)


def receive(workspace: Workspace, path: Path, township: str | None = None) -> dict[str, Any]:
    """Take a file's rows and write the receipt into the township's outbox; counts, and problems
    with their place. Of a file that is refused nothing is taken (``refused``, and whether it is
    ``held``); where the sender is known, a receipt says so."""
    began = time.monotonic()
    received = Received(
        path,
        clock.local_now(workspace.zone),  # to the microsecond: of two words, which was the last
        passwords.by_holder(workspace, f"{township or ''} {path.name}"),
        township,
    )
    try:
        with workspace.database.write() as connection:
            answered = take_back(connection, workspace, received)
            if taken := answered.count(TAKEN):
                month = str(answered.month)
                audit(connection, "feedback", "feedback", "shouwang", month, taken=taken)
            if name := answered.list_name:
                opened(connection, workspace, name.month, name.township, name.version)
            receipt = _write(connection, workspace, received, answered)
            settle(connection, path)
    except FileRefused as refused:
        return _refused(workspace, received, refused)
    rows = answered.rows
    problems = rows.loc[rows["result"] == PROBLEM, ["sheet", "row", "remark"]]
    counts = {"taken": taken, "known_already": answered.count(KNOWN)}
    counts["blank"] = answered.count(BLANK)
    seconds = time.monotonic() - began
    log.info("Response read: %s, %d problems, %.1f s.", counts, len(problems), seconds)
    return {
        "file": path.name,
        "township": answered.township,
        "rows": len(rows),
        **counts,
        "problems": [
            {"sheet": sheet, "row": int(row), "problem": remark}
            for sheet, row, remark in problems.itertuples(index=False)
        ],
        "receipt": receipt,
    }


def _refused(workspace: Workspace, received: Received, refused: FileRefused) -> dict[str, Any]:
    held = refused.code == HELD
    if received.township or held:
        month = Month.of(received.at.date()) + -1
        nothing = Answered(received.township or "", month, pd.DataFrame(columns=[*ROWS]))
        with workspace.database.write() as connection:
            _write(connection, workspace, received, nothing, refused)
    log.info("Response refused: %s.", refused.code)
    counts = dict.fromkeys(("taken", "known_already", "blank"), 0)
    file = received.path.name
    return {"file": file, **counts, "problems": [], "refused": str(refused), "held": held}


def _write(
    connection: Connection,
    workspace: Workspace,
    received: Received,
    answered: Answered,
    refused: FileRefused | None = None,
) -> str:
    """The receipt, on its way to the township, or among the county's papers where nobody knows
    whose file it is; none is written anew for a file that says nothing new."""
    month, township = answered.month, answered.township
    folder = workspace.county_papers_of(month)
    if township:
        folder = workspace.lists_of(month, township)
    whose = township or UNKNOWN_TOWNSHIP
    name = f"{safe_name(whose)}反馈回执_{month}_{fingerprint([received.path])[:8]}.xlsx"
    news = refused or answered.count(TAKEN) or answered.count(PROBLEM)
    if not news and (folder / name).exists():
        return name
    paper = FeedbackPaper(
        **headed(workspace, township or COUNTY),
        township=whose,
        file=received.path.name,
        blank=answered.count(BLANK),
        refused=str(refused) if refused else None,
        held=refused is not None and refused.code == HELD,
    )

    def write(part: IO[bytes]) -> None:
        write_feedback_receipt(part, paper, answered.rows[answered.rows["result"] != BLANK])

    if township:
        hand_out(connection, workspace, month, township, name, SYSTEM, write)
    else:
        put_out(connection, workspace, folder / name, month, COUNTY, SYSTEM, write)
    return name
