"""What a clerk decides of the reviews (有待核实): lists written, choices taken, choices revoked."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from shouwang.core.errors import NotThereYet
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.workspace.workspace import load_workspace, safe_name

log = logging.getLogger(__name__)


def write_review(month: str, township: str | None = None, by: str = "shouwang") -> dict[str, Any]:
    """Write the month's list of what a clerk has to decide (有待核实), for the county or one
    township."""
    from shouwang.documents.review import ReviewPaper
    from shouwang.documents.review import write_review as write_paper
    from shouwang.matching.reviewing import reviews_of
    from shouwang.transfer.handout import hand_out, headed, put_out
    from shouwang.transfer.passwords import COUNTY

    workspace, of = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        reviews = reviews_of(connection, workspace, of, township)
    paper = ReviewPaper(**headed(workspace, township or COUNTY, by), month=of, township=township)
    write = partial(write_paper, paper=paper, reviews=reviews)
    with workspace.database.write() as connection:
        if township:
            name = f"{safe_name(township)}有待核实名单_{month}_{workspace.today().isoformat()}.xlsx"
            path = workspace.lists_of(of, township) / name
            hand_out(connection, workspace, of, township, name, by, write)
        else:
            name = f"{workspace.county.settings.name}有待核实名单_{month}.xlsx"
            path = workspace.county_papers_of(of) / name
            put_out(connection, workspace, path, of, COUNTY, by, write)
    return {"month": month, "reviews": len(reviews), "file": str(path)}


def load_review(file: str, by: str) -> dict[str, Any]:
    """Read a clerk's choices back and remember them; twice changes nothing."""
    from shouwang.matching.reviewing import take_decisions

    workspace, path = load_workspace(), Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the list that came back.")
    with workspace.database.write() as connection:
        answer = take_decisions(connection, workspace, path, by)
        if answer["taken"]:
            audit(connection, "decided", "review", by, taken=answer["taken"])
    counts = (answer[name] for name in ("rows", "taken", "known_already", "blank"))
    log.info("review list of %d rows: %d taken, %d known already, %d blank", *counts)
    return answer


def list_decisions() -> list[dict[str, Any]]:
    """The decisions in force: number, month, where they were made and by whom, whether somebody was
    chosen."""
    from shouwang.matching.reviewing import decisions_in_force

    with load_workspace().database.read() as connection:
        decisions = decisions_in_force(connection)
    decisions["none_of_them"] = decisions["chosen"].isna()
    shown = decisions[["decision_id", "month", "file", "row", "none_of_them", "decided_by"]]
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.to_numpy().tolist()]


def revoke_decision(number: int, by: str) -> dict[str, Any]:
    """Let a decision hold no longer."""
    from shouwang.matching.reviewing import revoke

    with load_workspace().database.write() as connection:
        revoke(connection, number, by)
        audit(connection, "revoked", f"decision {number}", by)
    return {"decision_id": number, "status": "revoked"}
