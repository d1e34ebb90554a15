"""The passwords of workbooks (乡镇密码): made, replaced every year, kept so that older files still
open.

A file a township and one for the county's own papers (`COUNTY`), ``secrets/townships/<name>``, of
mode 0600: a line ``date password``, the newest first. The password goes to the township by another
way than the workbooks: a person reads it out, and that is on record; until then `untold` says so.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import ConfigError, NotThereYet
from shouwang.core.files import atomic_write
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event
from shouwang.workspace.workspace import Workspace, safe_name

_SOUNDS = """
ba bai ban bang bao bei bo bu da dai dan dao deng di dian dou du duan fa fan fang fei fen feng fu ga
gai gan gang gao ge gong gou gu gua guan guang gui hai han hao he hong hou hu hua huan huang hui huo
ka kai kan kao ke kong kou ku kuai kuan la lai lan lao lei li liang lin liu long lou lu luo ma mai
man mao mei men mi mian min mu na nai nan nao nei niu nong nuan pa pai pan pang pao pei peng pi pian
pin ping po pu tai tan tang tao tian tie tong tou tu tuan tui wan wang wei wen wu ya yan yang yao ye
yi yin you yu yuan yue yun
"""
SYLLABLES = _SOUNDS.split()
"""Sounds that can be read out over a telephone and typed by whoever hears them."""

COUNTY = "县级"
"""Whose secret the county's own papers are under, among those of the townships."""
MADE = ("password_made", "password_rotated")
"""What the audit trail calls it when one was made: the first, a later one."""


@dataclass(frozen=True)
class Password:
    """One password and the day from which it holds."""

    since: dt.date
    text: str


def speakable() -> str:
    """A password like ``tianlu-hanmu-weigong-nanhai-4827``: 71 bits, which Office's hundred
    thousand rounds make dear."""
    pairs = ["".join(secrets.choice(SYLLABLES) for _ in range(2)) for _ in range(4)]
    return "-".join([*pairs, f"{secrets.randbelow(10_000):04d}"])


def folder_of(workspace: Workspace) -> Path:
    """Where they lie."""
    return workspace.secrets / "townships"


def kept(workspace: Workspace, township: str) -> list[Password]:
    """A township's passwords, the newest first; `ConfigError` where others may read them."""
    return _kept(workspace, safe_name(township))


def _kept(workspace: Workspace, holder: str) -> list[Password]:
    try:
        return [
            Password(dt.date.fromisoformat(day), text)
            for day, _, text in (
                line.partition(" ") for line in workspace.secret(f"townships/{holder}")
            )
        ]
    except ValueError:
        raise ConfigError(
            f"{folder_of(workspace) / holder} cannot be read: every line is a date, a space and a "
            "password."
        ) from None


def current(workspace: Workspace, township: str) -> tuple[str, bool]:
    """The password that a township's workbooks are sealed with today, and whether it was made just
    now."""
    passwords = kept(workspace, township)
    return (passwords[0].text, False) if passwords else (add(workspace, township).text, True)


def add(workspace: Workspace, township: str) -> Password:
    """Make a new password, from today on; the older ones stay and open older files."""
    new = Password(workspace.today(), speakable())
    folder = folder_of(workspace)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / safe_name(township)
    lines = [f"{p.since.isoformat()} {p.text}\n" for p in (new, *kept(workspace, township))]
    with atomic_write(
        path, replace=len(lines) > 1
    ) as part:  # of two that make the first one, who comes first is right
        part.write_text("".join(lines), encoding="utf-8")
    return kept(workspace, township)[0]


def outlived(workspace: Workspace, township: str) -> bool:
    """Whether the newest password is older than the county lets one live."""
    passwords = kept(workspace, township)
    months = workspace.county.settings.delivery.password_months
    return bool(passwords) and (workspace.today() - passwords[0].since).days >= months * 30.4


def untold(connection: Connection, workspace: Workspace) -> list[str]:
    """Townships (and `COUNTY`) whose newest password nobody has been shown yet: somebody has to
    tell it to them."""
    query = sa.select(audit_event.c.subject, audit_event.c.kind).order_by(audit_event.c.event_id)
    last = dict(
        list(connection.execute(query.where(audit_event.c.kind.in_([*MADE, "password_shown"]))))
    )
    return sorted(name for name, kind in last.items() if kind in MADE and kept(workspace, name))


def renew(workspace: Workspace, names: Iterable[str], by: str, made: bool = False) -> list[str]:
    """Make a new password for each, on record."""
    names = [*names]
    for name in names:
        add(workspace, name)
        with workspace.database.write() as connection:
            audit(connection, MADE[0 if made else 1], name, by)
    return names


def holders(workspace: Workspace) -> list[str]:
    """Who has a password."""
    folder = folder_of(workspace)
    return (
        sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
        if folder.is_dir()
        else []
    )


def to_tell(workspace: Workspace, township: str) -> str:
    """The password, for the one who hands it over; `NotThereYet` where none was made."""
    passwords = kept(workspace, township)
    if not passwords:
        raise NotThereYet(
            f"There is no password for {township} yet; its first list makes one, or: shouwang "
            "secrets make"
        )
    return passwords[0].text


def by_holder(workspace: Workspace, name: str = "") -> dict[str, tuple[str, ...]]:
    """The passwords of everybody, by the name of the holder's file; the holder whose name stands in
    ``name`` first."""
    first = sorted(holders(workspace), key=lambda holder: holder not in name)
    return {holder: tuple(p.text for p in _kept(workspace, holder)) for holder in first}


def every(workspace: Workspace, name: str = "") -> tuple[str, ...]:
    """The same without their holders."""
    return tuple(text for texts in by_holder(workspace, name).values() for text in texts)
