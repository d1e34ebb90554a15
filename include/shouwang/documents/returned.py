"""What a township filled in (核查反馈), read from whatever its spreadsheet program made of the
form.

A returned file is evidence: it is read, never edited. Columns are found by their headings, rows by
their clue number; drop-downs and locks are a courtesy that a paste goes round, so every answer is
checked again here. What the numbers mean is not known here: `returning` holds them against what was
handed out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from shouwang.core.errors import FileRefused
from shouwang.documents.answers import (
    category_in,
    clue_of,
    conclusion_of,
    day_in,
    day_of,
    filled,
    money_of,
    risks_in,
)
from shouwang.documents.conclusions import BY_CODE
from shouwang.documents.fillin import CONCLUSION, FILL_IN
from shouwang.documents.manifest import Manifest, beside, find_manifest
from shouwang.documents.opened import Form, Rows, cell_text, filled_rows, forms_of, sheets_of

CLUE, VILLAGE, HEAD = "线索编号", "村", "户主"
ANSWERS = ("conclusion", "reason", "visited", "visitor", "income", "measure")
RETURNED = {
    "clue_no": "str",
    "conclusion": "str",
    "reason": "str",
    "visited": "str",
    "visitor": "str",
    "income": "float64",
    "measure": "str",
    "category": "str",
    "risks": "str",
    "next_visit": "str",
    "beside": "str",
    "sheet": "str",
    "row": "int64",
    "problem": "str",
}
"""Columns of what `read_back` gives, with their types."""


def read_manifest(path: Path) -> Manifest | None:
    """Which list a returned workbook is (township, month, version, clue numbers); none if that was
    lost on the way."""
    return find_manifest(sheets_of(path).values())


def read_back(path: Path, passwords: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a returned workbook (`read_lists`); `FileRefused` when the file is none or holds
    no list."""
    sheets = sheets_of(path, passwords)
    found = read_lists(sheets)
    if found is None:
        raise FileRefused(
            "missing_column",
            f"没有找到预警名单：{'、'.join(filter(None, sheets)) or '表格'}中没有同时含“{CLUE}”和“{CONCLUSION}”的表头，"
            "请在下发的表中填写后报回。",
        )
    return found


def read_lists(sheets: Mapping[str, Rows]) -> pd.DataFrame | None:
    """The rows of every list among the sheets, columns as `RETURNED`; null if there is no list.

    ``conclusion``: the two-digit code, or the text as written when it is no code, null in a row not
    filled in; ``visited``: ``2026-10-15``, or the text as written; ``income``: yuan a head and
    year; ``category, risks, next_visit``: what the reason names; ``beside``: the number with
    village and head, null where the sheet has lost those columns; ``row``: the sheet's own number;
    ``problem``: what is wrong or lacking, in Chinese. The same answer to the same clue is kept
    once, and a row not filled in gives way to one that is.
    """
    forms = forms_of(sheets, CLUE, CONCLUSION)
    if not forms:
        return None
    found = pd.DataFrame(
        [row for form in forms for row in _rows(form)], columns=list(RETURNED)
    ).astype(RETURNED)
    blank = found["conclusion"].isna() & found["problem"].isna()
    answered = set(found.loc[~blank, "clue_no"].dropna())
    found = found[~(blank & found["clue_no"].isin(answered))]
    found = found[
        ~(found["clue_no"].notna() & found.duplicated(["clue_no", *ANSWERS, "problem"]))
    ].reset_index(drop=True)
    twice = found["clue_no"].notna() & found["clue_no"].duplicated(keep=False)
    found.loc[twice, "problem"] = [
        f"{problem + '；' if isinstance(problem, str) else ''}同一线索编号在表中出现多次，填写不一致"
        for problem in found.loc[twice, "problem"]
    ]
    return found


def _rows(form: Form) -> Iterator[tuple[object, ...]]:
    def is_empty(row: Sequence[object]) -> bool:
        clue, *answers = form.texts(row, CLUE, *(answer.header for answer in FILL_IN))
        return clue_of(clue) == CLUE or not (clue or any(answers))

    for number, row in filled_rows(form, is_empty):
        answers = {answer.source: filled(form.cell(row, answer.header)) for answer in FILL_IN}
        yield _row(form, number, row, answers)


def _row(
    form: Form, number: int, row: Sequence[object], answers: Mapping[str, object]
) -> tuple[object, ...]:
    clue_no = clue_of(cell_text(form.cell(row, CLUE)))
    reason, visitor, measure = (
        cell_text(answers[name]) for name in ("reason", "visitor", "measure")
    )
    conclusion, problems = conclusion_of(cell_text(answers["conclusion"]))
    visited, wrong_day = _visited(answers["visited"])
    income, wrong_income = money_of(answers["income"])
    category, several = category_in(reason) if conclusion in ("01", "02", "03") else (None, [])
    problems += [*wrong_day, *wrong_income, *several]
    if any(map(cell_text, answers.values())):
        problems += _lacking(conclusion, answers)
        if not clue_no:
            problems.append("有填写内容但没有线索编号，无法对应到户")
    next_visit = (
        day_in(reason, dt.date.fromisoformat(visited))
        if conclusion == "04" and visited and not wrong_day
        else None
    )
    stands = None
    if VILLAGE in form.places and HEAD in form.places:
        stands = beside(clue_no, *form.texts(row, VILLAGE, HEAD))
    return (
        clue_no or None,
        conclusion,
        reason or None,
        visited,
        visitor or None,
        income,
        measure or None,
        category,
        risks_in(reason) if conclusion in ("01", "03") else None,
        next_visit and next_visit.isoformat(),
        stands,
        form.sheet,
        number,
        "；".join(problems) or None,
    )


def _visited(value: object) -> tuple[str | None, list[str]]:
    """The day as ISO text; else the text, and what is wrong."""
    written, day = cell_text(value), day_of(value)
    if day is not None:
        return day.isoformat(), []
    return (written, ["核查日期无法识别，应写成 2026-10-15 的样子"]) if written else (None, [])


def _lacking(conclusion: str | None, answers: Mapping[str, object]) -> list[str]:
    """What a filled-in row lacks to be complete."""
    if conclusion is None:
        return ["填写了内容但没有选核查结论"]
    needed = {"visited": "缺核查日期", "visitor": "缺核查人"}
    problems = [sentence for name, sentence in needed.items() if not cell_text(answers[name])]
    entry = BY_CODE.get(conclusion)
    if entry and entry.column:
        name = next(answer.source for answer in FILL_IN if answer.header == entry.column)
        if not entry.met(cell_text(answers[name])):
            problems.append(f"结论 {entry.code} 须在“{entry.column}”写明：{entry.needs}")
    return problems
