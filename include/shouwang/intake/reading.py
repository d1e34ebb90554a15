"""The files of one department and month → one `Reading`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.county.contract import Contract
from shouwang.errors import FileRefused
from shouwang.intake.cells import read_column, read_each, read_identity, text_of
from shouwang.intake.headers import SEARCHED_ROWS, Header, locate, plain
from shouwang.intake.sheets import Sheet, read_sheets

PLACE = ["file", "sheet", "row"]
_TOTALS = re.compile(r"(本页|本表|全县|全乡|全镇|乡镇)?(合计|总计|小计|累计)[:：]?")
_LOOK_CLOSER = ("计", "号", "名", ":", "：")
_SIGNATURES = re.compile(
    r"(填表人|填报人|制表人|制表|审核人|审核|复核人|负责人|单位负责人|经办人|填表日期|填报日期|报送日期|制表日期|备注|说明|注)[:：].*|注\d?[.、:：].*"
)


@dataclass(frozen=True)
class SheetReport:
    """How one sheet was understood; goes onto the receipt."""

    file: str
    sheet: str
    rows: int
    header_row: int
    titles: tuple[str, ...]
    columns: dict[str, int]
    guesses: dict[str, str]
    ignored_columns: tuple[str, ...]
    passed_over: tuple[tuple[int, str], ...]
    factors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a department handed over: ``table`` as in docs/architecture.md."""

    table: pd.DataFrame
    sheets: tuple[SheetReport, ...]
    rows: list[list[Any]] = field(repr=False)
    sheets_ignored: tuple[tuple[str, str, str], ...] = ()

    def cells(self) -> pd.DataFrame:
        """The cells of each row of ``table``, same index, as text; columns ``0``, ``1`` … as in the sheet."""
        columns = (read_each(column, _as_written)[0] for column in zip_longest(*self.rows, fillvalue=""))
        return pd.DataFrame({str(place): column for place, column in enumerate(columns)}, dtype="str")

    def report(self) -> dict[str, Any]:
        """Everything but the rows, as plain data for JSON."""
        return {"sheets": [asdict(sheet) for sheet in self.sheets], "sheets_ignored": list(self.sheets_ignored)}


def read_files(files: Iterable[Path], contract: Contract) -> Reading:
    """Read a department's files; `FileRefused` if one cannot be opened, lacks a required column, or none has rows."""
    tables, rows, reports, ignored = [], [], [], []
    names = []
    for path in files:
        names.append(path.name)
        found = 0
        for sheet in read_sheets(path):
            header = None if sheet.hidden else locate(sheet, contract)
            if header is None:
                if any(map(_says_something, sheet.rows)):
                    ignored.append((sheet.file, sheet.name, "隐藏的工作表" if sheet.hidden else "没有认得的表头"))
                continue
            found += 1
            table, data, report = _read_sheet(sheet, header, contract)
            tables.append(table)
            rows += data
            reports.append(report)
        if not found:
            required = [c.wordings[0] for c in contract.columns.values() if c.required]
            raise FileRefused(
                "missing_column",
                f"文件“{path.name}”里没有找到《{contract.dataset_title}》的表头。需要的列：{'、'.join(required)}；"
                f"每张工作表的前 {SEARCHED_ROWS} 行里没有一行像表头。请核对是否传错了文件，或补上表头。",
            )  # what stands there is not quoted: without a header it may be people
    if not tables or not sum(map(len, tables)):
        raise FileRefused("no_rows", f"文件“{'、'.join(names)}”里没有数据行，请核对后重新上传。")
    table = pd.concat(tables, ignore_index=True)
    return Reading(table, tuple(reports), rows, tuple(ignored))


def _says_something(row: list[Any]) -> bool:
    return any(text_of(cell) is not None for cell in row)


def _line_kind(row: list[Any], titles: list[str]) -> str:
    """Whether a line below the header is data (empty text) or what else it is."""
    texts = [text for cell in row if (text := plain(cell))]
    if not texts:
        return "空行"
    if any(_TOTALS.fullmatch(text) for text in texts[:3]) and len(texts) < len(titles):
        return "合计行"
    if _SIGNATURES.fullmatch(texts[0]) and len(texts) <= 6:
        return "签字或说明行"
    if [plain(cell) for cell in row[: len(titles)]] == titles:
        return "重复的表头"
    return ""


def _read_sheet(sheet: Sheet, header: Header, contract: Contract) -> tuple[pd.DataFrame, list[list[Any]], SheetReport]:
    titles = [plain(title) for title in header.titles]
    first = header.last_row + 1
    kinds = {int(line): _line_kind(sheet.rows[first + line], titles) for line in _suspicious(sheet.rows[first:])}
    passed_over = {line: kind for line, kind in kinds.items() if kind}
    rows = [row for line, row in enumerate(sheet.rows[first:]) if line not in passed_over]
    numbers = np.delete(np.array(sheet.numbers[first:], dtype="int64"), list(passed_over))
    table = pd.DataFrame({"file": sheet.file, "sheet": sheet.name, "row": numbers})
    table = table.astype({"file": "str", "sheet": "str"})
    unreadable = pd.Series("", index=table.index, dtype="str")
    columns = list(zip_longest(*rows, fillvalue=""))
    nothing = ("",) * len(rows)
    for name, column in contract.columns.items():
        place = header.columns.get(name, len(columns))
        values = columns[place] if place < len(columns) else nothing
        table[name], bad = read_column(values, column, header.factors.get(name, 1.0))
        if bad.any():
            unreadable = unreadable.where(~bad, unreadable + " " + name)
    if contract.has_identity:
        table[["id_number", "id_state"]] = read_identity(table["id_number"])
    for name, derived in contract.derived.items():
        table[name] = table[[*derived.plus]].fillna(0).sum(axis=1) - table[[*derived.minus]].fillna(0).sum(axis=1)
        table[name] = table[name].round(2)
    table["unreadable"] = unreadable.str.strip().mask(unreadable == "")
    told = tuple((sheet.numbers[first + line], kind) for line, kind in passed_over.items() if kind != "空行")
    report = SheetReport(
        sheet.file, sheet.name, len(rows), sheet.numbers[header.last_row], header.titles, header.columns,
        header.guesses, header.ignored, told, header.factors,
    )  # fmt: skip
    return table, rows, report


def _suspicious(rows: list[list[Any]]) -> np.ndarray[Any, Any]:
    """Lines worth a closer look: with few cells filled in, or text where totals, signatures and headers have it."""
    columns = list(zip_longest(*rows, fillvalue=""))
    filled = np.full(len(rows), len(columns))
    closer = np.zeros(len(rows), dtype=bool)
    for place, column in enumerate(columns):
        if "" in column:
            filled -= np.array(column, dtype=object) == ""
        if place < 3:
            told = {cell for cell in set(column) if isinstance(cell, str) and cell.rstrip().endswith(_LOOK_CLOSER)}
            if told:
                closer |= np.fromiter((cell in told for cell in column), dtype=bool, count=len(rows))
    return np.flatnonzero(closer | (filled <= max(3, len(columns) // 2)))


def _as_written(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e18:
        return str(int(cell))
    return str(cell)
