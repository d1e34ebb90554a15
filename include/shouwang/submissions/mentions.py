"""Which of departments' files and receipts name one person: a row that was rejected, or a whole
file, is on no table."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.core.digests import file_digest
from shouwang.core.errors import FileRefused
from shouwang.core.identity import clean_numbers
from shouwang.intake.names import NO_TABLES
from shouwang.intake.worker import open_file
from shouwang.submissions.vault import plainly
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace


@dataclass
class Mentions:
    """Files that hold a number, and those that nobody here can open."""

    found: list[Path] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)


def mentions(workspace: Workspace, number: str) -> Mentions:
    """Look for a whole identity number in the vault, in departments' papers of the outbox, and in
    the inbox."""
    told, known = Mentions(), dict[str, bool | None]()
    for top, places in (
        (workspace.home / "vault", "*/*/*/*"),
        (workspace.outbox, "*/departments/*/*"),
        (workspace.inbox, "*/*/**/*"),
    ):
        for path in sorted(top.glob(places)):
            if (
                path.is_symlink()
                or not path.is_file()
                or path.suffix.lower() in NO_TABLES
                or path.name[0] == "."
            ):
                continue
            department = path.relative_to(top).parts[2 if top == workspace.outbox else 1]
            with plainly(workspace.keys) as plain:
                readable = plain(path)
                content = file_digest(readable)
                if content not in known:  # the vault's files are those of the inbox
                    words = (
                        *workspace.passwords_of(department),
                        *passwords.every(workspace, path.name),
                    )
                    known[content] = _holds(readable, number, words)
            if known[content] is None:
                told.closed.append(path)
            elif known[content]:
                told.found.append(path)
    return told


def _holds(path: Path, number: str, words: Sequence[str]) -> bool | None:
    """Whether the number stands in a file, alone in a cell or in the midst of a text; None if it
    cannot be opened."""
    try:
        columns = [column for sheet in open_file(path, words).sheets for column in sheet.columns]
    except FileRefused:
        return None
    return any(_among(column.distinct, number) for column in columns)


def _among(cells: Sequence[Any], number: str) -> bool:
    texts = pd.Series([text for text in map(str, cells) if len(text) >= 15], dtype="str")
    if texts.empty:
        return False
    within = any(number in unicodedata.normalize("NFKC", text).upper() for text in texts)
    return within or bool(clean_numbers(texts)["id_number"].eq(number).any())
