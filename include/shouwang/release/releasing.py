"""Lists go out: what goes to whom, a person's decision, the workbooks, the sending, the summary."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

import pandas as pd
import sqlalchemy as sa

from shouwang.casework.monthly import month_table, outdated
from shouwang.core.errors import NotThereYet, ShouwangError, UsageError
from shouwang.core.identity import without_numbers
from shouwang.core.month import Month
from shouwang.release.approvals import (
    ASKED,
    REJECTED,
    Hold,
    answer,
    ask,
    asked_by,
    held_back,
    last_word,
    open_questions,
    withdraw,
)
from shouwang.store import submissions
from shouwang.store.audit import audit
from shouwang.store.database import frame
from shouwang.store.tables import audit_event, release_item, run
from shouwang.submissions.handover import deadline, settled
from shouwang.workspace.workspace import Workspace, load_workspace, safe_name

if TYPE_CHECKING:
    from shouwang.release.lists import Outgoing


class PlannedList(TypedDict):
    """A township's list as it would go out now; ``content`` is the fingerprint of what it says."""

    township: str
    version: int
    kind: str
    new: int
    supplement: int
    levels: dict[str, int]
    content: str


class HeldBack(TypedDict):
    """A township that is held back until somebody lifts it."""

    township: str
    by: str
    reason: str
    since: str
    month: str


class ReleasePlan(TypedDict):
    """What would go out now, and what is known of it: the approval is asked for this and holds for
    nothing else.

    ``content``: the fingerprint of all lists; ``held``: of these townships; ``sent``: households
    told of this month before; ``causes``: what came since; ``asked``: the lists that each run of
    Airflow has asked about; ``question``: the run whose question is the last word; ``rejected``:
    whether a person has refused these very lists.
    """

    month: str
    content: str
    lists: list[PlannedList]
    held: list[HeldBack]
    sent: int
    causes: list[str]
    asked: dict[str, str]
    question: str
    rejected: bool


def release_plan(month: str) -> ReleasePlan:
    """What each township would receive now, township by township."""
    workspace, of = load_workspace(), Month.parse(month)
    _require_screened(workspace, of)
    with workspace.database.read() as connection:
        lists = _outgoing(connection, workspace, of)
        held = held_back(connection)
        said = last_word(connection, month)
        content = _content_of(lists)
        told = sa.select(sa.func.count(release_item.c.clue_no.distinct())).where(
            release_item.c.month == month
        )
        return ReleasePlan(
            month=month,
            content=content,
            lists=[_planned(out) for out in lists],
            held=[_told(workspace, held[out.township]) for out in lists if out.township in held],
            sent=connection.scalar(told) or 0,
            causes=_causes(connection, workspace, month),
            asked=asked_by(connection, month),
            question=said.run if said is not None and said.kind == ASKED else "",
            rejected=said is not None and (said.kind, said.content) == (REJECTED, content),
        )


def _outgoing(connection: sa.Connection, workspace: Workspace, month: Month) -> list[Outgoing]:
    from shouwang.release.lists import outgoing

    return outgoing(connection, month, _due(workspace))


def _planned(out: Outgoing) -> PlannedList:
    states, levels = out.clues["state"].value_counts(), out.clues["level"].value_counts()
    return PlannedList(
        township=out.township,
        version=out.version,
        kind=out.kind,
        new=int(states.get("new", 0)),
        supplement=int(states.get("supplement", 0)),
        levels={str(level): int(count) for level, count in levels.items()},
        content=out.content,
    )


def _content_of(lists: Sequence[Outgoing]) -> str:
    """A fingerprint of lists: who receives what."""
    said = "|".join(f"{out.township} {out.content}" for out in lists)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _told(workspace: Workspace, hold: Hold) -> HeldBack:
    since = hold.since.replace(tzinfo=dt.UTC).astimezone(workspace.zone).date().isoformat()
    reason = without_numbers(hold.reason)
    return HeldBack(
        township=hold.township, by=hold.by, reason=reason, since=since, month=hold.month
    )


def _causes(connection: sa.Connection, workspace: Workspace, month: str) -> list[str]:
    """What came into force since the month's lists went out last; nothing before the first."""
    events = sa.select(audit_event.c.subject, audit_event.c.detail).order_by(audit_event.c.event_id)
    last = sa.select(sa.func.max(audit_event.c.event_id)).where(
        audit_event.c.kind == "released", audit_event.c.month == month
    )
    if (number := connection.scalar(last)) is None:
        return []
    came = events.where(
        audit_event.c.kind == "in_force",
        audit_event.c.month == month,
        audit_event.c.event_id > number,
    )
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    return [
        f"{titles.get(who, who)}第{said['version']}版" for who, said in connection.execute(came)
    ]


def unsent() -> list[str]:
    """Months whose lists have gone out and that have something to send again (see
    `releasing.unsent_months`).

    Not those of which everything is held back, nor those whose lists somebody was asked about, or
    has refused, already.
    """
    from shouwang.release.lists import unsent_months

    workspace, found = load_workspace(), []
    with workspace.database.read() as connection:
        held = held_back(connection)
        for month, lists in unsent_months(connection, _due(workspace)).items():
            said = last_word(connection, str(month))
            known = (
                said is not None
                and said.kind in (ASKED, REJECTED)
                and said.content == _content_of(lists)
            )
            if not known and any(out.township not in held for out in lists):
                found.append(str(month))
    return found


def to_screen(received: Sequence[str] = ()) -> list[str]:
    """Months that are to be screened: outdated, with something new to send, or settled and never
    screened.

    The last are looked for among those ``received`` just now, and the last month once its waiting
    time is over.
    """
    workspace = load_workspace()
    last = str(Month.of(workspace.today()) + -1)
    candidates = {*received, *([last] if workspace.today() >= deadline(last).date() else [])}
    with workspace.database.read() as connection:
        candidates -= set(connection.scalars(sa.select(run.c.month)))
        candidates = {month for month in candidates if submissions.in_force(connection, month)}
    return sorted(
        {
            *outdated(workspace),
            *unsent(),
            *(month for month in candidates if settled(month)["settled"]),
        }
    )


def record_question(plan: ReleasePlan, run: str) -> None:
    """Put on record that a run of Airflow asks about a plan."""
    with load_workspace().database.write() as connection:
        ask(connection, plan["month"], plan["content"], _clues(plan), run)


def withdraw_question(month: str) -> None:
    """Put on record that nobody needs to answer the last question about a month: there is nothing
    left to ask for."""
    with load_workspace().database.write() as connection:
        withdraw(connection, month)


def record_decision(
    plan: ReleasePlan,
    by: str,
    approved: bool,
    held: Collection[str] | None = None,
    reason: str = "",
) -> list[PlannedList]:
    """Put on record what a person said to a plan; the lists that may go out now.

    ``held``: the townships held back; left out, those that are held back already stay so.
    """
    if not by.strip():
        raise UsageError("Who releases must be named; the name stands on every list.")
    names = [planned["township"] for planned in plan["lists"]]
    held = {hold["township"] for hold in plan["held"]} if held is None else set(held)
    if stray := sorted(held - set(names)):
        raise UsageError(
            f"{'、'.join(stray)}: no township of this release. There are: {'、'.join(names)}."
        )
    with load_workspace().database.write() as connection:
        answer(connection, plan["month"], by, approved, plan["content"], _clues(plan), held, reason)
    return [planned for planned in plan["lists"] if approved and planned["township"] not in held]


def _clues(plan: ReleasePlan) -> dict[str, int]:
    return {
        planned["township"]: planned["new"] + planned["supplement"] for planned in plan["lists"]
    }


class Waiting(TypedDict):
    """A month whose lists nobody has answered for; ``run``: the run of Airflow that asks."""

    month: str
    townships: list[str]
    hours: float
    run: str


def waiting_releases() -> list[Waiting]:
    """The questions that nobody has answered, of months that still have lists to send."""
    workspace, now = load_workspace(), dt.datetime.now(dt.UTC).replace(tzinfo=None)
    found = []
    with workspace.database.read() as connection:
        for said in open_questions(connection):
            townships = [
                out.township for out in _outgoing(connection, workspace, Month.parse(said.month))
            ]
            if townships:
                hours = (now - said.at).total_seconds() / 3600
                found.append(
                    Waiting(month=said.month, townships=townships, hours=hours, run=said.run)
                )
    return found


def held_townships() -> list[HeldBack]:
    """The townships that are held back."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        return [_told(workspace, hold) for hold in held_back(connection).values()]


def _require_screened(workspace: Workspace, month: Month) -> None:
    with workspace.database.read() as connection:
        if connection.scalar(sa.select(run.c.month).where(run.c.month == str(month))) is None:
            raise NotThereYet(
                f"{month} has not been screened yet; run `shouwang screen {month}` first."
            )


def _due(workspace: Workspace) -> dt.date:
    from shouwang.core.workdays import working_days_after

    calendar = workspace.county.settings.calendar
    return working_days_after(
        workspace.today(), calendar.verification_working_days, calendar.holidays
    )


def release_township(month: str, township: str, by: str, content: str) -> dict[str, Any]:
    """Write a township's workbook and put the release on record; a list that has gone out is not
    made again.

    ``content``: what was approved. A list that says something else by now stays here (``changed``):
    it is asked for anew.
    """
    from shouwang.casework.keeping import keep_ledger
    from shouwang.documents.notice import NoticePaper, write_notice
    from shouwang.documents.township import ReleasePaper, write_township_workbook
    from shouwang.release.lists import outgoing, record_release, warned_in
    from shouwang.screening.reports import CHANNEL_NAMES
    from shouwang.transfer.handout import hand_out, headed

    workspace, of = load_workspace(), Month.parse(month)
    due = _due(workspace)
    _require_screened(workspace, of)
    settings = workspace.county.settings
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    with workspace.database.alone() as connection:
        mine = outgoing(connection, of, due, township)
        if not mine or mine[0].content != content:
            return {
                "month": month,
                "township": township,
                "status": "changed" if mine else "nothing new",
            }
        out = mine[0]
        name = f"{safe_name(township)}预警{out.kind}_{month}_第{out.version}版.xlsx"
        said = {
            **headed(workspace, township, by),
            "month": of,
            "version": out.version,
            "kind": out.kind,
            "due": due,
            "missing": tuple(titles[d] for d in settled(month)["missing"]),
            "department_names": titles | CHANNEL_NAMES,
        }
        write = partial(
            write_township_workbook,
            release=ReleasePaper(**said),
            clues=out.clues,
            details=out.details,
        )
        fresh = hand_out(connection, workspace, of, township, name, by, write)
        notice = f"{safe_name(township)}公示名单_{month}_第{out.version}版.xlsx"
        write = partial(write_notice, paper=NoticePaper(**said), clues=out.clues)
        hand_out(connection, workspace, of, township, notice, by, write, public=True)
        record_release(connection, of, out, name, by, workspace.today(), due)
        audit(
            connection,
            "released",
            township,
            by,
            month=month,
            version=out.version,
            clues=len(out.clues),
        )
        keep_ledger(connection, settings, warned_in(of, township))
    return {
        "month": month,
        "township": township,
        "version": out.version,
        "clues": len(out.clues),
        "file": name,
        "new_password": fresh,
        "status": "released",
    }


def send_township(month: str | None, township: str) -> dict[str, Any]:
    """Send what was released for a township and has not been sent; done twice, it changes
    nothing."""
    from shouwang.transfer.dispatching import send, waiting

    workspace, failed = load_workspace(), []
    with workspace.database.read() as connection:
        files = [
            file for _, file in waiting(connection, Month.parse(month) if month else None, township)
        ]
    sent = []
    for file in files:
        try:
            sent += [file] if send(workspace, file) else []
        except ShouwangError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return {"month": month, "township": township, "sent": sent}


def send(month: str | None = None, township: str | None = None) -> dict[str, Any]:
    """Send what has not been sent (of a month), township by township; one that fails does not hold
    up the others."""
    from shouwang.transfer.dispatching import waiting

    with load_workspace().database.read() as connection:
        names = dict.fromkeys(
            name for name, _ in waiting(connection, Month.parse(month) if month else None, township)
        )
    done: dict[str, Any] = {"month": month, "sent": [], "failed": {}}
    for name in names:
        try:
            done["sent"] += send_township(month, name)["sent"]
        except ShouwangError as error:
            done["failed"][name] = str(error)
    return done


def summarise(month: str) -> dict[str, Any]:
    """Write the county's summary of a month."""
    from shouwang.casework.warnings import month_warnings
    from shouwang.documents.paper import SYSTEM
    from shouwang.documents.summary import SummaryPaper, write_summary
    from shouwang.release.lists import all_clues, due_days
    from shouwang.screening.reports import CHANNEL_NAMES
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.store.tables import release
    from shouwang.transfer.handout import headed, put_out
    from shouwang.transfer.passwords import COUNTY

    workspace, of = load_workspace(), Month.parse(month)
    _require_screened(workspace, of)
    settings = workspace.county.settings
    table = month_table(month)
    with workspace.database.read() as connection:
        warned = month_warnings(connection, of)
        clues, _ = all_clues(connection, of, _due(workspace))
        days = due_days(connection, of)
        clues["due"] = pd.to_datetime(clues["clue_no"].astype("object").map(days.get)).astype(
            "datetime64[ms]"
        )
        last = frame(connection, sa.select(release).where(release.c.month == month))
    rows = pd.DataFrame(table["departments"])
    contracts = workspace.county.contracts
    rows["dataset"] = [contracts[d].dataset_title for d in rows["department"]]
    rows["department"] = rows["title"]
    rows["state"] = rows["status"].map(
        {"in force": "已接收", "refused": "整份退回", "missing": "未报送"}
    )
    by = str(last["released_by"].iloc[-1]) if len(last) else SYSTEM
    paper = SummaryPaper(
        **headed(workspace, COUNTY, by),
        month=of,
        version=int(last["version"].max()) if len(last) else 1,
        missing=tuple(table["missing"]),
        rule_titles={
            r.code: r.title
            for r in load_rulebook(workspace.county_folder).in_force(of)
            if not r.further
        }
        | CHANNEL_NAMES,
    )
    path = workspace.county_papers_of(of) / f"{settings.name}预警汇总_{month}.xlsx"
    lists = {
        str(name): group.reset_index(drop=True)
        for name, group in clues.groupby("township", sort=True)
    }
    write = partial(write_summary, summary=paper, warnings=warned, departments=rows, lists=lists)
    with workspace.database.alone() as connection:
        put_out(connection, workspace, path, of, COUNTY, by, write)
    return {"month": month, "file": str(path)}


def release(
    month: str,
    by: str,
    held: Collection[str] | None = None,
    reason: str = "",
    lifted: Collection[str] = (),
) -> dict[str, Any]:
    """Approve what would go out now and hand it out, send it, then write the summary.

    ``held``: townships held back from now on, with the ``reason``; ``lifted``: those that no longer
    are.
    """
    plan = release_plan(month)
    known = {hold["township"] for hold in plan["held"]}
    if stray := sorted(set(lifted) - known):
        raise UsageError(
            f"{'、'.join(stray)}: not held back for {month}. Held back: {'、'.join(sorted(known)) or 'none'}."
        )
    back = (known | set(held or ())) - set(lifted)
    approved = record_decision(plan, by, True, back, reason) if plan["lists"] or held else []
    done = [
        release_township(month, planned["township"], by, planned["content"]) for planned in approved
    ]
    return {"released": done, "held_back": sorted(back), **send(month), **summarise(month)}
