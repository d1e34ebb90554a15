"""What intake could not be sure of: the questions that wait, an answer, and an answer taken
back."""

from __future__ import annotations

from typing import Any

from shouwang.core.errors import NotThereYet
from shouwang.submissions import questions as asked
from shouwang.submissions.handover import receive
from shouwang.submissions.receiving import contract_of
from shouwang.workspace.workspace import Workspace, load_workspace

SHOWN = (
    "department",
    "dataset",
    "kind",
    "column",
    "heading",
    "value",
    "candidates",
    "samples",
    "rows",
    "months",
)


def questions(department: str | None = None, answered: bool = False) -> list[dict[str, Any]]:
    """The questions that wait, the oldest first; with ``answered`` those that have an answer
    instead.

    Each with ``id, whose`` (the department's title), ``month`` (the newest whose files raise it)
    and what `SHOWN` names; ``title`` says the column, ``choices`` the candidates and ``answered``
    the answer in the department's words.
    """
    workspace = load_workspace()
    if department:
        contract_of(workspace, department)
    with workspace.database.read() as connection:
        rows = asked.every_question(connection, department)
    return [_shown(workspace, row) for row in rows if (row["answer"] is not None) == answered]


def _shown(workspace: Workspace, row: dict[str, Any]) -> dict[str, Any]:
    contract = workspace.county.contracts.get(row["department"])
    columns = contract.columns if contract else {}

    def called(name: str) -> str:
        return columns[name].wordings[0] if name in columns else name

    choices = [called(name) if row["kind"] == asked.COLUMN else name for name in row["candidates"]]
    return {
        "id": row["question_id"],
        "whose": contract.title if contract else row["department"],
        "month": max(row["months"], default=""),
        **{name: row[name] for name in SHOWN},
        "title": called(row["column"]),
        "choices": choices,
        "asked_at": row["asked_at"],
        "answer": row["answer"],
        "answered": called(row["answer"] or "") if row["kind"] == asked.COLUMN else row["answer"],
        "answered_by": row["answered_by"],
        "answered_at": row["answered_at"],
    }


def waiting(month: str, department: str) -> list[int]:
    """The questions that hold a department's submission of a month back."""
    with load_workspace().database.read() as connection:
        return asked.holding(connection, month, department)


def answer_question(
    identifier: int, candidate: str, by: str, reread: bool = True
) -> dict[str, Any]:
    """Answer a question; what lies there of the months that raised it is read again at once, unless
    told not to."""
    workspace = load_workspace()
    with workspace.database.write() as connection:
        known = asked.decide(connection, identifier, candidate, by, workspace.county.contracts)
    return _done(known, reread)


def revoke_answer(identifier: int, by: str, reread: bool = True) -> dict[str, Any]:
    """Take an answer back; the files that it was used for are read again without it."""
    with load_workspace().database.write() as connection:
        known = asked.revoke(connection, identifier, by)
    return _done(known, reread)


def _done(known: dict[str, Any], reread: bool) -> dict[str, Any]:
    department = known["department"]
    read = [_read_on(month, department) for month in known["months"]] if reread else []
    return {
        "id": known["question_id"],
        "department": department,
        "answer": known["answer"],
        "months": known["months"],
        "read": read,
    }


def _read_on(month: str, department: str) -> dict[str, Any]:
    """What became of a month that is read on; of one that has been deleted since, ``gone``."""
    try:
        one = receive(month, department)
    except NotThereYet:
        return {"month": month, "status": "gone", "rows": None}
    return {"month": month, "status": one["status"], "rows": one.get("rows")}


def learn_contract(department: str, by: str) -> dict[str, Any]:
    """Write what the answers add into a department's contract file; see `learning.learn`."""
    from shouwang.submissions.learning import learn

    workspace = load_workspace()
    contract_of(workspace, department)
    return learn(workspace, department, by)
