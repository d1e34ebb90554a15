"""The vault: the files of each delivery as they came, one folder a content (原始文件库)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shouwang.arrival import Kept
from shouwang.errors import NotThereYet
from shouwang.house import House


def kept(house: House, versions: Sequence[dict[str, Any]], content: str) -> Kept:
    """The files of a version's content, in the vault."""
    version = next(v for v in versions if v["content"] == content)
    vault = house.vault_of(version["month"], version["department"], content)
    return [(vault / name, name) for name in version["files"]]


def keep(files: Kept, vault: Path) -> None:
    """Copy the files into the vault, whole or not at all; `NotThereYet` when they have been deleted since."""
    if vault.exists():
        return
    vault.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in vault.parent.glob(f".{vault.name}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(dir=vault.parent, prefix=f".{vault.name}."))
    for path, name in files:
        if not path.exists():
            shutil.rmtree(part)
            raise NotThereYet(f"{name} is gone from the inbox and from the vault; hand it over again.")
        shutil.copy2(path, part / name)
    try:
        os.replace(part, vault)  # noqa: PTH105 (a folder)
    except OSError:  # another process kept the same files in the meantime
        shutil.rmtree(part, ignore_errors=True)
