"""What the exchange board (数据交换看板) shows: months and departments, townships, what asks for
somebody.

Counts, codes and our own ids only: nothing here names a person. Every function asks the database a
few grouped questions, whatever the number of rows behind them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.states import supervised_from
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.store import submissions
from shouwang.store.tables import (
    feedback,
    late,
    release,
    release_item,
    response,
    run,
    submission,
    warning,
)
from shouwang.workspace.workspace import Workspace

State = Literal["in force", "held", "refused", "late", "waiting", "not due"]
LEVELS = ("红", "黄", "蓝")


@dataclass(frozen=True)
class Cell:
    """One department's month. ``age`` and ``days_late`` in days; ``last`` is the newest version,
    refused or not.

    ``held_for``: since how many days a version waits for a clerk's answer, also a newer one beside
    that in force; ``unanswered``: it counts as missing, since the waiting time is over.
    """

    department: str
    title: str
    month: str
    state: State
    due: dt.date
    version: int | None = None
    versions: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    received_on: dt.date | None = None
    age: int | None = None
    days_late: int = 0
    refused_since: bool = False
    held_for: int | None = None
    unanswered: bool = False
    unusual: int = 0

    @property
    def matched_share(self) -> float | None:
        """The share of matched rows among all that were read."""
        return self.counts["matched"] / self.counts["rows"] if self.counts.get("rows") else None


@dataclass(frozen=True)
class MonthRow:
    """A data month: its departments, its screening and its release; ``levels`` counts households
    warned."""

    month: str
    cells: tuple[Cell, ...]
    screened_on: dt.date | None
    outdated: bool
    levels: dict[str, int]
    released_on: dt.date | None
    townships: int

    def of(self, state: State) -> tuple[Cell, ...]:
        """The departments in a state."""
        return tuple(cell for cell in self.cells if cell.state == state)

    @property
    def reviews(self) -> int:
        """Rows that wait for a clerk's decision."""
        return sum(cell.counts.get("review", 0) for cell in self.cells)


@dataclass(frozen=True)
class TownshipMonth:
    """What a township was sent for a month and has answered; ``supervised``: overdue for so long
    that it is 督办."""

    month: str
    township: str
    sent: int
    returned: int
    overdue: int
    supervised: int
    released_on: dt.date
    due: dt.date
    versions: int


def months(connection: Connection, count: int, today: dt.date) -> list[Month]:
    """The data months to show, the newest first: all from the first known to the one expected now,
    and what is ahead."""
    known = {
        Month.parse(month)
        for table in (submission, late, run)
        for month in connection.scalars(sa.select(table.c.month).distinct())
    }
    return sorted(known.union(Month.span(min(known), expected(today))) if known else known)[
        -count:
    ][::-1]


def expected(today: dt.date) -> Month:
    """The month whose data are handed over now: the last one that is over."""
    return Month.of(today) + -1


def month_rows(
    workspace: Workspace, connection: Connection, shown: Sequence[Month], today: dt.date
) -> list[MonthRow]:
    """Every department's state in each of these months."""
    if not shown:
        return []
    first, last = str(min(shown)), str(max(shown))
    versions = _versions(connection, first, last)
    declared = set(connection.execute(sa.select(late.c.month, late.c.department)).all())
    screened = dict(connection.execute(sa.select(run.c.month, run.c.screened_at)).all())
    outdated = set(submissions.outdated(connection))
    counted = sa.select(warning.c.month, warning.c.level, sa.func.count()).group_by(
        warning.c.month, warning.c.level
    )
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    for month, level, count in connection.execute(
        counted.where(warning.c.month.between(first, last))
    ):
        levels[month][level] = count
    sent = sa.select(
        release.c.month,
        sa.func.max(release.c.released_on),
        sa.func.count(release.c.township.distinct()),
    )
    released = {
        month: (day, count)
        for month, day, count in connection.execute(sent.group_by(release.c.month))
    }
    rows = []
    for month in shown:
        key = str(month)
        cells = tuple(
            _cell(
                workspace,
                contract,
                month,
                versions.get((key, contract.department), []),
                declared,
                today,
            )
            for contract in workspace.county.contracts.values()
        )
        day, townships = released.get(key, (None, 0))
        at = screened.get(key)
        rows.append(
            MonthRow(
                key,
                cells,
                local(workspace, at) if at else None,
                key in outdated,
                levels[key],
                day,
                townships,
            )
        )
    return rows


def _versions(
    connection: Connection, first: str, last: str
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    columns = [
        submission.c[n]
        for n in ("month", "department", "version", "status", "in_force", "received_at", "counts")
    ]
    told = submission.c.report["warnings"].label("warnings")
    query = (
        sa.select(*columns, told)
        .where(submission.c.month.between(first, last))
        .order_by(submission.c.version)
    )
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["month"], row["department"]].append(dict(row))
    return found


def _cell(
    workspace: Workspace,
    contract: Contract,
    month: Month,
    versions: list[dict[str, Any]],
    declared: Iterable[tuple[str, str]],
    today: dt.date,
) -> Cell:
    calendar = workspace.county.settings.calendar
    due = calendar.handover(month)
    who: dict[str, Any] = {
        "department": contract.department,
        "title": contract.title,
        "month": str(month),
        "due": due,
    }
    days_late = (
        0
        if contract.on_arrival or not versions
        else max(0, (local(workspace, versions[0]["received_at"]) - due).days)
    )
    if not versions:
        if not contract.due(month):
            return Cell(**who, state="not due")
        over = (str(month), contract.department) in declared or today > calendar.waiting_until(
            month
        )
        return Cell(
            **who, state="late" if over else "waiting", days_late=max(0, (today - due).days)
        )
    shown = next((version for version in versions if version["in_force"]), versions[-1])
    received = local(workspace, shown["received_at"])
    last = versions[-1]
    held = [version for version in versions if version["status"] == submissions.HELD]
    waits = last["status"] == submissions.HELD and not shown["in_force"]
    return Cell(
        **who,
        state="in force" if shown["in_force"] else "held" if waits else "refused",
        version=shown["version"],
        versions=len(versions),
        counts=shown["counts"] or {},
        received_on=received,
        age=max(0, (today - received).days),
        days_late=days_late,
        refused_since=bool(shown["in_force"]) and last["status"] == submissions.REFUSED,
        held_for=max(0, (today - local(workspace, held[-1]["received_at"])).days) if held else None,
        unanswered=waits and today > calendar.waiting_until(month),
        unusual=len(shown["warnings"] or ()),
    )


def local(workspace: Workspace, moment: dt.datetime) -> dt.date:
    """The county's date at a moment of the database (UTC)."""
    return moment.replace(tzinfo=dt.UTC).astimezone(workspace.zone).date()


def township_months(
    workspace: Workspace, connection: Connection, today: dt.date, first: Month
) -> list[TownshipMonth]:
    """What each township was sent since a month and has answered, the newest month first.

    A household counts as answered when an answer came to the month's list or a later one; overdue
    when its day (核查截止日期) is over without that.
    """
    items = (
        sa.select(
            release.c.month,
            release.c.township,
            release_item.c.clue_no,
            sa.func.max(release.c.version).label("version"),
            sa.func.min(release.c.due).label("due"),
            sa.func.min(release.c.released_on).label("released_on"),
        )
        .join_from(
            release,
            release_item,
            sa.and_(
                *(
                    release.c[name] == release_item.c[name]
                    for name in ("month", "township", "version")
                )
            ),
        )
        .where(release.c.month >= str(first))
        .group_by(release.c.month, release.c.township, release_item.c.clue_no)
        .subquery()
    )
    year, number = (
        sa.func.substr(feedback.c.clue_no, at, 2) for at in (1, 3)
    )  # what a list without month meant
    listed = sa.func.coalesce(
        feedback.c.list_month, sa.literal("20").concat(year).concat("-").concat(number)
    )
    answers = (
        sa.select(feedback.c.clue_no, sa.func.max(listed).label("month"))
        .group_by(feedback.c.clue_no)
        .subquery()
    )
    answered = sa.func.coalesce(answers.c.month, "") >= items.c.month

    query = (
        sa.select(
            items.c.month,
            items.c.township,
            items.c.released_on,
            items.c.due,
            sa.func.max(items.c.version).label("version"),
            sa.func.count().label("sent"),
            sa.func.sum(sa.case((answered, 1), else_=0)).label("answered"),
        )
        .outerjoin_from(items, answers, items.c.clue_no == answers.c.clue_no)
        .group_by(items.c.month, items.c.township, items.c.released_on, items.c.due)
        .order_by(items.c.month.desc(), items.c.township)
    )
    patience, found = workspace.county.settings.calendar.overdue_days, []
    for (month, township), same in groupby(connection.execute(query), key=lambda row: row[:2]):
        rows = [*same]
        late_ = [row for row in rows if row.due < today]
        supervised = [
            row for row in rows if supervised_from(row.released_on, row.due, patience) <= today
        ]
        overdue, on_list = (
            sum(row.sent - row.answered for row in some) for some in (late_, supervised)
        )
        found.append(
            TownshipMonth(
                month,
                township,
                sum(row.sent for row in rows),
                sum(row.answered for row in rows),
                overdue,
                on_list,
                max(row.released_on for row in rows),
                min(row.due for row in rows),
                max(row.version for row in rows),
            )
        )
    return found


Kind = Literal[
    "asked",
    "release asked",
    "late",
    "refused",
    "refused since",
    "outdated",
    "overdue",
    "held back",
    "review",
    "unusual",
    "held",
]


@dataclass(frozen=True)
class Attention:
    """One thing that somebody has to see to: of a month, with the departments or townships that it
    is about.

    ``count`` counts what it is about; of submissions that ask something, the days that they have
    waited.
    """

    kind: Kind
    month: str
    who: tuple[tuple[str, str], ...] = ()
    count: int = 0


RECENT = 3
"""Months that can still ask for somebody; what lies further back stands in the table."""


def held(connection: Connection) -> int:
    """How many files came back of which nobody knows whose they are."""
    return (
        connection.scalar(sa.select(sa.func.count()).select_from(response).where(response.c.held))
        or 0
    )


def attention(
    rows: Sequence[MonthRow],
    townships: Sequence[TownshipMonth],
    held: int = 0,
    releases: Iterable[Attention] = (),
) -> list[Attention]:
    """What asks for somebody, one entry a month and cause: the gravest first, of one kind the
    newest first.

    ``releases``: those that wait for an answer (``count``: days), and townships that are held back.
    """
    found = [*releases, *([Attention("held", rows[0].month, (), held)] if held and rows else [])]

    def add(kind: Kind, row: MonthRow, cells: Iterable[Cell], count: int | None = None) -> None:
        if who := tuple((cell.department, cell.title) for cell in cells):
            found.append(Attention(kind, row.month, who, len(who) if count is None else count))

    for row in rows[:RECENT]:
        asked = [cell for cell in row.cells if cell.held_for is not None]
        add("asked", row, asked, max((cell.held_for or 0 for cell in asked), default=0))
        add("refused", row, row.of("refused"))
        add("refused since", row, (cell for cell in row.cells if cell.refused_since))
        add("late", row, row.of("late"))
        if row.outdated:
            found.append(Attention("outdated", row.month))
    for row in [row for row in rows if row.of("in force")][:1]:
        add("review", row, (cell for cell in row.cells if cell.counts.get("review")), row.reviews)
        add("unusual", row, (cell for cell in row.cells if cell.unusual))
    overdue: Counter[str] = Counter()
    names: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for sent in townships:
        if sent.overdue:
            overdue[sent.month] += sent.overdue
            names[sent.month].append(("", sent.township))
    found += [
        Attention("overdue", month, tuple(names[month]), count) for month, count in overdue.items()
    ]
    order = (
        "asked",
        "release asked",
        "refused",
        "held",
        "late",
        "refused since",
        "outdated",
        "overdue",
        "held back",
        "review",
        "unusual",
    )
    return sorted(found, key=lambda entry: order.index(entry.kind))
