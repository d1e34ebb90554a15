"""A month's clues from what is there, and its figures."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from shouwang.core.errors import NotThereYet
from shouwang.core.month import Month
from shouwang.screening.rulebook import load_rulebook
from shouwang.screening.rules import RuleBook
from shouwang.store import submissions
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, run
from shouwang.submissions import receiving
from shouwang.submissions.handover import settled
from shouwang.workspace.workspace import Workspace, load_workspace

log = logging.getLogger(__name__)

SCREENING = "1"
"""Raised when the same records would be screened otherwise than before."""


def settle(month: str, by: str) -> dict[str, Any]:
    """What `settled` says, and whether that is ``news``: it differs from what was told of last, or
    ``by`` told of that.

    ``by`` is whoever tells (a run of Airflow): killed in between, it tells again; others do not
    tell the same once more.
    """
    workspace, state = load_workspace(), settled(month)
    if not state["settled"]:
        return {**state, "news": False}
    last = sa.select(audit_event.c.detail).where(
        audit_event.c.kind == "settled", audit_event.c.month == month
    )
    with workspace.turn(f"{month} settling"), workspace.database.write() as connection:
        what = [*submissions.looked_at(connection, month, month), state["missing"], state["late"]]
        print_ = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
        told = connection.scalar(last.order_by(audit_event.c.event_id.desc()).limit(1))
        if told is None or told["fingerprint"] != print_:
            audit(
                connection,
                "settled",
                "month",
                "shouwang",
                month=month,
                fingerprint=print_,
                told_by=by,
            )
            return {**state, "news": True}
    return {**state, "news": told["told_by"] == by}


def screen(month: str) -> dict[str, Any]:
    """Signals and warnings of a month from what is there, and the ledger that follows; counts only.

    They are found while others may write, and written if what they were found from is still what is
    there.
    """
    workspace, of = load_workspace(), Month.parse(month)
    book = load_rulebook(workspace.county_folder, contracts=workspace.county.every_contract)
    with workspace.turn(f"{month} screening"):
        while not _screened(workspace, of, book):
            log.info("%s: something came while it was screened; screening again.", month)
    return figures(month)


def figures(month: str) -> dict[str, Any]:
    """The figures of a screened month, and beside them those of the month before."""
    workspace, of = load_workspace(), Month.parse(month)
    before = of + -1
    with workspace.database.read() as connection:
        done = _kept(connection, before) is not None
    return {
        **month_figures(workspace, of),
        "before": month_figures(workspace, before) if done else None,
    }


def _screened(workspace: Workspace, month: Month, book: RuleBook) -> bool:
    """Screen a month unless it was screened by the same inputs; whether what is written holds of
    what is there."""
    from shouwang.casework.keeping import keep_ledger
    from shouwang.screening.recorded import keep_screening, screened

    contracts = workspace.county.contracts.values()
    people = receiving.registry_of(workspace, month)
    with workspace.database.read() as connection:
        looked_at = _inputs(workspace, connection, month, book)
        if _kept(connection, month) == looked_at.fingerprint:
            return True
        found = screened(connection, contracts, book, month, people)
    with workspace.database.alone() as connection:
        if _inputs(workspace, connection, month, book) != looked_at:
            return False
        keep_screening(connection, month, found)
        connection.execute(run.delete().where(run.c.month == str(month)))
        connection.execute(
            run.insert().values(
                month=str(month),
                fingerprint=looked_at.fingerprint,
                screened_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
                inputs=looked_at.inputs,
                missing=looked_at.missing,
                parameters={**found.parameters, "silent": found.silent},
            )
        )
        audit(
            connection,
            "screened",
            "month",
            "shouwang",
            month=str(month),
            warnings=len(found.warnings),
        )
        keep_ledger(connection, workspace.county.settings)
    return True


@dataclass(frozen=True)
class _Inputs:
    """What a month is screened by, and its fingerprint."""

    inputs: dict[str, Any]
    missing: list[str]
    fingerprint: str


def _inputs(
    workspace: Workspace, connection: sa.Connection, month: Month, book: RuleBook
) -> _Inputs:
    from shouwang.registry.history import load_in_force
    from shouwang.screening.reports import reported

    first, missing = book.first_month(month), settled(str(month))["missing"]
    looked_at = submissions.looked_at(connection, first, month)
    inputs = {
        "registry": load_in_force(connection, month),
        "since": str(first),
        "submissions": looked_at,
    }
    if reports := [*reported(connection, month)["content"]]:
        inputs["reports"] = reports
    if not any(
        c.due(month) and c.department not in missing for c in workspace.county.contracts.values()
    ):
        raise NotThereYet(
            f"Nothing has been received for {month}; run `shouwang receive {month}` first."
        )
    said = [SCREENING, book.model_dump(mode="json"), str(month), inputs, missing]
    text = json.dumps(said, sort_keys=True, default=str)
    return _Inputs(inputs, missing, hashlib.sha256(text.encode()).hexdigest()[:16])


def _kept(connection: sa.Connection, month: Month) -> str | None:
    """The fingerprint of what the month was screened by."""
    return connection.scalar(sa.select(run.c.fingerprint).where(run.c.month == str(month)))


def month_figures(workspace: Workspace, month: Month) -> dict[str, Any]:
    """Clues of a month: to visit by level and township, new, repeated and supplement, departments
    not there."""
    from shouwang.casework.warnings import month_warnings

    with workspace.database.read() as connection:
        warned = month_warnings(connection, month)
        force = submissions.in_force(connection, month)
        used = connection.scalar(sa.select(run.c.parameters).where(run.c.month == str(month)))
    told = {department: known["report"].get("warnings", ()) for department, known in force.items()}
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    state = settled(str(month))
    visit = warned[warned["state"] != "repeated"]
    states = warned["state"].value_counts()
    townships = {
        str(name): {str(level): int(count) for level, count in rows["level"].value_counts().items()}
        for name, rows in visit.groupby("township", sort=True)
    }
    return {
        "month": str(month),
        "households": len(warned),
        "levels": {level: int((visit["level"] == level).sum()) for level in ("红", "黄", "蓝")},
        "townships": townships,
        **{name: int(states.get(name, 0)) for name in ("new", "repeated", "supplement")},
        "missing": [titles[d] for d in state["missing"]],
        "refused": [titles[d] for d in state["refused"]],
        "warnings": [
            *(f"{titles[d]}：{said}" for d in titles for said in told.get(d, ())),
            *(used or {}).get("silent", ()),
        ],
    }


def month_table(month: str) -> dict[str, Any]:
    """What `run` prints: rows by department, clues by level and township."""
    workspace, of = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        force, last = submissions.in_force(connection, of), submissions.latest(connection, of)
    names = ("rows", "matched", "review", "unmatched", "rejected", "duplicate", "void")
    rows = []
    for contract in workspace.county.contracts.values():
        if not contract.due(of):
            continue
        known = force.get(contract.department)
        newest = last.get(contract.department)
        counts = {name: (known or {"counts": {}})["counts"].get(name) for name in names}
        if known:
            counts["accepted"] = counts["matched"] + counts["review"] + counts["unmatched"]
        state = newest["status"] if newest else ""
        waiting = {submissions.REFUSED: "refused", submissions.HELD: "held"}.get(state)
        rows.append(
            {
                "department": contract.department,
                "dataset": contract.dataset,
                "title": contract.title,
                **counts,
                "status": waiting or ("in force" if known else "missing"),
                "version": known["version"] if known else None,
                "message": newest["refusal"] if waiting and newest else None,
            }
        )
    held = [row["title"] for row in rows if row["status"] == "held"]
    return {
        "departments": rows,
        "held": held,
        **month_figures(workspace, of),
        "outdated": outdated(workspace),
    }


def outdated(workspace: Workspace) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be
    screened again."""
    with workspace.database.read() as connection:
        return submissions.outdated(connection)
