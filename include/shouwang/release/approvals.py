"""What people were asked about a month's lists and what they said (审核发布), read from the audit
trail.

A question is about lists of a certain content; so is the answer. A township that an answer holds
back stays held until an answer to a question about it no longer holds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
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
    that it is about."""

    kind: str
    month: str
    content: str
    by: str
    at: dt.datetime
    run: str
    townships: tuple[str, ...]


def ask(connection: Connection, month: str, content: str, clues: dict[str, int], run: str) -> None:
    """Put on record that a run asks about lists of this content."""
    said = last_word(connection, month)
    if said is None or (said.kind, said.content, said.run) != (ASKED, content, run):
        audit(
            connection, ASKED, SUBJECT, "shouwang", month=month, lists=content, clues=clues, run=run
        )


def withdraw(connection: Connection, month: str) -> None:
    """Put on record that there is nothing left of what was asked."""
    said = last_word(connection, month)
    if said is not None and said.kind == ASKED:
        clues = dict.fromkeys(said.townships, 0)
        audit(
            connection, WITHDRAWN, SUBJECT, "shouwang", month=month, lists=said.content, clues=clues
        )


def answer(
    connection: Connection,
    month: str,
    by: str,
    approved: bool,
    content: str,
    clues: dict[str, int],
    held_back: Iterable[str],
    reason: str,
) -> None:
    """Put on record what a person said to lists of this content."""
    kind, held = APPROVED if approved else REJECTED, sorted(held_back)
    audit(
        connection,
        kind,
        SUBJECT,
        by,
        month=month,
        held_back=held,
        reason=reason,
        lists=content,
        clues=clues,
    )


def last_word(connection: Connection, month: str) -> Word | None:
    """The last that was asked or said about a month's lists."""
    row = connection.execute(
        _events(audit_event.c.month == month).order_by(audit_event.c.event_id.desc())
    ).first()
    return None if row is None else _word(row)


def open_questions(connection: Connection) -> list[Word]:
    """The questions that are the last word on their month, the oldest first."""
    last = {
        row.month: row for row in connection.execute(_events().order_by(audit_event.c.event_id))
    }
    return sorted(
        (_word(row) for row in last.values() if row.kind == ASKED), key=lambda word: word.at
    )


def asked_by(connection: Connection, month: str) -> dict[str, str]:
    """Every run that has asked about a month, with the content of the lists that it asked about
    last."""
    rows = connection.execute(
        _events(audit_event.c.month == month, audit_event.c.kind == ASKED).order_by(
            audit_event.c.event_id
        )
    )
    return {row.detail["run"]: row.detail["lists"] for row in rows}


def held_back(connection: Connection) -> dict[str, Hold]:
    """The townships that are held back now."""
    held: dict[str, Hold] = {}
    for row in connection.execute(
        _events(audit_event.c.kind == APPROVED).order_by(audit_event.c.event_id)
    ):
        for township in row.detail["clues"]:
            if township not in row.detail["held_back"]:
                held.pop(township, None)
            elif township not in held:
                held[township] = Hold(township, row.by, row.detail["reason"], row.at, row.month)
    return held


def _events(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = [audit_event.c[name] for name in ("kind", "month", "by", "at", "detail")]
    return sa.select(*columns).where(
        audit_event.c.subject == SUBJECT,
        audit_event.c.kind.in_((ASKED, APPROVED, REJECTED, WITHDRAWN)),
        *conditions,
    )


def _word(row: sa.Row[Any]) -> Word:
    said = row.detail
    return Word(
        row.kind,
        row.month,
        said["lists"],
        row.by,
        row.at,
        said.get("run", ""),
        tuple(said["clues"]),
    )
