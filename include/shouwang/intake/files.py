"""Which files lie in the inbox for a department and month, whether they are whole yet, and their fingerprint."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from shouwang.errors import FileRefused, machine_fault
from shouwang.intake.names import NO_TABLES, shown

PASSED_OVER = (".", "~$", "Thumbs.db", "desktop.ini")
STILL_COMING = (".part", ".filepart", ".tmp", ".crdownload", ".download")
_CORRECTION = re.compile(r"(?<=.)[(\[（【_\-\s]*(?:更正|订正|修正|修订|修改|重报|改)(?:版|稿|后|件)?(\d*)[)\]）】]*$")


def find_files(folder: Path) -> list[Path]:
    """The files of one department and month, sorted by name; lock files, hidden and half-sent ones do not count.

    Nor does a link: it could point anywhere.
    """
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and not path.is_symlink()
        and not path.name.startswith(PASSED_OVER)
        and not path.name.lower().endswith(STILL_COMING)
    )


def parts_and_others(files: Sequence[Path]) -> tuple[list[Path], list[tuple[str, str]]]:
    """The files to be read, and the others with the reason: no table, or replaced by its correction.

    A correction (更正) has the other's name and says so at its end: ``台账（更正2）.xlsx`` replaces ``台账（更正）.xlsx``
    and ``台账.xlsx``.
    """
    tables = [path for path in files if path.suffix.lower() not in NO_TABLES]
    others = [(shown(path.name), "不是表格文件") for path in files if path not in tables]
    latest: dict[str, tuple[int, Path]] = {}
    turns = {path: _turn(path.stem) for path in tables}
    for path, (stem, turn) in turns.items():
        if turn > latest.get(stem, (0, path))[0]:
            latest[stem] = turn, path
    for path, (stem, turn) in turns.items():
        if stem in latest and latest[stem][0] > turn:
            tables.remove(path)
            others.append((shown(path.name), f"已由“{shown(latest[stem][1].name)}”更正"))
    return tables, others


def _turn(stem: str) -> tuple[str, int]:
    """A name without what marks a correction, and which correction it is (0: none)."""
    found = _CORRECTION.search(stem)
    return (stem[: found.start()], int(found[1] or 1)) if found else (stem, 0)


def settled(files: list[Path], age_seconds: float) -> bool:
    """Whether there are files and none was changed in the last ``age_seconds``: one may still be being copied."""
    now = time.time()
    try:
        return bool(files) and all(now - path.stat().st_mtime >= age_seconds for path in files)
    except FileNotFoundError:
        return False


def fingerprint(files: list[Path]) -> str:
    """Sixteen hexadecimal characters that change with any file's name or content."""
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as content:
                digest.update(os.fsencode(path.name) + b"\0" + hashlib.file_digest(content, "sha256").digest())
        except FileNotFoundError:
            raise FileRefused("unreadable", f"文件“{shown(path.name)}”已被移走，请传完后再试。") from None
        except OSError as error:
            raise machine_fault(error) from None
    return digest.hexdigest()[:16]


def fingerprint_of(contents: Sequence[tuple[str, bytes]]) -> str:
    """The same for names and contents in memory."""
    digest = hashlib.sha256()
    for name, content in contents:
        digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]
