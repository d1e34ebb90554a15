"""The vault: the files of each delivery as they came, one folder a content (原始文件库)."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shouwang.arrival import Kept
from shouwang.errors import FileRefused, NotThereYet
from shouwang.house import House
from shouwang.intake.files import fingerprint
from shouwang.intake.names import shown

FULL = (errno.ENOSPC, errno.EDQUOT)
"""No room: on our own disk, for nobody writes to the department's."""


def kept(house: House, versions: Sequence[dict[str, Any]], content: str) -> Kept:
    """The files of a version's content, in the vault."""
    version = next(v for v in versions if v["content"] == content)
    vault = house.vault_of(version["month"], version["department"], content)
    return [(vault / name, name) for name in version["files"]]


def keep(files: Kept, vault: Path, plain: bool = False) -> None:
    """Copy the files into the vault, whole or not at all; `NotThereYet` when they have been deleted since.

    ``plain`` files are named by their own fingerprint: `FileRefused` if they change or vanish meanwhile.
    """
    if vault.exists():
        return
    vault.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in vault.parent.glob(f".{vault.name}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(dir=vault.parent, prefix=f".{vault.name}."))
    try:
        copies = [Path(shutil.copy2(path, part / name)) for path, name in files]
        whole = not plain or fingerprint(copies) == vault.name
    except OSError as error:
        if error.errno in FULL:  # no fault of the department's: the step is tried again
            shutil.rmtree(part, ignore_errors=True)
            raise
        whole = False
    if not whole:
        shutil.rmtree(part, ignore_errors=True)
        names = "、".join(shown(name) for _, name in files)
        if plain:
            raise FileRefused("unreadable", f"文件“{names}”还在传输或已被移走，请传完后再试。")
        raise NotThereYet(f"{names}: gone from the inbox or from the vault; hand it over again.")
    try:
        os.replace(part, vault)  # noqa: PTH105 (a folder)
    except OSError:  # another process kept the same files in the meantime
        shutil.rmtree(part, ignore_errors=True)
