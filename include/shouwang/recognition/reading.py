"""The files of one department and month → one `Reading`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.core.errors import FileRefused
from shouwang.core.identity import VALID
from shouwang.county.contract import Contract
from shouwang.intake.cells import (
    CodeReader,
    only_months,
    read_column,
    read_each,
    read_identity,
    unknown_values,
)
from shouwang.intake.files import parts_and_others
from shouwang.intake.names import shown
from shouwang.intake.sheets import Cells, Sheet
from shouwang.intake.worker import open_file
from shouwang.recognition.columns import People, Question, is_number
from shouwang.recognition.headers import (
    RUNNING_NUMBERS,
    SEARCHED_ROWS,
    Header,
    header_lines,
    texts_of,
)
from shouwang.recognition.recognise import columns_missing, locate, nobody
from shouwang.recognition.units import numbers_row, unit_row
from shouwang.recognition.words import plain

PLACE = ["file", "sheet", "row"]
_TOTALS = re.compile(r".{0,8}(合计|总计|小计|累计|共计)([:(].*|\d.*)?")
_SIGNATURES = re.compile(
    r"(填表人|填报人|制表人|制表|审核人|审核|复核人|负责人|单位负责人|经办人|联系人|联系电话|填表日期|填报日期|报送日期|制表日期"
    r"|打印时间|打印日期|导出时间|数据来源|填报单位|单位\(盖章\)|备注|说明|注):.*|注\d?[.、:].*|第\d+页.*"
)
Array = np.ndarray[Any, Any]


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
    evidence: dict[str, str] = field(default_factory=dict)
    without_day: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a department handed over: ``table`` as in docs/architecture.md."""

    table: pd.DataFrame
    sheets: tuple[SheetReport, ...]
    written: list[tuple[list[Cells], Array]] = field(repr=False)
    sheets_ignored: tuple[tuple[str, str, str], ...] = ()
    questions: tuple[Question, ...] = ()
    """What stays open: required columns (then ``table`` is of no use yet), and values that lead to
    no code."""
    corrected: pd.DataFrame | None = field(default=None, repr=False)
    """The cells, where receipts that came back have changed some."""

    @property
    def held(self) -> bool:
        """Whether a required column is open, so that the files wait for an answer."""
        return any(question.kind != "value" for question in self.questions)

    def cells(self) -> pd.DataFrame:
        """The cells of each row of ``table``, same index, as text; columns ``0``, ``1`` … as in the
        sheet."""
        if self.corrected is not None:
            return self.corrected
        parts = []
        for columns, rows in self.written:
            texts = (
                pd.array(read_each(cells.distinct, _as_written)[0], dtype="str").take(
                    _codes(cells)[rows]
                )
                for cells in columns
            )
            parts.append(pd.DataFrame(dict(zip(map(str, range(len(columns))), texts, strict=True))))
        return pd.concat(parts, ignore_index=True).fillna("")

    def report(self) -> dict[str, Any]:
        """Everything but the rows, as plain data for JSON."""
        return {
            "sheets": [asdict(sheet) for sheet in self.sheets],
            "sheets_ignored": list(self.sheets_ignored),
            "questions": [asdict(question) for question in self.questions],
        }


def read_files(
    files: Sequence[Path],
    contract: Contract,
    passwords: Sequence[str] = (),
    people: People = nobody,
) -> Reading:
    """Read a department's files; ``people`` gives the registry, where words do not tell which
    column is which.

    `FileRefused` if a file cannot be opened, lacks a required column, or none has rows. Questions
    about required columns are in the reading: it is held then.
    """
    tables, written, reports = [], [], []
    questions: list[Question] = []
    parts, others = parts_and_others(files)
    ignored = [(file, "", why) for file, why in others]
    refused: list[FileRefused] = []
    for path in parts:
        try:
            opened = open_file(path, passwords)
            ignored += [(file, "", why) for file, why in opened.ignored]
            located = _located(path, opened.sheets, contract, people, ignored)
        except FileRefused as refusal:
            if refusal.code not in NO_TABLE or len(parts) == 1:
                raise
            refused.append(refusal)
            ignored.append(
                (
                    shown(path.name),
                    "",
                    "没有认得的表头" if refusal.code == "no_header" else "空文件",
                )
            )
            continue
        for sheet, header in located:
            questions += header.questions
            table, rows, report, unknown = _read_sheet(sheet, header, contract)
            tables.append(table)
            written.append((sheet.columns, rows))
            reports.append(report)
            questions += unknown
    if refused and not tables:
        raise refused[0]
    if not tables or not sum(map(len, tables)):
        names = "、".join([shown(path.name) for path in parts] or [file for file, _ in others])
        raise FileRefused("no_rows", f"文件“{names}”里没有数据行，请核对后重新上传。")
    return Reading(
        pd.concat(tables, ignore_index=True),
        tuple(reports),
        written,
        tuple(ignored),
        _once_each(questions),
    )


NO_TABLE = frozenset({"no_header", "empty"})
"""Refusals of a file that holds no table: beside one that does, it is a stray file, which is passed
over and told."""


def _once_each(questions: list[Question]) -> tuple[Question, ...]:
    """Each question once, with the rows that it is about."""
    found: dict[tuple[str, str, str], Question] = {}
    for question in questions:
        key = (question.kind, question.column, question.value or plain(question.heading))
        known = found.get(key)
        found[key] = question if known is None else replace(known, rows=known.rows + question.rows)
    return tuple(found.values())


def _located(
    path: Path,
    sheets: list[Sheet],
    contract: Contract,
    people: People,
    ignored: list[tuple[str, str, str]],
) -> list[tuple[Sheet, Header]]:
    """The sheets that hold a table, with their headers; the others that say something are put down
    as ignored."""
    found: list[tuple[Sheet, Header]] = []
    for sheet in sheets:
        tables = [] if sheet.hidden else _tables(sheet, contract, people)
        found += tables
        if not tables and sheet.columns:
            ignored.append(
                (sheet.file, sheet.name, "隐藏的工作表" if sheet.hidden else "没有认得的表头")
            )
    if not found:
        required = [c.wordings[0] for c in contract.columns.values() if c.required]
        raise FileRefused(
            "no_header",
            f"文件“{shown(path.name)}”里没有找到《{contract.dataset_title}》的表头。需要的列：{'、'.join(required)}；"
            f"每张工作表的前 {SEARCHED_ROWS} 行里没有一行像表头。请核对是否传错了文件，或补上表头。",
        )  # what stands there is not quoted: without a header it may be people
    whole = [(sheet, header) for sheet, header in found if not header.missing]
    for sheet, header in found:
        if header.missing and whole and not {"name", "id_number"} & header.columns.keys():
            ignored.append(
                (sheet.file, sheet.name, "不是逐人逐户的表")
            )  # sums by township beside the table itself
        elif header.missing:
            raise columns_missing(sheet, header, contract)
    return whole


def _tables(sheet: Sheet, contract: Contract, people: People) -> list[tuple[Sheet, Header]]:
    """The tables of a sheet: another one begins where its headings stand again in another order."""
    header = locate(sheet, contract, people)
    if header is None:
        return []
    headings = [plain(title) for title in header.titles]
    for line in header_lines(sheet, header.titles, header.last_row):
        row = [plain(column.distinct[column.codes[line]]) for column in sheet.columns]
        if any(text and text != heading for text, heading in zip(row, headings, strict=True)):
            return [
                (sheet.rows(0, line), header),
                *_tables(sheet.rows(line, len(sheet.numbers)), contract, people),
            ]
    return [(sheet, header)]


def _codes(cells: Cells) -> Array:
    return np.frombuffer(cells.codes, dtype=np.int32)


def _read_sheet(
    sheet: Sheet, header: Header, contract: Contract
) -> tuple[pd.DataFrame, Array, SheetReport, list[Question]]:
    """The table of one sheet, which of its rows are data, how it was understood, and values that
    lead to no code."""
    first = header.last_row + 1
    _fill_merged(sheet, header, contract)
    _fill_written_once(sheet, header, contract)
    passed_over = _lines_without_data(sheet, header, contract)
    rows = np.delete(np.arange(first, len(sheet.numbers)), [line - first for line in passed_over])
    numbers = np.asarray(sheet.numbers, dtype="int64")
    table = pd.DataFrame({"file": sheet.file, "sheet": sheet.name, "row": numbers[rows]})
    table = table.astype({"file": "str", "sheet": "str"})
    unreadable = pd.Series("", index=table.index, dtype="str")
    unknown = pd.Series("", index=table.index, dtype="str")
    questions: list[Question] = []
    without_day: dict[str, int] = {}
    for name, column in contract.columns.items():
        place = header.columns.get(name)
        values = [""] if place is None else sheet.columns[place].distinct
        codes = (
            np.zeros(len(rows), dtype=np.int32)
            if place is None
            else _codes(sheet.columns[place])[rows]
        )
        read, bad = read_column(values, column, header.factors.get(name, 1.0))
        if name == "id_number":
            numbers_read = read_identity(read)
            table["id_number"] = numbers_read["id_number"].array.take(codes)
            state = numbers_read["id_state"].array.take(codes)
        else:
            table[name] = read.array.take(codes)
        for place in header.added.get(name, ()):
            more, wrong = read_column(
                sheet.columns[place].distinct, column, header.factors.get(name, 1.0)
            )
            there = _codes(sheet.columns[place])[rows]
            table[name] = table[name].fillna(0) + pd.Series(
                more.array.take(there), index=table.index
            ).fillna(0)
            unreadable = unreadable.where(~wrong[there], unreadable + " " + name)
        if column.only_month == "unknown" and (lines := int(only_months(values)[codes].sum())):
            without_day[name] = lines
        if bad.any() and column.type == "code":
            open_values = unknown_values(values, column)
            unknown = unknown.where(~open_values[codes], unknown + " " + name)
            bad = bad & ~open_values
            questions += _value_questions(
                name,
                values,
                np.bincount(codes[open_values[codes]], minlength=len(values)),
                contract,
                header,
            )
        if bad.any():
            unreadable = unreadable.where(~bad[codes], unreadable + " " + name)
    if contract.has_identity:
        table["id_state"] = state
        if contract.second_identity:
            _stand_in(table, contract.second_identity)
    for name, derived in contract.derived.items():
        table[name] = table[[*derived.plus]].fillna(0).sum(axis=1) - table[[*derived.minus]].fillna(
            0
        ).sum(axis=1)
        table[name] = table[name].round(2)
    for balance in contract.balances:
        if {balance.total, *balance.given} <= header.columns.keys():
            table["unbalanced"] = (
                table[balance.total] - table[[*balance.parts]].fillna(0).sum(axis=1)
            ).round(2)
            break
    if contract.sums_as_they_are:
        table["unbalanced"] = 0.0
    table["unreadable"] = unreadable.str.strip().mask(unreadable == "")
    table["unknown"] = unknown.str.strip().mask(unknown == "")
    told = tuple((int(numbers[line]), kind) for line, kind in passed_over.items() if kind != "空行")
    report = SheetReport(
        sheet.file,
        sheet.name,
        len(rows),
        int(numbers[header.last_row]),
        header.titles,
        header.columns,
        header.guesses,
        header.ignored,
        told,
        header.factors,
        header.evidence,
        without_day,
    )
    return table, rows, report, questions


def _stand_in(table: pd.DataFrame, second: str) -> None:
    """Where the identity number is missing or not sound, a sound one out of the second column
    (``G`` + the number)."""
    lacking = table["id_state"] != VALID
    other = read_identity(table.loc[lacking, second].astype("str").fillna(""))
    other = other[other["id_state"] == VALID]
    table.loc[other.index, ["id_number", "id_state"]] = other


def _value_questions(
    name: str, values: Sequence[Any], rows: Array, contract: Contract, header: Header
) -> list[Question]:
    """One question for each value that leads to no code, with the codes there are, the likeliest
    first."""
    column, heading = contract.columns[name], header.titles[header.columns[name]]
    found = []
    asks = CodeReader(column).asks
    for place in (place for place in np.flatnonzero(rows).tolist() if asks(values[place])):
        value = str(values[place]).strip()[:60]
        codes = sorted(
            column.values, key=lambda code: -difflib.SequenceMatcher(None, value, code).ratio()
        )
        found.append(Question("value", name, heading, value, tuple(codes), rows=int(rows[place])))
    return found


def _fill_merged(sheet: Sheet, header: Header, contract: Contract) -> None:
    """A cell merged over several lines counts for each of them; an amount does not, it would be
    counted twice."""
    filled = {place for name, place in header.columns.items() if not is_number(contract, name)}
    for top, bottom, place in sheet.merges:
        if place in filled and top > header.last_row:
            codes = sheet.columns[place].codes
            for line in range(top + 1, bottom + 1):
                codes[line] = codes[top]


def _fill_written_once(sheet: Sheet, header: Header, contract: Contract) -> None:
    """A household's name that is written once over its members' rows, which have their own numbers,
    counts for each.

    Only where the places agree with the row above; who is another's member, matching finds by the
    number.
    """
    name, number = header.columns.get("name"), header.columns.get("id_number")
    if name is None or number is None:
        return
    codes = sheet.columns[name].codes
    places = [
        sheet.columns[header.columns[p]].codes
        for p in ("township", "village")
        if p in header.columns
    ]
    empty = (
        np.flatnonzero(_codes(sheet.columns[name])[header.last_row + 2 :] == 0)
        + header.last_row
        + 2
    )
    for line in empty.tolist():
        if (
            sheet.columns[number].codes[line]
            and codes[line - 1]
            and all(p[line] == p[line - 1] for p in places)
        ):
            codes[line] = codes[line - 1]


def _lines_without_data(sheet: Sheet, header: Header, contract: Contract) -> dict[int, str]:
    """The lines below the header that are no data, and what they are."""
    first, width = header.last_row + 1, len(header.titles)
    columns = [(cells, _codes(cells)[first:]) for cells in sheet.columns]
    filled = sum((codes != 0).astype(np.int16) for _, codes in columns)
    sparse = (filled > 0) & (filled <= max(3, width // 2))
    heads = {text for texts in header.above for text in texts}
    looks = _looks_like_no_data(heads)
    closer = np.zeros(len(filled), dtype=bool)
    for place, (cells, codes) in enumerate(columns):
        lines = slice(None) if place < 4 else np.flatnonzero(sparse)
        told = np.zeros(len(cells.distinct), dtype=bool)
        met = np.unique(codes[lines]).tolist()
        texts = [value if isinstance(value := cells.distinct[code], str) else "" for code in met]
        told[met] = pd.Series(texts, dtype="str").str.contains(looks)
        closer[lines] |= told[codes[lines]]
    found = dict.fromkeys((np.flatnonzero(filled == 0) + first).tolist(), "空行")
    if width >= 4:
        for line in (np.flatnonzero(filled == 1) + first).tolist():
            place = next(p for p, cells in enumerate(sheet.columns) if cells.codes[line])
            if not _may_be_data(
                sheet.columns[place].distinct[sheet.columns[place].codes[line]],
                place,
                header,
                contract,
            ):
                found[line] = "小标题或说明行"
    for place, title in enumerate(header.titles):
        if plain(title) in RUNNING_NUMBERS:
            alone = np.flatnonzero((filled == 1) & (columns[place][1] != 0)) + first
            found |= dict.fromkeys(alone.tolist(), "只有序号")
    found |= _numbered_lines(sheet, first, found)
    number = header.columns.get("id_number")
    for line in (np.flatnonzero(closer) + first).tolist():
        row = [cells.distinct[cells.codes[line]] for cells in sheet.columns]
        kind = _line_kind(row, header, "" if number is None else plain(row[number]))
        if kind:
            found[line] = kind
    return dict(sorted(found.items()))


def _may_be_data(cell: Any, place: int, header: Header, contract: Contract) -> bool:
    """Whether the only cell of a line may be what is left of a row: a number, or a name in the
    column of names."""
    text = plain(cell)
    if ":" in text:
        return False
    if sum(map(str.isdigit, text)) >= 8:
        return True
    if place != header.columns.get("name") or re.search(r"[^\u3400-\u9fff·]|[村乡镇组区页]$", text):
        return False
    return len(text) <= 4 and text[:1] in contract.surnames


def _numbered_lines(sheet: Sheet, first: int, found: dict[int, str]) -> dict[int, str]:
    """Lines further down that number the columns or give units, as a header repeated on every page
    has them."""
    repeated = [line for line, kind in found.items() if kind == "重复的表头"]
    lines = {}
    for line in (
        after
        for before in repeated
        for after in (before + 1, before + 2)
        if after < len(sheet.numbers)
    ):
        row = [cells.distinct[cells.codes[line]] for cells in sheet.columns]
        if numbers_row(row) or unit_row(row):
            lines[line] = "列号或单位行"
    return lines


def _looks_like_no_data(heads: set[str]) -> str:
    """A pattern of texts worth a closer look: like a total's, a note's, or beginning as a heading
    above does."""
    first = {text[0] for text in heads}
    first |= {char.upper() for char in first} | {
        chr(ord(char) + 0xFEE0) for char in first if "!" <= char <= "~"
    }
    return rf"计|[:：]|^[注第]|^[\s　]*[{re.escape(''.join(sorted(first)))}]"


def _line_kind(row: list[Any], header: Header, number: str) -> str:
    """Whether a line below the header is data (empty text) or what else it is."""
    texts = texts_of(row)
    totals = any(_TOTALS.fullmatch(text) for text in texts[:3])
    if totals and len(texts) < len(header.titles) and not any(map(str.isdigit, number)):
        return "合计行"
    if texts and _SIGNATURES.fullmatch(texts[0]) and len(texts) <= 6:
        return "签字或说明行"
    if (
        0 < len(texts) <= 4
        and len(texts) < len(header.titles) // 2
        and all(":" in text for text in texts)
    ):
        return "签字或说明行"
    return "重复的表头" if texts in header.above else ""


def _as_written(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e18:
        return str(int(cell))
    return str(cell)
