"""An inbox or outbox on another machine, ``sftp://`` or ``s3://``: a folder here that follows, or
is followed by, it.

The program works on the folder. What departments put there is fetched before it is looked at; what
is written here is sent on when it is whole. Both go by size and time or content, so that doing it
again does nothing.

- ``sftp://user@host[:port]/path``: with the keys of ``~/.ssh`` or an agent, or the key file
  ``SHOUWANG_SSH_KEY``. The host must be in ``~/.ssh/known_hosts`` (or the file
  ``SHOUWANG_KNOWN_HOSTS``); one that shows another key is refused.
- ``s3://bucket/path``: with botocore's usual environment (``AWS_ACCESS_KEY_ID``,
  ``AWS_ENDPOINT_URL`` …).
"""

from __future__ import annotations

import datetime as dt
import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from shouwang.core.digests import digest
from shouwang.core.errors import ConfigError, ShouwangError, Unreachable, machine_fault
from shouwang.core.files import atomic_write, folder_lock

log = logging.getLogger(__name__)

SCHEMES = ("sftp", "s3")
LOCAL_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EIO)
"""What no other machine tells us by these numbers: our disk, our open files."""
PART = ".part"
GONE = ".gone"
"""The note, in a folder here, of the copies that were deleted for good though their originals lie
there still."""


@dataclass(frozen=True)
class Remote:
    """The place ``address`` and the folder ``copy`` that stands for it here."""

    address: str
    copy: Path

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if (
            parts.scheme not in SCHEMES
            or not parts.hostname
            or parts.password
            or parts.query
            or parts.fragment
        ):
            raise ConfigError(
                f"{parts.scheme}://{parts.hostname or ''} is not an address that can be used: "
                "write sftp://user@host/path or s3://bucket/path, without a password in it."
            )

    @cached_property
    def files(self) -> Any:
        """The place as fsspec sees it."""
        parts = urlsplit(self.address)
        if parts.scheme == "s3":
            from s3fs import S3FileSystem  # type: ignore[import-untyped]

            return S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
        return _sftp(str(parts.hostname), parts.port or 22, unquote(parts.username or "") or None)

    @property
    def root(self) -> PurePosixPath:
        """The path within the place."""
        parts = urlsplit(self.address)
        path = PurePosixPath(unquote(parts.path) or "/")
        return (
            PurePosixPath(str(parts.hostname)) / path.relative_to("/")
            if parts.scheme == "s3"
            else path
        )

    def fetch(self, folder: Path, shared: bool = False) -> None:
        """Let ``folder``, somewhere below ``copy``, hold the files and folders that its counterpart
        holds; raises `Unreachable`.

        In a ``shared`` one folders stay that the counterpart does not have. Of two who fetch the
        same folder at once the second waits.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._reached(), folder_lock(folder):
            within = self._fetch_files(folder, shared)
        for name in within:
            self.fetch(folder / name)

    def send(self, path: Path) -> None:
        """Let the counterpart of ``path``, somewhere below ``copy``, have its content; raises
        `Unreachable`, and `MachineFault` where our own file cannot be read."""
        target = self._counterpart(path)
        with self._reached():
            content = path.read_bytes()
            if self.files.exists(str(target)) and self.files.cat_file(str(target)) == content:
                return
            if urlsplit(self.address).scheme == "s3":  # an object appears whole
                self.files.pipe_file(str(target), content)
                return
            self.files.makedirs(str(target.parent), exist_ok=True)
            part = str(target.parent / f".{target.name}{PART}")
            self.files.put_file(str(path), part)
            self.files.ftp.posix_rename(part, str(target))

    def remove(self, path: Path) -> None:
        """Let the counterpart of ``path``, somewhere below ``copy``, be gone; raises
        `Unreachable`."""
        target = str(self._counterpart(path))
        with self._reached():
            if self.files.exists(target):
                self.files.rm_file(target)

    def _counterpart(self, path: Path) -> PurePosixPath:
        return self.root / path.relative_to(self.copy).as_posix()

    def _fetch_files(self, folder: Path, shared: bool) -> list[str]:
        """Bring the files of one folder; the names of the folders within it."""
        source = self._counterpart(folder)
        try:
            listing = self.files.ls(str(source), detail=True)
        except FileNotFoundError:
            listing = []
        names, within, gone, fetched = {GONE}, [], _gone(folder), 0
        for entry in listing:
            remote = PurePosixPath(entry["name"])
            if remote.name.startswith(".") or remote.name.endswith(PART):
                continue
            if entry["type"] == "directory" and remote.parent == source:
                within.append(remote.name)  # some stores list the folder itself as well
            if entry["type"] != "file":
                continue
            names.add(remote.name)
            local, size, written = folder / remote.name, entry["size"], _written(entry)
            if _mark(remote.name, size, written) in gone:
                continue
            if local.exists() and _state(local) == (size, written):
                continue
            with atomic_write(local) as part:
                self.files.get_file(entry["name"], str(part))
                os.utime(part, (written, written))
            fetched += 1
        for path in folder.iterdir():
            if path.is_file() and path.name not in names:
                path.unlink()
            elif path.is_dir() and path.name not in within and not shared:
                shutil.rmtree(path)
        if fetched:
            host = urlsplit(self.address).hostname
            log.info("Fetched %d of %d files from %s", fetched, len(names) - 1, host)
        return within

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Every failure as one of ours: `MachineFault` where it is this machine's, else
        `Unreachable`."""
        parts = urlsplit(self.address)
        try:
            yield
        except ShouwangError:
            raise
        except Exception as error:  # paramiko, botocore and the socket raise many unrelated types
            if isinstance(error, OSError) and (
                error.errno in LOCAL_FAULTS
                or str(error.filename or "").startswith(f"{self.copy}{os.sep}")
            ):
                raise machine_fault(error) from None
            self.__dict__.pop("files", None)  # the next try connects anew
            raise Unreachable(
                f"{parts.scheme}://{parts.hostname} did not do what was asked "
                f"({type(error).__name__}). Check that it is there, that this machine may write to "
                "it, and its credentials; then run this step again."
            ) from None


def delete_for_good(path: Path) -> None:
    """Delete a copy; it is not fetched again, though its original stays where it is."""
    with (path.parent / GONE).open("a", encoding="ascii") as note:
        note.write(_mark(path.name, *_state(path)) + "\n")
    path.unlink()


def _gone(folder: Path) -> set[str]:
    note = folder / GONE
    return set(note.read_text(encoding="ascii").split()) if note.exists() else set()


def _state(path: Path) -> tuple[int, float]:
    status = path.stat()
    return status.st_size, status.st_mtime


def _mark(name: str, size: int, written: float) -> str:
    return digest(f"{name}/{size}/{written:.0f}")[:32]


def _written(entry: dict[str, Any]) -> float:
    moment = entry.get("mtime") or entry.get("LastModified")
    return moment.timestamp() if isinstance(moment, dt.datetime) else float(moment or 0)


def _sftp(host: str, port: int, user: str | None) -> Any:
    """An SFTP file system that speaks only with hosts whose key is known."""
    import paramiko  # type: ignore[import-untyped]
    from fsspec.implementations.sftp import SFTPFileSystem  # type: ignore[import-untyped]

    class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            known = os.environ.get("SHOUWANG_KNOWN_HOSTS")
            self.client.load_host_keys(known) if known else self.client.load_system_host_keys()
            try:
                self.client.connect(self.host, **self.ssh_kwargs)
            except paramiko.BadHostKeyException:
                raise Unreachable(
                    f"sftp://{host} shows another host key than the one that is known. Ask its "
                    "keeper whether the key was changed; until then nothing is sent there."
                ) from None
            except paramiko.SSHException as error:
                if "not found in known_hosts" not in str(error):
                    raise
                raise Unreachable(
                    f"The host key of sftp://{host} is not known. Compare it with its keeper's and "
                    "add it to known_hosts."
                ) from None
            self.ftp = self.client.open_sftp()

    key = os.environ.get("SHOUWANG_SSH_KEY")
    return KnownHosts(
        host, port=port, username=user, key_filename=key, timeout=30, skip_instance_cache=True
    )
