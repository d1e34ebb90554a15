"""Passwords and keys, one person's data, what must not be lost or changed unseen, what ran."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from shouwang.cli import rooms
from shouwang.cli.options import By, MonthOption, SecretTownship, township_or_county, townships
from shouwang.cli.terminal import app, command, commands, show, working

secrets = commands("secrets", "The passwords of townships' workbooks (乡镇密码).")
keys = commands("keys", "The keys that seal numbers and phones (密钥).")
person = commands("person", "One person's data: found, deleted on a lawful request (个人信息).")
audit = commands("audit", "The audit trail (审计记录).")


@command(secrets)
def make(township: SecretTownship = None, by: By = "shouwang") -> dict[str, list[str]]:
    """Make a password for every township that has none, and for the county's papers (县级);
    releases make them too."""
    workspace = rooms.workspace.load_workspace()
    names = [township] if township else [*townships(), rooms.passwords.COUNTY]
    without = [name for name in names if not rooms.passwords.kept(workspace, name)]
    made = rooms.passwords.renew(workspace, without, by, made=True)
    return {"passwords": made, "untold": made}


@command(secrets, "rotate")
def rotate_passwords(township: SecretTownship = None, by: By = "shouwang") -> dict[str, list[str]]:
    """Make a new password for one township at once, or where one is too old; every morning's run
    does the latter."""
    if township:
        renewed = rooms.passwords.renew(rooms.workspace.load_workspace(), [township], by)
        return {"passwords": renewed, "untold": renewed}
    done = rooms.following.renew_passwords(by)
    return {"passwords": done["renewed"], "untold": done["untold"]}


@command(secrets, "show")
def show_password(
    by: By,
    township: str = typer.Option(..., "--township", callback=township_or_county, help="Whose."),
) -> dict[str, str]:
    """Print a township's password for the one who hands it over, apart from the workbooks; that is
    on record."""
    workspace = rooms.workspace.load_workspace()
    password = rooms.passwords.to_tell(workspace, township)
    with workspace.database.write() as connection:
        rooms.audit.audit(connection, "password_shown", township, by)
    return {"township": township, "password": password}


@command(keys, "list")
def list_keys() -> list[dict[str, Any]]:
    """Which keys there are, and how many rows and files need each; the keys themselves are never
    shown."""
    return rooms.key_rotation.keys()


@command(keys, doing="Sealing anew")
def rotate(by: By) -> dict[str, Any]:
    """Make a new key and seal everything with it, while nobody is at work: stop the scheduler and
    the workers, rotate, start them again; killed, the same command goes on.

    Keys in SHOUWANG_KEYS are changed by whoever set them: put the new word there, then run this.
    """
    return rooms.key_rotation.rotate_keys(by)


@command(keys)
def drop(by: By, key: str = typer.Argument(..., help="For example k1.")) -> dict[str, Any]:
    """Take away a key that nothing is sealed with any more."""
    return {**rooms.key_rotation.drop_key(key, by), "key": key}


def _whole_number() -> str:
    """Asked for, or read from standard input: an argument would stay in the shell's history."""
    if sys.stdin.isatty():
        return rooms.persons.whole_number(str(typer.prompt("Identity number", hide_input=True)))
    return rooms.persons.whole_number(sys.stdin.readline().strip())


def _held(held: Any, named: Any, deleted: bool = False) -> dict[str, Any]:
    not_reached = (
        "Not reached: backups made before today (delete them when a newer one has proved itself; "
        "after a restore from one of them, purge again), workbooks that have left the workspace, "
        "and rows without the whole number."
    )
    return {
        **held.told(),
        "closed_files": [*map(str, named.closed)],
        "not_reached": not_reached,
        "deleted": deleted,
    }


@command(person)
def find(by: By) -> dict[str, Any]:
    """Say what is held about the one whose identity number is typed (or piped): counts, places,
    files. The audit trail learns who asks, not about whom."""
    workspace, number = rooms.workspace.load_workspace(), _whole_number()
    with working("Looking into departments' files"):
        named = rooms.mentions.mentions(workspace, number)
    with workspace.database.write() as connection:
        held = rooms.persons.find(workspace, connection, number, named.found)
        rooms.audit.audit(connection, "person_looked_up", "person", by)
    return _held(held, named)


@command(person)
def purge(
    by: By, yes: bool = typer.Option(False, "--yes", help="Do not ask again.")
) -> dict[str, Any]:
    """Delete it: registry, records, signals, originals, receipts, copies of papers; it cannot be
    undone but from a backup."""
    workspace, number = rooms.workspace.load_workspace(), _whole_number()
    with working("Looking into departments' files"):
        named = rooms.mentions.mentions(workspace, number)
    if not yes:
        with workspace.database.read() as connection:
            held = rooms.persons.find(workspace, connection, number, named.found)
        show("person find", _held(held, named))
        typer.confirm("Delete all of it?", abort=True)
    with working("Deleting"):
        return _held(rooms.persons.purge(workspace, number, by, named.found), named, deleted=True)


@command(audit, "check", failed="faults")
def audit_check(
    anchor: list[str] | None = typer.Option(
        None, "--anchor", help="NUMBER:SEAL from the properties of a list that left (审计锚点)."
    ),
) -> dict[str, Any]:
    """Say which entries were changed, removed, inserted or moved; ends with 1 if any was.

    The newest seal of a sound trail is noted in SHOUWANG_HOME/audit.anchors, so that nobody can cut
    the trail off there.
    """
    return rooms.trail.check(rooms.workspace.load_workspace(), anchor or ())


@command(audit, "export", doing="Writing the audit trail", failed="faults")
def audit_export(
    file: Path = typer.Option(
        ..., "--out", help="The file to write: CSV, or JSON lines if it ends in .jsonl."
    ),
) -> dict[str, Any]:
    """Write every entry with its seal, for an auditor; ends with 1 if the trail does not hold."""
    return rooms.trail.export(rooms.workspace.load_workspace(), file)


@command(app, doing="Backing up")
def backup(
    to: Path = typer.Argument(
        ..., metavar="TO", help="The file to write, for example /backup/2026-10-12.zip."
    ),
    keys: Path | None = typer.Option(
        None, "--keys", help="Write keys and passwords too, into this file; keep it elsewhere."
    ),
) -> dict[str, Any]:
    """Write everything that must survive into one file: database, vault, papers, configuration; the
    month may go on.

    Keys and passwords never go into it: with --keys they are written into a file of their own, for
    another place.
    """
    done = rooms.backup.backup(rooms.workspace.load_workspace(), to, keys)
    size = f"{to.stat().st_size / 1e6:,.1f} MB"
    return {**done, "file": str(to), "size": size, "keys": keys and str(keys)}


@command(app, doing="Restoring")
def restore(
    source: Path = typer.Argument(..., metavar="FROM", help="The backup."),
    keys: Path | None = typer.Option(None, "--keys", help="The file with its keys and passwords."),
) -> dict[str, Any]:
    """Put a backup into an empty place (SHOUWANG_HOME, an empty database) and bring it to this
    version's tables.

    Every part is held against its fingerprint first; nothing is touched if one differs, or if the
    place is not empty.
    """
    return rooms.backup.restore(rooms.workspace.load_workspace(), source, keys)


@command(app)
def expire(
    dry: bool = typer.Option(False, "--dry-run", help="Only say what would be deleted."),
) -> list[dict[str, Any]]:
    """Delete copies and exports that county.yaml keeps no longer; what was deleted is on record."""
    return [{**entry, "deleted": not dry} for entry in rooms.following.expire(dry)]


@command(app)
def runs(
    month: MonthOption = None,
    count: int = typer.Option(30, "--count", min=1, help="So many, the newest first."),
) -> list[Any]:
    """List the runs of Airflow that have ended, and their failed tasks; also those that Airflow has
    forgotten."""
    return rooms.runs.last_runs(month or "", count)
