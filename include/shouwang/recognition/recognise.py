"""One sheet → its `Header`: where the table begins and which column is which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shouwang.core.errors import FileRefused
from shouwang.county.contract import Contract
from shouwang.intake.names import shown
from shouwang.intake.sheets import Sheet
from shouwang.recognition.cells import Sampled
from shouwang.recognition.columns import People, Question, choose, samples_of
from shouwang.recognition.headers import (
    SEARCHED_ROWS,
    Header,
    Place,
    find_header,
    last_row_of,
    texts_of,
)
from shouwang.recognition.units import (
    kind_of,
    other_units,
    units_in,
    units_of_heading,
    units_of_notes,
)
from shouwang.recognition.words import Wording, plain


def nobody() -> None:
    """Where there is no registry to ask."""


def locate(sheet: Sheet, contract: Contract, people: People = nobody) -> Header | None:
    """The header of a sheet, or None if it holds no table of this contract.

    ``people`` gives the registry; it is asked only where words do not settle which column is which.
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
    header = Header(
        first_row=place.first,
        last_row=last,
        titles=tuple(place.titles),
        columns=chosen.columns,
        added=chosen.added,
        evidence=chosen.evidence,
        guesses=chosen.guesses,
        ignored=ignored,
        missing=chosen.missing,
        questions=chosen.questions,
        above=frozenset(texts for row in rows[: last + 1] if (texts := texts_of(row))),
    )
    factors, asked_of_units = _factors(sheet, rows[: place.first], place, units, header, contract)
    return replace(header, factors=factors, questions=(*chosen.questions, *asked_of_units))


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
    header: Header,
    contract: Contract,
) -> tuple[dict[str, float], list[Question]]:
    """The unit of each column of numbers: its heading's and the row's below, else the tiers' above,
    the note's above; and a question where two are possible and no clerk has said which."""
    answered = {plain(heading): unit for heading, unit in contract.units.items()}
    factors: dict[str, float] = {}
    questions: list[Question] = []

    def settle(names: list[str], heading: str, possible: Sequence[str]) -> None:
        column = contract.columns[names[0]]
        unit = answered.get(plain(heading)) or (possible[0] if len(possible) == 1 else None)
        if unit is None:
            cells = Sampled.of(sheet.columns[header.columns[names[0]]], header.last_row + 1)
            asked = Question("unit", names[0], heading, "", tuple(possible), samples_of(cells))
            questions.append(asked)
            return
        factors.update(dict.fromkeys(names, next(iter(units_in(unit, kind_of(column) or "")))))

    said: dict[tuple[str, ...], list[str]] = {}
    for name, where in header.columns.items():
        if (kind := kind_of(contract.columns[name])) is None:
            continue
        own = units_of_heading(place.titles[where], kind)
        own |= units_in(plain(units[where]), kind) if units and units[where] else {}
        own = own or units_of_heading(place.contexts[where], kind)
        said.setdefault(tuple(own.values()), []).append(name)
    unsaid = said.pop((), [])
    for named, names in said.items():
        settle(names, "单位：" + "、".join(named), named)
    money = [name for name in unsaid if contract.columns[name].type == "yuan"]
    notes = sorted(units_of_notes(cell for row in above for cell in row if cell))
    if money and notes:
        settle(money, "单位：" + "、".join(notes), notes)
    done = set(money if notes else ())
    for name in unsaid:
        title = place.titles[header.columns[name]]
        cells = Sampled.of(sheet.columns[header.columns[name]], header.last_row + 1)
        possible = other_units(cells, contract.columns[name])
        if name not in done and (possible or plain(title) in answered):
            others = [n for n in money if n != name] if name in money else []
            settle([name, *others], title, possible)  # one table has its amounts in one unit
            done |= {name, *others}
    return {name: factor for name, factor in factors.items() if factor != 1.0}, questions
