"""Submissions (versions) in the database: what was handed over, what is in force, what became of
every row."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import RowsLost
from shouwang.county.contract import Contract
from shouwang.store.audit import audit
from shouwang.store.database import frame, insert
from shouwang.store.records import record_table
from shouwang.store.tables import late, run, submission, submission_row

TAKEN, REFUSED, HELD, ANSWERED = "taken", "refused", "held", "answered"
"""What became of a version; ``held`` waits for a clerk's answer, ``answered`` is a refusal or
question that is over."""
OUTCOMES = ("matched", "review", "unmatched", "rejected", "duplicate", "void")


def submission_id(month: object, department: str, content: str, contract: str) -> str:
    """The name of a version: it follows from what was handed over and how it is read."""
    return hashlib.sha256(f"{month}|{department}|{content}|{contract}".encode()).hexdigest()[:16]


def find(connection: Connection, identifier: str) -> dict[str, Any] | None:
    """A submission by its id."""
    found = (
        connection.execute(sa.select(submission).where(submission.c.submission_id == identifier))
        .mappings()
        .first()
    )
    return dict(found) if found else None


def in_force(connection: Connection, month: object) -> dict[str, dict[str, Any]]:
    """The submissions in force for a month, by department."""
    rows = connection.execute(
        sa.select(submission).where(submission.c.month == str(month), submission.c.in_force)
    ).mappings()
    return {row["department"]: dict(row) for row in rows}


def months_in_force(connection: Connection, contract: Contract) -> list[str]:
    """The months for which a submission of a dataset is in force, in order."""
    query = sa.select(submission.c.month).where(
        submission.c.in_force,
        submission.c.department == contract.department,
        submission.c.dataset == contract.dataset,
    )
    return list(connection.scalars(query.order_by(submission.c.month)))


def versions(connection: Connection, month: object, department: str) -> list[dict[str, Any]]:
    """Every version of a department and month, the oldest first."""
    query = sa.select(submission).where(
        submission.c.month == str(month), submission.c.department == department
    )
    return [
        dict(row) for row in connection.execute(query.order_by(submission.c.version)).mappings()
    ]


def profiles_before(
    connection: Connection, month: object, department: str, count: int
) -> list[dict[str, Any]]:
    """The profiles (``quality.drift``) of a department's last submissions in force before a month,
    the newest first."""
    query = (
        sa.select(submission.c.report)
        .where(
            submission.c.month < str(month),
            submission.c.department == department,
            submission.c.in_force,
        )
        .order_by(submission.c.month.desc())
        .limit(count)
    )
    return [report["profile"] for report in connection.scalars(query) if "profile" in report]


def looked_at(connection: Connection, first: object, last: object) -> list[str]:
    """A mark of every submission in force from month to month: it changes with what the submission was
    made of."""
    columns = (
        submission.c.month,
        submission.c.department,
        submission.c.submission_id,
        submission.c.registry,
    )
    known = connection.execute(sa.select(*columns).where(submission.c.in_force))
    return [
        f"{d}-{registry}"
        for month, _, d, registry in sorted(known)
        if str(first) <= month <= str(last)
    ]


def outdated(connection: Connection) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be
    screened again."""
    screened = connection.execute(sa.select(run.c.month, run.c.inputs).order_by(run.c.month)).all()
    return [
        m
        for m, inputs in screened
        if inputs["submissions"] != looked_at(connection, inputs.get("since", ""), m)
    ]


def latest(connection: Connection, month: object) -> dict[str, dict[str, Any]]:
    """The last version of each department for a month, in force or refused."""
    query = (
        sa.select(submission).where(submission.c.month == str(month)).order_by(submission.c.version)
    )
    return {row["department"]: dict(row) for row in connection.execute(query).mappings()}


def declared_late(connection: Connection, month: object) -> set[str]:
    """Departments declared late for a month."""
    return set(connection.scalars(sa.select(late.c.department).where(late.c.month == str(month))))


def declare_late(connection: Connection, month: object, department: str) -> None:
    """Put on record that a department's waiting time for a month is over."""
    if department in declared_late(connection, month):
        return
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    connection.execute(
        late.insert().values(month=str(month), department=department, declared_at=now)
    )
    audit(connection, "declared_late", department, "shouwang", month=str(month))


def record_refusal(
    connection: Connection,
    values: Mapping[str, Any],
    counts: Mapping[str, int],
    report: Mapping[str, Any],
    refusal: str | None,
    status: str = REFUSED,
) -> dict[str, Any]:
    """Put a refused or held file on record; an older version stays in force.

    The same file judged again says what it is judged now.
    """
    known = find(connection, values["submission_id"])
    if known is None:
        known = _insert(connection, values, status, False, counts, report, refusal)
        audit(
            connection,
            status,
            values["department"],
            "shouwang",
            month=values["month"],
            version=known["version"],
        )
        return known
    now = {"status": status, "counts": dict(counts), "report": dict(report), "refusal": refusal}
    connection.execute(
        submission.update()
        .where(submission.c.submission_id == known["submission_id"])
        .values(**now)
    )
    return {**known, **now}


def answer_refusals(connection: Connection, month: object, department: str) -> None:
    """A department's refusals and questions of a month are over: what is in force came after them,
    or once more."""
    over = submission.c.status.in_([REFUSED, HELD])
    refusals = (submission.c.month == str(month), submission.c.department == department, over)
    connection.execute(submission.update().where(*refusals).values(status=ANSWERED))


def put_in_force(
    connection: Connection,
    values: Mapping[str, Any],
    contract: Contract,
    report: Mapping[str, Any],
    lines: pd.DataFrame,
    records: pd.DataFrame,
) -> dict[str, Any]:
    """Write a submission's lines and records and make it the version in force, all in the caller's
    transaction.

    ``lines`` has the columns of `submission_row` without ``submission_id``; ``records`` those of the contract's
    record table without it. A version that is already in force and was matched against the same
    registry is left as it is.
    """
    identifier = values["submission_id"]
    counts = conserved(lines, values)
    known = find(connection, identifier)
    if known and known["in_force"] and known["registry"] == values["registry"]:
        return known
    table = record_table(contract)
    if known is None:
        known = _insert(connection, values, TAKEN, False, counts, report, None)
    else:
        connection.execute(table.delete().where(table.c.submission_id == identifier))
        connection.execute(
            submission_row.delete().where(submission_row.c.submission_id == identifier)
        )
    insert(connection, submission_row, lines.assign(submission_id=identifier))
    insert(connection, table, records.assign(submission_id=identifier))
    same = sa.and_(
        submission.c.month == values["month"], submission.c.department == values["department"]
    )
    connection.execute(submission.update().where(same).values(in_force=False))
    connection.execute(
        submission.update()
        .where(submission.c.submission_id == identifier)
        .values(
            in_force=True,
            status=TAKEN,
            refusal=None,
            registry=values["registry"],
            inbox=values.get("inbox"),
            counts=dict(counts),
            report=dict(report),
        )
    )
    answer_refusals(connection, values["month"], values["department"])
    audit(
        connection,
        "in_force",
        values["department"],
        "shouwang",
        month=values["month"],
        version=known["version"],
    )
    return find(connection, identifier) or known


def conserved(lines: pd.DataFrame, values: Mapping[str, Any]) -> dict[str, int]:
    """Counts by outcome; `RowsLost` unless they account for every row that was read (decision
    3)."""
    counted = lines["outcome"].value_counts()
    counts = {name: int(counted.get(name, 0)) for name in OUTCOMES}
    if sum(counts.values()) != values["rows"]:
        raise RowsLost(
            f"{values['department']} {values['month']}: {values['rows']} rows were read but {sum(counts.values())} have "
            "an outcome. Nothing was written; please report this with the submission's id."
        )
    return {"rows": int(values["rows"]), **counts}


def _insert(
    connection: Connection,
    values: Mapping[str, Any],
    status: str,
    force: bool,
    counts: Any,
    report: Any,
    refusal: Any,
) -> dict[str, Any]:
    same = sa.and_(
        submission.c.month == values["month"], submission.c.department == values["department"]
    )
    version = (connection.scalar(sa.select(sa.func.max(submission.c.version)).where(same)) or 0) + 1
    names = (
        "submission_id",
        "month",
        "department",
        "dataset",
        "content",
        "contract",
        "registry",
        "base",
        "inbox",
    )
    row = {name: values.get(name) for name in names} | {
        "version": version,
        "status": status,
        "in_force": force,
        "counts": dict(counts),
        "report": dict(report),
        "refusal": refusal,
        "files": list(values["files"]),
        "received_at": dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
    }
    connection.execute(submission.insert().values(**row))
    return row


def lines_of(connection: Connection, month: object, *more: sa.ColumnElement[Any]) -> pd.DataFrame:
    """Every data row of the submissions in force for a month, department by department in the order
    of reading."""
    columns = [c for c in submission_row.columns if c.name not in ("submission_id", "line_no")]
    query = (
        sa.select(submission.c.month, submission.c.department, submission.c.dataset, *columns)
        .select_from(
            submission.join(
                submission_row, submission_row.c.submission_id == submission.c.submission_id
            )
        )
        .where(submission.c.month == str(month), submission.c.in_force, *more)
        .order_by(submission.c.department, submission_row.c.line_no)
    )
    return frame(connection, query)
