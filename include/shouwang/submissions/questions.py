"""What intake could not be sure of, and what clerks answered: asked once, remembered for good,
revocable (待确认).

An answer becomes part of the contract that a department's files are read by (`taught`): a heading
one of its wordings, a value one of its spellings. Whatever was read by another contract is read
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core import clock
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.county.contract import Column, Contract
from shouwang.recognition.columns import Question
from shouwang.recognition.words import plain
from shouwang.store.audit import audit
from shouwang.store.tables import question

NONE = "none"
"""The answer that a heading or value is none of the candidates."""
COLUMN, VALUE, SUM, UNIT = "column", "value", "sum", "unit"
AS_IT_IS = "accept"
"""The answer that sums of another base are taken as they are."""


def ask(
    connection: Connection, month: Month, contract: Contract, questions: Iterable[Question]
) -> list[int]:
    """Put questions on record for a month's files; those of the department and month that no longer
    stand are dropped.

    Gives the ids of the questions that wait.
    """
    waiting = []
    for asked in questions:
        key = {
            "department": contract.department,
            "kind": asked.kind,
            "column": asked.column,
            "heading": asked.heading,
            "value": asked.value,
        }
        same = [question.c[name] == value for name, value in key.items()]
        row_of = connection.execute(sa.select(question).where(*same)).mappings().first()
        more = {"candidates": [*asked.candidates], "samples": [*asked.samples], "rows": asked.rows}
        if row_of is None:
            now = clock.now()
            row = {
                **key,
                **more,
                "dataset": contract.dataset,
                "months": [str(month)],
                "asked_at": now,
            }
            added = connection.execute(question.insert().values(**row)).inserted_primary_key
            waiting.append(int(added[0] if added else 0))
            continue
        months = sorted({*row_of["months"], str(month)})
        one = question.c.question_id == row_of["question_id"]
        connection.execute(question.update().where(one).values(months=months, **more))
        if row_of["answer"] is None:
            waiting.append(int(row_of["question_id"]))
    for known in open_questions(connection, contract.department):
        if str(month) in known["months"] and known["question_id"] not in waiting:
            _drop(connection, known, str(month))
    return waiting


def _drop(connection: Connection, known: Mapping[str, Any], month: str) -> None:
    """A question that the files of a month no longer raise."""
    months = [other for other in known["months"] if other != month]
    one = question.c.question_id == known["question_id"]
    connection.execute(
        question.update().where(one).values(months=months)
        if months
        else question.delete().where(one)
    )


def open_questions(connection: Connection, department: str | None = None) -> list[dict[str, Any]]:
    """Every question that waits for an answer, the oldest first."""
    return [row for row in every_question(connection, department) if row["answer"] is None]


def every_question(connection: Connection, department: str | None = None) -> list[dict[str, Any]]:
    """Every question, answered or not, the oldest first."""
    query = sa.select(question).order_by(question.c.question_id)
    if department:
        query = query.where(question.c.department == department)
    return [dict(row) for row in connection.execute(query).mappings()]


def holding(connection: Connection, month: str, department: str) -> list[int]:
    """The questions that hold a department's submission of a month back; values that are not known
    hold nothing back."""
    rows = open_questions(connection, department)
    return [row["question_id"] for row in rows if month in row["months"] and row["kind"] != VALUE]


def answered_since(
    connection: Connection, department: str, version: Mapping[str, Any] | None
) -> bool:
    """Whether something that a submission's report asks has an answer: whoever read it now would read
    it otherwise."""
    asked = ((version or {}).get("report") or {}).get("questions", ())
    keys = ("kind", "column", "heading", "value")
    raised = {tuple(one[key] for key in keys) for one in asked}
    known = every_question(connection, department) if raised else []
    return any(
        row["answer"] is not None and tuple(row[key] for key in keys) in raised for row in known
    )


def decide(
    connection: Connection,
    identifier: int,
    candidate: str,
    by: str,
    contracts: Mapping[str, Contract],
) -> dict[str, Any]:
    """Answer a question with one of its candidates, by name, wording or place in the list (``1``),
    or with ``none``.

    The same answer once more changes nothing: whoever was interrupted gives it again. Raises
    `UsageError` for a question that is not there or was answered, or an answer that it does not
    have.
    """
    known = _found(connection, identifier)
    chosen = _candidate(known, candidate, contracts[known["department"]])
    if known["answer"] == chosen:
        return known
    if known["answer"] is not None:
        raise UsageError(
            f"Question {identifier} was answered with {known['answer']}; revoke it first."
        )
    now = clock.now()
    connection.execute(
        question.update()
        .where(question.c.question_id == identifier)
        .values(answer=chosen, answered_by=by, answered_at=now)
    )
    audit(
        connection,
        "answered",
        str(identifier),
        by,
        department=known["department"],
        about=known["kind"],
        answer=chosen,
    )
    return {**known, "answer": chosen}


def revoke(connection: Connection, identifier: int, by: str) -> dict[str, Any]:
    """Take an answer back: the question waits again. Of one that waits already nothing changes."""
    known = _found(connection, identifier)
    if known["answer"] is None:
        return known
    empty = {"answer": None, "answered_by": None, "answered_at": None}
    connection.execute(
        question.update().where(question.c.question_id == identifier).values(**empty)
    )
    audit(
        connection,
        "revoked",
        str(identifier),
        by,
        department=known["department"],
        about=known["kind"],
    )
    return known


def _found(connection: Connection, identifier: int) -> dict[str, Any]:
    found = (
        connection.execute(sa.select(question).where(question.c.question_id == identifier))
        .mappings()
        .first()
    )
    if found is None:
        waiting = ", ".join(str(row["question_id"]) for row in open_questions(connection)) or "none"
        raise UsageError(
            f"There is no question {identifier}. Waiting: {waiting}. See `shouwang questions`."
        )
    return dict(found)


def _candidate(known: Mapping[str, Any], written: str, contract: Contract) -> str:
    """The candidate that somebody means; for a heading also any other column of the contract."""
    candidates: Sequence[str] = known["candidates"]
    written = written.strip()
    if written == NONE and known["kind"] not in (SUM, UNIT):
        return NONE
    if written.isdigit() and 1 <= int(written) <= len(candidates) and written not in candidates:
        return candidates[int(written) - 1]
    if written in candidates:
        return written
    if known["kind"] == COLUMN:
        if written in contract.columns:
            return written
        for name, column in contract.columns.items():
            if plain(written) in map(plain, column.wordings):
                return name
    raise UsageError(
        f"“{written}” is no answer to question {known['question_id']}; write one of: "
        f"{', '.join(candidates)}" + ("." if known["kind"] in (SUM, UNIT) else f", or {NONE}.")
    )


def taught(connection: Connection, contract: Contract) -> Contract:
    """The contract with what clerks have answered: headings among the wordings, values among the
    spellings."""
    answered = [
        row for row in every_question(connection, contract.department) if row["answer"] is not None
    ]
    if not answered:
        return contract
    columns: dict[str, Column] = dict(contract.columns)
    ignored = [*contract.ignored]
    update: dict[str, Any] = {}
    for row in answered:
        name, answer = row["column"], row["answer"]
        if row["kind"] == SUM:
            update["sums_as_they_are"] = True
        elif row["kind"] == UNIT:
            update["units"] = {**contract.units, **update.get("units", {}), row["heading"]: answer}
        elif row["kind"] == COLUMN and answer == NONE:
            ignored.append(row["heading"])
        elif row["kind"] == COLUMN and answer in columns:
            columns = {
                name: _without_wording(column, row["heading"]) for name, column in columns.items()
            }
            columns[answer] = _with_wording(columns[answer], row["heading"])
        elif row["kind"] == VALUE and name in columns:
            columns[name] = _with_value(columns[name], row["value"], answer)
    return contract.model_copy(update={"columns": columns, "ignored": tuple(ignored), **update})


def _with_wording(column: Column, heading: str) -> Column:
    return column.model_copy(
        update={"wordings": (*column.wordings, heading), "doubts": (), "excludes": ()}
    )


def _without_wording(column: Column, heading: str) -> Column:
    others = tuple(wording for wording in column.wordings if plain(wording) != plain(heading))
    return (
        column
        if others in ((), column.wordings)
        else column.model_copy(update={"wordings": others})
    )


def _with_value(column: Column, value: str, code: str) -> Column:
    if code == NONE:
        return column.model_copy(update={"meaningless": (*column.meaningless, value)})
    if code not in column.values:
        return column
    return column.model_copy(
        update={"values": {**column.values, code: (*column.values[code], value)}}
    )


def forget(connection: Connection, identifiers: Sequence[int], by: str) -> None:
    """Drop answers that the contract file says by now."""
    for identifier in identifiers:
        known = _found(connection, identifier)
        connection.execute(question.delete().where(question.c.question_id == identifier))
        audit(
            connection,
            "learnt",
            str(identifier),
            by,
            department=known["department"],
            about=known["kind"],
        )
