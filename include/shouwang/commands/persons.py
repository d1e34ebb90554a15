"""``shouwang person …``: what is held about one person, and its deletion on a lawful request."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shouwang.commands.terminal import AsJson, out, say, working
from shouwang.house import open_house
from shouwang.keeping import persons
from shouwang.store.audit import audit

person_app = typer.Typer(help="One person's data: found, deleted on a lawful request (个人信息).", no_args_is_help=True)
By = Annotated[str, typer.Option("--by", help="Who asks; goes to the audit trail, which does not learn about whom.")]


def _number() -> str:
    """Asked for, or read from standard input: an argument would stay in the shell's history."""
    if sys.stdin.isatty():
        return str(typer.prompt("Identity number", hide_input=True))
    return sys.stdin.readline().strip()


def _tell(held: persons.Held, verb: str) -> None:
    for name, count in held.rows.items():
        if count:
            out.print(f"{count:,} rows of {name} {verb}")
    for place in held.places:
        where = " ".join(str(place[name]) for name in ("month", "department", "file", "sheet") if place[name])
        out.print(f"  {where} row {place['row']}", markup=False)
    out.print(f"{len(held.copies):,} files of ours (vault, outbox) {verb}")
    for path in sorted(held.exports):
        out.print(f"the department's own file stays, ask it for one without that row: {path}", markup=False)


@person_app.command()
def find(by: By, as_json: AsJson = False) -> None:
    """Say what is held about the one whose identity number is typed (or piped): counts, places, files."""
    house, number = open_house(), _number()
    with house.database.write() as connection:
        held = persons.find(house, connection, number)
        audit(connection, "person_looked_up", "person", by)
    say(held.told(), as_json, lambda: _tell(held, "held"))


@person_app.command()
def purge(
    by: By, yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False, as_json: AsJson = False
) -> None:
    """Delete it: registry, records, signals, originals, copies of papers; it cannot be undone but from a backup."""
    house, number = open_house(), _number()
    if not yes:
        with house.database.read() as connection:
            _tell(persons.find(house, connection, number), "would be deleted")
        typer.confirm("Delete all of it?", abort=True)
    with working("Deleting"):
        held = persons.purge(house, number, by)
    say(held.told(), as_json, lambda: _tell(held, "deleted"))
