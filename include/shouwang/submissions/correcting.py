"""A receipt (数据回执) that comes back: its corrected rows take the place of those that were
rejected.

Each line of the sheets 退回数据 carries, in the hidden column 回执编号, which row of which submission
it is. Sorting, deleting and renaming therefore do no harm. A line that was left as it was is no
correction; one without a key, or with the key of a line above it (copied), is a new row. A row that
is corrected keeps its place in the original file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path

import pandas as pd

from shouwang.core.errors import FileRefused, machine_fault
from shouwang.documents.receipt import KEY, REASON, RECEIPT, REJECTED
from shouwang.intake.secrets import is_encrypted
from shouwang.intake.sheets import Sheet
from shouwang.intake.worker import open_file
from shouwang.recognition.reading import PLACE, Reading, SheetReport
from shouwang.recognition.words import plain

_ROW_KEY = re.compile(r"([0-9a-f]{16})/(.+)/([^/]*)/(\d+)", re.DOTALL)
_NUMBER = re.compile(rf"{KEY}：([0-9a-f]{{16}})")
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
_LOOKED_AT = 1 << 22
Place = tuple[str, str, int]


@dataclass(frozen=True)
class Answer:
    """A receipt that comes back: the ids of the submissions that it is for, and whether it holds
    rows of them."""

    submissions: frozenset[str]
    has_rows: bool


def answer(path: Path, passwords: Sequence[str] = ()) -> Answer | None:
    """What receipt this file is, or an archive of nothing but receipts, whatever it is called; None
    for any other."""
    try:
        sheets = open_file(path, passwords).sheets if _may_be_receipt(path, bool(passwords)) else []
    except FileRefused:
        return None
    told = [_told(list(of_file)) for _, of_file in groupby(sheets, key=lambda sheet: sheet.file)]
    rows, numbers = ({number for one in told for number in one[place]} for place in (0, 1))
    return (
        Answer(frozenset(rows or numbers), bool(rows))
        if numbers and all(any(one) for one in told)
        else None
    )


def _told(sheets: list[Sheet]) -> tuple[set[str], set[str]]:
    """The submissions whose rows a file answers, and those that it names."""
    cells = {
        cell
        for sheet in sheets
        for column in sheet.columns
        for cell in column.distinct
        if isinstance(cell, str)
    }
    rows = {found[1] for cell in cells if (found := _ROW_KEY.fullmatch(cell))}
    return rows, rows or {found[1] for cell in cells if (found := _NUMBER.search(cell))}


def _may_be_receipt(path: Path, can_open: bool) -> bool:
    """A cheap look: only files with a sheet 回执 or 退回数据, or a text with 回执编号, are read for
    it; and archives."""
    sheets = [f'name="{name}'.encode() for name in (RECEIPT, REJECTED)]
    words = [word.encode(encoding) for word in (REJECTED, KEY) for encoding in _ENCODINGS]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise machine_fault(error) from None
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):
            return any(word in content for word in words) or (can_open and is_encrypted(content))
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & set(
                packed.namelist()
            ):
                with packed.open(name) as part:
                    start = part.read(_LOOKED_AT)
                    return any(word in start for word in (*sheets, REJECTED.encode("utf-16-le")))
            return True
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        pass
    return False


def with_corrections(original: Reading, receipts: Sequence[Reading]) -> Reading:
    """The reading with the rows that receipts correct, in their order; the last word on a row
    counts.

    The table gains ``correction``: receipt, sheet and row that a corrected row came from, else
    null.
    """
    table = original.table.assign(
        correction=pd.Series(None, index=original.table.index, dtype="str")
    )
    if not receipts:
        return replace(original, table=table)
    sheets = list(original.sheets)
    first = original.cells().to_numpy().tolist()
    rows = list(first)
    for returned in receipts:
        places = {place: here for here, place in enumerate(_places(table))}
        layouts = {(sheet.file, sheet.sheet): sheet for sheet in sheets}
        own = {(sheet.file, sheet.sheet): sheet for sheet in returned.sheets}
        chosen: dict[int, int] = {}
        new: list[int] = []
        written = returned.cells().to_numpy().tolist()
        stood = zip(_places(returned.table), written, strict=True)
        for line, ((file, sheet, _), cells) in enumerate(stood):
            target = _answered_place(cells)
            here = places.get(target) if target else None
            if here is None or target is None or here in chosen:
                new.append(line)
                continue
            layout = layouts[target[0], target[1]]
            cells = _laid_out(cells, own[file, sheet], layout)
            if here >= len(first) or cells != first[here][: len(cells)]:
                chosen[here], rows[here] = line, cells
        table = _corrected(table, returned.table, chosen)
        table = pd.concat([table, returned.table.iloc[new]], ignore_index=True)
        rows += [written[line] for line in new]
        added = Counter(place[:2] for place in _places(returned.table.iloc[new]))
        sheets += [replace(own[place], rows=count) for place, count in added.items()]
    columns = enumerate(zip_longest(*rows, fillvalue=""))
    texts = pd.DataFrame({str(place): column for place, column in columns}, dtype="str")
    return replace(original, table=table, sheets=tuple(sheets), corrected=texts)


def refuse_rows_without_keys(reading: Reading) -> None:
    """`FileRefused` for rows copied out of a receipt: alone, they would pass for the whole
    month."""
    for sheet in reading.sheets:
        if {plain(title) for title in sheet.titles} & {REASON, KEY}:
            raise FileRefused(
                "receipt_without_keys",
                f"文件“{sheet.file}”像是从回执里复制出来的退回行，认不出它们对应哪些原始行。"
                "请直接在回执文件里更正后交回（不要复制到新表，也不要和其他表格压在一个压缩包里），或重新报送全部数据并删去“退回原因”一列。",
            )


def _places(table: pd.DataFrame) -> list[Place]:
    return list(table[PLACE].itertuples(index=False, name=None))


def _answered_place(cells: list[str]) -> Place | None:
    """Where the row stood that a line of a receipt is about."""
    for cell in reversed(cells):
        if found := _ROW_KEY.fullmatch(cell):
            return found[2], found[3], int(found[4])
    return None


def _laid_out(cells: list[str], own: SheetReport, layout: SheetReport) -> list[str]:
    """A line of a receipt in the order of columns of the sheet that it corrects."""
    titles = {plain(title): place for place, title in enumerate(own.titles) if title}
    sources = [titles.get(plain(title)) for title in layout.titles]
    for name, place in layout.columns.items():
        sources[place] = own.columns.get(name)
    return [
        cells[source] if source is not None and source < len(cells) else "" for source in sources
    ]


def _corrected(table: pd.DataFrame, returned: pd.DataFrame, chosen: dict[int, int]) -> pd.DataFrame:
    """The table with the chosen rows of a receipt in place of its own."""
    if not chosen:
        return table
    fixed = returned.iloc[list(chosen.values())].set_axis(list(chosen), axis="index")
    origin = fixed["file"] + " " + fixed["sheet"] + " " + fixed["row"].astype("str")
    fixed = fixed.assign(
        correction=origin, **{name: table.loc[fixed.index, name] for name in PLACE}
    )
    return pd.concat([table.drop(index=fixed.index), fixed]).sort_index()[list(table.columns)]
