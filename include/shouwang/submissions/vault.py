"""The vault: the files of each submission as they came, sealed, one folder a content (原始文件库)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from shouwang.core.errors import FileRefused, NotThereYet, machine_fault
from shouwang.intake.files import fingerprint_of
from shouwang.intake.names import shown
from shouwang.store.keys import Keys
from shouwang.submissions.arrival import Kept
from shouwang.workspace.workspace import Workspace

Plain = Callable[[Path], Path]
"""From the path of a sealed file to one under which its content can be read."""


@contextmanager
def plainly(keys: Keys) -> Iterator[Plain]:
    """While it lasts, files of the vault can be read by this process, under their own names, and
    from memory.

    No disk gets to see them, and nothing is left of a process that is killed (where the system has
    no files in memory, as on macOS, they are files of a private folder).
    """
    with ExitStack() as open_files, tempfile.TemporaryDirectory(prefix="shouwang-") as folder:

        def plain(path: Path) -> Path:
            if not path.is_file():
                return path  # whoever reads it says so
            content = keys.open_file(path.read_bytes())
            link = Path(tempfile.mkdtemp(dir=folder)) / path.name
            if not hasattr(os, "memfd_create"):
                link.write_bytes(content)
                return link
            file = open_files.enter_context(os.fdopen(os.memfd_create("vault"), "wb"))
            file.write(content)
            file.flush()
            link.symlink_to(
                f"/proc/self/fd/{file.fileno()}"
            )  # closed to any other process; `open_file` hands it on
            return link

        yield plain


def kept(
    workspace: Workspace, versions: Sequence[dict[str, Any]], plain: Plain, content: str
) -> Kept:
    """The files of a version's content, in the vault."""
    version = next(v for v in versions if v["content"] == content)
    vault = workspace.vault_of(version["month"], version["department"], content)
    return [(plain(vault / name), name) for name in version["files"]]


def keep(keys: Keys, files: Kept, vault: Path, plain: bool = False) -> None:
    """Copy the files into the vault, whole or not at all; `NotThereYet` when they have been deleted
    since.

    ``plain`` files are named by their own fingerprint: `FileRefused` if they change or vanish
    meanwhile.
    """
    if vault.exists():
        return
    vault.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in vault.parent.glob(f".{vault.name}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(dir=vault.parent, prefix=f".{vault.name}."))
    try:
        contents = [(name, path.read_bytes()) for path, name in files]
        for name, content in contents:
            (part / name).write_bytes(keys.seal_file(content))
        whole = not plain or fingerprint_of(contents) == vault.name
    except FileNotFoundError:
        whole = False
    except OSError as error:  # no fault of the department's: the step is tried again
        shutil.rmtree(part, ignore_errors=True)
        raise machine_fault(error) from None
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
