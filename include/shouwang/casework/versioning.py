"""Versions of a submission: listed, restored."""

from __future__ import annotations

from typing import Any

from shouwang.casework.monthly import outdated, screen, screened_by
from shouwang.core.errors import ShouwangError
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.submissions import receiving
from shouwang.submissions.versions import history, restore
from shouwang.workspace.workspace import load_workspace


def versions(month: str, department: str) -> list[dict[str, Any]]:
    """Every version of a department's month."""
    return history(load_workspace(), Month.parse(month), department)


def restore_version(month: str, department: str, version: int, by: str) -> dict[str, Any]:
    """Put an older version in force again; a month that was screened is screened anew."""
    workspace, data_month = load_workspace(), Month.parse(month)
    reference = restore(workspace, data_month, department, version)
    for step in (receiving.validate, receiving.match, receiving.load):
        if reference["status"] == "refused":
            raise ShouwangError(reference["message"])
        reference = step(workspace, reference)
    with workspace.database.write() as connection:
        audit(connection, "restored", department, by, month=month, version=reference["version"])
        screened = screened_by(connection, data_month) is not None
    if screened:
        screen(month)
    return {**reference, "screened": screened, "outdated": outdated(workspace)}
