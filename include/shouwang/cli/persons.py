"""``shouwang person …``: what is held about one person, and its deletion on a lawful request."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from shouwang.cli.terminal import AsJson, commands, out, say, somebody, working
from shouwang.compliance import persons
from shouwang.store.audit import audit
from shouwang.submissions.mentions import Mentions, mentions
from shouwang.workspace.workspace import Workspace, load_workspace

person_app = commands("One person's data: found, deleted on a lawful request (个人信息).")
By = Annotated[
    str,
    typer.Option(
        "--by",
        callback=somebody,
        help="Who asks; goes to the audit trail, which does not learn about whom.",
    ),
]


def _number() -> str:
    """Asked for, or read from standard input: an argument would stay in the shell's history."""
    if sys.stdin.isatty():
        return str(typer.prompt("Identity number", hide_input=True))
    return sys.stdin.readline().strip()


def _mentions(workspace: Workspace, number: str) -> Mentions:
    with working("Looking into departments' files"):
        return mentions(workspace, number)


NOT_REACHED = """\
Not reached: backups made before today (delete them when a newer one has proved itself; after a restore from one of them,
purge again), workbooks that have left the workspace, and rows without the whole number."""


def _tell(held: persons.Held, named: Mentions, verb: str) -> None:
    for name, count in held.rows.items():
        if count:
            out.print(f"{count:,} rows of {name} {verb}")
    for place in held.places:
        where = " ".join(
            str(place[name]) for name in ("month", "department", "file", "sheet") if place[name]
        )
        out.print(f"  {where} row {place['row']}", markup=False)
    out.print(f"{len(held.copies):,} files of ours (vault, outbox) {verb}")
    for path in sorted(held.exports):
        out.print(
            f"the department's own file stays, ask it for one without that row: {path}",
            markup=False,
        )
    for path in named.closed:
        out.print(f"nobody here can open this file, look into it by hand: {path}", markup=False)
    out.print(NOT_REACHED)


@person_app.command()
def find(by: By, as_json: AsJson = False) -> None:
    """Say what is held about the one whose identity number is typed (or piped): counts, places,
    files."""
    workspace, number = load_workspace(), persons.whole_number(_number())
    named = _mentions(workspace, number)
    with workspace.database.write() as connection:
        held = persons.find(workspace, connection, number, named.found)
        audit(connection, "person_looked_up", "person", by)
    say(_told(held, named), as_json, lambda: _tell(held, named, "held"))


@person_app.command()
def purge(
    by: By,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete it: registry, records, signals, originals, receipts, copies of papers; it cannot be
    undone but from a backup."""
    workspace, number = load_workspace(), persons.whole_number(_number())
    named = _mentions(workspace, number)
    if not yes:
        with workspace.database.read() as connection:
            _tell(
                persons.find(workspace, connection, number, named.found), named, "would be deleted"
            )
        typer.confirm("Delete all of it?", abort=True)
    with working("Deleting"):
        held = persons.purge(workspace, number, by, named.found)
    say(_told(held, named), as_json, lambda: _tell(held, named, "deleted"))


def _told(held: persons.Held, named: Mentions) -> dict[str, Any]:
    return held.told() | {
        "closed_files": [*map(str, named.closed)],
        "not_reached": NOT_REACHED.replace("\n", " "),
    }
