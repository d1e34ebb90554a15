"""Writes what of the documentation follows from the program: ``docs/command-line.md`` from
``--help``, ``docs/data-dictionary.md`` from the tables and the shipped contracts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import sqlalchemy as sa
import typer

from shouwang.cli.app import app
from shouwang.county.settings import read_county
from shouwang.store import tables
from shouwang.store.sealing import Guarded, GuardedJSON, Sealed

DOCS = Path(__file__).parent
SEALED = {
    Sealed: "sealed",
    Guarded: "sealed where it holds a number",
    GuardedJSON: "JSON, likewise",
}


def command_line(command: click.Command, words: str) -> Iterator[str]:
    """The help of a command and of those below it."""
    context = click.Context(command, info_name=words, terminal_width=100, max_content_width=100)
    yield f"## {words}\n\n```\n{command.get_help(context)}\n```\n"
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from command_line(child, f"{words} {name}")


def of_tables() -> Iterator[str]:
    """A section a table: what stands above it in the source, and its columns."""
    notes = re.findall(
        r"((?:^# .*\n)*)^(\w+) = (?:Table|_view)\(", inspect.getsource(tables), re.MULTILINE
    )
    said = {
        name: " ".join(re.sub("^# ", "", comment, flags=re.M).split()) for comment, name in notes
    }
    for table in tables.metadata.tables.values():
        yield f"### {table.name}\n\n{said.get(table.name, '')}\n".replace("\n\n\n", "\n")
        yield "| column | type | |\n|---|---|---|"
        yield from (
            f"| {column.name} | {_kind(column)} | {_key(column)} |" for column in table.columns
        )
        yield ""
    for view in tables.views.tables.values():
        columns = ", ".join(column.name for column in view.columns)
        yield f"### {view.name} (view)\n\n{said.get(view.name, '')}\n\n{columns}\n"


def _kind(column: sa.Column[object]) -> str:
    return SEALED.get(type(column.type)) or str(column.type).lower()


def _key(column: sa.Column[object]) -> str:
    if column.primary_key:
        return "key"
    return "may be null" if column.nullable else ""


def of_contracts() -> Iterator[str]:
    """A section a contract: its columns, with the first wording that we know."""
    county = read_county(DOCS.parent / "include" / "county")
    for contract in [county.registry, *county.contracts.values()]:
        yield f"### {contract.title} {contract.slug}\n\n| column | heading | kind | |\n|---|---|---|---|"
        for name, column in contract.columns.items():
            needed = "required" if column.required else ""
            yield f"| {name} | {column.wordings[0]} | {column.type} | {needed} |"
        yield ""


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    commands = command_line(typer.main.get_command(app), "shouwang")
    dictionary = [
        "# Data dictionary\n\nWritten by `make docs` from `store/tables.py` and `include/county`.\n",
        "Times are UTC, money yuan, months `YYYY-MM`. A department's rows lie in a table",
        "`record_<department>_<dataset>` with the columns of its contract.\n\n## Tables\n",
        *of_tables(),
        "## Contracts\n",
        *of_contracts(),
    ]
    return {
        DOCS / "command-line.md": "# The command line\n\nWritten by `make docs` from `--help`.\n\n"
        + "\n".join(commands),
        DOCS / "data-dictionary.md": "\n".join(dictionary),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
