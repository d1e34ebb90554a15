"""Writes what of the documentation follows from the program: ``docs/command-line.md`` from
``--help``."""

from __future__ import annotations

from pathlib import Path

import click
import typer

from shouwang.cli.app import app

TARGET = Path(__file__).parent / "command-line.md"


def sections(command: click.Command, words: str) -> list[str]:
    """The help of a command and of those below it."""
    context = click.Context(command, info_name=words, terminal_width=100, max_content_width=100)
    text = command.get_help(context)
    found = [f"## {words}\n\n```\n{text}\n```\n"]
    for name, child in sorted(getattr(command, "commands", {}).items()):
        found += sections(child, f"{words} {name}")
    return found


def page() -> str:
    """The whole page."""
    return "# The command line\n\nWritten by `make docs` from `--help`.\n\n" + "\n".join(
        sections(typer.main.get_command(app), "shouwang")
    )


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
