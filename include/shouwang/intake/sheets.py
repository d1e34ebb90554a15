"""What opening a file gives: sheets of cells by column, each row with the number that a person sees
in the sheet.

A column holds its distinct values once and says which of them stands in which row: a month's cells
are few and repeat, so they are sent between processes, and cleaned, once each. Nothing here needs
more than the standard library: the process that opens hostile files imports it (``worker``).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from shouwang.intake.names import refused

MOST_COLUMNS = 512
MOST_CELLS = 60_000_000
MOST_DISTINCT = 6_000_000
"""Distinct cells, column by column: they are what whoever asked for the file holds in memory, a
gigabyte of them."""
NOT_CALCULATED = "#CALC!"
"""What stands for the value of a formula that the program which wrote it has never calculated."""
_AT_ONCE = 2_000
_TOO_MANY = "的单元格太多，请清除用不着的行和列，或拆成几个文件后重新上传。"


class Cells(NamedTuple):
    """One column: row ``i`` holds ``distinct[codes[i]]``; an empty cell is ``""``."""

    distinct: list[Any]
    codes: array[int]

    def head(self, rows: int) -> list[Any]:
        """The first cells."""
        return [self.distinct[code] for code in self.codes[:rows]]


class Sheet(NamedTuple):
    """One sheet; ``numbers[i]`` is the 1-based row number of row ``i`` (for text files: the line).

    ``merges`` are cells merged downwards: first row, last row (places in ``numbers``) and column.
    """

    file: str
    name: str
    hidden: bool
    columns: list[Cells]
    numbers: Sequence[int]
    merges: tuple[tuple[int, int, int], ...] = ()

    def rows(self, first: int, after: int) -> Sheet:
        """The rows from ``first`` until before ``after``, as a sheet of its own."""
        return Sheet(
            self.file,
            self.name,
            self.hidden,
            [Cells(column.distinct, column.codes[first:after]) for column in self.columns],
            self.numbers[first:after],
            tuple((t - first, b - first, p) for t, b, p in self.merges if first <= t and b < after),
        )

    def head(self, rows: int) -> list[list[Any]]:
        """The first rows."""
        return list(map(list, zip(*(column.head(rows) for column in self.columns), strict=True)))


class Opened(NamedTuple):
    """A file's sheets, and what in it is no table: name (within an archive) and why it is passed
    over."""

    sheets: list[Sheet]
    ignored: tuple[tuple[str, str], ...] = ()


class _Distinct(dict[Any, int]):
    def __missing__(self, value: Any) -> int:
        self[value] = code = len(self)
        return code


def columns_of(file: str, rows: Iterable[Sequence[Any]], left: int = 0) -> list[Cells]:
    """Rows of any width as columns, after ``left`` empty ones; `FileRefused` for more than the
    most."""
    known: list[_Distinct] = []
    codes: list[array[int]] = []
    height = 0
    for chunk in _chunks(rows):
        width = left + max(map(len, chunk))
        if width > len(known):
            if width > MOST_COLUMNS and (width := left + max(map(_used, chunk))) > MOST_COLUMNS:
                raise refused(
                    "too_large",
                    file,
                    f"有一张表超过 {MOST_COLUMNS} 列，请删去右边用不着的列后重新上传。",
                )
            for _ in range(width - len(known)):
                known.append(_Distinct({"": 0}))
                codes.append(array("i", bytes(4 * height)))
        height += len(chunk)
        if height * len(known) > MOST_CELLS or sum(map(len, known)) > MOST_DISTINCT:
            raise refused("too_large", file, _TOO_MANY)
        blank = array("i", bytes(4 * len(chunk)))
        columns = islice(zip_longest(*chunk, fillvalue=""), len(known) - left)
        for place, cells in enumerate(columns, left):
            if bool in set(map(type, cells)):  # True would be found under 1
                cells = tuple(str(cell) if isinstance(cell, bool) else cell for cell in cells)
            codes[place].extend(map(known[place].__getitem__, cells))
        for column in codes:
            if len(column) < height:
                column.extend(blank)
    while known and len(known[-1]) == 1:
        del known[-1], codes[-1]
    return [Cells(list(values), column) for values, column in zip(known, codes, strict=True)]


def within_limits(file: str, opened: Opened) -> Opened:
    """What was opened, if all its sheets together hold no more than one may."""
    columns = [column for sheet in opened.sheets for column in sheet.columns]
    cells, distinct = (
        sum(len(one.codes) for one in columns),
        sum(len(one.distinct) for one in columns),
    )
    if cells > MOST_CELLS or distinct > MOST_DISTINCT:
        raise refused("too_large", file, _TOO_MANY)
    return opened


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    each = iter(rows)
    while chunk := list(islice(each, _AT_ONCE)):
        yield chunk


def _used(row: Sequence[Any]) -> int:
    return max((place for place, cell in enumerate(row, 1) if cell != ""), default=0)
