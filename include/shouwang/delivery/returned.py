"""What a township filled in (核查反馈), read from whatever its spreadsheet program made of the form.

A returned file is evidence: it is read, never edited. Columns are found by their headings, rows by their clue number;
drop-downs and locks are a courtesy that a paste goes round, so every answer is checked again here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from shouwang.delivery.conclusions import BY_CODE, CONCLUSIONS
from shouwang.delivery.fillin import CONCLUSION, FILL_IN
from shouwang.delivery.manifest import Manifest, check_code, find_manifest
from shouwang.delivery.sealing import open_sealed
from shouwang.delivery.text import comparable, printable
from shouwang.errors import FileRefused

CLUE, VILLAGE, HEAD = "线索编号", "村", "户主"
RETURNED = {
    "clue_no": "str",
    "conclusion": "str",
    "reason": "str",
    "visited": "str",
    "visitor": "str",
    "income": "float64",
    "measure": "str",
    "sheet": "str",
    "row": "int64",
    "problem": "str",
}
"""Columns of what `read_back` gives, with their types."""

_HEADER_DEPTH = 60
_A_YEAR = dt.timedelta(days=366)
_EPOCH = dt.date(1899, 12, 30)
_CHOICES = {re.sub(r"\W", "", comparable(entry.text)): entry.code for entry in CONCLUSIONS}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?")
_MONEY = re.compile(r"[¥￥]?(\d[\d,]*(?:\.\d+)?)(万?)元?")

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True)
class _Form:
    """A sheet of the returned workbook that is a list: its rows and where each heading stands."""

    sheet: str
    rows: Rows
    header_row: int
    places: Mapping[str, int]

    def cell(self, row: Sequence[object], header: str) -> object:
        """The cell of a row below a heading; empty when there is no such column."""
        place = self.places.get(header)
        return "" if place is None or place >= len(row) else row[place]


def read_manifest(path: Path, passwords: Sequence[str] = ()) -> Manifest | None:
    """Which list a returned workbook is (township, month, version, clue numbers); none if that was lost on the way."""
    return find_manifest(sheets_of(path, passwords).values())


def read_back(path: Path, passwords: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a returned workbook, in its order, columns as `RETURNED`; rows not filled in have null answers.

    ``conclusion``: the two-digit code, or the text as written when it is no code; ``visited``: ``2026-10-15``, or the
    text as written; ``income``: yuan a head and year; ``row``: the sheet's own number; ``problem``: what is wrong or
    lacking, in Chinese, null if nothing. Raises `FileRefused` when the file is no workbook or holds no list.
    """
    sheets = sheets_of(path, passwords)
    manifest = find_manifest(sheets.values())
    forms = [form for name, rows in sheets.items() if (form := _find_form(name, rows)) is not None]
    if not forms:
        raise FileRefused(
            "missing_column",
            f"没有找到预警名单：各工作表（{'、'.join(sheets)}）中都没有同时含“{CLUE}”和“{CONCLUSION}”的表头，"
            "请在下发的表中填写后报回。",
        )
    found = pd.DataFrame(
        [answer for form in forms for answer in _answers(form, manifest)], columns=list(RETURNED)
    ).astype(RETURNED)
    twice = found["clue_no"].notna() & found["clue_no"].duplicated(keep=False)
    found.loc[twice, "problem"] = [
        _join(problem, "同一线索编号在表中出现多次") for problem in found.loc[twice, "problem"]
    ]
    return found


def sheets_of(path: Path, passwords: Sequence[str] = ()) -> dict[str, Rows]:
    """Every sheet's rows, from the sheet's first cell on, whatever the file is called."""
    try:
        workbook = CalamineWorkbook.from_filelike(open_sealed(path, *passwords))
        return {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
    except CalamineError as error:
        raise FileRefused(
            "unreadable", "文件打不开：不是 Excel 工作簿，或已损坏、已加密；请用 xlsx 格式另存后再报。"
        ) from error


def _find_form(name: str, rows: Rows) -> _Form | None:
    for number, row in enumerate(rows[:_HEADER_DEPTH], start=1):
        headers = [comparable(cell) for cell in row]
        if CLUE in headers and CONCLUSION in headers:
            places: dict[str, int] = {}
            for place, header in enumerate(headers):
                places.setdefault(header, place)
            return _Form(name, rows, number, places)
    return None


def _answers(form: _Form, manifest: Manifest | None) -> Iterator[tuple[object, ...]]:
    for number, row in enumerate(form.rows[form.header_row :], start=form.header_row + 1):
        clue_no = _text(form.cell(row, CLUE))
        answers = {answer.name: form.cell(row, answer.header) for answer in FILL_IN}
        filled = any(_text(value) for value in answers.values())
        if clue_no == CLUE or not (clue_no or filled):
            continue
        problems: list[str] = []
        if clue_no:
            village, head = _text(form.cell(row, VILLAGE)), _text(form.cell(row, HEAD))
            problems += _identity_problems(clue_no, village, head, manifest)
        else:
            problems.append("有填写内容但没有线索编号，无法对应到户")
        conclusion, wrong = _conclusion(_text(answers["conclusion"]))
        visited, wrong_day = _visited(answers["visited"], manifest)
        income, wrong_income = _income(answers["income"])
        problems += [*wrong, *wrong_day, *wrong_income]
        if filled:
            problems += _lacking(conclusion, answers)
        reason, visitor, measure = (_text(answers[name]) or None for name in ("reason", "visitor", "measure"))
        problem = "；".join(problems) or None
        yield clue_no or None, conclusion, reason, visited, visitor, income, measure, form.sheet, number, problem


def _text(value: object) -> str:
    """A cell as text; a whole number without the point that a spreadsheet stores."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return printable(str(value)).strip()


def _join(problem: object, further: str) -> str:
    return f"{problem}；{further}" if isinstance(problem, str) else further


def _identity_problems(clue_no: str, village: str, head: str, manifest: Manifest | None) -> list[str]:
    if manifest is None:
        return ["名单标识已丢失，无法确认是哪一期名单，请人工核对"]
    check = manifest.checks.get(comparable(clue_no))
    if check is None:
        return ["线索编号不在本期名单中"]
    if check != check_code(clue_no, village, head):
        return ["线索编号与村、户主对不上，可能只排序了部分列或改动了户主，请人工核对"]
    return []


def _conclusion(written: str) -> tuple[str | None, list[str]]:
    """The code meant by ``01``, ``1``, ``01 拟纳入监测`` or ``拟纳入监测``; else the text, and what is wrong."""
    if not written:
        return None, []
    folded = re.sub(r"\W", "", comparable(written))
    parts = re.fullmatch(r"(\d{0,2})(\D*.*)", folded)
    number, words = (parts[1], parts[2]) if parts else ("", folded)
    code, named = number.zfill(2) if number else None, _CHOICES.get(words)
    if code in BY_CODE and (not words or named == code):
        return code, []
    if code is None and named:
        return named, []
    if code in BY_CODE and named:
        return written, ["核查结论的代码与文字不一致"]
    return written, ["核查结论不在代码表中"]


def _visited(value: object, manifest: Manifest | None) -> tuple[str | None, list[str]]:
    """A date cell, a serial number or a usual writing of a day as ISO text; else the text, and what is wrong."""
    written = _text(value)
    if not written:
        return None, []
    day = _day(value, written)
    if day is None:
        return written, ["核查日期无法识别，应写成 2026-10-15 的样子"]
    if manifest and day < manifest.prepared_on:
        return day.isoformat(), [f"核查日期早于名单编制日期 {manifest.prepared_on.isoformat()}"]
    if manifest and day > manifest.prepared_on + _A_YEAR:
        return day.isoformat(), ["核查日期比名单编制日期晚一年以上，请核对年份"]
    return day.isoformat(), []


def _day(value: object, written: str) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    digits = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", written)
    if isinstance(value, float | int) and not digits:
        return _EPOCH + dt.timedelta(days=int(value)) if 36526 <= value < 73051 else None
    found = digits or _DAY.fullmatch(written.replace(" 年", "年").replace(" 月", "月"))
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _income(value: object) -> tuple[float | None, list[str]]:
    """Yuan a head and year from a number or a usual writing of one; else nothing, and what is wrong."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return (float(value), []) if value >= 0 else (None, ["人均纯收入小于 0"])
    written = re.sub(r"\s", "", _text(value))
    if not written:
        return None, []
    found = _MONEY.fullmatch(written)
    if not found:
        return None, [f"人均纯收入“{written[:20]}”不是数字"]
    return round(float(found[1].replace(",", "")) * (10_000 if found[2] else 1), 2), []


def _lacking(conclusion: str | None, answers: Mapping[str, object]) -> list[str]:
    """What a filled-in row lacks to be complete."""
    if conclusion is None:
        return ["填写了内容但没有选核查结论"]
    needed = {"visited": "缺核查日期", "visitor": "缺核查人"}
    entry = BY_CODE.get(conclusion)
    if entry and entry.column:
        name = next(answer.name for answer in FILL_IN if answer.header == entry.column)
        needed[name] = f"结论 {entry.code} 须在“{entry.column}”写明：{entry.needs}"
    return [sentence for name, sentence in needed.items() if not _text(answers[name])]
