"""Where a sheet's header is and which column is which (handbook section 3).

Wordings are compared after dropping spaces, line breaks, full/half-width differences and a bracketed unit. A header
that is still not known is matched to the closest wording only if that is unambiguous, and the choice is reported.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shouwang.county.contract import Contract
from shouwang.errors import FileRefused
from shouwang.intake.sheets import Sheet

SEARCHED_ROWS = 40
CLOSE_ENOUGH, CLEARLY_CLOSER = 0.72, 0.12
UNITS = {"万": 10_000.0, "万元": 10_000.0, "千元": 1_000.0, "元": 1.0}
_BRACKET = re.compile(r"[(\[【{〔].*?[)\]】}〕]")
_UNIT_NOTE = re.compile(r"单位[:：]?\s*(万元|千元|元)")
RUNNING_NUMBERS = frozenset({"序号", "编号", "行号", "no", "no."})


@dataclass(frozen=True)
class Header:
    """How one sheet is laid out: ``columns[c]`` is the canonical column of cell ``c``, data begin after ``last_row``."""

    first_row: int
    last_row: int
    titles: tuple[str, ...]
    columns: dict[str, int]
    factors: dict[str, float]
    guesses: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def plain(text: object) -> str:
    """A header or wording without spaces and width differences, in lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", "" if text is None else str(text))).lower()


def without_unit(text: str) -> str:
    """A plain header without what stands in brackets."""
    return _BRACKET.sub("", text)


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

    Raises `FileRefused` when the sheet is clearly such a table but lacks a required column, or has one twice.
    """
    known = known_wordings(contract)
    best: tuple[int, int, int, list[str]] | None = None
    for first in range(min(SEARCHED_ROWS, len(sheet.rows))):
        for tiers in (1, 2):
            titles = _titles(sheet.rows[first : first + tiers])
            hits = len({known[t] for t in map(_lookup(known), titles) if t})
            if hits and (best is None or hits > best[0]):
                best = (hits, first, tiers, titles)
    required = [name for name, column in contract.columns.items() if column.required]
    if best is None or best[0] < 2:
        return None
    hits, first, tiers, titles = best
    columns, guesses = _assign(titles, contract, known, sheet)
    missing = [name for name in required if name not in columns]
    if missing and len(columns) * 2 < len(required):
        return None
    if missing:
        wanted = "；".join(
            f"“{contract.columns[m].wordings[0]}”（认得的写法：{'、'.join(contract.columns[m].wordings)}）"
            for m in missing
        )
        seen = "、".join(t for t in titles if t)
        raise FileRefused(
            "missing_column",
            f"文件“{sheet.file}”{_sheet_words(sheet)}缺少必需的列：{wanted}。表头里看到的是：{seen}。请补上后重新上传。",
        )
    taken = set(columns.values())
    ignored = tuple(t for c, t in enumerate(titles) if t and c not in taken)
    factors = _factors(sheet.rows[:first], titles, columns, contract)
    return Header(first, first + tiers - 1, tuple(titles), columns, factors, guesses, ignored)


def _sheet_words(sheet: Sheet) -> str:
    return f"工作表“{sheet.name}”" if sheet.name else ""


def _titles(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Header texts of one tier, or of two: the lower cell, else the upper one (a merged cell spans both)."""
    upper = [str(cell).strip() if cell is not None else "" for cell in rows[0]]
    if len(rows) == 1:
        return upper
    lower = [str(cell).strip() if cell is not None else "" for cell in rows[1]]
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    return [low or up for up, low in zip(upper, lower, strict=True)]


def _lookup(known: dict[str, str]) -> Any:
    def find(title: str) -> str | None:
        text = plain(title)
        return text if text in known else (without_unit(text) if without_unit(text) in known else None)

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
    open_titles = {
        cell: without_unit(plain(title))
        for cell, title in enumerate(titles)
        if title and cell not in taken and plain(title) not in RUNNING_NUMBERS
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
    above: list[list[Any]], titles: list[str], columns: dict[str, int], contract: Contract
) -> dict[str, float]:
    """What the cells of each money column are multiplied by: its own bracketed unit, else the note above the header."""
    note = _UNIT_NOTE.search(" ".join(str(cell) for row in above for cell in row if cell))
    common = UNITS[note[1]] if note else 1.0
    factors = {}
    for name, cell in columns.items():
        if contract.columns[name].type != "yuan":
            continue
        own = [
            UNITS[unit] for unit in re.findall(r"[(\[【](万元?|千元|元)[)\]】]", plain(titles[cell])) if unit in UNITS
        ]
        factors[name] = own[0] if own else common
    return {name: factor for name, factor in factors.items() if factor != 1.0}
