"""Where a sheet's header is and which column is which (handbook section 3).

Wordings are compared after dropping spaces, line breaks, full/half-width differences and a bracketed unit. A header
that is still not known is matched to the closest wording only if that is unambiguous, and the choice is reported.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shouwang.county.contract import Contract
from shouwang.errors import FileRefused
from shouwang.intake.sheets import Sheet

SEARCHED_ROWS = 40
CLOSE_ENOUGH, CLEARLY_CLOSER = 0.72, 0.12
MOST_GUESSED = 60
UNITS = {"亿元": 1e8, "万": 10_000.0, "万元": 10_000.0, "千元": 1_000.0, "百元": 100.0, "元": 1.0}
_BRACKET = re.compile(r"[(\[【{〔].*?[)\]】}〕]")
_OWN_UNIT = re.compile(r"[(\[【](?:(?:金额)?单位:?)?(亿元|万元?|千元|百元|元)[)\]】]")
_UNIT_NOTE = re.compile(r"单位[:：]?[(（]?\s*(亿元|万元|千元|百元|元)")
RUNNING_NUMBERS = frozenset({"序号", "编号", "行号", "no", "no."})


@dataclass(frozen=True)
class Header:
    """How one sheet is laid out: canonical column → its place; data begin after ``last_row``.

    ``missing`` are required columns that it lacks, ``above`` the texts of every line down to ``last_row``.
    """

    first_row: int
    last_row: int
    titles: tuple[str, ...]
    columns: dict[str, int]
    factors: dict[str, float]
    guesses: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    above: frozenset[tuple[str, ...]] = frozenset()


def plain(text: object) -> str:
    """A header or wording without spaces and width differences, in lower case."""
    return _plain("" if text is None else str(text))


@lru_cache(maxsize=10_000)
def _plain(text: str) -> str:
    return re.sub(r"[\s\u200b-\u200f\ufeff]+", "", unicodedata.normalize("NFKC", text)).lower()


def without_unit(text: str) -> str:
    """A plain header without what stands in brackets."""
    return _BRACKET.sub("", text)


def texts_of(row: Sequence[Any]) -> tuple[str, ...]:
    """What a line says, without its empty cells."""
    return tuple(text for cell in row if (text := plain(cell)))


def known_wordings(contract: Contract) -> dict[str, str]:
    """Plain wording → canonical column; wordings in full win over those without their brackets."""
    known: dict[str, str] = {}
    for strip in (False, True):
        for name, column in contract.columns.items():
            for wording in column.wordings:
                known.setdefault(without_unit(plain(wording)) if strip else plain(wording), name)
    return known


def locate(sheet: Sheet, contract: Contract) -> Header | None:
    """The header of a sheet, or None if it holds no table of this contract.

    Raises `FileRefused` when it has a column twice.
    """
    known = known_wordings(contract)
    find = _lookup(known)
    rows = sheet.head(SEARCHED_ROWS + 1)
    best: tuple[int, int, int, list[str]] | None = None
    for first in range(min(SEARCHED_ROWS, len(rows))):
        for tiers in (1, 2):
            titles = _titles(rows[first : first + tiers], find)
            hits = len({known[t] for t in map(find, titles) if t})
            if hits and (best is None or (hits, -tiers) > (best[0], -best[2])):
                best = (hits, first, tiers, titles)
    if best is None or best[0] < 2:
        return None
    _, first, tiers, titles = best
    columns, guesses = _assign(titles, contract, known, sheet)
    required = [name for name, column in contract.columns.items() if column.required]
    missing = tuple(name for name in required if name not in columns)
    if missing and len(columns) * 2 < len(required):
        return None
    taken = set(columns.values())
    ignored = tuple(t for c, t in enumerate(titles) if t and c not in taken)
    last = first + tiers - 1
    upper = _spread(rows[first]) if tiers == 2 else []
    factors = _factors(rows[:first], titles, upper, columns, contract)
    above = frozenset(texts for row in rows[: last + 1] if (texts := texts_of(row)))
    return Header(first, last, tuple(titles), columns, factors, guesses, ignored, missing, above)


def columns_missing(sheet: Sheet, header: Header, contract: Contract) -> FileRefused:
    """The refusal of a sheet that lacks required columns: which, how they may be called, and what was seen."""
    wanted = "；".join(
        f"“{contract.columns[m].wordings[0]}”（认得的写法：{'、'.join(contract.columns[m].wordings)}）"
        for m in header.missing
    )
    seen = "、".join(t for t in header.titles if t)
    return FileRefused(
        "missing_column",
        f"文件“{sheet.file}”{_sheet_words(sheet)}缺少必需的列：{wanted}。表头里看到的是：{seen}。请补上后重新上传。",
    )


def _sheet_words(sheet: Sheet) -> str:
    return f"工作表“{sheet.name}”" if sheet.name else ""


def _texts(row: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]


def _spread(row: Sequence[Any]) -> list[str]:
    """An upper tier with every text repeated over the empty cells to its right, which it may span."""
    spread, last = [], ""
    for text in _texts(row):
        last = text or last
        spread.append(last)
    return spread


def _titles(rows: Sequence[Sequence[Any]], find: Callable[[str], str | None]) -> list[str]:
    """Header texts of one tier, or of two: the lower cell (with the upper one if only both are known), else the upper."""
    if len(rows) == 1:
        return _texts(rows[0])
    return [
        upper + lower if lower and not find(lower) and find(upper + lower) else lower or own
        for own, upper, lower in zip(_texts(rows[0]), _spread(rows[0]), _texts(rows[1]), strict=True)
    ]


def _lookup(known: dict[str, str]) -> Callable[[str], str | None]:
    def find(title: str) -> str | None:
        text = plain(title)
        return text if text in known else (bare if (bare := without_unit(text)) in known else None)

    return find


def _assign(
    titles: list[str], contract: Contract, known: dict[str, str], sheet: Sheet
) -> tuple[dict[str, int], dict[str, str]]:
    """Which cell holds which canonical column: exact wordings first, then the closest where it is unambiguous."""
    find = _lookup(known)
    columns: dict[str, int] = {}
    for cell, title in enumerate(titles):
        wording = find(title) if title else None
        if wording is None:
            continue
        name = known[wording]
        if name in columns:
            raise FileRefused(
                "double_column",
                f"文件“{sheet.file}”{_sheet_words(sheet)}的表头里“{titles[columns[name]]}”和“{title}”是同一列，请删去一列后重新上传。",
            )
        columns[name] = cell
    taken = set(columns.values())
    cells_left = [(cell, title) for cell, title in enumerate(titles) if title and cell not in taken][:MOST_GUESSED]
    open_titles = {
        cell: without_unit(plain(title))
        for cell, title in cells_left
        if plain(title) not in RUNNING_NUMBERS and len(title) <= 40
    }
    scores = sorted(
        (
            (
                max(difflib.SequenceMatcher(None, text, without_unit(plain(w))).ratio() for w in column.wordings),
                name,
                cell,
            )
            for cell, text in open_titles.items()
            for name, column in contract.columns.items()
            if name not in columns
        ),
        reverse=True,
    )
    guesses: dict[str, str] = {}
    for score, name, cell in scores:
        rivals = [s for s, n, c in scores if (n == name) != (c == cell)]
        if score >= CLOSE_ENOUGH and all(score - rival >= CLEARLY_CLOSER for rival in rivals):
            columns[name] = cell
            guesses[titles[cell]] = name
    return columns, guesses


def _factors(
    above: list[list[Any]], titles: list[str], upper: list[str], columns: dict[str, int], contract: Contract
) -> dict[str, float]:
    """The unit of each money column: its own in brackets, else that of the tier above, else the note above the header."""
    note = _UNIT_NOTE.search(" ".join(str(cell) for row in above for cell in row if cell))
    common = UNITS[note[1]] if note else 1.0
    factors = {}
    for name, cell in columns.items():
        if contract.columns[name].type == "yuan":
            own = [_OWN_UNIT.search(plain(text)) for text in (titles[cell], upper[cell] if upper else "")]
            factors[name] = next((UNITS[unit[1]] for unit in own if unit), common)
    return {name: factor for name, factor in factors.items() if factor != 1.0}
