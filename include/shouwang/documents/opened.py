"""Workbooks that come back, as rows: opened as departments' files are, in a process of its own,
whatever their format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shouwang.core.errors import FileRefused
from shouwang.documents.sealing import STAYS_CLOSED
from shouwang.documents.text import comparable, printable
from shouwang.intake.secrets import is_encrypted
from shouwang.intake.sheets import Opened
from shouwang.intake.worker import open_file

_HEADER_DEPTH = 60
Rows = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Form:
    """A sheet that is a form to fill in: its rows, where each heading stands, and the number of the
    row after it."""

    sheet: str
    rows: Rows
    header_row: int
    places: Mapping[str, int]

    def cell(self, row: Sequence[object], header: str) -> object:
        """The cell of a row below a heading; empty when there is no such column."""
        place = self.places.get(header)
        return "" if place is None or place >= len(row) else row[place]

    def texts(self, row: Sequence[object], *headers: str) -> list[str]:
        """Several cells of a row as text."""
        return [cell_text(self.cell(row, header)) for header in headers]


def sheets_of(path: Path, passwords: Sequence[str] = ()) -> dict[str, Rows]:
    """Every sheet's rows, row 1 first; a cell merged downwards says the same in each of its
    rows."""
    return _rows_of(_open(path, passwords))


def sheets_sealed_by(
    path: Path, passwords: Mapping[str, Sequence[str]], sender: str | None = None
) -> tuple[dict[str, Rows], str | None]:
    """The same, and whose password alone opened the file: null where it needs none.

    Of an archive nobody is told: what is sealed in it may have been packed by another. One that
    came from a known ``sender`` is opened with its passwords only.
    """
    try:
        return _rows_of(_open(path, ())), None
    except FileRefused as refused:
        if refused.code != "encrypted":
            raise
    content = path.read_bytes()
    if content[:2] == b"PK" or not is_encrypted(content):
        theirs = passwords if sender is None else {sender: passwords.get(sender, ())}
        return _rows_of(_open(path, [text for texts in theirs.values() for text in texts])), None
    for holder, texts in passwords.items():
        try:
            return _rows_of(_open(path, texts)), holder
        except FileRefused as refused:
            if refused.code != "encrypted":
                raise
    raise FileRefused("encrypted", STAYS_CLOSED)


def _open(path: Path, passwords: Sequence[str]) -> Opened:
    try:
        return open_file(path, passwords)
    except FileRefused as refused:
        raise FileRefused(
            refused.code, STAYS_CLOSED if refused.code == "encrypted" else str(refused)
        ) from None


def _rows_of(book: Opened) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for sheet in book.sheets:
        rows: list[list[object]] = [
            [] for _ in range(sheet.numbers[-1] if len(sheet.numbers) else 0)
        ]
        for number, cells in zip(sheet.numbers, sheet.head(len(sheet.numbers)), strict=True):
            rows[number - 1] = cells
        for top, bottom, left in sheet.merges:
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
        found[sheet.name] = rows
    return found


def forms_of(sheets: Mapping[str, Rows], *headings: str) -> list[Form]:
    """The sheets on which all these headings stand in one row."""
    return [
        form for name, rows in sheets.items() if (form := _find(name, rows, headings)) is not None
    ]


def _find(name: str, rows: Rows, headings: Sequence[str]) -> Form | None:
    for number, row in enumerate(rows[:_HEADER_DEPTH], start=1):
        titles = [comparable(cell) for cell in row]
        if set(headings) <= set(titles):
            places: dict[str, int] = {}
            for place, title in enumerate(titles):
                places.setdefault(title, place)
            return Form(name, rows, number, places)
    return None


def filled_rows(
    form: Form, is_empty: Callable[[Sequence[object]], bool]
) -> list[tuple[int, Sequence[object]]]:
    """The rows below the headings that are not empty, with their numbers."""
    below = enumerate(form.rows[form.header_row :], start=form.header_row + 1)
    return [(number, row) for number, row in below if row and not is_empty(row)]


def cell_text(value: object) -> str:
    """A cell as text; a whole number without the point that a spreadsheet stores."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return printable(str(value)).strip()
