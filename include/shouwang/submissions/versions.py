"""Versions (版本) of a department's month: which there are, what changed between two, an older one
in force again."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.intake.files import find_files, fingerprint
from shouwang.recognition.reading import PLACE
from shouwang.store import submissions
from shouwang.submissions import receiving
from shouwang.submissions.arrival import Arrival
from shouwang.submissions.receiving import Reference
from shouwang.submissions.vault import kept
from shouwang.workspace.workspace import Workspace

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


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


def before(
    workspace: Workspace, month: Month, department: str, older: int, newer: int
) -> tuple[int, int]:
    """The two versions to compare: for 0, the last one, and the one before."""
    numbers = [version["version"] for version in history(workspace, month, department)]
    newer = newer or (numbers[-1] if numbers else 0)
    older = older or max((number for number in numbers if number < newer), default=0)
    if not older:
        raise UsageError(
            f"{department} has only {len(numbers)} version(s) of {month}; there is nothing to compare."
        )
    return older, newer


def diff(workspace: Workspace, month: Month, department: str, old: int, new: int) -> pd.DataFrame:
    """What differs between two versions: ``change, file, sheet, row, old_row, columns``; places
    only, no values.

    Rows are the same if every cell is; else they are paired by the contract's key, the identity
    number, name and village, or at last their place. ``file, sheet, row`` are those of the new
    version, for removed rows of the old one.
    """
    contract = receiving.contract_of(workspace, department)
    tables = [
        receiving.reading_of(
            workspace, _reference(workspace, month, _version(workspace, month, department, number))
        ).table
        for number in (old, new)
    ]
    return compare(tables[0], tables[1], contract)


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


def compare(old: pd.DataFrame, new: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """See `diff`; both are readings (docs/architecture.md) of one contract."""
    names = list(contract.columns)
    left, right = (table[[*PLACE, *names]].astype("str").fillna("") for table in (old, new))
    passes = [names, list(contract.key), [n for n in ("id_number",) if n in names]]
    passes += [[n for n in ("name", "township", "village") if n in names], PLACE]
    pairs = []
    for by in passes:
        if by:
            found = _paired(left, right, by)
            if by == PLACE:  # what only stands in the same place is the same row if most of it is
                same = (
                    left.loc[found["old"], names].to_numpy()
                    == right.loc[found["new"], names].to_numpy()
                )
                found = found.loc[same.mean(axis=1) >= 0.5]
            left, right = left.drop(index=list(found["old"])), right.drop(index=list(found["new"]))
            pairs.append(found)
    changed = pd.concat(pairs[1:], ignore_index=True)
    first, second = (
        table.loc[changed[side], names].astype("str").fillna("").reset_index(drop=True)
        for table, side in ((old, "old"), (new, "new"))
    )
    differs = (first != second).to_numpy().tolist()
    columns = [
        " ".join(name for name, other in zip(names, row, strict=True) if other) for row in differs
    ]
    rows = [
        new.loc[changed["new"], PLACE].assign(
            change=CHANGED, old_row=old.loc[changed["old"], "row"].to_numpy(), columns=columns
        ),
        new.loc[right.index, PLACE].assign(change=ADDED),
        old.loc[left.index, PLACE].assign(change=REMOVED),
    ]
    found = pd.concat(rows, ignore_index=True).reindex(
        columns=["change", *PLACE, "old_row", "columns"]
    )
    return found.astype({"old_row": "Int64"}).sort_values(
        ["file", "sheet", "row"], ignore_index=True
    )


def _paired(left: pd.DataFrame, right: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Index pairs ``old, new`` of rows that agree in these columns, the first with the first; blank
    ones do not."""
    sides = []
    for table in (left, right):
        table = table[(table[by] != "").any(axis=1)]
        key = pd.util.hash_pandas_object(table[by], index=False)
        sides.append(
            pd.DataFrame({"key": key, "nth": key.groupby(key).cumcount(), "at": table.index})
        )
    both = sides[0].merge(sides[1], on=["key", "nth"], suffixes=("_old", "_new"))
    return pd.DataFrame({"old": both["at_old"], "new": both["at_new"]})
