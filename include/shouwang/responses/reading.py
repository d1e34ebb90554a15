"""What a township filled in, read from whatever its spreadsheet program made of the form.

A returned file is evidence: it is read, never edited. Columns are found by their headings, rows by
their clue number; drop-downs and locks are a courtesy that a paste goes round, so every answer is
checked again here. What the numbers mean is not known here: `returning` holds them against what was
handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.core.conclusions import BY_CODE, RISKS
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.documents.caseform import CHANNEL, CHANNELS, REMOVAL, REMOVED_ON, REPORT, STORY
from shouwang.documents.fillin import CONCLUSION, FILL_IN
from shouwang.documents.manifest import HEAD as CHECKS
from shouwang.documents.manifest import MARK, beside
from shouwang.documents.paper import Column
from shouwang.documents.text import comparable
from shouwang.recognition.forms import Form, Rows, cell_text, filled_rows, forms_of
from shouwang.responses.cells import (
    category_in,
    clue_of,
    conclusion_of,
    day_in,
    day_of,
    filled,
    money_of,
    risks_in,
)

CLUE, VILLAGE, HEAD = "线索编号", "村", "户主"
ANSWERS = ("conclusion", "reason", "visited", "visitor", "income", "measure")
NO_DAY = "无法识别，应写成 2026-10-15 的样子"
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
"""Columns of what `read_lists` gives, with their types."""


@dataclass(frozen=True)
class ListName:
    """Which list a workbook says it is, on its hidden sheet (名单标识)."""

    township: str
    month: Month
    version: int


def find_list_name(sheets: Mapping[str, Rows]) -> ListName | None:
    """What the hidden sheet says; null if it is gone or was tampered with."""
    for rows in sheets.values():
        if not rows or not rows[0] or comparable(rows[0][0]) != MARK:
            continue
        facts = {str(row[0]).strip(): str(row[1]).strip() for row in rows if len(row) > 1}
        try:
            return (
                ListName(facts["乡镇"], Month.parse(facts["批次"]), int(float(facts["版本"])))
                if CHECKS[0] in facts
                else None
            )
        except (KeyError, ValueError, UsageError):
            return None
    return None


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
    rows = pd.DataFrame([row for form in forms for row in _answers(form)], columns=[*RETURNED])
    rows = rows.astype(RETURNED)
    blank = rows["conclusion"].isna() & rows["problem"].isna()
    answered = rows.loc[~blank, "clue_no"].dropna()
    rows = rows[~(blank & rows["clue_no"].isin(answered))]
    again = rows["clue_no"].notna() & rows.duplicated(["clue_no", *ANSWERS, "problem"])
    rows = rows[~again].reset_index(drop=True)
    twice = rows["clue_no"].notna() & rows["clue_no"].duplicated(keep=False)
    differing = (rows["problem"] + "；").fillna("") + "同一线索编号在表中出现多次，填写不一致"
    return rows.assign(problem=rows["problem"].mask(twice, differing))


def _answers(form: Form) -> Iterator[dict[str, object]]:
    for number, row in filled_rows(form, CLUE, *(answer.header for answer in FILL_IN)):
        clue_no = clue_of(cell_text(form.cell(row, CLUE)))
        if clue_no != CLUE:  # the headings once more
            cells = {answer.source: filled(form.cell(row, answer.header)) for answer in FILL_IN}
            answer = _answer(clue_no, cells)
            if {VILLAGE, HEAD} <= form.places.keys():
                answer["beside"] = beside(clue_no, *form.texts(row, VILLAGE, HEAD))
            yield answer | {"sheet": form.sheet, "row": number}


def _answer(clue_no: str, cells: Mapping[str, object]) -> dict[str, object]:
    """What one row says, and what is wrong with it."""
    texts = {name: cell_text(cell) for name, cell in cells.items()}
    reason, day = texts["reason"], day_of(cells["visited"])
    conclusion, problems = conclusion_of(texts["conclusion"])
    if texts["visited"] and day is None:
        problems.append(f"核查日期{NO_DAY}")
    income, wrong_income = money_of(cells["income"])
    problems += wrong_income
    category = None
    if conclusion in ("01", "02", "03"):
        category, several = category_in(reason)
        problems += several
    if any(texts.values()):
        problems += _lacking(conclusion, texts)
        if not clue_no:
            problems.append("有填写内容但没有线索编号，无法对应到户")
    next_visit = day_in(reason, day) if conclusion == "04" and day else None
    return {
        "clue_no": clue_no or None,
        "conclusion": conclusion,
        "reason": reason or None,
        "visited": day.isoformat() if day else texts["visited"] or None,
        "visitor": texts["visitor"] or None,
        "income": income,
        "measure": texts["measure"] or None,
        "category": category,
        "risks": risks_in(reason) if conclusion in ("01", "03") else None,
        "next_visit": next_visit and next_visit.isoformat(),
        "problem": "；".join(problems) or None,
    }


def _lacking(conclusion: str | None, texts: Mapping[str, str]) -> list[str]:
    """What a filled-in row lacks to be complete."""
    if conclusion is None:
        return ["填写了内容但没有选核查结论"]
    needed = {"visited": "缺核查日期", "visitor": "缺核查人"}
    problems = [sentence for name, sentence in needed.items() if not texts[name]]
    entry = BY_CODE.get(conclusion)
    if entry and entry.column:
        name = next(answer.source for answer in FILL_IN if answer.header == entry.column)
        if not entry.met(texts[name]):
            problems.append(f"结论 {entry.code} 须在“{entry.column}”写明：{entry.needs}")
    return problems


def read_reports(sheets: Mapping[str, Rows]) -> pd.DataFrame:
    """What was reported: columns of `REPORT` as text (``on`` a day), ``sheet, row, problem``; empty
    lines left out."""
    return _read(forms_of(sheets, CHANNEL, STORY), REPORT, ("name", "id_number", "story"))


def read_removals(sheets: Mapping[str, Rows]) -> pd.DataFrame:
    """Risks that are called removed: ``clue_no, on, measure, by, sheet, row, problem``; rows
    without a day left out."""
    return _read(forms_of(sheets, CLUE, REMOVED_ON), REMOVAL, ("on",))


_NEEDED = ("channel", "name", "risk", "story", "on", "by", "clue_no")
_CHOICES = {"channel": [*CHANNELS], "risk": [*RISKS]}


def _read(forms: Sequence[Form], columns: Sequence[Column], told_by: Sequence[str]) -> pd.DataFrame:
    """The rows with anything in the columns ``told_by``, each with what is wrong with it."""
    headers, rows = {column.source: column.header.split("（")[0] for column in columns}, []
    for form in forms:
        for number, row in filled_rows(form, *(headers[name] for name in told_by)):
            cells: dict[str, object] = {
                name: cell_text(form.cell(row, header)) or None for name, header in headers.items()
            }
            day = day_of(form.cell(row, headers["on"]))
            problems = [f"缺{headers[n]}" for n in _NEEDED if n in cells and cells[n] is None]
            if cells["on"] is not None and day is None:
                problems.append(f"{headers['on']}{NO_DAY}")
            for name, choices in _CHOICES.items():
                if cells.get(name) is not None and cells[name] not in choices:
                    problems.append(f"{headers[name]}应为{'、'.join(choices)}之一")
            cells["clue_no"] = clue_of(cells.get("clue_no") or "") or None
            problem = "；".join(problems) or None
            rows.append(cells | {"on": day, "sheet": form.sheet, "row": number, "problem": problem})
    return pd.DataFrame(rows, columns=[*headers, "sheet", "row", "problem"])
