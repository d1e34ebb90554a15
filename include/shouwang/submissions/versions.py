"""Versions (版本) of a department's month: which there are, an older one in force
again."""

from __future__ import annotations

from typing import Any

from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.intake.files import find_files, fingerprint
from shouwang.store import submissions
from shouwang.submissions import receiving
from shouwang.submissions.arrival import Arrival
from shouwang.submissions.receiving import Reference
from shouwang.submissions.vault import kept
from shouwang.workspace.workspace import Workspace


def history(workspace: Workspace, month: Month, department: str) -> list[dict[str, Any]]:
    """Every version of a department's month, the oldest first; ``corrects`` is the version that
    receipts corrected."""
    receiving.contract_of(workspace, department)
    with workspace.database.read() as connection:
        versions = submissions.versions(connection, month, department)
    numbers = {version["content"]: version["version"] for version in reversed(versions)}
    return [
        {
            "version": v["version"],
            "status": "in force" if v["in_force"] else "refused" if v["refusal"] else v["status"],
            "received_at": v["received_at"],
            "files": v["files"],
            "corrects": numbers.get(v["base"]),
            "data_docs": str(workspace.validation_page_of(month, department, v["submission_id"])),
            **v["counts"],
            "message": v["refusal"],
        }
        for v in versions
    ]


def restore(workspace: Workspace, month: Month, department: str, number: int) -> Reference:
    """Read an older version again, as today's contract says, to put it in force; it stays until
    other files come."""
    version = _version(workspace, month, department, number)
    if version["status"] != submissions.TAKEN:
        raise UsageError(
            f"Version {number} of {department} {month} was refused as a whole; it cannot come into force."
        )
    reference = _reference(workspace, month, version)
    reference["inbox"] = fingerprint(find_files(workspace.inbox_of(month, department)))
    return receiving.read(workspace, reference)


def _version(workspace: Workspace, month: Month, department: str, number: int) -> dict[str, Any]:
    receiving.contract_of(workspace, department)
    with workspace.database.read() as connection:
        versions = submissions.versions(connection, month, department)
    for version in versions:
        if version["version"] == number:
            return version
    there = ", ".join(str(v["version"]) for v in versions) or "none"
    raise UsageError(f"{department} has no version {number} of {month}; there are: {there}.")


def _reference(workspace: Workspace, month: Month, version: dict[str, Any]) -> Reference:
    contract = receiving.contract_of(workspace, version["department"])
    files = kept(workspace, [version], lambda path: path, version["content"])
    return receiving.reference_to(
        workspace, contract, month, Arrival(version["content"], version["base"], files)
    )
