"""What people were asked about a month's lists and what they said (审核发布), read from the audit
trail.

A question is about lists of a certain content; so is the answer. A township that an answer holds
back stays held until an answer to a question about it no longer holds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.identity import without_numbers
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event

ASKED, APPROVED, REJECTED, WITHDRAWN = "asked", "approved", "rejected", "withdrawn"
SUBJECT = "release"


class HeldBack(TypedDict):
    """A township held back (暂缓下发): by whom, why, since which day, and of which month the answer
    was."""

    township: str
    by: str
    reason: str
    since: str
    month: str


@dataclass(frozen=True)
class Word:
    """A question about a month's lists, or an answer."""

    kind: str
    month: str
    by: str
    at: dt.datetime
    detail: Mapping[str, Any]

    @property
    def content(self) -> str:
        """The fingerprint of the lists that it is about."""
        return str(self.detail["lists"])

    @property
    def clues(self) -> dict[str, int]:
        """How many clues each township's list holds."""
        return dict(self.detail["clues"])

    @property
    def run(self) -> str:
        """The run of Airflow that asks; empty if none does."""
        return str(self.detail.get("run", ""))


def words(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Word]:
    """All that was asked and said, in that order."""
    columns = [audit_event.c[name] for name in ("kind", "month", "by", "at", "detail")]
    query = sa.select(*columns).where(
        audit_event.c.subject == SUBJECT,
        audit_event.c.kind.in_((ASKED, APPROVED, REJECTED, WITHDRAWN)),
        *conditions,
    )
    rows = connection.execute(query.order_by(audit_event.c.event_id))
    return [Word(kind, month, by, at, detail) for kind, month, by, at, detail in rows]


def record(
    connection: Connection,
    kind: str,
    month: str,
    content: str,
    clues: dict[str, int],
    by: str = "shouwang",
    **more: Any,
) -> None:
    """Put on record what was asked or said about lists of this content."""
    audit(connection, kind, SUBJECT, by, month=month, lists=content, clues=clues, **more)


def last_word(connection: Connection, month: str) -> Word | None:
    """The last that was asked or said about a month's lists."""
    spoken = words(connection, audit_event.c.month == month)
    return spoken[-1] if spoken else None


def open_questions(connection: Connection) -> list[Word]:
    """The questions that are the last word on their month, the oldest first."""
    last = {word.month: word for word in words(connection)}
    return sorted((w for w in last.values() if w.kind == ASKED), key=lambda word: word.at)


def held_back(connection: Connection, zone: ZoneInfo) -> dict[str, HeldBack]:
    """The townships that are held back now."""
    held: dict[str, HeldBack] = {}
    for word in words(connection, audit_event.c.kind == APPROVED):
        since = word.at.replace(tzinfo=dt.UTC).astimezone(zone).date().isoformat()
        for township in word.clues:
            if township not in word.detail["held_back"]:
                held.pop(township, None)
            elif township not in held:
                held[township] = HeldBack(
                    township=township,
                    by=word.by,
                    reason=without_numbers(word.detail["reason"]),
                    since=since,
                    month=word.month,
                )
    return held
