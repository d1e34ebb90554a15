"""Backup and restore of one county (备份与恢复): one file with everything that must survive, the
secrets in another.

A backup is a zip: ``manifest.json`` with the fingerprint of every part, the database as of one
moment (`store.dumping`), and the files of the workspace: raw store, inbox, outbox, returns,
validations, configuration, expectations. Numbers and phones in it are sealed, as they are in the
database. The database comes first: what its rows name lies in the raw store before them. Work
folders are left out, the steps make them again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
import os
import shutil
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from shouwang.compliance import trail
from shouwang.core.clock import now
from shouwang.core.digests import file_digest
from shouwang.core.errors import ConfigError, NotThereYet, UsageError
from shouwang.core.files import atomic_write, remove_if_left
from shouwang.store import dumping
from shouwang.store.keys import Keys
from shouwang.workspace.workspace import Workspace

log = logging.getLogger(__name__)

FORMAT = 2
MANIFEST, DATABASE = "manifest.json", "database/dump"
KEYS = "keys"
"""The file of the secrets without which what is sealed in the database stays closed."""
LEFT_OUT = ("locks", "work", "secrets")
SEALED = ("inbox", "outbox", "returns")
"""What lies there as departments and townships read it, and is sealed in a backup; the raw store is
sealed as it lies."""
CONFIGURED = ("county", "expectations")
"""What a program may be installed with: it may be there already, if it is the same."""
_CHUNK = 1 << 20


def places(workspace: Workspace) -> dict[str, Path]:
    """What is kept, by its name in the backup; the home last, as it may hold the others."""
    return {
        "county": workspace.county_folder,
        "expectations": workspace.expectations,
        "inbox": workspace.inbox,
        "outbox": workspace.outbox,
        "returns": workspace.returns,
        "home": workspace.home,
    }


def _within(folder: Path) -> Iterator[Path]:
    """Every file below a folder but hidden ones and links."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink() and not hidden:
            yield path


def _files(workspace: Workspace) -> dict[str, Path]:
    """Every file that is kept, once, by its name in the backup."""
    files: dict[Path, str] = {}
    for name, folder in places(workspace).items():
        for path in _within(folder):
            if name != "home" or not _is_left_out(workspace, path):
                files.setdefault(path, f"{name}/{path.relative_to(folder).as_posix()}")
    return {name: path for path, name in files.items()}


def _is_left_out(workspace: Workspace, path: Path) -> bool:
    if path.relative_to(workspace.home).parts[0] in LEFT_OUT:
        return True
    database = Path(str(workspace.database.url.database)) if workspace.database.is_sqlite else None
    beside = database and path.parent == database.parent and path.name.startswith(database.name)
    return bool(beside) or path.is_relative_to(workspace.secrets)


class _Packing:
    """A zip that is being written, with the fingerprints of what was put into it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.prints, self.bytes = archive, dict[str, str](), 0

    def add(self, name: str, source: IO[bytes], like: Path | None = None) -> None:
        """Put a part in, with the time and mode of a file."""
        entry = zipfile.ZipInfo(name, time.localtime()[:6])
        if like:
            entry = zipfile.ZipInfo.from_file(like, name, strict_timestamps=False)
        entry.compress_type, digest = zipfile.ZIP_DEFLATED, hashlib.sha256()
        with self.archive.open(entry, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                self.bytes += target.write(chunk)
        self.prints[name] = digest.hexdigest()

    def copy(self, name: str, path: Path, keys: Keys | None = None) -> None:
        """Put a file in, sealed where there are keys; one that has gone meanwhile is passed
        over."""
        with suppress(FileNotFoundError), path.open("rb") as file:
            self.add(name, io.BytesIO(keys.seal_file(file.read())) if keys else file, path)


@contextmanager
def _packing(path: Path, manifest: dict[str, Any]) -> Iterator[_Packing]:
    """A new zip, of mode 0600, with the manifest as its last part."""
    if path.exists():
        raise UsageError(
            f"{path} is there already; a backup never takes the place of another. Give a new name."
        )
    for part in path.parent.glob(f".*{path.suffix}.*.part"):  # of one that was killed
        remove_if_left(part)
    with (
        atomic_write(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        packing = _Packing(archive)
        yield packing
        manifest |= {"format": FORMAT, "parts": packing.prints}
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False))
    path.chmod(0o600)


def backup(workspace: Workspace, to: Path, keys: Path | None = None) -> dict[str, Any]:
    """Write a backup, and the secrets into a file of their own if one is named; what is in them."""
    if keys and keys.resolve() == to.resolve():
        raise UsageError(
            "The secrets never go into the file that they open; name another file for --keys."
        )
    faults = trail.check(workspace)["faults"]
    settings = workspace.county.settings
    sealing = workspace.keys if workspace.keys.exist() else None
    manifest = {
        "program": version("shouwang"),
        "county": {"code": settings.code, "name": settings.name},
        "made_at": now().isoformat() + "Z",
        "database": dumping.describe(workspace.database),
        "sealed": _has_keys(workspace),
    }
    with _packing(to, manifest) as packing:
        with dumping.dumped(workspace.database) as content:
            packing.add(DATABASE, content)
        for name, path in _files(workspace).items():
            packing.copy(name, path, sealing if name.startswith(SEALED) else None)
    log.info("Packed %d parts, %d bytes", len(packing.prints), packing.bytes)
    summary = {"file": str(to), "bytes": packing.bytes, "trail": faults, "secrets": 0}
    if keys:
        summary["secrets"] = _keep_secrets(workspace, keys, settings.code)
    return _summary(manifest) | summary


def _summary(manifest: dict[str, Any]) -> dict[str, Any]:
    parts = Counter(name.partition("/")[0] for name in manifest["parts"])
    return {"county": manifest["county"], "made_at": manifest["made_at"], "parts": dict(parts)}


def _has_keys(workspace: Workspace) -> bool:
    return (workspace.secrets / KEYS).exists() or bool(os.environ.get("SHOUWANG_KEYS"))


def _keep_secrets(workspace: Workspace, to: Path, code: str) -> int:
    with _packing(to, {"county": {"code": code}}) as packing:
        for path in _within(workspace.secrets):
            packing.copy(f"secrets/{path.relative_to(workspace.secrets).as_posix()}", path)
        if text := os.environ.get("SHOUWANG_KEYS"):
            words = "\n".join(text.split()) + "\n"
            packing.add(f"secrets/{KEYS}", io.BytesIO(words.encode()))
    return len(packing.prints)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """A backup whose every part is as it was written; `ConfigError` for any other file."""
    if not path.is_file():
        raise NotThereYet(f"There is no file {path}; give the path of a backup.")
    broken = f"{path} is no whole backup of ours: "
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            if manifest["format"] != FORMAT:
                raise ConfigError(
                    f"{path} has format {manifest['format']}, this program reads {FORMAT}; restore "
                    "it with the version that made it."
                )
            names = [name for name in archive.namelist() if name != MANIFEST]
            if sorted(names) != sorted(manifest["parts"]):
                raise ConfigError(
                    f"{broken}its parts are not those of its manifest. Take another copy."
                )
            for name in names:
                place, *inside = PurePosixPath(name).parts
                if name.startswith("/") or ".." in (place, *inside) or "\\" in name:
                    raise ConfigError(f"{broken}one of its parts leads elsewhere. Do not use it.")
                with archive.open(name) as part:
                    digest = hashlib.file_digest(cast(io.BufferedReader, part), "sha256")
                if digest.hexdigest() != manifest["parts"][name]:
                    raise ConfigError(
                        f"{broken}{place} does not have its fingerprint. Take another copy."
                    )
            yield archive, manifest
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise ConfigError(
            f"{broken}{type(error).__name__}. It may be cut off; take another copy."
        ) from None


def restore(workspace: Workspace, source: Path, keys: Path | None = None) -> dict[str, Any]:
    """Put a backup into an empty place and bring its tables up to date; what was restored."""
    from shouwang.submissions.handover import init

    with _opened(source) as (archive, manifest):
        dumping.check_fits(workspace.database, manifest["database"])
        if manifest["sealed"] and not keys and not _has_keys(workspace):
            raise UsageError(
                "The numbers in this backup are sealed, and their keys are not here: give their "
                f"file with --keys, or put them into {workspace.secrets / KEYS} or SHOUWANG_KEYS."
            )
        _refuse_unless_empty(workspace, manifest["parts"])
        if keys:
            with _opened(keys) as (secrets, secrets_manifest):
                code = secrets_manifest["county"]["code"]
                if code != manifest["county"]["code"]:
                    raise ConfigError(f"{keys} holds the secrets of another county ({code}).")
                _unpack(secrets, {"secrets": workspace.secrets})
        _unpack(archive, places(workspace), workspace.keys)
        with archive.open(DATABASE) as content:
            dumping.load(workspace.database, content)
    init()
    log.info("Restored %d parts", len(manifest["parts"]))
    faults = trail.check(workspace)["faults"]
    return _summary(manifest) | {"secrets": bool(keys), "trail": faults}


def _refuse_unless_empty(workspace: Workspace, parts: dict[str, str]) -> None:
    if not dumping.is_empty(workspace.database):
        raise UsageError(
            "The database that SHOUWANG_DATABASE_URL names is not empty; a backup is only restored "
            "into an empty one."
        )
    for name in {part.partition("/")[0] for part in parts} - {"database"}:
        folder = places(workspace)[name]
        files = [p for p in folder.rglob("*") if p.is_file()]
        if all(path.is_relative_to(workspace.secrets) for path in files):
            continue
        existing = {f"{name}/{p.relative_to(folder).as_posix()}": p for p in _within(folder)}
        backed_up = {part: digest for part, digest in parts.items() if part.startswith(f"{name}/")}
        if name not in CONFIGURED or backed_up != {
            part: file_digest(path) for part, path in existing.items()
        }:
            raise UsageError(
                f"{folder} is not empty; a backup is only restored into an empty place. Move aside "
                "what is there."
            )


def _unpack(archive: zipfile.ZipFile, where: dict[str, Path], keys: Keys | None = None) -> None:
    for name in archive.namelist():
        place, _, inside = name.partition("/")
        path = where[place] / inside if place in where else None
        if path is None or (place in CONFIGURED and path.exists()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with archive.open(name) as source, atomic_write(path) as part, part.open("wb") as target:
            if keys and place in SEALED:
                target.write(keys.open_file(source.read()))
            else:
                shutil.copyfileobj(source, target, _CHUNK)
        entry = archive.getinfo(name)
        path.chmod((entry.external_attr >> 16) & 0o777 or 0o600)
        when = dt.datetime(*entry.date_time).timestamp()
        os.utime(path, (when, when))
