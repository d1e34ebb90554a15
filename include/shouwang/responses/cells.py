"""The cells that a township fills in, understood in every usual writing: conclusions, days,
money."""

from __future__ import annotations

import datetime as dt
import re

from shouwang.core.conclusions import BY_CODE, CATEGORIES, CONCLUSIONS, RISKS
from shouwang.core.identity import NOTHING
from shouwang.documents.text import comparable
from shouwang.intake.cells import read_date, read_number
from shouwang.recognition.forms import cell_text

_NOTHING = NOTHING - {"0"}
_CHOICES = {re.sub(r"\W", "", comparable(entry.text)): entry.code for entry in CONCLUSIONS}
_MONTH = re.compile(r"\d{6}|\d{4}\D+\d{1,2}\D?")
_IN_TEXT = re.compile(
    r"(?:(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]|(\d{1,2})\s*月)\s*(?:(\d{1,2})\s*[日号]?)?"
)
_CHANGED_TO = re.compile(f"(?:应为|改为|应是|认定为|纳入为|变更为)({'|'.join(CATEGORIES)})")


def filled(value: object) -> object:
    """A cell, or an empty one where it says in words that there is nothing (无, -, 暂无)."""
    return "" if cell_text(value).upper() in _NOTHING else value


def conclusion_of(written: str) -> tuple[str | None, list[str]]:
    """The code meant by ``01``, ``1``, ``01 拟纳入监测`` or ``拟纳入监测``; else the text, and what
    is wrong."""
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


def day_of(value: object) -> dt.date | None:
    """A date cell, a serial number or a usual writing of a day; null if it is none, or a month."""
    try:
        day = read_date(value)
    except (ValueError, OverflowError):
        return None
    return None if _MONTH.fullmatch(cell_text(value)) else day


def day_in(text: str, after: dt.date) -> dt.date | None:
    """The next day after another that a sentence names (``2026年12月5日``, ``12月``: its first);
    null if none."""
    named = []
    for year, month, bare_month, day in _IN_TEXT.findall(text):
        for guessed in [int(year)] if year else [after.year, after.year + 1]:
            try:
                named.append(dt.date(guessed, int(month or bare_month), int(day or 1)))
            except ValueError:
                continue
    return min((day for day in named if day > after), default=None)


def money_of(value: object) -> tuple[float | None, list[str]]:
    """Yuan a head and year from a number or a usual writing of one; else nothing, and what is
    wrong."""
    try:
        amount = read_number(value)
    except ValueError:
        return None, [f"人均纯收入“{cell_text(value)[:20]}”不是数字"]
    if amount is not None and amount < 0:
        return None, ["人均纯收入小于 0"]
    return (None if amount is None else round(amount, 2)), []


def category_in(reason: str) -> tuple[str | None, list[str]]:
    """The category (监测类别) that a reason names; what is wrong if it names several."""
    named = {category for category in CATEGORIES if category in reason}
    if len(named) < 2:
        return next(iter(named), None), []
    changed = _CHANGED_TO.findall(reason)
    return (
        (changed[-1], []) if changed else (None, ["“原因说明”写了几个监测类别，请只写认定的一个"])
    )


def risks_in(reason: str) -> str | None:
    """The risk types that a reason names, separated by 、."""
    return "、".join(risk for risk in RISKS if risk in reason) or None


def clue_of(written: object) -> str:
    """A clue number as it was given out: letters that were taken for digits, widths and dashes set
    right."""
    text = re.sub(r"[‐-―−－_]", "-", comparable(written)).upper()
    return text.translate(str.maketrans("OIL", "011"))
