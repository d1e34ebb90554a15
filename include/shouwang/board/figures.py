"""What the exchange board (数据交换看板) shows: months and departments, townships, what asks for
somebody.

Counts, codes and our own ids only: nothing here names a person. Every function asks the database a
few grouped questions, whatever the number of rows behind them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.states import supervised_from
from shouwang.core import clock
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.store import submissions
from shouwang.store.tables import late, release, response, run, submission, warning
from shouwang.workspace.workspace import Workspace

State = Literal["in force", "held", "refused", "late", "waiting", "not due"]
Version = dict[str, Any]


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
    existing = {
        Month.parse(month)
        for table in (submission, late, run)
        for month in connection.scalars(sa.select(table.c.month).distinct())
    }
    if not existing:
        return []
    return sorted(existing.union(Month.span(min(existing), expected(today))))[-count:][::-1]


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
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    counted = sa.select(warning.c.month, warning.c.level, sa.func.count())
    counted = counted.where(warning.c.month.between(first, last))
    for month, level, count in connection.execute(
        counted.group_by(warning.c.month, warning.c.level)
    ):
        levels[month][level] = count
    townships = sa.func.count(release.c.township.distinct())
    lists = sa.select(release.c.month, sa.func.max(release.c.released_on), townships)
    released = {row[0]: row[1:] for row in connection.execute(lists.group_by(release.c.month))}
    rows = []
    for month in shown:
        key, cells = str(month), []
        for contract in workspace.county.contracts.values():
            own = versions[key, contract.department]
            is_late = (key, contract.department) in declared
            cells.append(_cell(workspace, contract, month, own, is_late, today))
        at = screened.get(key)
        screened_on = local(workspace, at) if at else None
        rows.append(
            MonthRow(
                key,
                tuple(cells),
                screened_on,
                key in outdated,
                levels[key],
                *released.get(key, (None, 0)),
            )
        )
    return rows


def _versions(
    connection: Connection, first: str, last: str
) -> dict[tuple[str, str], list[Version]]:
    """What came from each department for each month, the oldest version first."""
    names = ("month", "department", "version", "status", "in_force", "received_at", "counts")
    remarks = submission.c.report["warnings"].label("warnings")
    query = sa.select(*(submission.c[name] for name in names), remarks)
    query = query.where(submission.c.month.between(first, last)).order_by(submission.c.version)
    versions: dict[tuple[str, str], list[Version]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        versions[row["month"], row["department"]].append(dict(row))
    return versions


def _cell(
    workspace: Workspace,
    contract: Contract,
    month: Month,
    versions: list[Version],
    declared_late: bool,
    today: dt.date,
) -> Cell:
    calendar = workspace.county.settings.calendar
    due, over = calendar.handover(month), today > calendar.waiting_until(month)

    def cell(state: State, **more: Any) -> Cell:
        return Cell(contract.department, contract.title, str(month), state, due, **more)

    def days_since(version: Version) -> int:
        return max(0, (today - local(workspace, version["received_at"])).days)

    if not versions:
        if not contract.due(month):
            return cell("not due")
        days_late = max(0, (today - due).days)
        return cell("late" if declared_late or over else "waiting", days_late=days_late)
    last, first = versions[-1], local(workspace, versions[0]["received_at"])
    shown = next((version for version in versions if version["in_force"]), last)
    held = [version for version in versions if version["status"] == submissions.HELD]
    waits = last["status"] == submissions.HELD and not shown["in_force"]
    return cell(
        "in force" if shown["in_force"] else "held" if waits else "refused",
        version=shown["version"],
        versions=len(versions),
        counts=shown["counts"] or {},
        received_on=local(workspace, shown["received_at"]),
        age=days_since(shown),
        days_late=0 if contract.on_arrival else max(0, (first - due).days),
        refused_since=bool(shown["in_force"]) and last["status"] == submissions.REFUSED,
        held_for=days_since(held[-1]) if held else None,
        unanswered=waits and over,
        unusual=len(shown["warnings"] or ()),
    )


def local(workspace: Workspace, moment: dt.datetime) -> dt.date:
    """The county's date at a moment of the database (UTC)."""
    return clock.in_zone(moment, workspace.zone).date()


LISTS = sa.text("""
WITH item AS (
    SELECT month, township, clue_no, max(version) AS version, min(due) AS due,
           min(released_on) AS released_on
    FROM sent WHERE month >= :first GROUP BY month, township, clue_no
), answer AS (  -- a list without a month meant that in which the clue was opened
    SELECT clue_no, max(coalesce(list_month,
           '20' || substr(clue_no, 1, 2) || '-' || substr(clue_no, 3, 2))) AS month
    FROM feedback GROUP BY clue_no
)
SELECT item.month, item.township, released_on, due, max(version) AS version, count(*) AS sent,
       count(CASE WHEN answer.month >= item.month THEN 1 END) AS returned
FROM item LEFT JOIN answer ON answer.clue_no = item.clue_no
GROUP BY item.month, item.township, released_on, due
ORDER BY item.month DESC, item.township
""").columns(released_on=sa.Date, due=sa.Date)


def township_months(
    workspace: Workspace, connection: Connection, today: dt.date, first: Month
) -> list[TownshipMonth]:
    """What each township was sent since a month and has answered, the newest month first.

    A household counts as answered when an answer came to the month's list or a later one; overdue
    when its day (核查截止日期) is over without that.
    """
    patience, townships = workspace.county.settings.calendar.overdue_days, []
    lists = connection.execute(LISTS, {"first": str(first)}).mappings().all()
    for (month, township), same in groupby(lists, lambda row: (row["month"], row["township"])):
        rows = [*same]
        unanswered = [(row, row["sent"] - row["returned"]) for row in rows]
        townships.append(
            TownshipMonth(
                month,
                township,
                sum(row["sent"] for row in rows),
                sum(row["returned"] for row in rows),
                sum(count for row, count in unanswered if row["due"] < today),
                sum(
                    count
                    for row, count in unanswered
                    if supervised_from(row["released_on"], row["due"], patience) <= today
                ),
                max(row["released_on"] for row in rows),
                min(row["due"] for row in rows),
                max(row["version"] for row in rows),
            )
        )
    return townships


Kind = Literal[
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
]
"""What can ask for somebody, the gravest first."""
RECENT = 3
"""Months that can still ask for somebody; what lies further back stands in the table."""


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


def held(connection: Connection) -> int:
    """How many files came back of which nobody knows whose they are."""
    query = sa.select(sa.func.count()).select_from(response).where(response.c.held)
    return connection.scalar(query) or 0


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
    entries = [*releases, *([Attention("held", rows[0].month, (), held)] if held and rows else [])]

    def add(kind: Kind, row: MonthRow, cells: Iterable[Cell], count: int | None = None) -> None:
        if who := tuple((cell.department, cell.title) for cell in cells):
            entries.append(Attention(kind, row.month, who, len(who) if count is None else count))

    for row in rows[:RECENT]:
        asked = [cell for cell in row.cells if cell.held_for is not None]
        add("asked", row, asked, max((cell.held_for or 0 for cell in asked), default=0))
        add("refused", row, row.of("refused"))
        add("refused since", row, (cell for cell in row.cells if cell.refused_since))
        add("late", row, row.of("late"))
        if row.outdated:
            entries.append(Attention("outdated", row.month))
    if newest := next((row for row in rows if row.of("in force")), None):
        reviewed = (cell for cell in newest.cells if cell.counts.get("review"))
        add("review", newest, reviewed, newest.reviews)
        add("unusual", newest, (cell for cell in newest.cells if cell.unusual))
    overdue = [sent for sent in townships if sent.overdue]
    for month in dict.fromkeys(sent.month for sent in overdue):
        late_ones = [sent for sent in overdue if sent.month == month]
        who = tuple(("", sent.township) for sent in late_ones)
        entries.append(Attention("overdue", month, who, sum(sent.overdue for sent in late_ones)))
    return sorted(entries, key=lambda entry: get_args(Kind).index(entry.kind))
