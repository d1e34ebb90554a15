"""The audit trail: who did what to which month, without personal data."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection

from shouwang.store.tables import audit_event


def audit(connection: Connection, kind: str, subject: str, by: str, month: str | None = None, **detail: Any) -> None:
    """Add one entry; it takes effect with the caller's transaction."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    connection.execute(
        audit_event.insert().values(at=now, kind=kind, month=month, subject=subject, by=by, detail=detail)
    )
