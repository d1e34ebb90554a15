"""Working days (工作日): Chinese public holidays and make-up days, a county's own exceptions before
them.

The holidays are those that the ``chinesecalendar`` library carries, published by the State Council
each November for the year that follows. A year not published yet falls back to weekends, and says
so in the log.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from functools import cache

import chinese_calendar

log = logging.getLogger(__name__)

NO_EXCEPTIONS: Mapping[dt.date, bool] = {}


def is_working_day(day: dt.date, days_off: Mapping[dt.date, bool] = NO_EXCEPTIONS) -> bool:
    """Whether offices work on ``day``; ``days_off`` (true = a day off) is what the county knows
    better."""
    if day in days_off:
        return not days_off[day]
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        _warn_of_unknown_year(day.year)
        return day.weekday() < 5


def working_day_from(day: dt.date, days_off: Mapping[dt.date, bool] = NO_EXCEPTIONS) -> dt.date:
    """``day`` itself if it is a working day, else the next one."""
    while not is_working_day(day, days_off):
        day += dt.timedelta(days=1)
    return day


def working_days_after(
    day: dt.date, count: int, days_off: Mapping[dt.date, bool] = NO_EXCEPTIONS
) -> dt.date:
    """The working day that is ``count`` working days after ``day``; ``day`` itself does not
    count."""
    for _ in range(count):
        day = working_day_from(day + dt.timedelta(days=1), days_off)
    return day


@cache
def _warn_of_unknown_year(year: int) -> None:
    """Say once a year and process that holidays are guessed."""
    log.warning(
        "The public holidays of %d are not known: weekends are taken as days off. When they are "
        "published, update the package chinesecalendar, or write them into county.yaml under "
        "calendar.holidays.",
        year,
    )
