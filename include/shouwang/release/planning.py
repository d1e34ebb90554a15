"""What of a month would go out now, who was asked about it and what they said.

An approval is bound to the fingerprint of what it was asked for: `releasing` hands out nothing
else.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import TypedDict

import sqlalchemy as sa

from shouwang.casework.monthly import outdated, require_screened
from shouwang.core import clock
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.core.workdays import working_days_after
from shouwang.release import approvals
from shouwang.release.approvals import (
    APPROVED,
    ASKED,
    REJECTED,
    WITHDRAWN,
    HeldBack,
    held_back,
    last_word,
)
from shouwang.release.lists import Outgoing, fingerprint, outgoing, unsent_months
from shouwang.store import submissions
from shouwang.store.tables import audit_event, release_item, run
from shouwang.submissions.handover import deadline, settled
from shouwang.workspace.workspace import Workspace, load_workspace

log = logging.getLogger(__name__)


class PlannedList(TypedDict):
    """A township's list as it would go out now; ``content`` is the fingerprint of what it says."""

    township: str
    version: int
    kind: str
    new: int
    supplement: int
    levels: dict[str, int]
    content: str


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
        lists = outgoing(connection, data_month, due_day(workspace))
        held = held_back(connection, workspace.zone)
        words = approvals.words(connection, audit_event.c.month == month)
        households = sa.func.count(release_item.c.clue_no.distinct())
        count = connection.scalar(sa.select(households).where(release_item.c.month == month))
        causes = _causes(connection, workspace, month)
    content, last = _content_of(lists), words[-1] if words else None
    return ReleasePlan(
        month=month,
        content=content,
        lists=[_planned(out) for out in lists],
        held=[held[out.township] for out in lists if out.township in held],
        sent=count or 0,
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
        held = held_back(connection, workspace.zone)
        for month, lists in unsent_months(connection, due_day(workspace)).items():
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
    """Put on record that a run of Airflow asks about a plan, once."""
    month, content = plan["month"], plan["content"]
    with load_workspace().database.write() as connection:
        last = last_word(connection, month)
        if last is None or (last.kind, last.content, last.run) != (ASKED, content, run):
            approvals.record(connection, ASKED, month, content, _clues(plan), run=run)


def withdraw_question(month: str) -> None:
    """Put on record that nobody needs to answer the last question about a month: there is nothing
    left to ask for."""
    with load_workspace().database.write() as connection:
        last = last_word(connection, month)
        if last is not None and last.kind == ASKED:
            clues = dict.fromkeys(last.clues, 0)
            approvals.record(connection, WITHDRAWN, month, last.content, clues)


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
    kind, answer = APPROVED if approved else REJECTED, {"held_back": sorted(held), "reason": reason}
    with load_workspace().database.write() as connection:
        approvals.record(
            connection, kind, plan["month"], plan["content"], _clues(plan), by, **answer
        )
    allowed = [each for each in plan["lists"] if approved and each["township"] not in held]
    log.info("%s: %s, %d lists may go out, %d held.", plan["month"], kind, len(allowed), len(held))
    return allowed


def _clues(plan: ReleasePlan) -> dict[str, int]:
    return {each["township"]: each["new"] + each["supplement"] for each in plan["lists"]}


def waiting_releases() -> list[Waiting]:
    """The questions that nobody has answered, of months that still have lists to send."""
    workspace, now = load_workspace(), clock.now_precisely()
    waiting = []
    with workspace.database.read() as connection:
        for word in approvals.open_questions(connection):
            lists = outgoing(connection, Month.parse(word.month), due_day(workspace))
            if lists:
                waiting.append(
                    Waiting(
                        month=word.month,
                        townships=[out.township for out in lists],
                        hours=(now - word.at).total_seconds() / 3600,
                        run=word.run,
                    )
                )
    return waiting


def held_townships() -> list[HeldBack]:
    """The townships that are held back."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        return [*held_back(connection, workspace.zone).values()]


def due_day(workspace: Workspace) -> dt.date:
    """By when a list that goes out today is to be answered."""
    calendar = workspace.county.settings.calendar
    days = calendar.verification_working_days
    return working_days_after(workspace.today(), days, calendar.holidays)
