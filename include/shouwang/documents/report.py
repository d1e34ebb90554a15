"""Plain reports (报表): a few tables, each on a sheet of its own, in the look of every paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shouwang.documents.looks import Value
from shouwang.documents.paper import Book, Column, Paper, note, table, total_width
from shouwang.documents.saving import Target


@dataclass(frozen=True, kw_only=True)
class ReportPaper(Paper):
    """A report under a heading; it names nobody."""

    heading: str

    @property
    def title(self) -> str:
        """The heading."""
        return self.heading


@dataclass(frozen=True)
class ReportTable:
    """One sheet: its name, what is said above the table, the columns, and a mapping a row."""

    name: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Value]]


def write_report(path: Target, paper: ReportPaper, tables: Sequence[ReportTable]) -> None:
    """Write the tables, a sheet each; one without rows says so."""
    book = Book(paper)
    for one in tables:
        sheet = book.list(one.name, one.columns, f"{paper.title}·{one.name}")
        head = note(sheet, 2, total_width(one.columns), one.note) if one.note else 3
        values = {
            column.source: [row.get(column.source) for row in one.rows] for column in one.columns
        }
        table(sheet, head, one.columns, values, least=20, freeze="B")
    book.save(path)
