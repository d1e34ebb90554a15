"""Versions of a submission: listed, compared, restored."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shouwang.casework.monthly import outdated, screen
from shouwang.core.errors import ShouwangError
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.store.tables import run
from shouwang.submissions import receiving
from shouwang.workspace.workspace import load_workspace


def versions(month: str, department: str) -> list[dict[str, Any]]:
    """Every version of a department's month."""
    from shouwang.submissions.versions import history

    return history(load_workspace(), Month.parse(month), department)


def diff_versions(month: str, department: str, older: int = 0, newer: int = 0) -> dict[str, Any]:
    """Rows added, removed and changed between two versions: places and columns, no values."""
    from shouwang.submissions.versions import ADDED, CHANGED, REMOVED, before, diff

    workspace, of = load_workspace(), Month.parse(month)
    older, newer = before(workspace, of, department, older, newer)
    found = diff(workspace, of, department, older, newer)
    counts = {kind: int((found["change"] == kind).sum()) for kind in (ADDED, REMOVED, CHANGED)}
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    return {
        "month": month,
        "department": department,
        "from": older,
        "to": newer,
        "counts": counts,
        "rows": rows,
    }


def restore_version(month: str, department: str, version: int, by: str) -> dict[str, Any]:
    """Put an older version in force again; a month that was screened is screened anew."""
    from shouwang.submissions.versions import restore

    workspace, of = load_workspace(), Month.parse(month)
    reference = restore(workspace, of, department, version)
    for step in (receiving.validate, receiving.match, receiving.load):
        if reference["status"] == "refused":
            raise ShouwangError(reference["message"])
        reference = step(workspace, reference)
    with workspace.database.write() as connection:
        audit(connection, "restored", department, by, month=month, version=reference["version"])
        screened = connection.scalar(sa.select(run.c.month).where(run.c.month == month)) is not None
    if screened:
        screen(month)
    return {**reference, "screened": screened, "outdated": outdated(workspace)}
