"""Backup and restore of one county (备份与恢复): one file with everything that must survive, the
secrets in another.

A backup is a zip: ``manifest.json`` with the fingerprint of every part, the database as of one
moment, and the files of the workspace: vault, inbox, outbox, returns, validations, configuration,
expectations. Numbers and phones in it are sealed, as they are in the database. The database is
written first: what its rows name lies in the vault before them. Work folders are left out, the
steps make them again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, cast

from shouwang.compliance import trail
from shouwang.core.errors import ConfigError, NotThereYet, UsageError
from shouwang.core.staging import remove_if_left, whole_file
from shouwang.store import dumping
from shouwang.store.keys import Keys
from shouwang.workspace.workspace import Workspace

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys"
"""The file of the secrets without which what is sealed in the database stays closed."""
LEFT_OUT = ("locks", "work", "secrets")
SEALED = ("inbox", "outbox", "returns")
"""What lies there as departments and townships read it, and is sealed in a backup; the vault is
sealed as it lies."""
_CHUNK = 1 << 20


def places(workspace: Workspace) -> dict[str, Path]:
    """What is kept, by its name in the backup; folders within another are not told twice."""
    return {
        "home": workspace.home,
        "inbox": workspace.inbox,
        "outbox": workspace.outbox,
        "returns": workspace.returns,
        "county": workspace.county_folder,
        "expectations": workspace.expectations,
    }


def _files(workspace: Workspace) -> Iterator[tuple[str, Path]]:
    known: set[Path] = set()
    whole = places(workspace)
    others = [folder for name, folder in whole.items() if name != "home"]
    for name in ("county", "expectations", "inbox", "outbox", "returns", "home"):
        folder = whole[name]
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if (
                path.is_symlink()
                or not path.is_file()
                or any(part.startswith(".") for part in inside.parts)
            ):
                continue
            if name == "home" and (
                _is_left_out(workspace, path, inside) or any(path.is_relative_to(o) for o in others)
            ):
                continue
            if path not in known:
                known.add(path)
                yield f"{name}/{inside.as_posix()}", path


def _is_left_out(workspace: Workspace, path: Path, inside: Path) -> bool:
    database = workspace.database.url.database if workspace.database.is_sqlite else None
    beside = (
        database
        and path.name.startswith(Path(database).name)
        and path.parent == Path(database).parent
    )
    return bool(beside) or inside.parts[0] in LEFT_OUT or path.is_relative_to(workspace.secrets)


class _Packing:
    """A zip that is being written, with the fingerprints of what was put into it."""

    def __init__(self, archive: zipfile.ZipFile, keys: Keys | None = None) -> None:
        self.archive, self.keys, self.prints, self.bytes = archive, keys, dict[str, str](), 0

    @contextmanager
    def part(self, name: str, like: Path | None = None) -> Iterator[Any]:
        """A part to write to, with the time and mode of a file."""
        digest, packing = hashlib.sha256(), self
        entry = (
            zipfile.ZipInfo.from_file(like, name, strict_timestamps=False)
            if like
            else zipfile.ZipInfo(name)
        )
        entry.compress_type = zipfile.ZIP_DEFLATED

        class Target:
            def write(self, chunk: Any) -> None:
                digest.update(chunk)
                packing.bytes += len(chunk)
                stream.write(chunk)

        with self.archive.open(entry, "w", force_zip64=True) as stream:
            yield Target()
        self.prints[name] = digest.hexdigest()

    def copy(self, name: str, path: Path) -> None:
        """Put a file in; one that has gone in the meantime is passed over."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return
        with source, self.part(name, path) as target:
            if self.keys and name.startswith(SEALED):
                target.write(self.keys.seal_file(source.read()))
                return
            while chunk := source.read(_CHUNK):
                target.write(chunk)


@contextmanager
def _packing(path: Path, keys: Keys | None = None) -> Iterator[_Packing]:
    if path.exists():
        raise UsageError(
            f"{path} is there already; a backup never takes the place of another. Give a new name."
        )
    for part in path.parent.glob(
        f".*{path.suffix}.*.part"
    ):  # of one that was killed, whatever its name was to be
        remove_if_left(part)
    with (
        whole_file(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        yield _Packing(archive, keys)


def backup(workspace: Workspace, to: Path, keys: Path | None = None) -> dict[str, Any]:
    """Write a backup, and the secrets into a file of their own if one is named; what is in them."""
    if keys and keys.resolve() == to.resolve():
        raise UsageError(
            "The secrets never go into the file that they open; name another file for --keys."
        )
    checked = trail.check(workspace)
    settings = workspace.county.settings
    with _packing(to, workspace.keys if workspace.keys.exist() else None) as packing:
        told = dumping.dump(workspace.database, lambda name: packing.part(f"database/{name}"))
        for name, path in _files(workspace):
            packing.copy(name, path)
        manifest = {
            "format": FORMAT,
            "program": version("shouwang"),
            "county": {"code": settings.code, "name": settings.name},
            "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "database": told,
            "parts": packing.prints,
            "sealed": _has_keys(workspace),
        }
        packing.archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False))
    to.chmod(0o600)
    done = _told(manifest) | {
        "file": str(to),
        "bytes": packing.bytes,
        "trail": checked["faults"],
        "secrets": 0,
    }
    if keys:
        done["secrets"] = _keep_secrets(workspace, keys, settings.code)
    return done


def _told(manifest: dict[str, Any]) -> dict[str, Any]:
    counted: dict[str, int] = {}
    for name in manifest["parts"]:
        counted[name.partition("/")[0]] = counted.get(name.partition("/")[0], 0) + 1
    return {"county": manifest["county"], "made_at": manifest["made_at"], "parts": counted}


def _has_keys(workspace: Workspace) -> bool:
    return (workspace.secrets / KEYS).exists() or bool(os.environ.get("SHOUWANG_KEYS"))


def _keep_secrets(workspace: Workspace, to: Path, code: str) -> int:
    with _packing(to) as packing:
        for path in sorted(workspace.secrets.rglob("*")) if workspace.secrets.is_dir() else ():
            if path.is_file() and not path.name.startswith("."):
                packing.copy(f"secrets/{path.relative_to(workspace.secrets).as_posix()}", path)
        if text := os.environ.get("SHOUWANG_KEYS"):
            with packing.part(f"secrets/{KEYS}") as target:
                target.write("\n".join(text.split()).encode() + b"\n")
        manifest = {"format": FORMAT, "county": {"code": code}, "parts": packing.prints}
        packing.archive.writestr(MANIFEST, json.dumps(manifest))
    to.chmod(0o600)
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
                    f"{path} has format {manifest['format']}, this program reads {FORMAT}; install a newer one."
                )
            names = [name for name in archive.namelist() if name != MANIFEST]
            if sorted(names) != sorted(manifest["parts"]):
                raise ConfigError(
                    f"{broken}its parts are not those of its manifest. Take another copy."
                )
            for name in names:
                inside = PurePosixPath(name)
                if inside.is_absolute() or ".." in inside.parts or "\\" in name:
                    raise ConfigError(f"{broken}one of its parts leads elsewhere. Do not use it.")
                with archive.open(name) as part:
                    found = hashlib.file_digest(cast(io.BufferedReader, part), "sha256").hexdigest()
                    if found != manifest["parts"][name]:
                        raise ConfigError(
                            f"{broken}{inside.parts[0]} does not have its fingerprint. Take another copy."
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
        where = places(workspace) | {"secrets": workspace.secrets}
        dumping.check_fits(workspace.database, manifest["database"])
        if manifest.get("sealed") and not keys and not _has_keys(workspace):
            raise UsageError(
                "The numbers in this backup are sealed, and their keys are not here: give their file with --keys, or put "
                f"them into {workspace.secrets / KEYS} or SHOUWANG_KEYS."
            )
        _refuse_unless_empty(workspace, archive, manifest)
        if keys:
            with _opened(keys) as (secrets, of):
                if of["county"]["code"] != manifest["county"]["code"]:
                    raise ConfigError(
                        f"{keys} holds the secrets of another county ({of['county']['code']})."
                    )
                _unpack(secrets, where)
        _unpack(archive, where, workspace.keys)
        dumping.load(
            workspace.database, manifest["database"], lambda name: archive.open(f"database/{name}")
        )
    init()
    return _told(manifest) | {"secrets": bool(keys), "trail": trail.check(workspace)["faults"]}


def _refuse_unless_empty(
    workspace: Workspace, archive: zipfile.ZipFile, manifest: dict[str, Any]
) -> None:
    if not dumping.is_empty(workspace.database):
        raise UsageError(
            "The database that SHOUWANG_DATABASE_URL names is not empty; a backup is only restored into an empty one."
        )
    for name in {part.partition("/")[0] for part in manifest["parts"]} - {"database"}:
        folder = places(workspace)[name]
        if not any(
            path.is_file() and not path.is_relative_to(workspace.secrets)
            for path in folder.rglob("*")
        ):
            continue
        mine = {n: p for n, p in manifest["parts"].items() if n.startswith(f"{name}/")}
        if name in ("county", "expectations") and _same(folder, name, mine):
            continue  # the configuration that the program is installed with
        raise UsageError(
            f"{folder} is not empty; a backup is only restored into an empty place. Move aside what is there."
        )


def _same(folder: Path, name: str, prints: dict[str, str]) -> bool:
    there = {
        f"{name}/{path.relative_to(folder).as_posix()}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    return there == prints


def _unpack(archive: zipfile.ZipFile, where: dict[str, Path], keys: Keys | None = None) -> None:
    for name in archive.namelist():
        place, _, inside = name.partition("/")
        if place not in where or (
            place in ("county", "expectations") and (where[place] / inside).exists()
        ):
            continue
        path = where[place] / inside
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with archive.open(name) as source, whole_file(path) as part, part.open("wb") as target:
            if keys and place in SEALED:
                target.write(keys.open_file(source.read()))
            else:
                shutil.copyfileobj(source, target, _CHUNK)
        entry = archive.getinfo(name)
        path.chmod((entry.external_attr >> 16) & 0o777 or 0o600)
        when = dt.datetime(*entry.date_time).timestamp()
        os.utime(path, (when, when))
