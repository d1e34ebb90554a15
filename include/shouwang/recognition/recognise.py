"""One sheet → its `Header`: where the table begins and which column is which."""

from __future__ import annotations

from typing import Any

from shouwang.core.errors import FileRefused
from shouwang.county.contract import Contract
from shouwang.intake.names import shown
from shouwang.intake.sheets import Sheet
from shouwang.recognition.columns import People, choose
from shouwang.recognition.headers import (
    SEARCHED_ROWS,
    Header,
    Place,
    find_header,
    last_row_of,
    texts_of,
)
from shouwang.recognition.units import MONEY, factor_of_heading, units_of_notes
from shouwang.recognition.words import Wording


def nobody() -> None:
    """Where there is no registry to ask."""


def locate(sheet: Sheet, contract: Contract, people: People = nobody) -> Header | None:
    """The header of a sheet, or None if it holds no table of this contract.

    ``people`` gives the registry; it is asked only where words do not settle which column is which.
    Raises `FileRefused` when the unit of its amounts cannot be told.
    """
    wording = Wording(contract)
    rows = sheet.head(SEARCHED_ROWS + 10)
    place = find_header(rows, contract, wording)
    if place is None:
        return None
    last, units = last_row_of(rows, place)
    chosen = choose(sheet, last + 1, place.titles, place.contexts, contract, wording, people)
    required = sum(column.required for column in contract.columns.values())
    silent = not any(wording.listed(t) or wording.scores(t) for t in place.titles if t)
    if chosen.missing and len(chosen.columns) * 2 < required and not silent:
        return None
    taken = {*chosen.columns.values(), *(p for places in chosen.added.values() for p in places)}
    asked = {question.heading for question in chosen.questions}
    ignored = tuple(
        t for p, t in enumerate(place.titles) if t and p not in taken and t not in asked
    )
    return Header(
        first_row=place.first,
        last_row=last,
        titles=tuple(place.titles),
        columns=chosen.columns,
        factors=_factors(sheet, rows[: place.first], place, units, chosen.columns, contract),
        added=chosen.added,
        evidence=chosen.evidence,
        guesses=chosen.guesses,
        ignored=ignored,
        missing=chosen.missing,
        questions=chosen.questions,
        above=frozenset(texts for row in rows[: last + 1] if (texts := texts_of(row))),
    )


def columns_missing(sheet: Sheet, header: Header, contract: Contract) -> FileRefused:
    """The refusal of a sheet that lacks required columns: which, how they may be called, and what
    was seen."""
    wanted = "；".join(
        f"“{contract.columns[m].wordings[0]}”（认得的写法：{'、'.join(contract.columns[m].wordings)}）"
        for m in header.missing
    )
    seen = "、".join(t for t in header.titles if t)
    return FileRefused(
        "missing_column",
        f"文件“{shown(sheet.file)}”{sheet_words(sheet)}缺少必需的列：{wanted}。表头里看到的是：{seen}。请补上后重新上传。",
    )


def sheet_words(sheet: Sheet) -> str:
    """How a message names a sheet; a text file has none."""
    return f"工作表“{sheet.name}”" if sheet.name else ""


def _factors(
    sheet: Sheet,
    above: list[list[Any]],
    place: Place,
    units: list[Any],
    columns: dict[str, int],
    contract: Contract,
) -> dict[str, float]:
    """The unit of each column of numbers: its heading's own, else the tiers' above, the row's
    below, the note's above."""
    notes = units_of_notes(cell for row in above for cell in row if cell)
    money = [name for name in columns if contract.columns[name].type == "yuan"]
    factors: dict[str, float] = {}
    unclear = False
    for name, where in columns.items():
        column = contract.columns[name]
        own = [
            factor_of_heading(text, column) for text in (place.titles[where], place.contexts[where])
        ]
        if units and units[where]:
            own.append(factor_of_heading(f"({units[where]})", column))
        factor = next((one for one in own if one is not None), None)
        if factor is None and name in money and notes:
            unclear |= len(notes) > 1
            factor = MONEY[next(iter(notes))]
        factors[name] = 1.0 if factor is None else factor
    if unclear:
        raise FileRefused(
            "unit",
            f"文件“{shown(sheet.file)}”{sheet_words(sheet)}表头上方写了不止一种金额单位（{'、'.join(sorted(notes))}），"
            "分不清各列用哪一种。请在各列表头的括号里写明单位后重新上传。",
        )
    return {name: factor for name, factor in factors.items() if factor != 1.0}
