"""What the command line shares: where it prints, how it says what is going on, and the arguments of
every command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

progress = Console(stderr=True, highlight=False)
if not progress.is_terminal:
    progress = Console(
        stderr=True, highlight=False, soft_wrap=True
    )  # a sentence in a log is one line
out = Console(highlight=False)
if not out.is_terminal:
    out = Console(
        highlight=False, width=140, soft_wrap=True
    )  # a file or a pipe has room for the tables
ROWS = ("rows", "accepted", "rejected", "duplicate", "void", "matched", "review", "unmatched")
ORDER = (
    "init",
    "registry",
    "receive",
    "questions",
    "answer",
    "screen",
    "run",
    "release",
    "send",
    "sent",
    "feedback",
    "returns",
    "review",
    "case",
    "overdue",
    "papers",
    "results",
    "bulletin",
    "export",
    "rules",
    "match",
    "scorecard",
    "versions",
    "runs",
    "contract",
    "config",
    "counties",
    "secrets",
    "keys",
    "person",
    "expire",
    "audit",
    "backup",
    "restore",
)
LEVELS = {"红": "red", "黄": "yellow", "蓝": "blue"}
MonthArgument = Annotated[
    str, typer.Argument(metavar="MONTH", help="The data month, for example 2026-09.")
]


def somebody(name: str) -> str:
    """A name that somebody gave as theirs; a mistake of usage where it is blank."""
    if not name.strip():
        raise typer.BadParameter("say who: a name, not an empty text")
    return name.strip()


AsJson = Annotated[
    bool, typer.Option("--json", help="Print the summary as JSON, for other programs.")
]


class Commands(TyperGroup):
    """Commands in the order of a month's work, each with its whole first sentence."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in `ORDER`, then what stands nowhere in it; a group's own as they were written
        down."""
        names = [*self.commands]
        return names if ctx.parent else sorted(names, key=lambda name: (*ORDER, name).index(name))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As Typer does it, but no sentence is cut off."""
        rows = [
            (name, self.commands[name].get_short_help_str(1000)) for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def commands(what: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(cls=Commands, help=what, no_args_is_help=True)


def say(result: Any, as_json: bool, tell: Callable[[], None]) -> None:
    """Print a result as JSON, or have it told in words."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=1, default=str))
    else:
        tell()


def show_table(titles: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, nothing cut off; what is not known stays blank, and what departments wrote is
    no markup."""
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    out.print(table)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on standard error what is going on, with a clock on a terminal, and how long it took."""
    begun = time.monotonic()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(
        *columns, console=progress, transient=True, disable=not progress.is_terminal
    ) as clock:
        clock.add_task(what, total=None)
        if not progress.is_terminal:
            progress.print(f"{what} …")
        yield
    progress.print(f"{what}: {time.monotonic() - begun:.1f} s")


def month_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Rows a department, and households to visit by township and level, from what
    ``monthly.month_table`` gives."""
    rows = Table(title=f"{figures['month']}: rows", title_justify="left")
    rows.add_column("department", no_wrap=True)
    for name in ("status", *ROWS):
        rows.add_column(name, justify="right", no_wrap=True)
    for entry in figures["departments"]:
        counts = [f"{entry[name]:,}" if entry.get(name) is not None else "" for name in ROWS]
        rows.add_row(entry["department"], entry["status"], *counts)
    clues = Table(title=f"{figures['month']}: households to visit", title_justify="left")
    clues.add_column("township")
    for level in (*LEVELS, "all"):
        clues.add_column(level, justify="right", style=LEVELS.get(level))
    for township, levels in [*figures["townships"].items(), ("county", figures["levels"])]:
        counted = [levels.get(level, 0) for level in LEVELS]
        clues.add_row(township, *map(str, counted), str(sum(counted)))
    return [rows, clues]


def tell_answers(results: list[dict[str, Any]]) -> None:
    """What became of workbooks that came back."""
    for done in results:
        if done.get("refused"):
            out.print(f"{done['file']}: {done['refused']}", style="red", markup=False)
            continue
        out.print(
            f"{done['file']}: {done['taken']} taken, {done['known_already']} known already, {done['blank']} not filled in, {len(done['problems'])} with a problem",
            markup=False,
        )
        for problem in done["problems"]:
            out.print(
                f"  {problem['sheet']} row {problem['row']}: {problem['problem']}", markup=False
            )
