"""What a bulletin (通报) consists of, before it becomes a document: text, tables and charts without
persons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shouwang.documents.template import SHIPPED

Cell = str | int


@dataclass(frozen=True)
class Section:
    """A numbered part of the text: its heading and paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class CountTable:
    """A table: the first column is text, the others figures; the last row is a total if it says
    so."""

    title: str
    headers: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    total: bool = False
    note: str = ""

    @property
    def lines(self) -> list[tuple[list[str], bool]]:
        """Each row as it is printed, and whether it is the total."""
        last = len(self.rows) - 1 if self.total else None
        return [
            ([printed(cell) for cell in row], place == last) for place, row in enumerate(self.rows)
        ]


@dataclass(frozen=True)
class Figure:
    """A chart (Vega-Lite), its title, and what it shows for those who cannot see it."""

    title: str
    chart: str
    alt: str


@dataclass(frozen=True)
class Bulletin:
    """One bulletin: the head, the text, and what follows it."""

    title: str
    office: str
    addressed: str
    prepared_on: dt.date
    issue: str
    sections: tuple[Section, ...]
    tables: tuple[CountTable, ...]
    figures: tuple[Figure, ...]
    templates: Path = SHIPPED


def printed(cell: Cell) -> str:
    """A cell as it is printed: thousands apart."""
    return f"{cell:,}" if isinstance(cell, int) else cell
