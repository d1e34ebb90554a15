"""Which papers were fetched (取走), as far as something proves it; each once, on record.

A workbook that comes back was opened: its hidden sheet names its list. A file that is gone from the
outbox before its time was taken away. A drop box's sshd writes down which file was read to its end:
``SHOUWANG_SFTP_LOG`` names that log (``Subsystem sftp internal-sftp -l INFO``). Downloads from the
board are on record as ``opened``. Who copies a file out of a shared folder leaves no trace, and
nothing is claimed of it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import ConfigError
from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, release
from shouwang.transfer.handout import on_record
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace

_READ = re.compile(r'close "((?:[^"\\]|\\.)+)" bytes read (\d+)')
_OCTAL = re.compile(rb"\\([0-7]{3})")


def look(workspace: Workspace) -> int:
    """Put on record what was fetched since the last look; how many files."""
    read, keep = _transferred(), workspace.county.settings.delivery.keep_outbox_months
    with workspace.database.write() as connection:
        query = sa.select(audit_event).where(
            audit_event.c.kind == "written", audit_event.c.subject != COUNTY
        )
        found = 0
        for event in connection.execute(query.order_by(audit_event.c.event_id)).all():
            path, month = workspace.outbox / event.detail["file"], Month.parse(event.month)
            if month + keep < Month.of(workspace.today()):
                continue
            size = path.stat().st_size if path.is_file() else None
            if read.get(path.name, -1) >= (size or 0):
                found += _note(
                    connection, event.subject, event.month, event.detail["file"], "sftp log"
                )
            elif size is None and not workspace.far_outbox and not _deleted(connection, event):
                found += _note(
                    connection, event.subject, event.month, event.detail["file"], "taken away"
                )
    return found


def opened(
    connection: Connection, workspace: Workspace, month: Month, township: str, version: int
) -> None:
    """Put on record that a list, which came back, has been in somebody's hands."""
    same = (
        release.c.month == str(month),
        release.c.township == township,
        release.c.version == version,
    )
    name = connection.scalar(sa.select(release.c.file).where(*same))
    if name is not None:
        path = workspace.lists_of(month, township) / name
        file = path.relative_to(workspace.outbox).as_posix()
        _note(connection, township, str(month), file, "came back")


def _deleted(connection: Connection, event: sa.Row[Any]) -> bool:
    """Whether it is gone by our own hand (`persons.purge`)."""
    return on_record(connection, "deleted", event.subject, file=event.detail["file"])


def _note(connection: Connection, receiver: str, month: str, file: str, how: str) -> bool:
    if on_record(connection, "fetched", receiver, file=file):
        return False
    audit(connection, "fetched", receiver, receiver, month=month, file=file, how=how)
    return True


def _transferred() -> dict[str, int]:
    """The most bytes of each file name that anybody read in one go, by the log of the drop box."""
    name = os.environ.get("SHOUWANG_SFTP_LOG")
    if not name:
        return {}
    try:
        lines = Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"SHOUWANG_SFTP_LOG cannot be read ({error.strerror}); name the log of the drop box's sshd."
        ) from None
    found: dict[str, int] = {}
    for path, size in _READ.findall(lines):
        raw = _OCTAL.sub(lambda code: bytes([int(code[1], 8)]), path.encode())
        file = PurePosixPath(raw.decode("utf-8", "replace")).name
        found[file] = max(found.get(file, 0), int(size))
    return found
