"""Headings that nobody has listed: three collections of how systems and clerks word them, and what
stands beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import yaml
from recognition_builders import World, read_header, sheet_of, told, trap_cells

from shouwang.county.contract import Contract
from shouwang.county.settings import County
from shouwang.recognition.words import plain

HERE = Path(__file__).parent
COLLECTIONS, TRAPS = (
    {
        name: yaml.safe_load((HERE / f"{what}{name}.yaml").read_text("utf-8"))
        for name in ("", "_2", "_3")
    }
    for what in ("headings", "traps")
)
TRAPS_A_TABLE = 8


@dataclass
class Tally:
    """What became of the columns of many tables."""

    required: int = 0
    recognised: int = 0
    wrong: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    asked_right: int = 0


def tally(world: World, contract: Contract, collection: str) -> Tally:
    """Write a table under the first of all headings, then under the second of all, and so on, with
    traps beside them."""
    found, department = Tally(), contract.department
    headings, traps = COLLECTIONS[collection][department], TRAPS[collection][department]
    table = world.tables[department]
    for turn in range(max(map(len, headings.values()))):
        chance = Random(turn)
        names = [n for n in contract.columns if n in table and n in headings]
        if turn % 2:
            names = [n for n in names if contract.columns[n].required or chance.random() < 0.6]
        wanted = {n: headings[n][turn % len(headings[n])] for n in names}
        columns = [(wanted[n], table[n]) for n in names]
        rows = len(columns[0][1])
        for title in chance.sample(sorted(traps), TRAPS_A_TABLE):
            if title not in wanted.values():
                columns.append((title, trap_cells(traps[title], rows, world.people, chance)))
        header = read_header(world, contract, sheet_of(columns, chance))
        assert header, (department, turn)
        chosen, asked = (
            told(header),
            {question.column: question.heading for question in header.questions},
        )
        found.wrong += [f"{n}: {chosen[n]}" for n in chosen if chosen[n] != wanted.get(n)]
        for name in (n for n in names if contract.columns[n].required):
            found.required += 1
            found.recognised += chosen.get(name) == wanted[name]
            if name not in chosen:
                found.open.append(f"{name}: {wanted[name]} (asked: {asked.get(name)})")
                found.asked_right += asked.get(name) == wanted[name]
    return found


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_unlisted_headings_are_recognised_and_none_is_taken_for_another(
    collection: str, world: World, contracts: dict[str, Contract]
) -> None:
    tallies = [tally(world, contract, collection) for contract in contracts.values()]
    assert [wrong for one in tallies for wrong in one.wrong] == []
    required = sum(one.required for one in tallies)
    left = [heading for one in tallies for heading in one.open]
    assert sum(one.recognised for one in tallies) >= 0.97 * required, left
    assert sum(one.asked_right for one in tallies) >= 0.95 * len(left), left


def test_the_headings_are_many_and_listed_nowhere(
    county: County, contracts: dict[str, Contract]
) -> None:
    vocabulary = yaml.safe_load((county.folder / "vocabulary.yaml").read_text("utf-8"))
    listed = {plain(word) for words in vocabulary["lists"].values() for word in words} | set(
        vocabulary["empty"]
    )
    count = traps = 0
    for collection, by_department in COLLECTIONS.items():
        for department, columns in by_department.items():
            known = {
                plain(w)
                for column in contracts[department].columns.values()
                for w in column.wordings
            }
            for name, headings in columns.items():
                assert len(headings) >= 8
                assert not [h for h in headings if plain(h) in known], (department, name)
                count += len({plain(h) for h in headings} - listed)
            traps += len(TRAPS[collection][department])
    assert count >= 300
    assert traps >= 60


@pytest.mark.parametrize(
    "department", ["medical_insurance", "civil_affairs", "education", "housing", "water"]
)
def test_without_any_words_cells_and_registry_tell_or_it_is_asked(
    department: str, world: World, contracts: dict[str, Contract]
) -> None:
    contract, table = contracts[department], world.tables[department]
    for turn in range(3):
        names = [n for n in contract.columns if n in table]
        Random(turn).shuffle(names)
        titles = {name: f"列{place}" for place, name in enumerate(names, 1)}
        header = read_header(world, contract, sheet_of([(titles[n], table[n]) for n in names]))
        assert header
        chosen = told(header)
        assert {n: title for n, title in chosen.items() if title != titles[n]} == {}
        asked = {question.column for question in header.questions}
        required = {n for n, column in contract.columns.items() if column.required}
        assert required <= chosen.keys() | asked
        assert {"name", "township", "id_number"} & required <= chosen.keys()


@pytest.mark.parametrize("turn", range(4))
def test_order_and_strange_columns_change_nothing_but_to_a_question(
    turn: int, world: World, contracts: dict[str, Contract]
) -> None:
    chance = Random(turn)
    for department, contract in contracts.items():
        table, headings = world.tables[department], COLLECTIONS[""][department]
        names = [n for n in contract.columns if n in table]
        columns = [(headings[n][turn], table[n]) for n in names]
        before = read_header(world, contract, sheet_of(columns))
        assert before
        rows = list(range(len(columns[0][1])))
        chance.shuffle(rows)
        mixed = [(title, [cells[row] for row in rows]) for title, cells in columns]
        shuffled = read_header(world, contract, sheet_of(mixed, chance))
        assert shuffled
        assert told(shuffled) == told(before), department
        kind = chance.choice(["text", "money", "date", "number_small", "account_number", "blank"])
        strange = ("其他事项说明", trap_cells(kind, len(rows), world.people, chance))
        beside = read_header(world, contract, sheet_of([*columns, strange], chance))
        assert beside
        right = dict(zip(names, (title for title, _ in columns), strict=True))
        assert {n: t for n, t in told(beside).items() if t != right[n]} == {}, department
