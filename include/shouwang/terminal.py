"""What the command line shares: where it prints, how it says what is going on, and the arguments of every command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

progress = Console(stderr=True, highlight=False)
out = Console(highlight=False)
if not out.is_terminal:
    out = Console(highlight=False, width=140)  # a file or a pipe has room for the tables
MonthArgument = Annotated[str, typer.Argument(metavar="MONTH", help="The data month, for example 2026-09.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON, for other programs.")]


def say(result: Any, as_json: bool, tell: Callable[[], None]) -> None:
    """Print a result as JSON, or have it told in words."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=1, default=str))
    else:
        tell()


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on standard error what is going on, with a clock on a terminal, and how long it took."""
    begun = time.monotonic()
    if progress.is_terminal:
        with progress.status(what):
            yield
    else:
        progress.print(f"{what} …")
        yield
    progress.print(f"{what}: {time.monotonic() - begun:.1f} s")


def tell_answers(results: list[dict[str, Any]]) -> None:
    """What became of workbooks that came back."""
    for done in results:
        if done.get("refused"):
            out.print(f"{done['file']}: {done['refused']}", style="red", markup=False)
            continue
        out.print(f"{done['file']}: {done['taken']} taken, {done['known_already']} known already, {done['blank']} not filled in, {len(done['problems'])} with a problem", markup=False)  # fmt: skip
        for problem in done["problems"]:
            out.print(f"  {problem['sheet']} row {problem['row']}: {problem['problem']}", markup=False)
