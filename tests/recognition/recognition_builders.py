"""Tables of the made-up county under other headings: what recognition is tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from demo import make_county
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.county.settings import County
from shouwang.intake.sheets import Sheet, columns_of
from shouwang.intake.worker import open_file
from shouwang.recognition.cells import Registered
from shouwang.recognition.headers import Header
from shouwang.recognition.reading import read_files
from shouwang.recognition.recognise import locate

ROWS = 400
MONTH = Month(2026, 9)


@dataclass(frozen=True)
class World:
    """A department's cells by canonical column, and whom the registry knows."""

    tables: dict[str, dict[str, list[Any]]]
    people: pd.DataFrame
    registered: Registered


def make_world(folder: Path, county: County) -> World:
    """The tables of a made-up county, each cut to `ROWS` rows, with the columns that it does not
    write itself."""
    made = make_county(folder, households=500, months=[MONTH], seed=7, dirt=False)
    tables = {}
    for department, contract in county.contracts.items():
        [path] = (made.inbox / str(MONTH) / department).iterdir()
        tables[department] = _cells(path, contract)
    people = read_files([made.registry], county.registry).table
    tables["registry"] = _cells(made.registry, county.registry)
    _add_what_the_demo_lacks(tables)
    return World(tables, people, Registered.of(people))


def _cells(path: Path, contract: Contract) -> dict[str, list[Any]]:
    sheet = next(sheet for sheet in open_file(path).sheets if not sheet.hidden)
    header = locate(sheet, contract)
    assert header
    rows = slice(header.last_row + 1, header.last_row + 1 + ROWS)
    return {
        n: [sheet.columns[p].distinct[c] for c in sheet.columns[p].codes[rows]]
        for n, p in header.columns.items()
    }


def _add_what_the_demo_lacks(tables: dict[str, dict[str, list[Any]]]) -> None:
    chance = Random(5)
    medical = tables["medical_insurance"]
    count = len(medical["total"])
    paid = zip(
        *(medical[n] for n in ("pooled_paid", "serious_illness_paid", "assistance_paid")),
        strict=True,
    )
    medical["fund_total"] = [round(sum(map(float, three)), 2) for three in paid]
    medical["in_scope"] = [round(float(total) * 0.93, 2) for total in medical["total"]]
    medical["hospital_paid"] = [0.0] * count
    medical["other_paid"] = [0.0] * count
    medical["void_flag"] = [chance.choice(["否"] * 9 + ["是"]) for _ in range(count)]
    medical["valid_flag"] = ["否" if flag == "是" else "是" for flag in medical["void_flag"]]
    students = tables["education"]
    students["school_number"] = [f"G{number}" for number in students["id_number"]]
    civil = tables["civil_affairs"]
    civil["case_number"] = [f"D{chance.randrange(10**9):09d}" for _ in civil["name"]]
    water = tables["water"]
    water["fetch_metres"] = [chance.randrange(0, 1_500) for _ in water["name"]]
    water["fetch_height"] = [chance.randrange(0, 120) for _ in water["name"]]
    registry = tables["registry"]
    kinds = ["脱贫不稳定户", "边缘易致贫户", "突发严重困难户"]
    registry["monitored_type"] = [chance.choice(["", "", *kinds]) for _ in registry["name"]]
    registry["recognised_on"] = [f"2024{chance.randrange(1, 13):02d}" for _ in registry["name"]]
    registry["policy"] = [chance.choice(["是", "否"]) for _ in registry["name"]]


def trap_cells(kind: str, count: int, people: pd.DataFrame, chance: Random) -> list[Any]:
    """Cells of a column that must not be taken for one of ours."""
    others = people.sample(count, replace=True, random_state=chance.randrange(10**6))
    match kind:
        case "id_of_other":
            return others["id_number"].fillna("").tolist()
        case "name_of_other":
            return others["name"].fillna("").tolist()
        case "phone_of_other":
            return [f"13{chance.randrange(10**9):09d}" for _ in range(count)]
        case "money":
            return [round(chance.random() * 9_000, 2) for _ in range(count)]
        case "date":
            return [
                f"2026-0{chance.randrange(1, 10)}-{chance.randrange(10, 29)}" for _ in range(count)
            ]
        case "code_text":
            return [chance.choice(["甲类", "乙类", "丙类"]) for _ in range(count)]
        case "number_small":
            return [chance.randrange(1, 30) for _ in range(count)]
        case "running_number":
            return list(range(1, count + 1))
        case "account_number":
            return [f"6217{chance.randrange(10**15):015d}" for _ in range(count)]
        case "text":
            return [
                chance.choice(["信用社", "第一项目部", "中心所", "其他情况"]) for _ in range(count)
            ]
    return [""] * count


def sheet_of(columns: Sequence[tuple[str, Sequence[Any]]], order: Random | None = None) -> Sheet:
    """A sheet of one header row and the columns given, in any order."""
    columns = [*columns]
    if order:
        order.shuffle(columns)
    rows = [[title for title, _ in columns], *zip(*(cells for _, cells in columns), strict=True)]
    return Sheet("表.xlsx", "Sheet1", False, columns_of("表.xlsx", rows), range(1, len(rows) + 1))


def read_header(world: World, contract: Contract, sheet: Sheet) -> Header | None:
    """How a sheet is understood, beside the registry (itself, if it is one)."""
    return locate(
        sheet,
        contract,
        (lambda: None) if contract.department == "registry" else lambda: world.registered,
    )


def told(header: Header) -> Mapping[str, str]:
    """Canonical column → heading, as understood."""
    return {name: header.titles[place] for name, place in header.columns.items()}
