"""What the demo shows on a terminal: what is being waited for, runs under way, a month's figures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

ROWS = ("rows", "accepted", "rejected", "duplicate", "matched", "review", "unmatched")
LEVELS = {"红": "red", "黄": "yellow", "蓝": "blue"}


def a_console() -> Console:
    """Where the story is told; wide enough for the tables when it goes into a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=110)


def month_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Rows per department, and clues by level and township; the figures are those of ``steps.month_table``."""
    rows = Table(title=f"{figures['month']}: rows", title_justify="left")
    rows.add_column("department", no_wrap=True)
    for name in ROWS:
        rows.add_column(name, justify="right")
    for entry in figures["departments"]:
        cells = [f"{entry[name]:,}" if entry.get(name) is not None else "" for name in ROWS]
        rows.add_row(f"{entry.get('title', '')} {entry['department']}", *cells)
    clues = Table(title="clues (线索)", title_justify="left")
    clues.add_column("township")
    for level, colour in LEVELS.items():
        clues.add_column(level, justify="right", style=colour)
    clues.add_column("all", justify="right")
    for township, levels in figures["townships"].items():
        _count(clues, township, levels)
    clues.add_section()
    everything = {level: sum(levels.get(level, 0) for levels in figures["townships"].values()) for level in LEVELS}
    _count(clues, "county", everything)
    return [rows, clues]


def _count(table: Table, name: str, levels: Mapping[str, int]) -> None:
    counts = [levels.get(level, 0) for level in LEVELS]
    table.add_row(name, *(str(count) for count in counts), str(sum(counts)))


@contextmanager
def waiting(console: Console, what: str) -> Iterator[None]:
    """Tell what is being waited for: a clock on a terminal, two lines elsewhere."""
    begun = time.monotonic()
    if not console.is_terminal:
        console.print(f"{what} …")
        yield
        return
    ended = threading.Event()
    with console.status(f"{what} …") as status:

        def count() -> None:
            while not ended.wait(1):
                status.update(f"{what} … {time.monotonic() - begun:.0f} s")

        clock = threading.Thread(target=count, daemon=True)
        clock.start()
        try:
            yield
        finally:
            ended.set()
            clock.join()
    console.print(f"{what}: {time.monotonic() - begun:.0f} s")


class Runs:
    """The runs that are under way, a line each; off a terminal a line is printed when a run is over."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lines: dict[str, tuple[str, str]] = {}
        self.begun = time.monotonic()
        self._live: Live | None = None

    @contextmanager
    def live(self) -> Iterator[None]:
        """Redraw while this lasts."""
        if not self.console.is_terminal:
            yield
            return
        with Live(self._table(), console=self.console, refresh_per_second=4) as self._live:
            yield

    def show(self, dag_id: str, state: str, tasks: list[dict[str, Any]]) -> None:
        """Note where a run stands."""
        marks = {"success": "●", "skipped": "·", "running": "◐", "failed": "✗", "deferred": "◌", "awaiting_input": "?"}
        steps = " ".join(f"{marks.get(task['state'] or '', '○')} {task['task_id']}" for task in tasks[:8])
        before = self.lines.get(dag_id, ("", ""))[0]
        self.lines[dag_id] = (state, steps)
        if self._live:
            self._live.update(self._table())
        elif state != before and state in ("success", "failed"):
            self.console.print(f"  {dag_id}: {state} after {time.monotonic() - self.begun:.0f} s")

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1))
        for dag_id, (state, steps) in self.lines.items():
            table.add_row(dag_id, state, steps)
        return table


def shown(path: Path) -> str:
    """A path as people read it: from where they stand, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
