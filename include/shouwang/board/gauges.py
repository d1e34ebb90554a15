"""A county's figures for whoever watches machines (监控指标): counts by county and department,
nobody in them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from shouwang.board.figures import month_rows, months, township_months
from shouwang.store.tables import dispatch
from shouwang.workspace.workspace import Workspace

LEVELS = {"红": "red", "黄": "yellow", "蓝": "blue"}
MONTHS = 12


@dataclass(frozen=True)
class Gauge:
    """A figure as it is now: ``shouwang.<name>``; ``tags`` say which county, department, outcome,
    level or state."""

    name: str
    value: float
    tags: dict[str, str]


def gauges(workspace: Workspace) -> list[Gauge]:
    """What holds now; nothing of a month or department is said before there is something.

    ``rows`` (of each department's newest data in force, by outcome: read, matched, review,
    unmatched, rejected, duplicate) and ``age_days`` since they came; ``warnings`` (households of
    the newest screened month, by level); ``lists`` (papers for townships, sent or waiting);
    ``overdue`` (households of the last twelve months' lists).
    """
    today, county = workspace.today(), workspace.county.settings.code
    with workspace.database.read() as connection:
        shown = months(connection, MONTHS, today)
        rows = month_rows(workspace, connection, shown, today)
        townships = township_months(workspace, connection, today, min(shown)) if shown else []
        query = sa.select(sa.func.count(), sa.func.count(dispatch.c.sent_at))
        prepared, sent = connection.execute(query).one()
    figures: list[Gauge] = []

    def add(name: str, value: float, **tags: str) -> None:
        figures.append(Gauge(name, value, {"county": county, **tags}))

    for department in workspace.county.contracts:
        cells = (cell for row in rows for cell in row.of("in force"))
        if cell := next((cell for cell in cells if cell.department == department), None):
            for outcome, count in sorted(cell.counts.items()):
                outcome = "read" if outcome == "rows" else outcome
                add("rows", count, department=department, outcome=outcome)
            add("age_days", cell.age or 0, department=department)
    if screened := next((row for row in rows if row.screened_on), None):
        for level, name in LEVELS.items():
            add("warnings", screened.levels.get(level, 0), level=name)
    add("lists", sent, state="sent")
    add("lists", prepared - sent, state="waiting")
    add("overdue", sum(each.overdue for each in townships))
    return figures
