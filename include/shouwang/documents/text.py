"""Text on its way to paper: made harmless, masked, and measured."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata

import pandas as pd

from shouwang.core.identity import mask_number

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{14,}[0-9Xx]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CELL_LIMIT = 32_000
"""Excel keeps 32,767 characters of a cell and calls a workbook with more damaged."""


def printable(text: str) -> str:
    """The text without control, zero-width and direction-changing characters; line breaks stay."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:_CELL_LIMIT]


def masked(text: str) -> str:
    """The text with every number of 15 or more digits (identity, certificate, bank account) cut to
    first 6, last 4."""
    return _LONG_NUMBER.sub(lambda found: mask_number(found[0]), text)


def starred(name: str) -> str:
    """A person's name as a notice may show it: 张*, 张*明, 阿**果; a long one does not tell its
    length."""
    return name[:1] + "*" * min(2, max(1, len(name) - 2)) + (name[-1] if len(name) > 2 else "")


def harmless(text: str) -> str:
    """Text for a CSV: an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def plain(value: object) -> str | float | dt.date | None:
    """One value of a frame as a cell may hold it: text printable and masked, dates without a time,
    null as nothing."""
    if isinstance(value, str):
        return masked(printable(value.strip())) or None
    if isinstance(value, dt.datetime):
        return None if pd.isna(value) else value.date()
    if isinstance(value, dt.date):
        return value
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        number = getattr(value, "item", None)
        return plain(number()) if number is not None else masked(printable(str(value)))
    return int(value) if float(value).is_integer() else value


def column_values(column: pd.Series) -> list[str | float | dt.date | None]:
    """A column of a frame as `plain` cell values."""
    return [plain(value) for value in column.astype("object")]


def display_width(text: str) -> int:
    """How many half-width places a text takes in a Chinese font (汉字 take two)."""
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


def lines_needed(text: str, width: float) -> int:
    """How many lines a text takes, wrapped in a column of ``width`` (spreadsheet units, about one
    half-width place).

    One place is kept back: a line may not begin with closing punctuation, nor break within a
    number.
    """
    places = max(2.0, width - 2.0)
    return sum(max(1, math.ceil(display_width(line) / places)) for line in text.split("\n"))


def comparable(text: object) -> str:
    """A heading or coded word without spaces, width differences, brackets and what they hold."""
    folded = unicodedata.normalize("NFKC", str(text))
    return re.sub(r"\s+|[(\[【][^)\]】]*[)\]】]|[*:]", "", _UNPRINTABLE.sub("", folded))
