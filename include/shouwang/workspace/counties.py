"""Many counties in one deployment (一套部署，多个县): which there are, and which one is being
served.

``SHOUWANG_COUNTIES`` names a folder; each subfolder is a county's configuration folder, and its
name the county's key. Unset, the deployment holds one county, whose key is empty. Which county is
served is a context variable: the command line sets it for a command, a DAG for its tasks, a trigger
for a look; ``load_workspace`` and nothing else asks for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from shouwang.core.errors import ConfigError, UsageError, unknown

KEY = re.compile(r"(?!pg_)[a-z][a-z0-9_]{0,30}")
"""A county's key: a folder, a schema of PostgreSQL, a prefix of DAG ids."""

_served: ContextVar[str] = ContextVar("county", default="")


def serve(key: str) -> None:
    """From here on in this context (a task, a thread, a command), the workspace is that of the
    county ``key``."""
    _served.set(key)


@contextmanager
def serving(key: str) -> Iterator[None]:
    """``with serving(key):`` the workspace is that of the county ``key``, afterwards again what it
    was."""
    before = _served.set(key)
    try:
        yield
    finally:
        _served.reset(before)


def served() -> str:
    """The key of the county that is served; empty where a deployment holds one, or where none was
    named."""
    return _served.get()


def county_folders(environment: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The configuration folder of each county of a deployment with many, by key; empty if it holds
    one."""
    text = (os.environ if environment is None else environment).get("SHOUWANG_COUNTIES")
    if not text:
        return {}
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise ConfigError(
            f"SHOUWANG_COUNTIES is {folder}, which is no folder; each of its subfolders is to be a "
            "county."
        )
    return {
        path.name: path
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name[0] not in "._"
    }


def county_folder(environment: Mapping[str, str]) -> tuple[str, Path | None]:
    """Key and configuration folder of the county that is served; ``("", None)`` where a deployment
    holds one.

    Raises `UsageError` if one of many has to be named and is not, `ConfigError` for a folder whose
    name is no key.
    """
    folders, key = county_folders(environment), served()
    if not environment.get("SHOUWANG_COUNTIES"):
        if key:
            raise UsageError(
                f"This deployment holds one county: leave “{key}” out, or set SHOUWANG_COUNTIES."
            )
        return "", None
    if not key:
        known = ", ".join(folders) or "none yet"
        raise UsageError(
            f"This deployment holds several counties ({known}); name one: shouwang --county KEY …"
        )
    if key not in folders:
        raise unknown("county", key, folders)
    return check_key(key, folders[key]), folders[key]


def check_key(key: str, folder: Path) -> str:
    """A county's key, if it can be one."""
    if not KEY.fullmatch(key):
        raise ConfigError(
            f"{folder}: “{key}” is no key of a county; name the folder with a-z, 0-9 and _, 31 "
            "letters at most."
        )
    return key


def name_in(key: str, name: str) -> str:
    """What bears ``name`` in a county: a DAG, an asset."""
    return f"{key}.{name}" if key else name
