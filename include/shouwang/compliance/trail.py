"""The audit trail held against itself and against what was noted of it outside of the database
(审计记录).

``audit.anchors`` in the home holds a line ``time number seal`` of the newest entry, for every time
that the trail was checked, exported or backed up. Somebody with only the database can neither
follow the chain nor cut it off unseen.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from shouwang.core.clock import now
from shouwang.core.errors import ConfigError, UsageError
from shouwang.core.files import atomic_write
from shouwang.documents.text import harmless
from shouwang.store.audit import chain_key, entries, faults
from shouwang.workspace.workspace import Workspace

COLUMNS = ("event_id", "at", "kind", "month", "subject", "by", "detail", "after", "seal")


def check(workspace: Workspace, outside: Iterable[str] = ()) -> dict[str, Any]:
    """Hold the trail against its seals and anchors; a sound one is noted. ``entries, newest,
    faults`` (sentences).

    ``outside``: anchors ``number:seal`` as the properties of a list that left the workspace have
    them (审计锚点).
    """
    given = _parsed(outside)
    with workspace.database.read() as connection:
        key, trail = chain_key(connection), list(entries(connection))
    found = [fault.what for fault in faults(key, trail, anchors(workspace) | given)]
    if trail and not found:
        note(workspace, trail[-1])
    newest = {name: trail[-1][name] for name in ("event_id", "seal")} if trail else None
    return {"entries": len(trail), "newest": newest, "faults": found}


def export(workspace: Workspace, path: Path) -> dict[str, Any]:
    """Write the trail for others, as CSV or, for a name ending in ``.jsonl``, as lines of JSON;
    columns `COLUMNS`."""
    checked = check(workspace)
    with workspace.database.read() as connection, atomic_write(path) as part:
        rows = _told(entries(connection))
        with part.open(
            "w", encoding="utf-8" if path.suffix == ".jsonl" else "utf-8-sig", newline=""
        ) as file:
            if path.suffix == ".jsonl":
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            else:
                table = csv.DictWriter(file, COLUMNS)
                table.writeheader()
                for row in rows:
                    said = row | {"detail": json.dumps(row["detail"], ensure_ascii=False)}
                    table.writerow(
                        {
                            name: harmless(value) if isinstance(value, str) else value
                            for name, value in said.items()
                        }
                    )
    return {**checked, "file": str(path)}


def _told(trail: Iterator[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in trail:
        yield {name: entry[name] for name in COLUMNS} | {
            "at": entry["at"].isoformat(timespec="microseconds") + "Z"
        }


def _parsed(outside: Iterable[str]) -> dict[int, str]:
    found = {}
    for text in outside:
        said = re.fullmatch(r"(?:审计锚点)?\s*(\d+):([0-9a-f]{64})", text.strip().replace("-", ""))
        if not said:
            raise UsageError(
                f"“{text[:80]}” is no anchor; write NUMBER:SEAL as a list's properties (备注) have "
                "it."
            )
        found[int(said[1])] = said[2]
    return found


def anchors(workspace: Workspace) -> dict[int, str]:
    """The seals that were noted, by the number of their entry; `ConfigError` where a line cannot be
    read."""
    path = workspace.home / "audit.anchors"
    found: dict[int, str] = {}
    for number, line in enumerate(
        path.read_text(encoding="ascii").splitlines() if path.exists() else (), start=1
    ):
        try:
            _, entry, seal = line.split()
            found[int(entry)] = seal
        except ValueError:
            raise ConfigError(
                f"{path}, line {number} is no anchor (time, number, seal); take it from a backup."
            ) from None
    return found


def note(workspace: Workspace, newest: Mapping[str, Any]) -> None:
    """Put down the seal of the newest entry, unless it is known."""
    if newest["event_id"] in anchors(workspace):
        return
    handle = os.open(
        workspace.home / "audit.anchors", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{now().isoformat()}+00:00 {newest['event_id']} {newest['seal']}\n")
