"""One clock: UTC inside, as the tables hold it; the county's day and hour for whoever reads.

``SHOUWANG_TODAY`` (YYYY-MM-DD) sets the county's day for rehearsals; what is recorded keeps the
true time.
"""

from __future__ import annotations

import datetime as dt
import os
from zoneinfo import ZoneInfo


def now_precisely() -> dt.datetime:
    """This moment in UTC without a zone, to the microsecond."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def now() -> dt.datetime:
    """This moment in UTC without a zone, to the second."""
    return now_precisely().replace(microsecond=0)


def today(zone: ZoneInfo) -> dt.date:
    """The date in a time zone, or ``SHOUWANG_TODAY``."""
    fixed = os.environ.get("SHOUWANG_TODAY")
    return dt.date.fromisoformat(fixed) if fixed else dt.datetime.now(zone).date()


def local_now(zone: ZoneInfo) -> dt.datetime:
    """The time in a zone without the zone, to the microsecond, on the day that `today` says."""
    return dt.datetime.combine(today(zone), dt.datetime.now(zone).time())


def in_zone(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """A moment of the tables in a time zone."""
    return moment.replace(tzinfo=dt.UTC).astimezone(zone)
