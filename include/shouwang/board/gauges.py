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
    today, county = workspace.today(), {"county": workspace.county.settings.code}
    with workspace.database.read() as connection:
        shown = months(connection, MONTHS, today)
        rows = month_rows(workspace, connection, shown, today)
        townships = township_months(workspace, connection, today, min(shown)) if shown else []
        prepared, sent = connection.execute(
            sa.select(sa.func.count(), sa.func.count(dispatch.c.sent_at))
        ).one()
    found = []
    for department in workspace.county.contracts:
        cells = (cell for row in rows for cell in row.cells if cell.department == department)
        if cell := next((cell for cell in cells if cell.state == "in force"), None):
            tags = {**county, "department": department}
            for outcome, count in sorted(cell.counts.items()):
                found.append(
                    Gauge(
                        "rows", count, {**tags, "outcome": "read" if outcome == "rows" else outcome}
                    )
                )
            found.append(Gauge("age_days", cell.age or 0, tags))
    if screened := next((row for row in rows if row.screened_on), None):
        for level, name in LEVELS.items():
            found.append(
                Gauge("warnings", screened.levels.get(level, 0), {**county, "level": name})
            )
    found += [
        Gauge("lists", count, {**county, "state": state})
        for state, count in (("sent", sent), ("waiting", prepared - sent))
    ]
    return [*found, Gauge("overdue", sum(each.overdue for each in townships), county)]
