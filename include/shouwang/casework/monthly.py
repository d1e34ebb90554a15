"""A month screened from what is there, its cases rebuilt, and its figures."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from shouwang.casework.rebuilding import rebuild_cases
from shouwang.casework.warnings import month_warnings
from shouwang.core import clock
from shouwang.core.digests import short_digest
from shouwang.core.errors import NotThereYet
from shouwang.core.month import Month
from shouwang.core.terms import LEVELS
from shouwang.registry.history import load_in_force
from shouwang.screening.recorded import keep_screening, screened
from shouwang.screening.reports import reported
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
COUNTS = ("rows", "matched", "review", "unmatched", "rejected", "duplicate", "void")
STATUSES = {submissions.REFUSED: "refused", submissions.HELD: "held"}


def settle(month: str, by: str) -> dict[str, Any]:
    """What `settled` says, and whether that is ``news``: it differs from what was told of last, or
    ``by`` told of that.

    ``by`` is whoever tells (a run of Airflow): killed in between, it tells again; others do not
    tell the same once more.
    """
    workspace, state = load_workspace(), settled(month)
    if not state["settled"]:
        return {**state, "news": False}
    query = sa.select(audit_event.c.detail).order_by(audit_event.c.event_id.desc()).limit(1)
    query = query.where(audit_event.c.kind == "settled", audit_event.c.month == month)
    with workspace.turn(f"{month} settling"), workspace.database.write() as connection:
        what = [*submissions.looked_at(connection, month, month), state["missing"], state["late"]]
        fingerprint, last = _fingerprint(what), connection.scalar(query)
        if last is None or last["fingerprint"] != fingerprint:
            last = {"fingerprint": fingerprint, "told_by": by}
            audit(connection, "settled", "month", "shouwang", month=month, **last)
    return {**state, "news": last["told_by"] == by}


def _fingerprint(what: object) -> str:
    text = json.dumps(what, sort_keys=True, default=str)
    return short_digest(text)


def screen(month: str) -> dict[str, Any]:
    """Signals and warnings of a month from what is there, and the ledger that follows; counts only.

    They are found while others may write, and written if what they were found from is still what is
    there.
    """
    workspace, data_month = load_workspace(), Month.parse(month)
    book = load_rulebook(workspace.county_folder, contracts=workspace.county.every_contract)
    with workspace.turn(f"{month} screening"):
        while not _screened(workspace, data_month, book):
            log.info("%s: something came while it was screened; screening again.", month)
    return figures(month)


def figures(month: str) -> dict[str, Any]:
    """The figures of a screened month, and beside them those of the month before."""
    workspace, data_month = load_workspace(), Month.parse(month)
    before = data_month + -1
    with workspace.database.read() as connection:
        done = screened_by(connection, before) is not None
    earlier = month_figures(workspace, before) if done else None
    return {**month_figures(workspace, data_month), "before": earlier}


def _screened(workspace: Workspace, month: Month, book: RuleBook) -> bool:
    """Screen a month unless it was screened by the same inputs; whether what is written holds of
    what is there."""
    began, contracts = time.monotonic(), workspace.county.contracts.values()
    people = receiving.registry_of(workspace, month)
    with workspace.database.read() as connection:
        inputs = _inputs(workspace, connection, month, book)
        if screened_by(connection, month) == inputs.fingerprint:
            log.info("%s: screened by the same inputs already.", month)
            return True
        screening = screened(connection, contracts, book, month, people)
    with workspace.database.alone() as connection:
        if _inputs(workspace, connection, month, book) != inputs:
            return False
        keep_screening(connection, month, screening)
        connection.execute(run.delete().where(run.c.month == str(month)))
        connection.execute(
            run.insert().values(
                month=str(month),
                screened_at=clock.now(),
                parameters={**screening.parameters, "silent": screening.silent},
                **vars(inputs),
            )
        )
        count, seconds = len(screening.warnings), time.monotonic() - began
        audit(connection, "screened", "month", "shouwang", month=str(month), warnings=count)
        log.info(
            "%s: %d signals, %d warnings, %.1f s.", month, len(screening.signals), count, seconds
        )
        rebuild_cases(connection, workspace.county.settings)
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
    first, missing = book.first_month(month), settled(str(month))["missing"]
    inputs = {
        "registry": load_in_force(connection, month),
        "since": str(first),
        "submissions": submissions.looked_at(connection, first, month),
    }
    if reports := [*reported(connection, month)["content"]]:
        inputs["reports"] = reports
    contracts = workspace.county.contracts.values()
    came = submissions.in_force(connection, month)
    if not any(
        each.department not in missing if each.due(month) else each.department in came
        for each in contracts
    ):
        raise NotThereYet(
            f"Nothing has been received for {month}; run `shouwang receive {month}` first."
        )
    what = [SCREENING, book.model_dump(mode="json"), str(month), inputs, missing]
    return _Inputs(inputs, missing, _fingerprint(what))


def screened_by(connection: sa.Connection, month: Month) -> str | None:
    """The fingerprint of what a month was screened by; null if it was not."""
    return connection.scalar(sa.select(run.c.fingerprint).where(run.c.month == str(month)))


def require_screened(connection: sa.Connection, month: Month) -> None:
    """Raise `NotThereYet` unless a month was screened."""
    if screened_by(connection, month) is None:
        raise NotThereYet(
            f"{month} has not been screened yet; run `shouwang screen {month}` first."
        )


def month_figures(workspace: Workspace, month: Month) -> dict[str, Any]:
    """Clues of a month: to visit by level and township, new, repeated and supplement, departments
    not there."""
    with workspace.database.read() as connection:
        warned = month_warnings(connection, month)
        submitted = submissions.in_force(connection, month)
        used = connection.scalar(sa.select(run.c.parameters).where(run.c.month == str(month)))
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    state = settled(str(month))
    visits, states = warned[warned["state"] != "repeated"], warned["state"].value_counts()
    return {
        "month": str(month),
        "households": len(warned),
        "levels": {level: int((visits["level"] == level).sum()) for level in LEVELS},
        "townships": {
            str(name): {str(level): int(n) for level, n in rows["level"].value_counts().items()}
            for name, rows in visits.groupby("township", sort=True)
        },
        **{name: int(states.get(name, 0)) for name in ("new", "repeated", "supplement")},
        **{name: [titles[d] for d in state[name]] for name in ("missing", "refused")},
        "warnings": [
            f"{titles[department]}：{text}"
            for department in titles
            if department in submitted
            for text in submitted[department]["report"].get("warnings", ())
        ]
        + [*(used or {}).get("silent", ())],
    }


def month_table(month: str) -> dict[str, Any]:
    """What `run` prints: rows by department, clues by level and township."""
    workspace, data_month = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        submitted = submissions.in_force(connection, data_month)
        newest = submissions.latest(connection, data_month)
    rows = []
    for contract in workspace.county.contracts.values():
        current, last = submitted.get(contract.department), newest.get(contract.department)
        if not contract.due(data_month) and not (contract.on_arrival and last):
            continue
        counts: dict[str, Any] = {
            name: current["counts"].get(name) if current else None for name in COUNTS
        }
        if current:
            counts["accepted"] = counts["matched"] + counts["review"] + counts["unmatched"]
        waiting = STATUSES.get(last["status"]) if last else None
        rows.append(
            {
                "department": contract.department,
                "dataset": contract.dataset,
                "title": contract.title,
                **counts,
                "status": waiting or ("in force" if current else "missing"),
                "version": current and current["version"],
                "message": last["refusal"] if waiting and last else None,
            }
        )
    return {
        "departments": rows,
        "held": [row["title"] for row in rows if row["status"] == "held"],
        **month_figures(workspace, data_month),
        "outdated": outdated(workspace),
    }


def outdated(workspace: Workspace) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be
    screened again."""
    with workspace.database.read() as connection:
        return submissions.outdated(connection)
