"""What people were asked about a month's lists and what they said (审核发布), read from the audit
trail.

A question is about lists of a certain content; so is the answer. A township that an answer holds
back stays held until an answer to a question about it no longer holds it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.store.audit import audit
from shouwang.store.tables import audit_event

ASKED, APPROVED, REJECTED, WITHDRAWN = "asked", "approved", "rejected", "withdrawn"
SUBJECT = "release"


@dataclass(frozen=True)
class Hold:
    """A township held back (暂缓下发): by whom, why, since when (UTC), and of which month the
    answer was."""

    township: str
    by: str
    reason: str
    since: dt.datetime
    month: str


@dataclass(frozen=True)
class Word:
    """A question about a month's lists, or an answer; ``content``: the fingerprint of the lists
    that it is about; ``clues``: how many each township's holds."""

    kind: str
    month: str
    by: str
    at: dt.datetime
    content: str
    clues: dict[str, int]
    run: str
    held_back: tuple[str, ...]
    reason: str


def words(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Word]:
    """All that was asked and said, in that order."""
    columns = [audit_event.c[name] for name in ("kind", "month", "by", "at", "detail")]
    query = sa.select(*columns).where(
        audit_event.c.subject == SUBJECT,
        audit_event.c.kind.in_((ASKED, APPROVED, REJECTED, WITHDRAWN)),
        *conditions,
    )
    return [
        Word(
            kind,
            month,
            by,
            at,
            said["lists"],
            said["clues"],
            said.get("run", ""),
            tuple(said.get("held_back", ())),
            said.get("reason", ""),
        )
        for kind, month, by, at, said in connection.execute(query.order_by(audit_event.c.event_id))
    ]


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


def ask(connection: Connection, month: str, content: str, clues: dict[str, int], run: str) -> None:
    """Put on record that a run asks about lists of this content, once."""
    last = last_word(connection, month)
    if last is None or (last.kind, last.content, last.run) != (ASKED, content, run):
        record(connection, ASKED, month, content, clues, run=run)


def withdraw(connection: Connection, month: str) -> None:
    """Put on record that there is nothing left of what was asked."""
    last = last_word(connection, month)
    if last is not None and last.kind == ASKED:
        record(connection, WITHDRAWN, month, last.content, dict.fromkeys(last.clues, 0))


def last_word(connection: Connection, month: str) -> Word | None:
    """The last that was asked or said about a month's lists."""
    said = words(connection, audit_event.c.month == month)
    return said[-1] if said else None


def open_questions(connection: Connection) -> list[Word]:
    """The questions that are the last word on their month, the oldest first."""
    last = {word.month: word for word in words(connection)}
    return sorted((w for w in last.values() if w.kind == ASKED), key=lambda word: word.at)


def held_back(connection: Connection) -> dict[str, Hold]:
    """The townships that are held back now."""
    held: dict[str, Hold] = {}
    for word in words(connection, audit_event.c.kind == APPROVED):
        for township in word.clues:
            if township not in word.held_back:
                held.pop(township, None)
            else:
                hold = Hold(township, word.by, word.reason, word.at, word.month)
                held.setdefault(township, hold)
    return held
