"""Which files lie in the inbox for a department and month, whether they are whole yet, and their
fingerprint."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from shouwang.core.errors import FileRefused, machine_fault
from shouwang.intake.names import HIDDEN, NO_TABLES, masked, refused

MOST_FILES = 500
"""In one submission: each is opened in a process of its own."""
STILL_COMING = (".part", ".filepart", ".tmp", ".crdownload", ".download")
_CORRECTION = re.compile(
    r"(?<=.)[(\[（【_\-\s]*(?:更正|订正|修正|修订|修改|重报|改)(?:版|稿|后|件)?(\d*)[)\]）】]*$"
)


def find_files(folder: Path) -> list[Path]:
    """The files of one department and month, also those in folders, sorted; hidden and half-sent
    ones do not count.

    Nor does a link: it could point anywhere.
    """
    found = []
    for within, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.lower().startswith(HIDDEN)]
        found += [
            path
            for name in files
            if not name.lower().startswith(HIDDEN) and not name.lower().endswith(STILL_COMING)
            if (path := Path(within, name)).is_file() and not path.is_symlink()
        ]
    return sorted(found)


def batch_name(number: int, name: str) -> str:
    """What a file is called that adds to earlier ones of its month (第几批)."""
    return f"第{number}批_{name}"


def batches_of(files: pd.Series) -> pd.Series[int]:
    """Which batch of its month each file is; those that came first have no number in their name."""
    return files.str.extract(r"^第(\d{1,4})批_", expand=False).fillna("1").astype("int64")


def named(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Files with names by which they can lie in one folder: one from a folder further down is named
    after that too."""
    top = min((path.parent for path in files), key=lambda folder: len(folder.parts), default=None)
    found: dict[str, Path] = {}
    for path in files:
        name = (
            "_".join(path.relative_to(top).parts) if top and path.is_relative_to(top) else path.name
        )
        while name in found:
            name = f"_{name}"
        found[name] = path
    return [(path, name) for name, path in found.items()]


def parts_and_others(files: Sequence[Path]) -> tuple[list[Path], list[tuple[str, str]]]:
    """The files to be read, and the others with the reason: no table, or replaced by its
    correction.

    `FileRefused` for more than `MOST_FILES`.

    A correction (更正) has the other's name and says so at its end: ``台账（更正2）.xlsx`` replaces
    ``台账（更正）.xlsx`` and ``台账.xlsx``.
    """
    if len(files) > MOST_FILES:
        raise FileRefused(
            "too_large",
            f"一次交来 {len(files)} 个文件，最多读 {MOST_FILES} 个，请合并成较少的文件后重新上传。",
        )
    tables = [path for path in files if path.suffix.lower() not in NO_TABLES]
    others = [(masked(path.name), "不是表格文件") for path in files if path not in tables]
    latest: dict[str, tuple[int, Path]] = {}
    turns = {path: _turn(path.stem) for path in tables}
    for path, (stem, turn) in turns.items():
        if turn > latest.get(stem, (0, path))[0]:
            latest[stem] = turn, path
    for path, (stem, turn) in turns.items():
        if stem in latest and latest[stem][0] > turn:
            tables.remove(path)
            others.append((masked(path.name), f"已由“{masked(latest[stem][1].name)}”更正"))
    return tables, others


def _turn(stem: str) -> tuple[str, int]:
    """A name without what marks a correction, and which correction it is (0: none)."""
    found = _CORRECTION.search(stem)
    return (stem[: found.start()], int(found[1] or 1)) if found else (stem, 0)


def settled(files: list[Path], age_seconds: float) -> bool:
    """Whether there are files and none was changed in the last ``age_seconds``: one may still be
    being copied."""
    now = time.time()
    try:
        return bool(files) and all(now - path.stat().st_mtime >= age_seconds for path in files)
    except FileNotFoundError:
        return False


def fingerprint(files: list[Path]) -> str:
    """Sixteen hexadecimal characters that change with any file's name or content."""
    digest = hashlib.sha256()
    for path, name in named(files):
        try:
            with path.open("rb") as content:
                digest.update(
                    os.fsencode(name) + b"\0" + hashlib.file_digest(content, "sha256").digest()
                )
        except FileNotFoundError:
            raise refused("unreadable", name, "已被移走，请传完后再试。") from None
        except OSError as error:
            raise machine_fault(error) from None
    return digest.hexdigest()[:16]


def fingerprint_of(contents: Sequence[tuple[str, bytes]]) -> str:
    """The same for names and contents in memory."""
    digest = hashlib.sha256()
    for name, content in contents:
        digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]
