"""What comes back, and what follows: answers, cases, supervision, copies that are kept too long."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from pathlib import Path
from typing import Any

from shouwang.core.errors import FileRefused, NotThereYet, ShouwangError, TrailBroken, UsageError
from shouwang.core.identity import without_numbers
from shouwang.core.month import Month
from shouwang.release.releasing import send
from shouwang.store.audit import audit
from shouwang.workspace.workspace import load_workspace, safe_name


def load_feedback(file: str, township: str | None = None) -> dict[str, Any]:
    """Read a filled-in workbook back: each row taken, or answered in a receipt; the same file again
    changes nothing.

    ``township``: who sent it, where the channel or a clerk knows. A file of nobody is ``held``.
    """
    from shouwang.responses.feedback import receive
    from shouwang.responses.returning import HELD

    workspace, path = load_workspace(), Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the workbook that came back.")
    try:
        return receive(workspace, path, township)
    except FileRefused as refused:
        return {
            "file": path.name,
            "taken": 0,
            "known_already": 0,
            "blank": 0,
            "problems": [],
            "refused": str(refused),
            "held": refused.code == HELD,
        }


def case_story(key: str) -> dict[str, Any]:
    """A household's story, by clue number or household id (户情)."""
    from shouwang.casework.telling import story

    workspace = load_workspace()
    with workspace.database.read() as connection:
        return story(
            connection, key, workspace.today(), workspace.county.settings.casework.grown_by
        )


def list_cases(
    on: str | None = None, state: str | None = None, township: str | None = None, what: str = "all"
) -> list[dict[str, Any]]:
    """Cases as of a day; ``what``: all, ``overdue`` (督办名单), or those ``due`` that day
    (提醒)."""
    from shouwang.casework import supervision as lists

    workspace = load_workspace()
    day = dt.date.fromisoformat(on) if on else workspace.today()
    with workspace.database.read() as connection:
        if what == "overdue":
            rows = lists.overdue(connection, day, township)
        elif what == "due":
            rows = lists.due_on(connection, day, township)
        else:
            rows = lists.cases_on(connection, day, state, township)
    for name in lists.DATES:
        rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    return json.loads(rows[lists.SHOWN].to_json(orient="records", force_ascii=False))  # type: ignore[no-any-return]


def remove_risk(clue_no: str, by: str, on: str, measure: str | None = None) -> dict[str, Any]:
    """Put on record that a risk is removed (风险消除); `ShouwangError` says why it may not be."""
    from shouwang.casework.telling import household_of
    from shouwang.responses.returning import KNOWN, call_removed

    workspace, day = load_workspace(), dt.date.fromisoformat(on)
    with workspace.database.write() as connection:
        household = household_of(connection, clue_no)
        if household is None:
            raise UsageError(
                f"There is no case {without_numbers(clue_no)}; `shouwang case list` shows all."
            )
        why = call_removed(
            connection,
            workspace.county.settings,
            clue_no,
            household,
            day,
            by,
            workspace.now(),
            measure,
        )
        if why not in (None, KNOWN):
            raise ShouwangError(f"{clue_no}：{why}。")
        if why is None:
            audit(connection, "removed", clue_no, by, on=day.isoformat())
    return {
        "clue_no": clue_no,
        "removed_on": day.isoformat(),
        "status": KNOWN if why else "removed",
    }


def write_case_form(township: str) -> dict[str, Any]:
    """Write a township's form for reports and removals (申报排查表) into its outbox."""
    from shouwang.casework.supervision import being_helped
    from shouwang.documents.caseform import CaseFormPaper
    from shouwang.documents.caseform import write_case_form as write_form
    from shouwang.documents.paper import SYSTEM
    from shouwang.transfer.handout import hand_out, headed

    workspace = load_workspace()
    today, month = workspace.today(), Month.of(workspace.today())
    name = f"{safe_name(township)}申报排查表_{today.isoformat()}.xlsx"
    with workspace.database.write() as connection:
        helped = being_helped(connection, today, township)
        write = partial(
            write_form, paper=CaseFormPaper(**headed(workspace, township)), helped=helped
        )
        hand_out(connection, workspace, month, township, name, SYSTEM, write)
    return {"township": township, "file": str(workspace.lists_of(month, township) / name)}


def collect_returns() -> dict[str, Any]:
    """Read what came back by the channels, each workbook once, and answer it; put on record what
    was fetched."""
    from shouwang.responses.collecting import fetch, fresh, record
    from shouwang.transfer.fetching import look

    workspace = load_workspace()
    done: dict[str, Any] = {"unreachable": fetch(workspace), "files": []}
    with workspace.database.read() as connection:
        found = list(fresh(connection, workspace))
    for entry in found:
        told = load_feedback(str(entry.path), entry.township)
        with workspace.database.write() as connection:
            record(connection, entry, told)
        done["files"].append(told)
    done["fetched"] = look(workspace)
    return done | {"failed": send(str(Month.of(workspace.today()) + -1))["failed"]}


def supervise(by: str) -> dict[str, Any]:
    """Write the supervision list (督办单) of what is overdue today, the county's and each
    township's own, and send these."""
    from shouwang.documents.supervision import SupervisionPaper, write_supervision
    from shouwang.release.stories import overdue
    from shouwang.transfer.handout import hand_out, headed, put_out
    from shouwang.transfer.passwords import COUNTY

    workspace = load_workspace()
    settings, today = workspace.county.settings, workspace.today()
    month, name = Month.of(today) + -1, f"督办单_{today.isoformat()}.xlsx"
    contacts = {township: known.contact for township, known in settings.townships.items()}
    with workspace.database.write() as connection:
        rows = overdue(connection, workspace)
        days = settings.calendar.overdue_days
        for township, mine in rows.groupby("township", sort=True):
            own = SupervisionPaper(
                **headed(workspace, str(township), by), overdue_days=days, township=str(township)
            )
            write = partial(write_supervision, paper=own, overdue=mine)
            hand_out(
                connection,
                workspace,
                month,
                str(township),
                f"{safe_name(str(township))}{name}",
                by,
                write,
            )
        path = workspace.county_papers_of(month) / f"{settings.name}{name}"
        paper = SupervisionPaper(
            **headed(workspace, COUNTY, by), overdue_days=days, contacts=contacts
        )
        write = partial(write_supervision, paper=paper, overdue=rows)
        put_out(connection, workspace, path, month, COUNTY, by, write)
    return {"overdue": len(rows), "file": str(path), **send(str(month))}


def household_story(key: str, folder: str, by: str) -> dict[str, Any]:
    """Write the story of a clue number's or id's household as one page, under the county's
    password; that is on record."""
    from shouwang.documents.story import write_story
    from shouwang.release.stories import story_of
    from shouwang.transfer.handout import put_out
    from shouwang.transfer.passwords import COUNTY

    workspace, path = load_workspace(), Path(folder) / f"户情_{safe_name(key)}.xlsx"
    with workspace.database.write() as connection:
        story = story_of(connection, workspace, key, by)
        put_out(
            connection,
            workspace,
            path,
            Month.of(workspace.today()),
            COUNTY,
            by,
            partial(write_story, story=story),
        )
    return {"key": key, "file": str(path)}


def renew_passwords(by: str = "shouwang") -> dict[str, list[str]]:
    """Make a new password where one has outlived its year; who has one that nobody has told them
    yet."""
    from shouwang.transfer import passwords

    workspace = load_workspace()
    due = [name for name in passwords.holders(workspace) if passwords.outlived(workspace, name)]
    renewed = passwords.renew(workspace, due, by)
    with workspace.database.read() as connection:
        return {"renewed": renewed, "untold": passwords.untold(connection, workspace)}


def expire(dry: bool = False) -> list[dict[str, Any]]:
    """Delete copies and exports that are kept too long, on record; ``dry`` says what would go.

    `TrailBroken` where that record, the audit trail, was tampered with: then nothing is deleted.
    """
    from shouwang.compliance.retention import expire as delete
    from shouwang.compliance.retention import expired
    from shouwang.compliance.trail import check

    workspace = load_workspace()
    found = expired(workspace)
    if not dry:
        if broken := check(workspace)["faults"]:
            raise TrailBroken(
                f"Nothing was deleted: {broken[0]}. Run `shouwang audit check`; see docs/security.md."
            )
        delete(workspace, found)
    return [
        {"what": e.what, "month": str(e.month), "place": e.place, "files": len(e.files)}
        for e in found
    ]
