"""A whole county on disk: registry, inbox and truth, from a seed."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from demo.added import certificates, disasters
from demo.census import Census
from demo.dirt import expected, soil
from demo.forms import FORMS
from demo.layouts import KINDS, ONE_TABLE, choose, neat
from demo.ledgers import Roster, dwellings, students, supplies
from demo.medical import settlements
from demo.people import make_people
from demo.writing import write_export, write_registry
from shouwang.core.month import Month

MANY = 10_000
"""From so many households on, the files are written by two processes."""

SHEET_ROWS = 1_048_576
"""So many rows a sheet of Excel holds; a registry with more people is written as csv."""

EDUCATION_MONTHS = (3, 9)

Written = tuple[Month, str, str, pd.DataFrame, Future[pd.DataFrame]]
"""Month, department and name of a file, its rows, and the places that they will have got in it."""


@dataclass(frozen=True)
class DemoCounty:
    """Where a made-up county lies, and how much there is of it; ``rows`` by month."""

    folder: Path
    registry: Path
    inbox: Path
    truth: Path
    months: tuple[Month, ...]
    townships: tuple[str, ...]
    households: int
    people: int
    rows: dict[Month, int]


def make_county(
    folder: Path,
    *,
    households: int = 40_000,
    months: Sequence[Month] = (Month(2026, 9),),
    seed: int = 1,
    dirt: bool = True,
    added: bool = False,
) -> DemoCounty:
    """Write a county below ``folder``: ``registry/``, ``inbox/<month>/<department>/`` and
    ``truth/``.

    The same arguments give the same cells. ``dirt=False`` leaves out every damage and every odd
    layout; ``added=True`` adds the exports of 应急管理局 and 残联 (docs/examples/departments). At
    least 20 households are needed, or `ValueError` is raised. From `MANY` households on two
    processes write the files: a script that calls this then needs the usual ``if __name__ ==
    "__main__":``.
    """
    if households < 20:
        raise ValueError(f"A county needs at least 20 households; {households} were asked for.")
    months = sorted(set(months))
    people = make_people(households, seed, months[0].first)
    registry = folder / "registry" / f"农户信息表.{'xlsx' if len(people) < SHEET_ROWS else 'csv'}"
    inbox, truth = folder / "inbox", folder / "truth"
    registry.parent.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    census = Census(people)
    written: list[Written] = []
    with _writers(households) as pool:
        book = pool.submit(write_registry, registry, people)
        for month, department, clean in _world(people, months, seed, added):
            rng = np.random.default_rng(
                [seed, 10, month.year, month.number, list(FORMS).index(department)]
            )
            rows = expected(clean, department, census)
            layout = choose(department, len(rows), rng) if dirt else neat(department)
            if dirt:
                rows = soil(rows, department, census, layout.kind not in ONE_TABLE, rng)
            else:
                rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
            path = (
                inbox
                / str(month)
                / department
                / f"{month.chinese}{FORMS[department].title}.{KINDS[layout.kind]}"
            )
            job = pool.submit(write_export, path, rows, department, month, layout, seed)
            written.append((month, department, path.name, rows, job))
        records, identities = _truth(people, written)
        book.result()
    townships = tuple(dict.fromkeys(people["township"]))
    records.to_csv(truth / "records.csv", index=False)
    identities.to_csv(truth / "identities.csv", index=False)
    facts = {
        "seed": seed,
        "households": households,
        "people": len(people),
        "townships": list(townships),
        "months": [str(m) for m in months],
    }
    (truth / "county.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    counted = {month: int((records["month"] == str(month)).sum()) for month in months}
    return DemoCounty(
        folder, registry, inbox, truth, tuple(months), townships, households, len(people), counted
    )


def _writers(households: int) -> Executor:
    """Two processes for a large county; starting them is not worth it for a small one."""
    if households < MANY:
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def _world(
    people: pd.DataFrame, months: Sequence[Month], seed: int, added: bool = False
) -> Iterator[tuple[Month, str, pd.DataFrame]]:
    """The clean rows of every department and month, in the order of time."""
    roster = Roster(people, months[0], seed)
    before: pd.DataFrame | None = None
    for month in months:
        rng = np.random.default_rng([seed, 2, month.year, month.number])
        before = settlements(people, month, before, rng)
        shuffled = before.iloc[rng.permutation(len(before))].reset_index(drop=True)
        yield month, "medical_insurance", shuffled
        yield month, "civil_affairs", roster.of(month)
        if month.number in EDUCATION_MONTHS:
            yield month, "education", students(people, month, seed)
        yield month, "housing", dwellings(people, month, seed)
        yield month, "water", supplies(people, month, seed)
        if added:
            yield month, "emergency", disasters(people, month, seed)
            yield month, "disabled", certificates(people, month, seed)


def _truth(people: pd.DataFrame, written: list[Written]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is expected of every row, and every identity as it was written."""
    records, identities = [], []
    for month, department, file, rows, job in written:
        place = job.result()
        where = place.assign(month=str(month), department=department, file=file)[
            ["month", "department", "file", "sheet", "row"]
        ]
        known = (rows["person"] >= 0) & (rows["spoil"] != "no identity")
        person = people.loc[rows["person"].clip(lower=0)].reset_index(drop=True)
        subject = {
            "household": person["household_id"].where(known, ""),
            "person_id": person["id_number"].where(known, ""),
        }
        records.append(where.assign(expect=rows["expect"], **subject, defect=rows["defect"]))
        number = [f"{n:.0f}" if isinstance(n, float) else n for n in rows["written_id"]]
        village, phone = rows.get("village", ""), rows.get("phone", "")
        identities.append(
            where.assign(
                name=rows["written_name"],
                id=number,
                town=rows["township"],
                village=village,
                phone=phone,
            )
        )
    return pd.concat(records, ignore_index=True), pd.concat(identities, ignore_index=True)
