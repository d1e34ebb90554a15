"""What one cell says (handbook section 4): small pure functions, applied to the distinct values of
a column.

Each returns the value, `None` for an empty cell, and raises `ValueError` for one that cannot be
understood.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from shouwang.core.identity import NOTHING, clean_numbers, written_number
from shouwang.county.contract import Column

_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]?(?:星期.|周.)?[T ]?(?:[上下]午|AM|PM)?[T ]?\d{1,2}[:：时]\d{1,2}.*)?"
)
_UTC = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(?:Z|\+00:?00)")
_MONTH = re.compile(r"((?:19|20)\d{2})(?:(0[1-9]|1[0-2])|[-/.年](0?[1-9]|1[0-2])月?份?)")
_CHINA = dt.timezone(dt.timedelta(hours=8))
_MONEY = re.compile(r"[￥¥$]?([+-]?)[￥¥$]?(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?(万|千|亿)?(元)?(整)?")
_FACTORS = {None: 1.0, "千": 1e3, "万": 1e4, "亿": 1e8}
_USUAL_DATE, _USUAL_NUMBER = (
    "(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}",
    r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?",
)
_EXCEL_DAY_ONE = dt.date(1899, 12, 30)
_INVISIBLE = re.compile(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0e-\x1f]")


_SIMPLE_TEXT = "[0-9A-Za-z\u4e00-\u9fff]+"
_SIMPLE = re.compile(_SIMPLE_TEXT).fullmatch
_WORDS_FOR_NOTHING = NOTHING - {"0"}
_NOT_KNOWN = frozenset({"不详", "未知"})
"""Words that are nothing in a text, but no answer where a date, a number or a value is asked
for."""
ERRORS = frozenset(
    [
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
    ]
)
"""What a cell shows whose formula has no value."""


def text_of(value: Any) -> str | None:
    """The trimmed text of any cell; a whole number without its ``.0``; None where it says nothing;
    no ``#N/A``."""
    if isinstance(value, str) and _SIMPLE(value):
        return None if value.upper() in _WORDS_FOR_NOTHING else value
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = _INVISIBLE.sub("", str(value)).strip().strip("'\"\t　")
    if text.startswith("=") and text[1:2] == '"':
        text = text[1:].strip('"')
    if text.startswith("#") and text.upper() in ERRORS:
        raise ValueError("an error, not a value")
    return None if text.upper() in _WORDS_FOR_NOTHING else text


def answer_of(value: Any) -> str | None:
    """The text of a cell that asks for a date, a number or a value: what is not known is not an
    empty cell."""
    text = text_of(value)
    if (
        text is None
        and isinstance(value, str)
        and _INVISIBLE.sub("", value).strip().strip("'\"\t　") in _NOT_KNOWN
    ):
        raise ValueError("not known")
    return text


def half_width(value: Any, read: Callable[[Any], str | None] = text_of) -> str | None:
    """The text of a cell in half-width characters and without spaces."""
    text = read(value)
    if text is None or _SIMPLE(text):
        return text
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)) or None


def read_date(value: Any) -> dt.date | None:
    """A date: real, an Excel serial, ``20260105``, ``2026-1-5``, ``2026/01/05``, ``2026.1.5``,
    ``2026年1月5日``.

    A month (``202601``, ``2026-01``, ``2026年1月``) is its first day. A time in UTC is the day that
    it is in China.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = answer_of(value)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"\d{8}(?:\d{6})?|\d{8} ?\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?", text):
        return dt.datetime.strptime(text[:8], "%Y%m%d").date()
    if found := _UTC.fullmatch(text):
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}+00:00")
        return moment.astimezone(_CHINA).date()
    if found := _MONTH.fullmatch(text):
        return dt.date(int(found[1]), int(found[2] or found[3]), 1)
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text) and 10_000 < float(text) < 80_000:
        return _EXCEL_DAY_ONE + dt.timedelta(days=int(float(text)))
    found = _DATE.fullmatch(text) or _DATE.fullmatch(text.replace(" ", ""))
    if not found:
        raise ValueError("not a date")
    return dt.date(int(found[1]), int(found[2]), int(found[3]))


def read_number(value: Any, factor: float = 1.0) -> float | None:
    """A number, also ``1,234.50``, ``1234.5元``, ``￥1,234.50``, ``1.2万``, ``(1,234.50)`` for a
    negative one.

    ``factor`` is the unit of the column; a cell that names its own unit does not follow it.
    """
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, int | float) and value == value:
        if math.isinf(value):
            raise ValueError("not a number")
        return float(value) * factor
    text = half_width(value, answer_of)
    if text is None:
        return None
    bracketed = re.fullmatch(r"\((.+)\)", text)
    text = text.replace("−", "-").replace("－", "-")
    found = _MONEY.fullmatch(bracketed[1] if bracketed else text)
    if not found or not (found[2] or found[3]):
        raise ValueError("not a number")
    digits = (found[2] or "0").replace(",", "") + (found[3] or "")
    sign = -1.0 if found[1] == "-" or bracketed else 1.0
    return sign * float(digits) * (_FACTORS[found[4]] if found[4] or found[5] else factor)


def read_integer(value: Any) -> int | None:
    """A whole number; ``3人`` and the like lose their measure word."""
    text = half_width(value, answer_of)
    number = read_number(re.sub(r"[人口个名户天次]$", "", text) if text else text)
    if number is not None and not float(number).is_integer():
        raise ValueError("not a whole number")
    return None if number is None else int(number)


class UnknownValue(ValueError):
    """A value of a coded column that leads to no code: a question, not a mistake of the row."""


class CodeReader:
    """Reads the cells of a coded column: a known spelling, else the first code of which the value
    holds a word."""

    def __init__(self, column: Column) -> None:
        spellings = dict(column.values).items()
        spelt = {w: code for code, written in spellings for w in (code, *written)}
        self._known = {_comparable(spelling): code for spelling, code in spelt.items()}
        self._meaningless = {*map(_comparable, column.meaningless)}
        self._unclear = [_comparable(word) for word in column.unclear]
        self._words = [
            (code, [_comparable(word) for word in words]) for code, words in column.words.items()
        ]

    def asks(self, value: Any) -> bool:
        """Whether nobody has said yet what a value without a code means."""
        return _comparable(value) not in self._meaningless

    def read(self, value: Any) -> str | None:
        """The code; None for an empty cell; `UnknownValue` for what leads to none."""
        text = _comparable(value)
        if text in self._known:
            return self._known[text]
        if text in self._meaningless:
            raise UnknownValue("a value that means nothing")
        answer = half_width(value)
        if answer is None and text not in _NOT_KNOWN:
            return None
        text = _comparable(answer or "")
        if not text or any(word in text for word in self._unclear):
            raise UnknownValue("not a value of one code")
        codes = [code for code, words in self._words if any(word in text for word in words)]
        if not codes:
            raise UnknownValue("not a known value")
        return codes[0]


def _comparable(value: Any) -> str:
    """A value in half width, upper case and without spaces; a whole number without its ``.0``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (
        re.sub(r"\s+", "", unicodedata.normalize("NFKC", _INVISIBLE.sub("", str(value))))
        .strip("'\"")
        .upper()
    )


def read_each(
    values: Sequence[Any], read: Callable[[Any], Any]
) -> tuple[list[Any], np.ndarray[Any, Any]]:
    """Read values, best each only once; the values read, and which of them could not be
    understood."""
    found: list[Any] = []
    wrong = np.zeros(len(values), dtype=bool)
    for place, value in enumerate(values):
        try:
            found.append(read(value))
        except (ValueError, OverflowError):
            found.append(None)
            wrong[place] = True
    return found, wrong


def read_column(
    values: Sequence[Any], column: Column, factor: float = 1.0
) -> tuple[pd.Series, np.ndarray[Any, Any]]:
    """Distinct cells of a column as a typed series (see `docs/architecture.md`), and which could
    not be understood.

    A coded value that leads to no code counts as not understood; `unknown_values` tells it from an
    error.

    ``identity`` columns are not cleaned here but turned into text; `read_identity` follows.
    """
    if column.unknown:
        values = ["" if value in column.unknown else value for value in values]
    match column.type:
        case "yuan" | "number":
            read, bad = _together(
                values,
                _USUAL_NUMBER,
                lambda texts: texts.astype("float64") * factor,
                lambda v: read_number(v, factor),
            )
            return read.round(2 if column.type == "yuan" else 6), bad
        case "integer":
            whole, bad = read_each(values, read_integer)
            return pd.Series(whole, dtype="Int64"), bad
        case "date":
            days, bad = _together(values, _USUAL_DATE, _days, _possible_day)
            if column.only_month != "first" and (months := only_months(values)).any():
                days = days.mask(months)
                bad = bad | months if column.only_month == "error" else bad
            return days, bad
        case "identity":  # a number that is an error is a missing one: matching has the name
            if set(map(type, values)) == {str}:
                texts = pd.Series(values, dtype="str")
                texts = texts.str.replace("\0", "", regex=False)  # PostgreSQL cannot store it
                return texts.mask(texts.isin(ERRORS), ""), np.zeros(len(values), dtype=bool)
            numbers, _ = read_each(
                values, lambda value: "" if value in ERRORS else written_number(value)
            )
            return pd.Series(numbers, dtype="str"), np.zeros(len(values), dtype=bool)
        case "code":
            codes, bad = read_each(values, CodeReader(column).read)
            return pd.Series(codes, dtype="str"), bad
        case kind:
            return _together(
                values, _SIMPLE_TEXT, _saying, half_width if kind == "phone" else text_of
            )


def unknown_values(values: Sequence[Any], column: Column) -> np.ndarray[Any, Any]:
    """Which distinct cells of a coded column lead to no code."""
    reader, unknown = CodeReader(column), np.zeros(len(values), dtype=bool)
    for place, value in enumerate(values):
        try:
            reader.read(value)
        except UnknownValue:
            unknown[place] = True
        except ValueError:
            continue
    return unknown


def only_months(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Which distinct cells give a month and no day."""
    texts = (
        ""
        if isinstance(value, dt.date)
        else re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(value)))
        for value in values
    )
    return np.array([bool(_MONTH.fullmatch(text.removesuffix(".0"))) for text in texts], dtype=bool)


def _together(
    values: Sequence[Any],
    usual: str,
    read: Callable[[pd.Series], pd.Series],
    read_one: Callable[[Any], Any],
) -> tuple[pd.Series, np.ndarray[Any, Any]]:
    """Texts of the usual shape, and most are, are read together; the others, and those that
    ``read`` nulls, one by one."""
    texts = pd.Series([value if isinstance(value, str) else "" for value in values], dtype="str")
    found = read(texts.where(texts.str.fullmatch(usual)))
    odd = np.flatnonzero(found.isna())
    bad = np.zeros(len(texts), dtype=bool)
    ones, bad[odd] = read_each([values[place] for place in odd.tolist()], read_one)
    found.iloc[odd] = pd.Series(ones, dtype=found.dtype).array
    return found, bad


def _saying(texts: pd.Series) -> pd.Series:
    return texts.mask(texts.str.upper().isin(_WORDS_FOR_NOTHING))


def _days(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce").astype("datetime64[ms]")


def _possible_day(value: Any) -> np.datetime64 | None:
    day = read_date(value)
    if day is not None and not 1850 <= day.year <= 2200:
        raise ValueError("not a possible date")
    return None if day is None else np.datetime64(day, "ms")


def read_identity(written: pd.Series) -> pd.DataFrame:
    """``id_number`` and ``id_state`` of a column of identity numbers."""
    return clean_numbers(written)
