"""What those who watch the machines are told: the runs of Airflow that have ended, and the county's figures."""

from __future__ import annotations

from shouwang.house import open_house
from shouwang.reporting.gauges import Gauge
from shouwang.reporting.runs import Run, record
from shouwang.reporting.runs import runs as recorded


def record_run(run: Run) -> None:
    """Put on record that a run has ended, and how."""
    with open_house().database.write() as connection:
        record(connection, run)


def runs(month: str = "", count: int = 50) -> list[Run]:
    """The last runs that ended, the newest first; of one data month if it is named."""
    house = open_house()
    with house.database.read() as connection:
        return recorded(connection, house.zone, count, month)


def gauges() -> list[Gauge]:
    """The county's figures as they are now (see `reporting.gauges`)."""
    from shouwang.reporting.gauges import gauges as measured

    return measured(open_house())
