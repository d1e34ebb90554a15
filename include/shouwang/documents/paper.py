"""What all papers share: for whom, by whom and when they are made, and whose templates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from shouwang.documents.template import SHIPPED

SYSTEM = "shouwang"
"""Who made what no person asked for."""


def in_words(day: dt.date) -> str:
    """A day as it stands below a text: ``2026年10月12日``."""
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True)
class Column:
    """A column by which a filled-in paper is read: its heading, and its name when it is read."""

    header: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Whose paper it is, who made it when, and for whom: none (``receiver`` empty) if it is for
    everybody's eyes; ``templates``: the county's own."""

    county: str
    office: str
    made_at: dt.datetime
    made_by: str = SYSTEM
    receiver: str = ""
    templates: Path = SHIPPED

    @property
    def day(self) -> dt.date:
        """The day on which it was made (编制日期)."""
        return self.made_at.date()

    @property
    def mark(self) -> str:
        """What stands at the head of each page, so that a copy tells where it came from: for whom,
        from whom, when."""
        by = "系统生成" if self.made_by == SYSTEM else f"经办人 {self.made_by}"
        return f"{self.receiver}专用　{by}　{self.made_at:%Y-%m-%d}" if self.receiver else ""

    @property
    def lasting(self) -> dict[str, str]:
        """What every template may say, whenever the paper is made."""
        return {
            "county": self.county,
            "office": self.office,
            "made_by": self.made_by,
            "receiver": self.receiver,
        }

    @property
    def printed(self) -> dict[str, str | dt.date]:
        """What every template may say (`template.OF_EVERY_PAPER`)."""
        return {
            **self.lasting,
            "day": self.day,
            "day_in_words": in_words(self.day),
            "year_later": self.day + dt.timedelta(days=366),
            "mark": self.mark,
        }
