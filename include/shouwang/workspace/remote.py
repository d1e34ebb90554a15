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
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from shouwang.core.errors import ConfigError, Unreachable
from shouwang.core.staging import only_one

SCHEMES = ("sftp", "s3")
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
                f"{parts.scheme}://{parts.hostname or ''} is not an address that can be used: write "
                "sftp://user@host/path or s3://bucket/path, without a password in it."
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

    def fetch(self, folder: Path, deep: bool = False) -> None:
        """Let ``folder``, somewhere below ``copy``, hold the files that its counterpart holds;
        raises `Unreachable`.

        ``deep``: also those of the folders within. Of two who fetch the same folder at once the
        second waits.
        """
        self._reached(lambda: self._fetch(folder, deep))

    def send(self, path: Path) -> None:
        """Let the counterpart of ``path``, somewhere below ``copy``, have its content; raises
        `Unreachable`."""
        self._reached(lambda: self._send(path))

    def remove(self, path: Path) -> None:
        """Let the counterpart of ``path``, somewhere below ``copy``, be gone; raises
        `Unreachable`."""
        there = str(self.root / path.relative_to(self.copy).as_posix())
        self._reached(lambda: self.files.rm_file(there) if self.files.exists(there) else None)

    def _fetch(self, folder: Path, deep: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with only_one(folder):
            within = self._fetch_files(folder)
        for name in within if deep else ():
            self._fetch(folder / name, deep)

    def _fetch_files(self, folder: Path) -> list[str]:
        """Bring the files of one folder; the names of the folders within it."""
        there = str(self.root / folder.relative_to(self.copy).as_posix())
        try:
            listing = self.files.ls(there, detail=True)
        except FileNotFoundError:
            listing = []
        seen, within, gone = set(), [], _gone(folder)
        for entry in listing:
            name = PurePosixPath(entry["name"]).name
            if name.startswith(".") or name.endswith(PART):
                continue
            if entry["type"] == "directory" and PurePosixPath(
                entry["name"]
            ).parent == PurePosixPath(there):
                within.append(name)  # some stores list the folder itself as well
            if entry["type"] != "file":
                continue
            seen.add(name)
            here, written = folder / name, _written(entry)
            if _mark(name, entry["size"], written) in gone:
                continue
            if here.exists() and (here.stat().st_size, here.stat().st_mtime) == (
                entry["size"],
                written,
            ):
                continue
            handle, part = tempfile.mkstemp(dir=folder, prefix=".", suffix=PART)
            os.close(handle)
            try:
                self.files.get_file(entry["name"], part)
                os.utime(part, (written, written))
                Path(part).replace(here)
            finally:
                Path(part).unlink(missing_ok=True)
        for path in folder.iterdir():
            if path.is_file() and path.name not in (*seen, GONE):
                path.unlink()
        return within

    def _send(self, path: Path) -> None:
        there = self.root / path.relative_to(self.copy).as_posix()
        content = path.read_bytes()
        if self.files.exists(str(there)) and self.files.cat_file(str(there)) == content:
            return
        if urlsplit(self.address).scheme == "s3":  # an object appears whole
            self.files.pipe_file(str(there), content)
            return
        self.files.makedirs(str(there.parent), exist_ok=True)
        part = str(there.parent / f".{there.name}{PART}")
        self.files.put_file(str(path), part)
        self.files.ftp.posix_rename(part, str(there))

    def _reached(self, work: Callable[[], None]) -> None:
        parts = urlsplit(self.address)
        try:
            work()
        except Unreachable:
            raise
        except Exception as error:  # paramiko, botocore and the socket raise many unrelated types
            self.__dict__.pop("files", None)  # the next try connects anew
            raise Unreachable(
                f"{parts.scheme}://{parts.hostname} did not do what was asked ({type(error).__name__}). Check that it is "
                "there, that this machine may write to it, and its credentials; then run this step again."
            ) from None


def delete_for_good(path: Path) -> None:
    """Delete a copy; it is not fetched again, though its original stays where it is."""
    status = path.stat()
    with (path.parent / GONE).open("a", encoding="ascii") as note:
        note.write(_mark(path.name, status.st_size, status.st_mtime) + "\n")
    path.unlink()


def _gone(folder: Path) -> set[str]:
    return (
        set((folder / GONE).read_text(encoding="ascii").split())
        if (folder / GONE).exists()
        else set()
    )


def _mark(name: str, size: int, written: float) -> str:
    return hashlib.sha256(f"{name}/{size}/{written:.0f}".encode(errors="replace")).hexdigest()[:32]


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
                    f"sftp://{host} shows another host key than the one that is known. Ask its keeper whether the key "
                    "was changed; until then nothing is sent there."
                ) from None
            except paramiko.SSHException as error:
                if "not found in known_hosts" not in str(error):
                    raise
                raise Unreachable(
                    f"The host key of sftp://{host} is not known. Compare it with its keeper's and add it to known_hosts."
                ) from None
            self.ftp = self.client.open_sftp()

    key = os.environ.get("SHOUWANG_SSH_KEY")
    return KnownHosts(
        host, port=port, username=user, key_filename=key, timeout=30, skip_instance_cache=True
    )
