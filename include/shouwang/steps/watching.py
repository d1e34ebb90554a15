"""What those who watch the machines are told: the runs of Airflow that have ended, and the county's
figures."""

from __future__ import annotations

from shouwang.house import open_house
from shouwang.reporting import runs as ended
from shouwang.reporting.gauges import Gauge
from shouwang.reporting.runs import Run


def note_run(end: str, run: Run) -> None:
    """Note that a run has ended, without the database; ``end`` is the same however often this end
    of it is told."""
    ended.note(open_house(), end, run)


def record_ended_runs() -> int:
    """Put the runs that have ended since the last time on record; how many."""
    return ended.record_noted(open_house())


def runs(month: str = "", count: int = 50) -> list[Run]:
    """The last runs that ended, the newest first; of one data month if it is named."""
    house = open_house()
    with house.database.read() as connection:
        return ended.runs(house, connection, count, month)


def gauges() -> list[Gauge]:
    """The county's figures as they are now (see `reporting.gauges`)."""
    from shouwang.reporting.gauges import gauges as measured

    return measured(open_house())
