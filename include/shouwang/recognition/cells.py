"""What the cells of a column look like: how far they fit each kind of canonical column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from shouwang.core import clock
from shouwang.core.identity import clean_names, sound_number, written_number
from shouwang.county.contract import Column
from shouwang.intake.cells import CodeReader, read_date, read_integer, read_number, text_of
from shouwang.intake.sheets import Cells

SAMPLE = 400
"""So many rows are looked at, spread evenly over the table."""
BEHIND_A_LETTER = 0.7
"""What numbers behind a letter (学籍号) are worth as identity numbers, beside a column of the
numbers themselves."""
FEW_VALUES = 80
"""A coded column has no more distinct values than this beside its codes."""
Array = np.ndarray[Any, Any]
_PHONE = re.compile(r"(?:\+?86)?1\d{10}|0\d{2,3}-?\d{7,8}|\d{7,8}")
_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0002ffff·•・．.。‧*?〇○]{2,15}")
_BESIDE_A_NAME = re.compile(r"[\s\u200b-\u200f\ufeff'\"·•・．.。‧]+")
_NEARLY = re.compile(r"\**(?:[0-9]{15,18}X?|[0-9]{4,}\*+[0-9]*X?|[A-Z][0-9]{7,10})\**")
"""What may be an identity number that is damaged, masked or of another paper."""
_SERIAL = re.compile(r"\d{9,}")


@dataclass(frozen=True)
class Registered:
    """What recognition asks of the registry: names by number, and names, townships and villages by
    themselves."""

    name_of: Mapping[str, str]
    names: frozenset[str]
    townships: frozenset[str]
    villages: frozenset[str]

    @classmethod
    def of(cls, people: pd.DataFrame) -> Registered:
        """From the ``people`` frame of a month."""
        names = clean_names(people["name"])
        known = people["id_number"].notna() & names.notna()
        return cls(
            dict(zip(people.loc[known, "id_number"], names[known], strict=True)),
            frozenset(names.dropna()),
            frozenset(people["township"].dropna().unique()),
            frozenset(people["village"].dropna().unique()),
        )

    @cached_property
    def cores(self) -> dict[str, re.Pattern[str]]:
        """What townships and villages are called without the word for what they are."""
        return {"township": _cores(self.townships), "village": _cores(self.villages)}


def _cores(places: Iterable[str]) -> re.Pattern[str]:
    cores = {re.sub(r"(?<=..)(镇|乡|街道|村|社区)$", "", place) for place in places}
    return re.compile("|".join(map(re.escape, cores)) or r"\Z.")


@dataclass
class Sampled:
    """One column's cells in some rows: its distinct filled values, and which row holds which."""

    distinct: list[Any]
    codes: Array
    """For each row the place of its value; -1 where it is empty."""
    rows: int = 0
    """How many rows the table has."""

    @classmethod
    def of(cls, cells: Cells, first: int) -> Sampled:
        """`SAMPLE` of the rows from ``first`` on, or all of them."""
        codes = np.frombuffer(cells.codes, dtype=np.int32)[first:]
        rows = len(codes)
        if len(codes) > SAMPLE:
            codes = codes[np.linspace(0, len(codes) - 1, SAMPLE, dtype=np.int64)]
        used, places = np.unique(codes, return_inverse=True)
        values = [cells.distinct[code] for code in used.tolist()]
        filled = np.array([_filled(value) for value in values], dtype=bool)
        renumbered = np.where(filled, np.cumsum(filled) - 1, -1)
        return cls(
            [value for value, fills in zip(values, filled, strict=True) if fills],
            renumbered[places],
            rows,
        )

    @cached_property
    def counts(self) -> Array:
        """Rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))

    @cached_property
    def texts(self) -> list[str]:
        """The values as trimmed text."""
        return [
            str(int(v)) if isinstance(v, float) and v.is_integer() else str(v).strip()
            for v in self.distinct
        ]

    def share(self, fits: Callable[[int], bool]) -> float:
        """The share of filled rows whose value (by its place) fits."""
        good = np.array([fits(place) for place in range(len(self.distinct))], dtype=bool)
        return float(self.counts[good].sum() / max(1, self.counts.sum()))

    @cached_property
    def numbers(self) -> list[str]:
        """The values as sound identity numbers; empty where one is none."""
        return [sound_number(written_number(value)) for value in self.distinct]

    @cached_property
    def names(self) -> list[str]:
        """The values as names made comparable, as far as a look needs it."""
        return [_BESIDE_A_NAME.sub("", unicodedata.normalize("NFKC", text)) for text in self.texts]

    @cached_property
    def amounts(self) -> Array:
        """For each row its number; NaN where it is none, 0 where it is empty."""
        read = []
        for value in self.distinct:
            try:
                read.append(read_number(value))
            except (ValueError, OverflowError):
                read.append(None)
        numbers = np.array([np.nan if one is None else one for one in read] + [0.0])
        return numbers[self.codes]

    @property
    def counts_rows(self) -> bool:
        """Whether nearly all values only number the rows."""
        filled = self.amounts[self.codes >= 0]
        numbers = filled[np.isfinite(filled)]
        if len(numbers) < 0.8 * len(filled) or not len(numbers) or numbers.max() > 1_000_000:
            return False
        return bool((numbers == np.floor(numbers)).all() and np.ptp(numbers) < self.rows * 1.2)

    def same_as(self, other: Sampled) -> bool:
        """Whether two columns say the same in all but a few rows: then it does not matter which is
        taken."""
        mine = np.array([*self.texts, ""], dtype=object)[self.codes]
        theirs = np.array([*other.texts, ""], dtype=object)[other.codes]
        return len(mine) == len(theirs) and bool((mine == theirs).mean() >= 0.98)


def _filled(value: Any) -> bool:
    try:
        return text_of(value) is not None
    except ValueError:  # an error, not a value
        return False


def fit(
    column: Column, sampled: Sampled, registered: Callable[[], Registered | None], surnames: str
) -> float | None:
    """How far cells fit a column, 0 to 1; None where they say nothing (no cell is filled, or any
    text would do)."""
    if not sampled.distinct:
        return None
    match column.type:
        case "identity":
            if sampled.share(lambda place: sum(map(str.isdigit, sampled.texts[place])) >= 8) < 0.3:
                return 0.0
            numbers = sampled.numbers
            written = [re.sub(r"[\W_○※〇]+", "*", written_number(v)) for v in sampled.distinct]
            share = sampled.share(
                lambda place: bool(numbers[place] or _NEARLY.fullmatch(written[place]))
            )
            if share and sampled.share(lambda place: sampled.texts[place][:1].isalpha()) > 0.5:
                share *= BEHIND_A_LETTER
            if column.ages and share > 0.5:
                least, most = column.ages
                ages = [clock.now().year - int(number[6:10]) for number in numbers if number]
                aged = sum(least <= age <= most for age in ages) / len(ages) if ages else 1.0
                share *= min(1.0, aged / 0.8)
            return share
        case "name":
            return _name_fit(sampled, registered, surnames)
        case "phone":
            return sampled.share(
                lambda place: bool(
                    _PHONE.fullmatch(re.sub(r"[\s()]|\.0$", "", sampled.texts[place]))
                )
            )
        case "date":
            first, last = column.range or (2000, clock.now().year + 10)
            return sampled.share(lambda place: _likely_day(sampled.distinct[place], first, last))
        case "code":
            if len(sampled.distinct) > FEW_VALUES + len(column.values):
                return 0.0
            codes = _codes(column, sampled)
            share = sampled.share(lambda place: codes[place] is not None)
            return share if len({code for code in codes if code}) > 1 else share * 0.7
        case "yuan" | "number" | "integer":
            read = read_integer if column.type == "integer" else read_number
            return sampled.share(
                lambda place: _likely_number(
                    sampled.distinct[place], sampled.texts[place], column, read
                )
            )
        case _:
            return None


def _codes(column: Column, sampled: Sampled) -> list[str | None]:
    reader, codes = CodeReader(column), []
    for value in sampled.distinct:
        try:
            codes.append(reader.read(value))
        except ValueError:
            codes.append(None)
    return codes


def _name_fit(
    sampled: Sampled, registered: Callable[[], Registered | None], surnames: str
) -> float:
    people = registered()
    if people:
        names = sampled.names
        return min(1.0, sampled.share(lambda place: names[place] in people.names) * 1.15)
    return sampled.share(
        lambda place: (
            bool(_NAME.fullmatch(sampled.texts[place]))
            and (sampled.texts[place][0] in surnames or "·" in sampled.texts[place])
            and len(sampled.texts[place]) <= 15
        )
    )


def place_fit(
    name: str, sampled: Sampled, registered: Callable[[], Registered | None]
) -> float | None:
    """How far cells are townships or villages of the registry, or end as such where there is
    none."""
    if not sampled.distinct:
        return None
    people = registered()
    if people is None:
        ends = ("乡", "镇", "街道") if name == "township" else ("村", "社区", "居委会", "村委会")
        return sampled.share(lambda place: sampled.texts[place].endswith(ends))
    cores = people.cores[name]
    short = [len(text) <= 25 for text in sampled.texts]
    return sampled.share(lambda place: short[place] and bool(cores.search(sampled.texts[place])))


def _likely_day(value: Any, first: float, last: float) -> bool:
    try:
        day = read_date(value)
    except (ValueError, OverflowError):
        return False
    return day is not None and first <= day.year <= last


def _likely_number(
    value: Any, text: str, column: Column, read: Callable[[Any], float | None]
) -> bool:
    if _SERIAL.search(text.split(".")[0].replace(",", "")):
        return False
    try:
        number = read(value)
    except (ValueError, OverflowError):
        return False
    least, most = column.range or (float("-inf"), float("inf"))
    return number is not None and least <= number <= most


def agreement(names: Sampled, numbers: Sampled, people: Registered) -> float | None:
    """The share of rows in which a name is the one that the registry has for the number; None if
    too few are known."""
    known = np.array([*(people.name_of.get(n, "") for n in numbers.numbers), ""], dtype=object)
    registered = known[numbers.codes]
    written = np.array([*names.names, ""], dtype=object)[names.codes]
    asked = (registered != "") & (written != "")
    if asked.sum() < min(5, max(1, len(written) // 2)):
        return None
    return float((registered[asked] == written[asked]).mean())
