"""What is kept too long is deleted, and that is on record (留存期限, handbook section 9).

The record is made first: killed in between, the next run finds the files, records and deletes them
again. The database keeps results; what goes is copies of papers, workbooks that came back,
departments' exports as they came, and what was said of their quality.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shouwang.core.digests import file_digest
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.workspace.remote import GONE, delete_for_good
from shouwang.workspace.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expired:
    """Files whose time is over: what they are, of which month, where they lie."""

    what: str
    month: Month
    folder: Path
    files: list[Path]

    @property
    def place(self) -> str:
        """For the record: the place and the month, no person's or file's name."""
        folder = self.folder if self.what == "returns" else self.folder.parent
        return f"{folder.name}/{self.month}"


def expired(workspace: Workspace) -> list[Expired]:
    """Every month's files that the county has kept long enough."""
    keep, this_month = workspace.county.settings.delivery, Month.of(workspace.today())
    places = (
        ("outbox", workspace.outbox, keep.keep_outbox_months),
        ("raw", workspace.home / "vault", keep.keep_raw_months),
        ("raw", workspace.inbox, keep.keep_raw_months),
        ("validations", workspace.home / "validations", keep.keep_raw_months),
    )
    old = [
        Expired(what, month, folder, [path for path in sorted(folder.rglob("*")) if path.is_file()])
        for what, top, months in places
        for month, folder in _months(top)
        if month + months < this_month
    ]
    for top in workspace.return_folders:
        returned: dict[Month, list[Path]] = {}
        for path in sorted(top.rglob("*")):
            if path.is_file() and path.name != GONE:
                month = Month.of(dt.date.fromtimestamp(path.stat().st_mtime))
                returned.setdefault(month, []).append(path)
        old += [
            Expired("returns", month, top, files)
            for month, files in returned.items()
            if month + keep.keep_outbox_months < this_month
        ]
    return old


def _months(top: Path) -> Iterator[tuple[Month, Path]]:
    for folder in sorted(top.iterdir()) if top.is_dir() else ():
        with suppress(UsageError):
            month = Month.parse(folder.name)
            if folder.is_dir() and not folder.is_symlink():
                yield month, folder


def expire(workspace: Workspace, old: list[Expired]) -> None:
    """Record and delete."""
    for entry in old:
        said = {"what": entry.what, "files": [file_digest(path) for path in entry.files]}
        with workspace.database.write() as connection:
            month = str(entry.month)
            audit(connection, "expired", entry.place, "shouwang", month=month, **said)
        if entry.what == "outbox" and workspace.far_outbox:
            for path in entry.files:
                workspace.far_outbox.remove(path)
        for path in entry.files:
            delete_for_good(path) if entry.what == "returns" else path.unlink()
        if entry.what != "returns":
            shutil.rmtree(entry.folder)
        log.info("Deleted %d files of %s", len(entry.files), entry.place)
