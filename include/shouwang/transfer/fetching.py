"""Which papers were fetched (取走), as far as something proves it; each once, on record.

A workbook that comes back was opened: its hidden sheet names its list. A file that is gone from the
outbox before its time was taken away. Downloads from the board are on record as ``opened``. Who
copies a file out of a shared folder leaves no trace, and nothing is claimed of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.month import Month
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, release
from shouwang.transfer.handout import on_record
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace


def look(workspace: Workspace) -> int:
    """Put on record what was taken away since the last look; how many files."""
    if workspace.far_outbox:  # nobody takes files away here
        return 0
    keep, count = workspace.county.settings.delivery.keep_outbox_months, 0
    with workspace.database.write() as connection:
        written = sa.select(audit_event).where(
            audit_event.c.kind == "written",
            audit_event.c.subject != COUNTY,
            audit_event.c.month >= str(Month.of(workspace.today()) + -keep),
        )
        for event in connection.execute(written.order_by(audit_event.c.event_id)).all():
            file = event.detail["file"]
            if (workspace.outbox / file).is_file():
                continue
            if not on_record(connection, "deleted", event.subject, file=file):  # by `persons.purge`
                count += _note(connection, event.subject, event.month, file, "taken away")
    return count


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


def _note(connection: Connection, receiver: str, month: str, file: str, how: str) -> bool:
    if on_record(connection, "fetched", receiver, file=file):
        return False
    audit(connection, "fetched", receiver, receiver, month=month, file=file, how=how)
    return True
