"""A month's lists go out, by one path: planned, asked about, handed out, sent, summed up.

`release_plan` → a person's answer (`record_decision`) → `release_township` → `send_township` →
`summarise`: the tasks of the DAG `release`, and what `release` does one after the other.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any, TypedDict

import pandas as pd
import sqlalchemy as sa

from shouwang.casework.monthly import month_table, outdated, require_screened
from shouwang.casework.rebuilding import rebuild_cases
from shouwang.casework.warnings import month_warnings
from shouwang.core.errors import ShouwangError, UsageError
from shouwang.core.identity import without_numbers
from shouwang.core.month import Month
from shouwang.core.workdays import working_days_after
from shouwang.documents.notice import NoticePaper, write_notice
from shouwang.documents.paper import SYSTEM
from shouwang.documents.summary import SummaryPaper, write_summary
from shouwang.documents.township import ReleasePaper, write_township_workbook
from shouwang.release import approvals
from shouwang.release.approvals import APPROVED, ASKED, REJECTED, Hold, held_back, last_word
from shouwang.release.lists import (
    Outgoing,
    all_clues,
    fingerprint,
    outgoing,
    record_release,
    unsent_months,
    warned_in,
)
from shouwang.screening.reports import CHANNEL_NAMES
from shouwang.screening.rulebook import load_rulebook
from shouwang.store import submissions
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, release_item, run
from shouwang.store.tables import release as released
from shouwang.submissions.handover import deadline, settled
from shouwang.transfer import dispatching
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace, load_workspace, safe_name

log = logging.getLogger(__name__)
DEPARTMENT_STATES = {"in force": "已接收", "refused": "整份退回", "missing": "未报送"}


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


class Waiting(TypedDict):
    """A month whose lists nobody has answered for; ``run``: the run of Airflow that asks."""

    month: str
    townships: list[str]
    hours: float
    run: str


def release_plan(month: str) -> ReleasePlan:
    """What each township would receive now, township by township."""
    workspace, data_month = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        require_screened(connection, data_month)
        lists = outgoing(connection, data_month, _due(workspace))
        holds, words = (
            held_back(connection),
            approvals.words(connection, audit_event.c.month == month),
        )
        households = sa.func.count(release_item.c.clue_no.distinct())
        told = connection.scalar(sa.select(households).where(release_item.c.month == month))
        causes = _causes(connection, workspace, month)
    content, last = _content_of(lists), words[-1] if words else None
    return ReleasePlan(
        month=month,
        content=content,
        lists=[_planned(out) for out in lists],
        held=[_held(workspace, holds[out.township]) for out in lists if out.township in holds],
        sent=told or 0,
        causes=causes,
        asked={word.run: word.content for word in words if word.kind == ASKED},
        question=last.run if last and last.kind == ASKED else "",
        rejected=last is not None and (last.kind, last.content) == (REJECTED, content),
    )


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


def _content_of(lists: Iterable[Outgoing]) -> str:
    """A fingerprint of lists: who receives what."""
    return fingerprint("|".join(f"{out.township} {out.content}" for out in lists))


def _held(workspace: Workspace, hold: Hold) -> HeldBack:
    since = hold.since.replace(tzinfo=dt.UTC).astimezone(workspace.zone).date().isoformat()
    reason = without_numbers(hold.reason)
    return HeldBack(
        township=hold.township, by=hold.by, reason=reason, since=since, month=hold.month
    )


def _causes(connection: sa.Connection, workspace: Workspace, month: str) -> list[str]:
    """What came into force since the month's lists went out last; nothing before the first."""
    last = sa.select(sa.func.max(audit_event.c.event_id)).where(
        audit_event.c.kind == "released", audit_event.c.month == month
    )
    came = sa.select(audit_event.c.subject, audit_event.c.detail).where(
        audit_event.c.kind == "in_force",
        audit_event.c.month == month,
        audit_event.c.event_id > last.scalar_subquery(),
    )
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    return [
        f"{titles.get(department, department)}第{detail['version']}版"
        for department, detail in connection.execute(came.order_by(audit_event.c.event_id))
    ]


def unsent() -> list[str]:
    """Months whose lists have gone out and that have something to send again (`unsent_months`).

    Not those of which everything is held back, nor those whose lists somebody was asked about, or
    has refused, already.
    """
    workspace, months = load_workspace(), []
    with workspace.database.read() as connection:
        held = held_back(connection)
        for month, lists in unsent_months(connection, _due(workspace)).items():
            last = last_word(connection, str(month))
            asked = last is not None and last.kind in (ASKED, REJECTED)
            if asked and last and last.content == _content_of(lists):
                continue
            if any(out.township not in held for out in lists):
                months.append(str(month))
    return months


def to_screen(received: Sequence[str] = ()) -> list[str]:
    """Months that are to be screened: outdated, with something new to send, or settled and never
    screened.

    The last are looked for among those ``received`` just now, and the last month once its waiting
    time is over.
    """
    workspace = load_workspace()
    last, candidates = str(Month.of(workspace.today()) + -1), {*received}
    if workspace.today() >= deadline(last).date():
        candidates.add(last)
    with workspace.database.read() as connection:
        candidates -= set(connection.scalars(sa.select(run.c.month)))
        candidates = {month for month in candidates if submissions.in_force(connection, month)}
    never = {month for month in candidates if settled(month)["settled"]}
    return sorted({*outdated(workspace), *unsent(), *never})


def record_question(plan: ReleasePlan, run: str) -> None:
    """Put on record that a run of Airflow asks about a plan."""
    with load_workspace().database.write() as connection:
        approvals.ask(connection, plan["month"], plan["content"], _clues(plan), run)


def withdraw_question(month: str) -> None:
    """Put on record that nobody needs to answer the last question about a month: there is nothing
    left to ask for."""
    with load_workspace().database.write() as connection:
        approvals.withdraw(connection, month)


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
    kind, said = APPROVED if approved else REJECTED, {"held_back": sorted(held), "reason": reason}
    with load_workspace().database.write() as connection:
        approvals.record(connection, kind, plan["month"], plan["content"], _clues(plan), by, **said)
    allowed = [each for each in plan["lists"] if approved and each["township"] not in held]
    log.info("%s: %s, %d lists may go out, %d held.", plan["month"], kind, len(allowed), len(held))
    return allowed


def _clues(plan: ReleasePlan) -> dict[str, int]:
    return {each["township"]: each["new"] + each["supplement"] for each in plan["lists"]}


def waiting_releases() -> list[Waiting]:
    """The questions that nobody has answered, of months that still have lists to send."""
    workspace, now = load_workspace(), dt.datetime.now(dt.UTC).replace(tzinfo=None)
    waiting = []
    with workspace.database.read() as connection:
        for word in approvals.open_questions(connection):
            lists = outgoing(connection, Month.parse(word.month), _due(workspace))
            townships, hours = (
                [out.township for out in lists],
                (now - word.at).total_seconds() / 3600,
            )
            if townships:
                waiting.append(
                    Waiting(month=word.month, townships=townships, hours=hours, run=word.run)
                )
    return waiting


def held_townships() -> list[HeldBack]:
    """The townships that are held back."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        return [_held(workspace, hold) for hold in held_back(connection).values()]


def _due(workspace: Workspace) -> dt.date:
    """By when a list that goes out today is to be answered."""
    calendar = workspace.county.settings.calendar
    days = calendar.verification_working_days
    return working_days_after(workspace.today(), days, calendar.holidays)


def release_township(month: str, township: str, by: str, content: str) -> dict[str, Any]:
    """Write a township's workbook and put the release on record; a list that has gone out is not
    made again.

    ``content``: what was approved. A list that says something else by now stays here (``changed``):
    it is asked for anew.
    """
    began, workspace, data_month = time.monotonic(), load_workspace(), Month.parse(month)
    due, settings = _due(workspace), workspace.county.settings
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    done = {"month": month, "township": township}
    with workspace.database.alone() as connection:
        require_screened(connection, data_month)
        lists = outgoing(connection, data_month, due, township)
        if not lists or lists[0].content != content:
            return {**done, "status": "changed" if lists else "nothing new"}
        (out,) = lists
        said: dict[str, Any] = {
            **headed(workspace, township, by),
            "month": data_month,
            "version": out.version,
            "kind": out.kind,
            "due": due,
            "missing": tuple(titles[d] for d in settled(month)["missing"]),
            "department_names": titles | CHANNEL_NAMES,
        }
        place = (connection, workspace, data_month, township)
        version = f"{month}_第{out.version}版.xlsx"
        name = f"{safe_name(township)}预警{out.kind}_{version}"
        write = partial(
            write_township_workbook,
            release=ReleasePaper(**said),
            clues=out.clues,
            details=out.details,
        )
        fresh = hand_out(*place, name, by, write)
        notice = partial(write_notice, paper=NoticePaper(**said), clues=out.clues)
        hand_out(*place, f"{safe_name(township)}公示名单_{version}", by, notice, public=True)
        record_release(connection, data_month, out, name, by, workspace.today())
        facts = {"version": out.version, "clues": len(out.clues)}
        audit(connection, "released", township, by, month=month, **facts)
        rebuild_cases(connection, settings, warned_in(data_month, township))
    seconds = time.monotonic() - began
    log.info("%s %s: %d clues released, %.1f s.", month, township, len(out.clues), seconds)
    return {**done, **facts, "file": name, "new_password": fresh, "status": "released"}


def send_township(month: str | None, township: str) -> dict[str, Any]:
    """Send what was released for a township and has not been sent; done twice, it changes
    nothing."""
    workspace, sent, failed = load_workspace(), [], []
    for _, file in _waiting(workspace, month, township):
        try:
            sent += [file] if dispatching.send(workspace, file) else []
        except ShouwangError as error:
            failed.append(error)
    log.info("%s: %d files sent, %d failed.", township, len(sent), len(failed))
    if failed:
        raise failed[0]
    return {"month": month, "township": township, "sent": sent}


def _waiting(
    workspace: Workspace, month: str | None, township: str | None
) -> list[tuple[str, str]]:
    with workspace.database.read() as connection:
        return dispatching.waiting(connection, Month.parse(month) if month else None, township)


def send(month: str | None = None, township: str | None = None) -> dict[str, Any]:
    """Send what has not been sent (of a month), township by township; one that fails does not hold
    up the others."""
    done: dict[str, Any] = {"month": month, "sent": [], "failed": {}}
    for name in dict(_waiting(load_workspace(), month, township)):
        try:
            done["sent"] += send_township(month, name)["sent"]
        except ShouwangError as error:
            done["failed"][name] = str(error)
    return done


def summarise(month: str) -> dict[str, Any]:
    """Write the county's summary of a month."""
    workspace, data_month = load_workspace(), Month.parse(month)
    settings, contracts = workspace.county.settings, workspace.county.contracts
    with workspace.database.read() as connection:
        require_screened(connection, data_month)
        warned = month_warnings(connection, data_month)
        clues, _ = all_clues(connection, data_month)
        lists = sa.select(released.c.version, released.c.released_by)
        last = connection.execute(
            lists.where(released.c.month == month).order_by(released.c.version.desc())
        ).first()
    table, rules = month_table(month), load_rulebook(workspace.county_folder).in_force(data_month)
    rows = pd.DataFrame(table["departments"])
    rows["dataset"] = [contracts[department].dataset_title for department in rows["department"]]
    rows["department"], rows["state"] = rows["title"], rows["status"].map(DEPARTMENT_STATES)
    version, by = last or (1, SYSTEM)
    summary = SummaryPaper(
        **headed(workspace, COUNTY, by),
        month=data_month,
        version=version,
        missing=tuple(table["missing"]),
        rule_titles={r.code: r.title for r in rules if not r.further} | CHANNEL_NAMES,
    )
    path = workspace.county_papers_of(data_month) / f"{settings.name}预警汇总_{month}.xlsx"
    write = partial(
        write_summary,
        summary=summary,
        warnings=warned,
        departments=rows,
        lists={str(n): g.reset_index(drop=True) for n, g in clues.groupby("township", sort=True)},
    )
    with workspace.database.alone() as connection:
        put_out(connection, workspace, path, data_month, COUNTY, by, write)
    log.info("%s: summary of %d clues written.", month, len(clues))
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
    existing = {hold["township"] for hold in plan["held"]}
    if stray := sorted(set(lifted) - existing):
        raise UsageError(
            f"{'、'.join(stray)}: not held back for {month}. "
            f"Held back: {'、'.join(sorted(existing)) or 'none'}."
        )
    back = (existing | set(held or ())) - set(lifted)
    approved = record_decision(plan, by, True, back, reason) if plan["lists"] or held else []
    done = [release_township(month, each["township"], by, each["content"]) for each in approved]
    return {"released": done, "held_back": sorted(back), **send(month), **summarise(month)}
