"""The audit trail: who did what to which month, without personal data; each entry is chained to the
one before.

An entry's ``seal`` is a keyed hash of what it says and of ``after``, the seal of the entry before
it. Whoever changes, removes, inserts or reorders entries without the key is found by `faults`.
Whoever cuts the newest entries off is found by an earlier seal that is kept outside of the database
(`anchors`, decision 0010).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.clock import now_precisely
from shouwang.core.errors import UsageError
from shouwang.core.identity import without_numbers
from shouwang.store.keys import HASH
from shouwang.store.sealing import keys_of
from shouwang.store.tables import audit_event

FIRST = "0" * 64
"""What the first entry follows on."""
SAYS = ("at", "kind", "month", "subject", "by", "detail")
_LOCK = 7246130


@dataclass(frozen=True)
class Fault:
    """What is wrong with the trail at an entry, as a sentence."""

    event_id: int
    what: str


def audit(
    connection: Connection,
    kind: str,
    subject: str,
    by: str,
    month: str | None = None,
    **detail: Any,
) -> None:
    """Add one entry; it takes effect with the caller's transaction, which `Database.write` has
    begun."""
    if not by.strip():
        raise UsageError("Say who does it: the audit trail takes no empty name.")
    detail = json.loads(json.dumps(detail))
    if isinstance(reason := detail.get("reason"), str):
        detail["reason"] = without_numbers(reason)
    says = (now_precisely(), kind, month, subject, without_numbers(by), detail)
    entry = dict(zip(SAYS, says, strict=True))
    connection.get_execution_options()["audited"].append(entry)


def join_chain(connection: Connection) -> None:
    """Write the transaction's entries, as the last thing before it takes effect: writers wait for
    each other only here."""
    entries = connection.get_execution_options()["audited"]
    if not entries:
        return
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        schema = sa.func.hashtext(sa.func.current_schema())
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, schema)))
    newest = sa.select(audit_event.c.seal).order_by(audit_event.c.event_id.desc()).limit(1)
    after = connection.scalar(newest) or FIRST
    for entry in entries:
        entry["after"] = after
        entry["seal"] = after = seal_of(chain_key(connection), entry)
    connection.execute(audit_event.insert(), entries)
    entries.clear()


def anchor(connection: Connection) -> str:
    """The newest entry's number and seal, to be noted outside of the workspace: on every list that
    leaves it."""
    query = (
        sa.select(audit_event.c.event_id, audit_event.c.seal)
        .order_by(audit_event.c.event_id.desc())
        .limit(1)
    )
    newest = connection.execute(query).first()
    if newest is None:
        return ""
    grouped = "-".join(re.findall(".{8}", newest.seal))  # no long number
    return f"审计锚点 {newest.event_id}:{grouped}"


def chain_key(connection: Connection) -> bytes:
    """The key of the chain: that of the county's hashes."""
    return keys_of(connection).ring.keys[HASH]


def seal_of(key: bytes, entry: Mapping[str, Any]) -> str:
    """An entry's seal: HMAC-SHA256 of ``after`` and what it says."""
    said = [entry["after"], *(entry[name] for name in SAYS)]
    said[1] = said[1].isoformat(timespec="microseconds")
    text = json.dumps(["shouwang audit", *said], ensure_ascii=False, sort_keys=True)
    return hmac.digest(key, text.encode(), "sha256").hex()


def entries(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every entry, the oldest first; columns of the table."""
    rows = connection.execution_options(yield_per=1_000).execute(
        sa.select(audit_event).order_by(audit_event.c.event_id)
    )
    return (dict(row) for row in rows.mappings())


def faults(
    key: bytes, trail: Iterable[Mapping[str, Any]], anchors: Mapping[int, str]
) -> Iterator[Fault]:
    """What is wrong with a trail; ``anchors`` are seals that entries are known to have had."""
    last, wanted, owed = 0, FIRST, dict(anchors)
    for entry in trail:
        number = entry["event_id"]
        if entry["seal"] != seal_of(key, entry):
            yield Fault(number, f"entry {number} was changed, or was not written by this program")
        elif entry["after"] != wanted:
            before = f"after entry {last}" if last else "before the first entry"
            yield Fault(
                number,
                f"entry {number} is out of its place: something {before} was removed, inserted or "
                "moved",
            )
        if owed.pop(number, entry["seal"]) != entry["seal"]:
            yield Fault(
                number, f"entry {number} is not the one that was noted outside of the database"
            )
        last, wanted = number, entry["seal"]
    for number in sorted(owed):
        yield Fault(number, f"entry {number} is gone, which was noted outside of the database")
