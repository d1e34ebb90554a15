"""The department's receipt (数据回执): what was taken, what was not and why, and its rejected rows
to correct.

The sheets 退回数据 begin with the department's own headings and hold its own words, so that a
corrected copy can be sent back as it is, alone: a hidden last column says which row of which
submission each line is (`row_key`). Everything on them is the department's own; nothing of it is
masked. Their columns being the department's, the filler cannot know them: the template's sheet
gives them their looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass

import pandas as pd
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from shouwang.core.month import Month
from shouwang.documents.filling import Filling, copied, put, row_height
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target
from shouwang.documents.text import comparable, display_width, lines_needed, printable

RECEIPT, REJECTED, REASON, KEY = "回执", "退回数据", "退回原因", "回执编号"
_WIDEST, _NARROWEST = 26, 8


@dataclass(frozen=True)
class Counts:
    """Rows of a submission or a file: read = accepted + rejected + duplicate + void."""

    read: int
    accepted: int
    rejected: int
    duplicate: int
    void: int = 0


@dataclass(frozen=True)
class FileCounts:
    """One sheet of one file (``sheet`` is empty for csv) and its rows."""

    file: str
    sheet: str
    counts: Counts


@dataclass(frozen=True)
class HeaderGuess:
    """A heading that was not known and was taken for the closest known one (``meant``, in
    Chinese)."""

    file: str
    sheet: str
    written: str
    meant: str


@dataclass(frozen=True)
class SheetHeader:
    """The headings of one sheet as the department wrote them, from its first column on."""

    file: str
    sheet: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RejectedRow:
    """A rejected row as the department wrote it; ``bad_columns`` counts from 0, ``reasons`` are
    Chinese sentences."""

    file: str
    sheet: str
    row: int
    cells: tuple[str, ...]
    bad_columns: tuple[int, ...]
    reasons: str


@dataclass(frozen=True, kw_only=True)
class ReceiptPaper(Paper):
    """What a department is told about one submission.

    ``department`` and ``dataset`` in Chinese. ``refused`` is the reason, in Chinese, why the
    submission was turned down as a whole (null if it was taken); ``version`` is the version that it
    became (null if it became none). ``declared`` are unused headings that the contract names,
    ``ignored`` all others. ``headers`` holds the headings of every sheet that has a rejected row;
    ``submission`` is its id, ``corrected`` counts the rows that a returned receipt corrected,
    ``warnings`` are Chinese sentences. ``not_read`` are files and sheets that hold nothing of this
    dataset, ``no_data`` lines that are no rows, each with the reason.
    """

    department: str
    dataset: str
    month: Month
    received_on: dt.date
    version: int | None
    counts: Counts
    files: tuple[FileCounts, ...] = ()
    header_guesses: tuple[HeaderGuess, ...] = ()
    ignored: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    refused: str | None = None
    headers: tuple[SheetHeader, ...] = ()
    submission: str = ""
    corrected: int = 0
    warnings: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    no_data: tuple[str, ...] = ()


def row_key(submission: str, file: str, sheet: str, row: int) -> str:
    """What the hidden column 回执编号 says of a rejected row: the submission's id and the place
    where the row stood."""
    return f"{submission}/{file}/{sheet}/{row}"


def write_receipt(path: Target, receipt: ReceiptPaper, rejected: Sequence[RejectedRow]) -> None:
    """Write the receipt: 回执, and 退回数据 (one sheet for each set of headings) where rows were
    rejected.

    Raises `ValueError` when a row comes from a sheet whose headings ``receipt.headers`` does not
    hold.
    """
    filling = Filling("receipt.xlsx", receipt)
    files = [{"file": f.file, "sheet": f.sheet} | asdict(f.counts) for f in receipt.files]
    filling.fill(
        {
            "month": receipt.month.chinese,
            "department": receipt.department,
            "dataset": receipt.dataset,
            "received_on": receipt.received_on,
            "submission": receipt.submission,
            "urgent": bool(receipt.refused or receipt.counts.rejected),
            "verdict": _verdict(receipt),
            **asdict(receipt.counts),
            "files": pd.DataFrame(files, columns=["file", "sheet", *asdict(receipt.counts)]),
            "guesses": pd.DataFrame(
                map(astuple, receipt.header_guesses), columns=["file", "sheet", "written", "meant"]
            ),
            "notes": pd.DataFrame({"text": _notes(receipt, bool(rejected))}, dtype="object"),
            "rejected_rows": pd.DataFrame(map(astuple, rejected)),
        }
    )
    model = filling.workbook[REJECTED]
    model.title = f"{REJECTED}_"
    several = len({(row.file, row.sheet) for row in rejected}) > 1
    for number, (headings, rows) in enumerate(_by_headings(receipt.headers, rejected)):
        sheet = copied(model, f"{REJECTED}{number + 1 if number else ''}")
        _write_rejected(sheet, receipt.submission, headings, rows, several)
    filling.workbook.remove(model)
    filling.save(path)


def _notes(receipt: ReceiptPaper, has_rejected: bool) -> list[str]:
    notes = [f"提醒（不影响入库，请核对）：{warning}" for warning in receipt.warnings]
    if receipt.corrected:
        notes.append(f"其中 {receipt.corrected} 行已按交回的回执更正。")
    if receipt.ignored:
        notes.append(
            f"未使用的列（不在数据约定中，如应使用请告知）：{'、'.join(receipt.ignored)}。"
        )
    if receipt.not_read:
        notes.append(f"没有读取的文件和工作表（如应读取请告知）：{'、'.join(receipt.not_read)}。")
    if receipt.no_data:
        notes.append(f"不作为数据的行（如有误请告知）：{'；'.join(receipt.no_data)}。")
    if receipt.declared:
        notes.append(f"按数据约定不使用的列：{'、'.join(receipt.declared)}。")
    if has_rejected:
        notes.append(
            f"“{REJECTED}”表中是退回的行，内容与原文件相同，红色单元格有误，最后一列是原因。"
            "请直接在该表中更正，保留表头，保存后把本文件放回报送文件夹即可，不必再报原文件。"
        )
    if receipt.counts.duplicate:
        notes.append("重复行与本次报送中较早的一行相同，未重复计算，无需更正。")
    if receipt.counts.void:
        notes.append(
            f"另有 {receipt.counts.void} 行作废（标明退费、作废，或后一批报送了同一编号）："
            "只登记，不参与比对。"
        )
    return notes


def _verdict(receipt: ReceiptPaper) -> str:
    if receipt.refused:
        return (
            f"本次报送整份退回，未入库：{receipt.refused} "
            "本月此前已接收的版本（如有）继续有效，请更正后重新报送。"
        )
    taken = f"已接收，为本月第 {receipt.version} 版，" if receipt.version else "已接收，"
    counts = receipt.counts
    if counts.rejected:
        taken += f"入库 {counts.accepted} 行；另有 {counts.rejected} 行有误退回，"
        return f"{taken}请更正后重新报送。"
    return f"{taken}入库 {counts.accepted} 行，没有退回的行。"


def _by_headings(
    headers: Sequence[SheetHeader], rejected: Sequence[RejectedRow]
) -> Iterator[tuple[tuple[str, ...], list[RejectedRow]]]:
    """Rejected rows under the headings that they stood under, in the order in which the sheets are
    listed."""
    cells = {(header.file, header.sheet): header.cells for header in headers}
    strays = sum((row.file, row.sheet) not in cells for row in rejected)
    if strays:
        raise ValueError(
            f"{strays} rejected rows come from sheets whose headings the receipt does not hold."
        )
    for headings in dict.fromkeys(cells.values()):
        rows = [row for row in rejected if cells[row.file, row.sheet] == headings]
        if rows:
            yield headings, rows


def _write_rejected(
    sheet: Worksheet,
    submission: str,
    headings: tuple[str, ...],
    rows: Sequence[RejectedRow],
    several: bool,
) -> None:
    """One sheet of rejected rows; older 退回原因 and 回执编号 of a receipt that was sent again are
    left out."""
    styles = {name: sheet[name]._style for name in ("A1", "B1", "C1", "A2", "B2", "C2", "A3")}
    reason_width = sheet.column_dimensions["B"].width
    breadth = max(len(headings), *(len(row.cells) for row in rows))
    headings = _padded(headings, breadth)
    kept = [n for n in range(breadth) if comparable(headings[n]) not in (REASON, KEY)]
    named = [headings[place] for place in kept]
    lines = [[_padded(row.cells, breadth)[place] for place in kept] for row in rows]
    widths = [*map(_fitting, zip(*lines, strict=True)), reason_width]
    last = len(kept) + 1
    sheet._cells.clear()
    sheet.column_dimensions.clear()
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.column_dimensions[get_column_letter(last + 1)].hidden = True
    for column, heading in enumerate(named, start=1):
        put(sheet.cell(1, column), heading, styles["A1"])
    put(sheet.cell(1, last), REASON, styles["B1"])
    put(sheet.cell(1, last + 1), KEY, styles["C1"])
    sheet.row_dimensions[1].height = _height(named, widths, 24)
    for number, (row, texts) in enumerate(zip(rows, lines, strict=True), start=2):
        for column, (place, text) in enumerate(zip(kept, texts, strict=True), start=1):
            style = styles["A3" if place in row.bad_columns else "A2"]
            put(sheet.cell(number, column), text or None, style)
        origin = f"{row.file} {row.sheet}".strip() + " " if several else ""
        reasons = printable(f"{origin}第 {row.row} 行：{row.reasons}")
        put(sheet.cell(number, last), reasons, styles["B2"])
        key = row_key(submission, row.file, row.sheet, row.row)
        put(sheet.cell(number, last + 1), key, styles["C2"])
        sheet.row_dimensions[number].height = _height([*texts, reasons], widths, 20)
    sheet.auto_filter.ref = f"A1:{get_column_letter(last + 1)}{len(rows) + 1}"


def _height(texts: Sequence[str], widths: Sequence[float], least: float) -> float:
    """The height of a row in which the text that needs most has its place."""
    lines = (lines_needed(*pair) for pair in zip(texts, widths, strict=False))
    return row_height(max(lines, default=1), least)


def _padded(cells: tuple[str, ...], breadth: int) -> tuple[str, ...]:
    return cells + ("",) * (breadth - len(cells))


def _fitting(texts: tuple[str, ...]) -> float:
    """The width that shows a column's texts, within reason."""
    longest = max(display_width(line) for text in texts for line in text.split("\n"))
    return float(min(_WIDEST, max(_NARROWEST, longest + 3)))
