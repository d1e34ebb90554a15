"""Where a sheet's header is: one to three tiers, found by what their words say or by what stands
below them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shouwang.county.contract import Contract
from shouwang.intake.sheets import Sheet
from shouwang.recognition.columns import Question
from shouwang.recognition.units import numbers_row, unit_row
from shouwang.recognition.words import Wording, plain

SEARCHED_ROWS = 40
MOST_TIERS = 3
SPEAKS = 0.75
"""What words must be worth for a cell to count as a heading when a header is looked for."""
RUNNING_NUMBERS = frozenset({"序号", "编号", "行号", "no", "no."})
_LONG_NUMBER = re.compile(r"[a-z]?\d{7,}[*\d]*x?")
_DATA = re.compile(r"[-+￥¥]?[\d,.]+(?:%|元|%)?|\d{4}[-/年.].*|\d{6,}.*")


@dataclass(frozen=True)
class Header:
    """How one sheet is laid out: canonical column → its place; data begin after ``last_row``.

    ``added``: further places whose cells belong to a column; ``evidence``: how each column was
    known, in words; ``guesses``: heading → column, where it was not listed; ``missing``: required
    columns that it lacks; ``questions``: those that stay open; ``above``: the texts of every line
    down to ``last_row``.
    """

    first_row: int
    last_row: int
    titles: tuple[str, ...]
    columns: dict[str, int]
    factors: dict[str, float] = field(default_factory=dict)
    added: dict[str, tuple[int, ...]] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    guesses: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    above: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where a header may be: its rows, the heading of each column, and the tiers above a heading,
    joined."""

    first: int
    tiers: int
    titles: list[str]
    contexts: list[str]
    hits: float


def texts_of(row: Sequence[Any]) -> tuple[str, ...]:
    """What a line says, without its empty cells."""
    return tuple(text for cell in row if (text := plain(cell)))


def find_header(rows: list[list[Any]], contract: Contract, wording: Wording) -> Place | None:
    """The likeliest header among the first rows; None where no row looks like one."""
    required = sum(column.required for column in contract.columns.values())
    best: Place | None = None
    for first in range(min(SEARCHED_ROWS, len(rows))):
        if _is_data(rows[first]):
            continue
        for tiers in range(1, MOST_TIERS + 1):
            below = rows[first : first + tiers]
            if len(below) < tiers or (
                tiers > 1 and (_is_data(below[-1]) or not _may_be_upper(below[-2]))
            ):
                break
            titles, contexts = _titles(below, wording)
            place = Place(first, tiers, titles, contexts, _hits(titles, contexts, wording))
            if best is None or place.hits > best.hits + 0.01:
                best = place
        if best and best.hits >= required and first > best.first + MOST_TIERS:
            break
    if best is None or best.hits < 2:
        return _unspoken(rows)
    return best


def last_row_of(rows: list[list[Any]], place: Place) -> tuple[int, list[Any]]:
    """The last row that belongs to a header, with the lines of units and column numbers under it;
    and the units."""
    last, units = place.first + place.tiers - 1, []
    while last + 1 < len(rows) and (numbers_row(rows[last + 1]) or unit_row(rows[last + 1])):
        last += 1
        if unit_row(rows[last]):
            units = rows[last]
    return last, units


def _hits(titles: list[str], contexts: list[str], wording: Wording) -> float:
    """How many columns the headings speak for, each once, the surer the more."""
    best: dict[str, float] = {}
    for title, context in zip(titles, contexts, strict=True):
        if not title:
            continue
        listed = wording.listed(title)
        found = {listed: 1.0} if listed else wording.scores(title)
        if context and context != title and not listed:
            found = found | {
                n: s for n, s in wording.scores(context).items() if s > found.get(n, 0)
            }
        for name, score in found.items():
            if score >= SPEAKS:
                best[name] = max(best.get(name, 0.0), score)
    return sum(best.values())


def _may_be_upper(row: Sequence[Any]) -> bool:
    """Whether a line may be an upper tier: several short texts, no note (``单位：元``) and no title
    over all."""
    texts = texts_of(row)
    return len(texts) > 1 and not any(":" in text or len(text) > 20 for text in texts)


def _is_data(row: Sequence[Any]) -> bool:
    """Whether half of a line's cells are numbers or days, or one is a long number: no header has
    that."""
    texts = texts_of(row)
    if any(_LONG_NUMBER.fullmatch(text) for text in texts):
        return True
    return bool(texts) and sum(bool(_DATA.fullmatch(text)) for text in texts) * 2 >= len(texts)


def _unspoken(rows: list[list[Any]]) -> Place | None:
    """A header whose words say nothing (``列1``): the first wide line of different texts with data
    below it."""
    widest = max((len(texts_of(row)) for row in rows), default=0)
    for first, row in enumerate(rows[:SEARCHED_ROWS]):
        texts = texts_of(row)
        if len(texts) < max(3, 0.7 * widest) or len(set(texts)) < len(texts) or _is_data(row):
            continue
        below = [r for r in rows[first + 1 : first + 8] if len(texts_of(r)) * 2 >= len(texts)]
        numbers = sum(any(_DATA.fullmatch(text) for text in texts_of(r)) for r in below)
        if (
            below
            and numbers * 2 >= len(below)
            and not any(any(map(str.isdigit, t)) and len(t) > 6 for t in texts)
        ):
            titles = _texts(row)
            return Place(first, 1, titles, titles, 0.0)
    return None


def _texts(row: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]


def _spread(row: Sequence[Any], below: Sequence[str]) -> list[str]:
    """An upper tier with every text repeated over the empty cells to its right that something
    stands below of."""
    spread, last = [], ""
    for text, under in zip(_texts(row), below, strict=True):
        last = text or (last if under else "")
        spread.append(last)
    return spread


def _titles(rows: Sequence[Sequence[Any]], wording: Wording) -> tuple[list[str], list[str]]:
    """The heading of each column and, beside it, its tiers joined: an upper one spans the cells to
    its right.

    Where two columns have the same lowest heading (``姓名`` of the student, of the guardian), the
    tiers are joined.
    """
    lowest = _texts(rows[-1])
    titles, contexts = list(lowest), list(lowest)
    for row in reversed(rows[:-1]):
        own = _texts(row)
        for place, upper in enumerate(_spread(row, lowest)):
            if not titles[place]:
                titles[place] = contexts[place] = own[place]
            elif upper and upper != contexts[place]:
                contexts[place] = upper + contexts[place]
        lowest = [text or under for text, under in zip(own, lowest, strict=True)]
    often = {title for title in titles if title and titles.count(title) > 1}
    chosen = [
        context
        if title in often or (not wording.listed(title) and wording.listed(context))
        else title
        for title, context in zip(titles, contexts, strict=True)
    ]
    return chosen, contexts


def header_lines(sheet: Sheet, header_titles: Sequence[str], after: int) -> list[int]:
    """Lines below a header that are headers again: most of its headings stand in them, in whatever
    order."""
    wanted = {plain(title) for title in header_titles if title}
    hits = np.zeros(len(sheet.numbers), dtype=np.int32)
    for column in sheet.columns:
        titles = np.array(
            [isinstance(v, str) and plain(v) in wanted for v in column.distinct], dtype=bool
        )
        if titles.any():
            hits += titles[np.frombuffer(column.codes, dtype=np.int32)]
    lines = np.flatnonzero(hits >= max(2, 0.6 * len(wanted)))
    return [int(line) for line in lines if line > after]
