"""What those who watch the machines are told: the runs of Airflow that have ended, and the county's
figures."""

from __future__ import annotations

from shouwang.board import runs as ended
from shouwang.board.gauges import Gauge
from shouwang.board.runs import Run
from shouwang.workspace.workspace import load_workspace


def note_run(end: str, run: Run) -> None:
    """Note that a run has ended, without the database; ``end`` is the same however often this end
    of it is told."""
    ended.note(load_workspace(), end, run)


def record_ended_runs() -> int:
    """Put the runs that have ended since the last time on record; how many."""
    return ended.record_noted(load_workspace())


def runs(month: str = "", count: int = 50) -> list[Run]:
    """The last runs that ended, the newest first; of one data month if it is named."""
    workspace = load_workspace()
    with workspace.database.read() as connection:
        return ended.runs(workspace, connection, count, month)


def gauges() -> list[Gauge]:
    """The county's figures as they are now (see `reporting.gauges`)."""
    from shouwang.board.gauges import gauges as measured

    return measured(load_workspace())
