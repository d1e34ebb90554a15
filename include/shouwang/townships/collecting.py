"""Filled-in workbooks that come back by the channels (报回): found, read once each, answered.

They lie in ``SHOUWANG_RETURNS`` (default ``returns`` in the home; may be ``sftp://`` or ``s3://``), in a folder a township
or none, and in ``returns`` below the address of a township with an SFTP channel. Nothing is moved or deleted there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.errors import Unreachable
from shouwang.house import House, safe_name
from shouwang.intake.files import settled
from shouwang.remote import Remote
from shouwang.store.audit import audit
from shouwang.store.tables import returned

KINDS = (".xlsx", ".xls", ".xlsm", ".ods", ".et", ".csv")


@dataclass(frozen=True)
class Found:
    """A file that came back and has not been read yet; ``township``: of whose folder it was taken."""

    path: Path
    township: str | None
    fingerprint: str


def fetch(house: House) -> list[str]:
    """Bring what lies on other machines here; the addresses' hosts that could not be reached."""
    places = [(house.far_returns, house.returns)] if house.far_returns else []
    for name, known in house.county.settings.townships.items():
        if known.channel == "sftp":
            folder = house.home / "returns" / safe_name(name)
            places.append((Remote(f"{known.to.rstrip('/')}/returns", folder), folder))
    away = []
    for remote, folder in places:
        try:
            remote.fetch(folder, deep=remote is house.far_returns)
        except Unreachable as error:
            away.append(str(error))
    return away


def fresh(connection: Connection, house: House) -> Iterator[Found]:
    """The workbooks that have not been read, each content once; files that are still being copied wait."""
    seen = set(connection.scalars(sa.select(returned.c.fingerprint)))
    age = house.county.settings.intake.suspicious_age_seconds
    folders = house.return_folders
    for path in sorted(p for folder in folders if folder.is_dir() for p in folder.rglob("*")):
        if not path.is_file() or path.name.startswith((".", "~$")) or path.suffix.lower() not in KINDS:
            continue
        if not settled([path], age):
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        if content in seen:
            continue
        seen.add(content)
        folder = next(f for f in folders if path.is_relative_to(f))
        inside = path.relative_to(folder).parts
        yield Found(path, inside[0] if len(inside) > 1 else None, content)


def record(connection: Connection, found: Found, told: Mapping[str, Any]) -> None:
    """Put on record that a file was read."""
    counts = {"taken": told["taken"], "problems": len(told["problems"])}
    connection.execute(
        returned.insert().values(
            fingerprint=found.fingerprint, file=found.path.name, township=found.township, refusal=told.get("refused"),
            collected_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0), **counts,
        )
    )  # fmt: skip
    audit(connection, "returned", found.township or "county", "shouwang", fingerprint=found.fingerprint, **counts)
