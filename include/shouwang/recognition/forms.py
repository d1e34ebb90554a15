"""Our own forms that come back filled in: opened as departments' files are, in a process of its own,
whatever their format; found by their headings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shouwang.core.errors import FileRefused
from shouwang.documents.sealing import STAYS_CLOSED
from shouwang.documents.text import comparable, printable
from shouwang.intake.secrets import is_encrypted
from shouwang.intake.worker import open_file

_HEADER_DEPTH = 60
Rows = Sequence[Sequence[object]]
Passwords = Mapping[str, Sequence[str]]
"""The passwords of each holder."""


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
    try:
        book = open_file(path, passwords)
    except FileRefused as refused:
        closed = refused.code == "encrypted"
        raise FileRefused(refused.code, STAYS_CLOSED if closed else str(refused)) from None
    found: dict[str, Rows] = {}
    for sheet in book.sheets:
        rows: list[list[object]] = [[] for _ in range(max(sheet.numbers, default=0))]
        for number, cells in zip(sheet.numbers, sheet.head(len(sheet.numbers)), strict=True):
            rows[number - 1] = cells
        for top, bottom, left in sheet.merges:
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]
        found[sheet.name] = rows
    return found


def sheets_sealed_by(
    path: Path, passwords: Passwords, sender: str | None = None
) -> tuple[dict[str, Rows], str | None]:
    """The same, and whose password alone opened the file: null where it needs none.

    Of an archive nobody is told: what is sealed in it may have been packed by another. One that
    came from a known ``sender`` is opened with its passwords only.
    """
    content = path.read_bytes()
    attempts: list[tuple[str | None, Sequence[str]]] = [(None, ())]
    if content[:2] == b"PK" or not is_encrypted(content):
        holders = passwords if sender is None else [sender]
        attempts.append((None, [each for name in holders for each in passwords.get(name, ())]))
    else:
        attempts += passwords.items()
    for holder, texts in attempts:
        try:
            return sheets_of(path, texts), holder
        except FileRefused as refused:
            if refused.code != "encrypted":
                raise
    raise FileRefused("encrypted", STAYS_CLOSED)


def forms_of(sheets: Mapping[str, Rows], *headings: str) -> list[Form]:
    """The sheets on which all these headings stand in one row."""
    forms = (_form(name, rows, set(headings)) for name, rows in sheets.items())
    return [form for form in forms if form is not None]


def _form(name: str, rows: Rows, headings: set[str]) -> Form | None:
    for number, row in enumerate(rows[:_HEADER_DEPTH], start=1):
        titles = [comparable(cell) for cell in row]
        if headings <= set(titles):  # of two columns of one heading the first counts
            places = {title: place for place, title in reversed([*enumerate(titles)])}
            return Form(name, rows, number, places)
    return None


def filled_rows(form: Form, *headers: str) -> Iterator[tuple[int, Sequence[object]]]:
    """The rows below the headings with anything in these columns, with their numbers."""
    for number, row in enumerate(form.rows[form.header_row :], start=form.header_row + 1):
        if any(form.texts(row, *headers)):
            yield number, row


def cell_text(value: object) -> str:
    """A cell as text; a whole number without the point that a spreadsheet stores."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return printable(str(value)).strip()
