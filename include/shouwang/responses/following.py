"""What comes back, and what follows: answers, cases, supervision, copies that are kept too long."""

from __future__ import annotations

import datetime as dt
import json
import logging
from functools import partial
from pathlib import Path
from typing import Any

from shouwang.casework import supervision
from shouwang.casework.telling import household_of, story
from shouwang.compliance import retention
from shouwang.compliance.trail import check
from shouwang.core.errors import NotThereYet, ShouwangError, TrailBroken, UsageError
from shouwang.core.identity import without_numbers
from shouwang.core.month import Month
from shouwang.documents.caseform import CaseFormPaper
from shouwang.documents.caseform import write_case_form as write_form
from shouwang.documents.paper import SYSTEM
from shouwang.documents.story import write_story
from shouwang.documents.supervision import SupervisionPaper, write_supervision
from shouwang.release.releasing import send
from shouwang.responses import collecting, feedback
from shouwang.responses.answers import KNOWN
from shouwang.responses.returning import call_removed
from shouwang.responses.stories import overdue, story_of
from shouwang.store.audit import audit
from shouwang.transfer import passwords
from shouwang.transfer.fetching import look
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import load_workspace, safe_name

log = logging.getLogger(__name__)


def load_feedback(file: str, township: str | None = None) -> dict[str, Any]:
    """Read a filled-in workbook back: each row taken, or answered in a receipt; the same file again
    changes nothing.

    ``township``: who sent it, where the channel or a clerk knows. A file of nobody is ``held``.
    """
    path = Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the workbook that came back.")
    return feedback.receive(load_workspace(), path, township)


def collect_returns() -> dict[str, Any]:
    """Read what came back by the channels, each workbook once, and answer it; put on record what
    was fetched."""
    workspace = load_workspace()
    unreachable, results = collecting.fetch(workspace), []
    with workspace.database.read() as connection:
        files = [*collecting.fresh(connection, workspace)]
    for found in files:
        result = feedback.receive(workspace, found.path, found.township or None)
        with workspace.database.write() as connection:
            collecting.record(connection, found, result)
        results.append(result)
    done = {"unreachable": unreachable, "files": results, "fetched": look(workspace)}
    return done | {"failed": send(str(Month.of(workspace.today()) + -1))["failed"]}


def case_story(key: str) -> dict[str, Any]:
    """A household's story, by clue number or household id (户情)."""
    workspace = load_workspace()
    grown_by = workspace.county.settings.casework.grown_by
    with workspace.database.read() as connection:
        return story(connection, key, workspace.today(), grown_by)


def list_cases(
    on: str | None = None, state: str | None = None, township: str | None = None, what: str = "all"
) -> list[dict[str, Any]]:
    """Cases as of a day; ``what``: all, ``overdue`` (督办名单), or those ``due`` that day
    (提醒)."""
    workspace = load_workspace()
    day = dt.date.fromisoformat(on) if on else workspace.today()
    with workspace.database.read() as connection:
        if what == "overdue":
            rows = supervision.overdue(connection, day, township)
        elif what == "due":
            rows = supervision.due_on(connection, day, township)
        else:
            rows = supervision.cases_on(connection, day, state, township)
    for name in supervision.DATES:
        rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    text = rows[supervision.SHOWN].to_json(orient="records", force_ascii=False)
    return json.loads(text)  # type: ignore[no-any-return]


def remove_risk(clue_no: str, by: str, on: str, measure: str | None = None) -> dict[str, Any]:
    """Put on record that a risk is removed (风险消除); `ShouwangError` says why it may not be."""
    workspace, day = load_workspace(), dt.date.fromisoformat(on)
    with workspace.database.write() as connection:
        household = household_of(connection, clue_no)
        if household is None:
            raise UsageError(
                f"There is no case {without_numbers(clue_no)}; `shouwang case list` shows all."
            )
        facts = {"clue_no": clue_no, "household_id": household, "removed_on": day}
        facts |= {"measure": measure, "by": by, "received_at": workspace.now()}
        why = call_removed(connection, workspace.county.settings, facts)
        if why not in (None, KNOWN):
            raise ShouwangError(f"{clue_no}：{why}。")
        if why is None:
            audit(connection, "removed", clue_no, by, on=day.isoformat())
    return {"clue_no": clue_no, "removed_on": str(day), "status": KNOWN if why else "removed"}


def write_case_form(township: str) -> dict[str, Any]:
    """Write a township's form for reports and removals (申报排查表) into its outbox."""
    workspace = load_workspace()
    today, month = workspace.today(), Month.of(workspace.today())
    name = f"{safe_name(township)}申报排查表_{today.isoformat()}.xlsx"
    with workspace.database.write() as connection:
        helped = supervision.being_helped(connection, today, township)
        paper = CaseFormPaper(**headed(workspace, township))
        write = partial(write_form, paper=paper, helped=helped)
        hand_out(connection, workspace, month, township, name, SYSTEM, write)
    return {"township": township, "file": str(workspace.lists_of(month, township) / name)}


def supervise(by: str) -> dict[str, Any]:
    """Write the supervision list (督办单) of what is overdue today, the county's and each
    township's own, and send these."""
    workspace = load_workspace()
    settings, today = workspace.county.settings, workspace.today()
    month, name = Month.of(today) + -1, f"督办单_{today.isoformat()}.xlsx"
    path = workspace.county_papers_of(month) / f"{settings.name}{name}"
    days = settings.calendar.overdue_days
    contacts = {township: each.contact for township, each in settings.townships.items()}
    with workspace.database.write() as connection:
        rows = overdue(connection, workspace)
        for key, own in rows.groupby("township", sort=True):
            township, file = str(key), f"{safe_name(str(key))}{name}"
            header = headed(workspace, township, by)
            paper = SupervisionPaper(**header, overdue_days=days, township=township)
            write = partial(write_supervision, paper=paper, overdue=own)
            hand_out(connection, workspace, month, township, file, by, write)
        header = headed(workspace, COUNTY, by)
        paper = SupervisionPaper(**header, overdue_days=days, contacts=contacts)
        write = partial(write_supervision, paper=paper, overdue=rows)
        put_out(connection, workspace, path, month, COUNTY, by, write)
    log.info("%d clues overdue on %s.", len(rows), today)
    return {"overdue": len(rows), "file": str(path), **send(str(month))}


def household_story(key: str, folder: str, by: str) -> dict[str, Any]:
    """Write the story of a clue number's or id's household as one page, under the county's
    password; that is on record."""
    workspace, path = load_workspace(), Path(folder) / f"户情_{safe_name(key)}.xlsx"
    month = Month.of(workspace.today())
    with workspace.database.write() as connection:
        write = partial(write_story, story=story_of(connection, workspace, key, by))
        put_out(connection, workspace, path, month, COUNTY, by, write)
    return {"key": key, "file": str(path)}


def renew_passwords(by: str = "shouwang") -> dict[str, list[str]]:
    """Make a new password where one has outlived its year; who has one that nobody has told them
    yet."""
    workspace = load_workspace()
    due = [name for name in passwords.holders(workspace) if passwords.outlived(workspace, name)]
    renewed = passwords.renew(workspace, due, by)
    with workspace.database.read() as connection:
        return {"renewed": renewed, "untold": passwords.untold(connection, workspace)}


def expire(dry: bool = False) -> list[dict[str, Any]]:
    """Delete copies and exports that are kept too long, on record; ``dry`` says what would go.

    `TrailBroken` where that record, the audit trail, was tampered with: then nothing is deleted.
    """
    workspace = load_workspace()
    expired = retention.expired(workspace)
    if not dry:
        if faults := check(workspace)["faults"]:
            raise TrailBroken(
                f"Nothing was deleted: {faults[0]}. Run `shouwang audit check`; "
                "see docs/security.md."
            )
        retention.expire(workspace, expired)
    return [
        {"what": e.what, "month": str(e.month), "place": e.place, "files": len(e.files)}
        for e in expired
    ]
