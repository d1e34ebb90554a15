"""A made-up county read back: its truth tables, and the cells of any file by sheet and row."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

from demo import DemoCounty
from shouwang.core.identity import written_number
from shouwang.intake.markup import open_markup
from shouwang.intake.texts import encoding_of

KEY = ["month", "department", "file", "sheet", "row"]
Rows = list[list[Any]]


def cells_of(path: Path) -> dict[str, Rows]:
    """Every sheet's rows (a text file and a page have the sheet ``""``), from the first cell of the
    sheet."""
    raw = path.read_bytes()
    if (raw[:1] in (b"<", b"\xef") and path.suffix == ".xls") or raw[:4] == b"\xff\xfe<\0":
        found: dict[str, Rows] = {}
        for sheet in open_markup(path.name, raw).sheets:
            for number, row in zip(sheet.numbers, sheet.head(len(sheet.numbers)), strict=True):
                below = found.setdefault(sheet.name, [])
                below += [[] for _ in range(number - len(below) - 1)] + [row]
        return found
    if path.suffix in (".csv", ".tsv"):
        text = raw.decode(encoding_of(path.name, raw))
        return {
            "": list(
                csv.reader(
                    io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ","
                )
            )
        }
    book = CalamineWorkbook.from_path(path)
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


@dataclass(frozen=True)
class Read:
    """A county with what lies on disk."""

    county: DemoCounty

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.county.truth / f"{name}.csv", dtype=str, keep_default_na=False)

    @cached_property
    def records(self) -> pd.DataFrame:
        return self.table("records").merge(self.table("identities"), on=KEY, validate="one_to_one")

    @cached_property
    def registry(self) -> pd.DataFrame:
        head, *rows = cells_of(self.county.registry)["农户信息"]
        return pd.DataFrame(rows, columns=head)

    @cached_property
    def files(self) -> dict[tuple[str, str, str, str], Rows]:
        """Rows of every sheet, by month, department, file and sheet."""
        return {
            (path.parts[-3], path.parts[-2], path.name, sheet): rows
            for path in sorted(self.county.inbox.glob("*/*/*"))
            for sheet, rows in cells_of(path).items()
        }

    def line(self, record: dict[str, str]) -> list[str]:
        """The cells of a record, as text."""
        rows = self.files[record["month"], record["department"], record["file"], record["sheet"]]
        return [
            f"{v:.0f}" if isinstance(v, float) and v > 1e15 else written_number(v)
            for v in rows[int(record["row"]) - 1]
        ]
