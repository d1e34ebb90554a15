"""A month's clues from what is there, and its figures."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import sqlalchemy as sa

from shouwang.arriving import receiving
from shouwang.errors import NotThereYet
from shouwang.house import House, open_house
from shouwang.month import Month
from shouwang.steps.arriving import settled
from shouwang.store import deliveries
from shouwang.store.audit import audit
from shouwang.store.tables import run

SCREENING = "1"
"""Raised when the same records would be screened otherwise than before."""


def screen(month: str) -> dict[str, Any]:
    """Signals and warnings of a month from what is there, and the ledger that follows; counts only."""
    from shouwang.casework.keeping import keep_ledger
    from shouwang.casework.reports import reported
    from shouwang.recorded import screen_month
    from shouwang.registry.history import load_in_force
    from shouwang.screening.rulebook import load_rulebook

    house, of = open_house(), Month.parse(month)
    contracts = house.county.contracts.values()
    book = load_rulebook(house.county_folder, contracts=house.county.every_contract)
    missing = settled(month)["missing"]
    first = book.first_month(of)
    with house.database.write() as connection:
        looked_at = deliveries.looked_at(connection, first, of)
        inputs = {"registry": load_in_force(connection, of), "since": str(first), "deliveries": looked_at}
        if reports := [*reported(connection, of)["content"]]:
            inputs["reports"] = reports
        if not any(d not in missing for d in [c.department for c in contracts if c.due(of)]):
            raise NotThereYet(f"Nothing has been received for {month}; run `shouwang receive {month}` first.")
        said = json.dumps(
            [SCREENING, book.model_dump(mode="json"), str(of), inputs, missing], sort_keys=True, default=str
        )
        print_ = hashlib.sha256(said.encode()).hexdigest()[:16]
        if connection.scalar(sa.select(run.c.fingerprint).where(run.c.month == month)) != print_:
            found = screen_month(connection, contracts, book, of, receiving.registry_of(house, of))
            connection.execute(run.delete().where(run.c.month == month))
            now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
            connection.execute(
                run.insert().values(
                    month=month, fingerprint=print_, screened_at=now, inputs=inputs, missing=missing,
                    parameters={**found.parameters, "silent": found.silent},
                )
            )  # fmt: skip
            audit(connection, "screened", "month", "shouwang", month=month, warnings=len(found.warnings))
            keep_ledger(connection, house.county.settings)
    before = of + -1
    with house.database.read() as connection:
        screened = connection.scalar(sa.select(run.c.month).where(run.c.month == str(before))) is not None
    return {**month_figures(house, of), "before": month_figures(house, before) if screened else None}


def month_figures(house: House, month: Month) -> dict[str, Any]:
    """Clues of a month: to visit by level and township, new, repeated and supplement, departments not there."""
    from shouwang.townships.releasing import month_warnings

    with house.database.read() as connection:
        warned = month_warnings(connection, month)
        force = deliveries.in_force(connection, month)
        used = connection.scalar(sa.select(run.c.parameters).where(run.c.month == str(month)))
    told = {department: known["report"].get("warnings", ()) for department, known in force.items()}
    titles = {c.department: c.title for c in house.county.contracts.values()}
    state = settled(str(month))
    visit = warned[warned["state"] != "repeated"]
    states = warned["state"].value_counts()
    townships = {
        str(name): {str(level): int(count) for level, count in rows["level"].value_counts().items()}
        for name, rows in visit.groupby("township", sort=True)
    }
    return {
        "month": str(month),
        "households": len(warned),
        "levels": {level: int((visit["level"] == level).sum()) for level in ("红", "黄", "蓝")},
        "townships": townships,
        **{name: int(states.get(name, 0)) for name in ("new", "repeated", "supplement")},
        "missing": [titles[d] for d in state["missing"]],
        "refused": [titles[d] for d in state["refused"]],
        "warnings": [
            *(f"{titles[d]}：{said}" for d in titles for said in told.get(d, ())),
            *(used or {}).get("silent", ()),
        ],
    }


def month_table(month: str) -> dict[str, Any]:
    """What `run` prints: rows by department, clues by level and township."""
    house, of = open_house(), Month.parse(month)
    with house.database.read() as connection:
        force, last = deliveries.in_force(connection, of), deliveries.latest(connection, of)
    names = ("rows", "matched", "review", "unmatched", "rejected", "duplicate", "void")
    rows = []
    for contract in house.county.contracts.values():
        if not contract.due(of):
            continue
        known = force.get(contract.department)
        newest = last.get(contract.department)
        counts = {name: (known or {"counts": {}})["counts"].get(name) for name in names}
        if known:
            counts["accepted"] = counts["matched"] + counts["review"] + counts["unmatched"]
        state = newest["status"] if newest else ""
        waiting = {deliveries.REFUSED: "refused", deliveries.HELD: "held"}.get(state)
        rows.append({
            "department": contract.department, "dataset": contract.dataset, "title": contract.title, **counts,
            "status": waiting or ("in force" if known else "missing"),
            "version": known["version"] if known else None, "message": newest["refusal"] if waiting and newest else None,
        })  # fmt: skip
    held = [row["title"] for row in rows if row["status"] == "held"]
    return {"departments": rows, "held": held, **month_figures(house, of), "outdated": outdated(house)}


def outdated(house: House) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be screened again."""
    with house.database.read() as connection:
        return deliveries.outdated(connection)
