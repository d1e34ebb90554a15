"""Submissions (versions) in the database: what was handed over, what is in force, what became of
every row."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.clock import now, now_precisely
from shouwang.core.digests import short_digest
from shouwang.core.errors import RowsLost
from shouwang.county.contract import Contract
from shouwang.store.audit import audit
from shouwang.store.database import frame, insert
from shouwang.store.records import record_table
from shouwang.store.tables import late, run, submission, submission_row

log = logging.getLogger(__name__)

TAKEN, REFUSED, HELD, ANSWERED = "taken", "refused", "held", "answered"
"""What became of a version; ``held`` waits for a clerk's answer, ``answered`` is a refusal or
question that is over."""
OUTCOMES = ("matched", "review", "unmatched", "rejected", "duplicate", "void")


def submission_id(month: object, department: str, content: str, contract: str) -> str:
    """The name of a version: it follows from what was handed over and how it is read."""
    return short_digest(f"{month}|{department}|{content}|{contract}")


def _select(connection: Connection, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    """Submissions, by version."""
    query = sa.select(submission).where(*where).order_by(submission.c.version)
    return [dict(row) for row in connection.execute(query).mappings()]


def _of(month: object, department: str) -> sa.ColumnElement[bool]:
    return sa.and_(submission.c.month == str(month), submission.c.department == department)


def find(connection: Connection, identifier: str) -> dict[str, Any] | None:
    """A submission by its id."""
    return next(iter(_select(connection, submission.c.submission_id == identifier)), None)


def in_force(connection: Connection, month: object) -> dict[str, dict[str, Any]]:
    """The submissions in force for a month, by department."""
    rows = _select(connection, submission.c.month == str(month), submission.c.in_force)
    return {row["department"]: row for row in rows}


def latest(connection: Connection, month: object) -> dict[str, dict[str, Any]]:
    """The last version of each department for a month, in force or refused."""
    rows = _select(connection, submission.c.month == str(month))
    return {row["department"]: row for row in rows}


def versions(connection: Connection, month: object, department: str) -> list[dict[str, Any]]:
    """Every version of a department and month, the oldest first."""
    return _select(connection, _of(month, department))


def months_in_force(connection: Connection, contract: Contract) -> list[str]:
    """The months for which a submission of a dataset is in force, in order."""
    query = sa.select(submission.c.month).where(
        submission.c.in_force,
        submission.c.department == contract.department,
        submission.c.dataset == contract.dataset,
    )
    return list(connection.scalars(query.order_by(submission.c.month)))


def profiles_before(
    connection: Connection, month: object, department: str, count: int
) -> list[dict[str, Any]]:
    """The profiles (``quality.drift``) of a department's last submissions in force before a month,
    the newest first."""
    query = sa.select(submission.c.report).where(
        submission.c.month < str(month),
        submission.c.department == department,
        submission.c.in_force,
    )
    reports = connection.scalars(query.order_by(submission.c.month.desc()).limit(count))
    return [report["profile"] for report in reports if "profile" in report]


def looked_at(connection: Connection, first: object, last: object) -> list[str]:
    """A mark of every submission in force from month to month: it changes with what the submission
    was made of."""
    columns = ("month", "department", "submission_id", "registry")
    query = sa.select(*(submission.c[name] for name in columns)).where(
        submission.c.in_force, submission.c.month.between(str(first), str(last))
    )
    rows = sorted(map(tuple, connection.execute(query)))
    return [f"{identifier}-{registry}" for _, _, identifier, registry in rows]


def outdated(connection: Connection) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be
    screened again."""
    screened = connection.execute(sa.select(run.c.month, run.c.inputs).order_by(run.c.month)).all()
    return [
        month
        for month, inputs in screened
        if inputs["submissions"] != looked_at(connection, inputs.get("since", ""), month)
    ]


def declared_late(connection: Connection, month: object) -> set[str]:
    """Departments declared late for a month."""
    return set(connection.scalars(sa.select(late.c.department).where(late.c.month == str(month))))


def declare_late(connection: Connection, month: object, department: str) -> None:
    """Put on record that a department's waiting time for a month is over."""
    if department in declared_late(connection, month):
        return
    values = {"month": str(month), "department": department, "declared_at": now_precisely()}
    connection.execute(late.insert().values(**values))
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
    judged = {"status": status, "counts": dict(counts), "report": dict(report), "refusal": refusal}
    existing = find(connection, values["submission_id"])
    if existing is None:
        new = _insert(connection, values, judged)
        _audit(connection, status, new)
        return new
    same = submission.c.submission_id == existing["submission_id"]
    connection.execute(submission.update().where(same).values(**judged))
    return {**existing, **judged}


def answer_refusals(connection: Connection, month: object, department: str) -> None:
    """A department's refusals and questions of a month are over: what is in force came after them,
    or once more."""
    waiting = submission.c.status.in_([REFUSED, HELD])
    change = submission.update().where(_of(month, department), waiting)
    connection.execute(change.values(status=ANSWERED))


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

    ``lines`` has the columns of `submission_row` without ``submission_id``; ``records`` those of
    the contract's record table without it. A version that is already in force and was matched
    against the same registry is left as it is.
    """
    identifier = values["submission_id"]
    taken = {
        "status": TAKEN,
        "counts": conserved(lines, values),
        "report": dict(report),
        "refusal": None,
    }
    existing = find(connection, identifier)
    if existing and existing["in_force"] and existing["registry"] == values["registry"]:
        return existing
    table = record_table(contract)
    if existing is None:
        _insert(connection, values, taken)
    else:
        for written in (table, submission_row):
            connection.execute(written.delete().where(written.c.submission_id == identifier))
    insert(connection, submission_row, lines.assign(submission_id=identifier))
    insert(connection, table, records.assign(submission_id=identifier))
    month, department = values["month"], values["department"]
    connection.execute(submission.update().where(_of(month, department)).values(in_force=False))
    force = {"in_force": True, "registry": values["registry"], "inbox": values.get("inbox")}
    same = submission.c.submission_id == identifier
    connection.execute(submission.update().where(same).values(**taken, **force))
    answer_refusals(connection, month, department)
    (now_in_force,) = _select(connection, same)
    _audit(connection, "in_force", now_in_force)
    version, counts = now_in_force["version"], now_in_force["counts"]
    log.info("%s %s: version %d is in force, %s", department, month, version, counts)
    return now_in_force


def conserved(lines: pd.DataFrame, values: Mapping[str, Any]) -> dict[str, int]:
    """Counts by outcome; `RowsLost` unless they account for every row that was read (decision
    3)."""
    counted = lines["outcome"].value_counts()
    counts = {name: int(counted.get(name, 0)) for name in OUTCOMES}
    if sum(counts.values()) != values["rows"]:
        raise RowsLost(
            f"{values['department']} {values['month']}: {values['rows']} rows were read but "
            f"{sum(counts.values())} have an outcome. Nothing was written; please report this with "
            "the submission's id."
        )
    return {"rows": int(values["rows"]), **counts}


def _insert(
    connection: Connection, values: Mapping[str, Any], judged: Mapping[str, Any]
) -> dict[str, Any]:
    same = _of(values["month"], values["department"])
    last = connection.scalar(sa.select(sa.func.max(submission.c.version)).where(same))
    row = {column.name: values.get(column.name) for column in submission.columns} | {
        **judged,
        "version": (last or 0) + 1,
        "in_force": False,
        "files": list(values["files"]),
        "received_at": now(),
    }
    connection.execute(submission.insert().values(**row))
    return row


def _audit(connection: Connection, kind: str, row: Mapping[str, Any]) -> None:
    more = {"month": row["month"], "version": row["version"]}
    audit(connection, kind, row["department"], "shouwang", **more)


def lines_of(connection: Connection, month: object, *more: sa.ColumnElement[Any]) -> pd.DataFrame:
    """Every data row of the submissions in force for a month, department by department in the order
    of reading."""
    names = [c for c in submission_row.columns if c.name not in ("submission_id", "line_no")]
    query = (
        sa.select(submission.c.month, submission.c.department, submission.c.dataset, *names)
        .join_from(submission, submission_row)
        .where(submission.c.month == str(month), submission.c.in_force, *more)
        .order_by(submission.c.department, submission_row.c.line_no)
    )
    return frame(connection, query)
