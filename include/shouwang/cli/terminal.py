"""How commands are declared, and how what they give is printed: as JSON, or by a message.

A message (``messages.yaml``) is a list of pieces. A text is a Jinja template with the result's
keys, ``result`` itself and rich's markup; those of its lines that begin with ``!`` go to standard
error. A table names its rows (``table``, an expression) and its columns: keys of the rows, or
headings with an expression each; without rows ``empty`` is printed. What departments and townships
wrote is never taken for markup.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar, get_type_hints

import typer
from rich.console import Console
from typer.core import TyperGroup

if TYPE_CHECKING:
    import jinja2

FAILED, WRONG_USAGE, INCOMPLETE = 1, 2, 3
MESSAGES = Path(__file__).with_name("messages.yaml")
ORDER = (
    " init registry receive questions answer screen run release send sent feedback returns review "
    "case overdue papers results bulletin export rules match scorecard versions runs contract "
    "config counties secrets keys person expire audit backup restore "
)
"""The commands in the order of a month's work."""

P = ParamSpec("P")
R = TypeVar("R")


def _console(stderr: bool, width: int | None = None) -> Console:
    """A console; in a file or a pipe a sentence is one line, and a table has the room it needs."""
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=True, width=width)


out, progress = _console(False, width=140), _console(True)


class Commands(TyperGroup):
    """Commands in the order of a month's work, each with its whole first sentence."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in `ORDER`; those of a group in the order in which they are declared."""
        return sorted(self.commands, key=lambda name: ORDER.find(f" {name} "))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As Typer does it, but no sentence is cut off."""
        names = self.list_commands(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(n, self.commands[n].get_short_help_str(1000)) for n in names])


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def commands(name: str, what: str) -> typer.Typer:
    """A group of commands."""
    group = typer.Typer(name=name, cls=Commands, help=what, no_args_is_help=True)
    app.add_typer(group)
    return group


def command(
    group: typer.Typer, name: str = "", doing: str = "", failed: str = "", incomplete: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a command: what its function gives is printed by its message, or by ``--json``.

    ``doing`` is said while it works. ``failed`` and ``incomplete`` are keys of the result that end
    the command with status 1 or 3 where they hold something.
    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        key = name or function.__name__
        message = f"{group.info.name} {key}" if group.info.name else key

        @functools.wraps(function)
        def run(*args: P.args, **given: P.kwargs) -> None:
            as_json = given.pop("as_json", False)
            with working(doing) if doing else nullcontext():
                result = _plain(function(*args, **given))
            if as_json:
                typer.echo(json.dumps(result, ensure_ascii=False, indent=1, default=str))
            else:
                show(message, result)
            for status, keys in ((FAILED, failed), (INCOMPLETE, incomplete)):
                parts = result if isinstance(result, list) else [result]
                if any(part.get(key) for part in parts for key in keys.split()):
                    raise typer.Exit(status)

        as_json = Annotated[
            bool, typer.Option("--json", help="Print the summary as JSON, for other programs.")
        ]
        flag = inspect.Parameter(
            "as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=as_json
        )
        signature = inspect.signature(function, eval_str=True)
        signature = signature.replace(parameters=[*signature.parameters.values(), flag])
        hints = get_type_hints(function, include_extras=True)
        vars(run).update(__signature__=signature)
        run.__annotations__ = {**hints, "as_json": as_json}
        group.command(key)(run)
        return function

    return declare


def _plain(result: Any) -> Any:
    """A room's result as dicts and lists."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return [_plain(part) for part in result] if isinstance(result, list) else result


def show(name: str, result: Any) -> None:
    """Print a result by the message of this name."""
    from rich.table import Column, Table
    from rich.text import Text

    values = {**result} if isinstance(result, Mapping) else {}
    values["result"] = result
    for piece in _messages()[name]:
        if isinstance(piece, str):
            for line in _jinja().from_string(piece).render(values).splitlines():
                if line.startswith("!"):
                    progress.print(line[1:].strip())
                elif line.strip():
                    out.print(line)
            continue
        columns = piece["columns"]
        titles = [*columns]
        cells = [*columns.values()] if isinstance(columns, dict) else columns
        expressions = [_jinja().compile_expression(cell) for cell in cells]
        rows = []
        for row in _jinja().compile_expression(piece["table"])(values) or ():
            fields = {**row} if isinstance(row, Mapping) else {}
            texts = (expression(**{**values, **fields, "row": row}) for expression in expressions)
            rows.append(["" if text is None else str(text) for text in texts])
        if not rows:
            out.print(piece.get("empty", "Nothing."))
            continue
        right = [
            all(re.fullmatch(r"[-+\d,.%]*", row[at]) for row in rows) for at in range(len(titles))
        ]
        table = Table(
            *(
                Column(title, overflow="fold", justify="right" if number else "left")
                for title, number in zip(titles, right, strict=True)
            ),
            title=_jinja().from_string(piece.get("title", "")).render(values) or None,
            title_justify="left",
        )
        for row in rows:
            table.add_row(*map(Text, row))
        out.print(table)


@functools.cache
def _messages() -> dict[str, list[Any]]:
    import yaml

    messages = yaml.safe_load(MESSAGES.read_text(encoding="utf-8"))
    return {name: said if isinstance(said, list) else [said] for name, said in messages.items()}


@functools.cache
def _jinja() -> jinja2.Environment:
    import jinja2
    from rich.markup import escape

    environment = jinja2.Environment(  # noqa: S701 - a terminal; what is filled in is escaped for it
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else escape(str(value)),
    )
    environment.filters["n"] = lambda number: "" if number is None else f"{number:,}"
    return environment


def warn(sentence: str) -> None:
    """Print a sentence on standard error, if there is one: what to look at beside the result."""
    if sentence:
        progress.print(sentence, style="yellow", markup=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on standard error what is going on, with a clock on a terminal, and how long it took."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    begun = time.monotonic()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(
        *columns, console=progress, transient=True, disable=not progress.is_terminal
    ) as clock:
        clock.add_task(what, total=None)
        if not progress.is_terminal:
            progress.print(f"{what} …", markup=False)
        yield
    progress.print(f"{what}: {time.monotonic() - begun:.1f} s", markup=False)
