"""Seconds to screen a month whose rules look back over twelve months, and to try changed rules on
all twelve.

    python -m benchmarks.screening [HOUSEHOLDS] [--home FOLDER]      (default 40,000)

The made-up month is received once; the eleven months before are the same submissions with their
dates moved, their keys their own and their settlements given to other people, written straight into
the database. ``--home`` keeps the database there and uses it again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

MONTH, MONTHS = "2026-09", 12


def receive(home: Path, households: int) -> None:
    """Make the county and take in its month."""
    from demo.county import make_county
    from shouwang.core.month import Month
    from shouwang.submissions import handover

    with tempfile.TemporaryDirectory() as name:
        county = make_county(
            Path(name), households=households, months=(Month.parse(MONTH),), seed=1
        )
        os.environ["SHOUWANG_INBOX"] = str(county.inbox)
        handover.init()
        handover.load_registry(str(county.registry), str(Month.parse(MONTH) + (1 - MONTHS)))
        for department in handover.departments(MONTH):
            handover.receive(MONTH, department["department"])


def live_a_year() -> None:
    """Write the submissions of the eleven months before."""
    import sqlalchemy as sa

    from shouwang.core.month import Month
    from shouwang.store.database import frame, insert
    from shouwang.store.records import record_table
    from shouwang.store.tables import person, registry_load, submission, submission_row
    from shouwang.workspace.workspace import load_workspace

    workspace, last = load_workspace(), Month.parse(MONTH)
    with workspace.database.write() as connection:
        first = str(last + (1 - MONTHS))
        connection.execute(registry_load.update().values(as_of=first))
        connection.execute(person.update().values(from_month=first))
        known = frame(
            connection,
            sa.select(submission).where(submission.c.month == MONTH, submission.c.in_force),
        )
        for contract in workspace.county.contracts.values():
            one = known[known["department"] == contract.department].iloc[0]
            table, old = record_table(contract), one["submission_id"]
            lines, records = (
                frame(connection, sa.select(t).where(t.c.submission_id == old))
                for t in (submission_row, table)
            )
            for back in range(1, MONTHS):
                month = last + -back
                if not contract.due(month):
                    continue
                new = f"{back:02d}" + old[2:]
                moved, told = records.assign(submission_id=new), lines.assign(submission_id=new)
                for name, column in contract.columns.items():
                    if column.type == "date":
                        moved[name] = pd.to_datetime(moved[name]) - pd.DateOffset(months=back)
                for name in contract.key:
                    moved[name] = moved[name] + f"-{back}"
                    whose = ["household_id", "person_id"]
                    matched = told["outcome"] == "matched"
                    shifted = told.loc[matched, whose].sample(frac=1, random_state=back)
                    told.loc[matched, whose] = shifted.to_numpy()
                content = pd.DataFrame([one]).assign(submission_id=new, month=str(month))
                for name in ("files", "counts", "report"):
                    content[name] = content[name].map(json.dumps)
                insert(connection, submission, content)
                insert(connection, submission_row, told)
                insert(connection, table, moved)


def changed_rules(folder: Path) -> Path:
    """The county's rules with one threshold lowered and one rule added."""
    from shouwang.workspace.workspace import load_workspace

    text = (load_workspace().county_folder / "rules.yaml").read_text(encoding="utf-8")
    text = text.replace("{special: 6000, general: 10000}", "{special: 5000, general: 8000}", 1)
    added = """
  - code: MED-9
    title: 十二个月自付较高
    department: medical_insurance
    dataset: settlements
    risk: 因病
    basis: 测速
    responsible: 医保局
    valid: {from: 2021-01-01}
    unit: person
    period: {span: rolling, months: 12, date: settled}
    measure: {kind: sum, plus: [self_paid]}
    compare: ">="
    threshold: {all: 20000}
    shown_as: money
    sentence: "{office}：{person} 近 12 个月自付 {value} 元，{beyond} {threshold} 元"
"""
    path = folder / "changed.yaml"
    path.write_text(text.replace("\n# 家庭负担", added + "\n# 家庭负担", 1), encoding="utf-8")
    return path


def main() -> None:
    """Prepare the year, screen its last month, try changed rules on all of it."""
    parser = argparse.ArgumentParser(
        description="Screening and what-if over twelve months of records."
    )
    parser.add_argument("households", nargs="?", type=int, default=40_000)
    parser.add_argument("--home", type=Path, help="keep the database here and use it again")
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors", flush=True)
    with tempfile.TemporaryDirectory() as name:
        home = chosen.home or Path(name)
        os.environ["SHOUWANG_HOME"] = str(home)
        measure(home, Path(name), chosen.households)


def measure(home: Path, folder: Path, households: int) -> dict[str, Any]:
    """The figures."""
    from shouwang.core.month import Month
    from shouwang.registry.history import people_as_of
    from shouwang.screening.evaluate import screen
    from shouwang.screening.recorded import records_for
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.screening.trials import try_rules
    from shouwang.store.submissions import months_in_force
    from shouwang.workspace.workspace import load_workspace

    if not (home / "shouwang.db").exists():
        receive(home, households)
    workspace, last = load_workspace(), Month.parse(MONTH)
    contracts = workspace.county.contracts.values()
    first = last + (1 - MONTHS)
    with workspace.database.read() as connection:
        lived = months_in_force(connection, workspace.county.contracts["water"])
    if len(lived) < MONTHS:
        live_a_year()
    changed = changed_rules(folder)
    book = load_rulebook(workspace.county_folder, changed)
    figures: dict[str, Any] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        begun, spent = time.monotonic(), time.process_time()
        yield
        figures[what] = {
            "seconds": time.monotonic() - begun,
            "of processor": time.process_time() - spent,
        }
        print(
            f"{what:32s} {figures[what]['seconds']:7.1f} s, {figures[what]['of processor']:7.1f} s of processor",
            flush=True,
        )

    with workspace.database.read() as connection:
        with timed("read the registry"):
            people = people_as_of(connection, last)
        with timed("read the records"):
            records = records_for(connection, contracts, [book], [last])
    print(f"{len(people):,} people, {sum(map(len, records.values())):,} records", flush=True)
    with timed("screen"):
        found = screen(book, last, records, people)
    print(f"{len(found.signals):,} signals", flush=True)
    del people, records
    with timed("what-if of twelve months"), workspace.database.read() as connection:
        trial = try_rules(connection, workspace, changed, Month.span(first, last))
    print(f"{trial.warnings['then'].notna().sum():,} warnings then", flush=True)
    return figures


if __name__ == "__main__":
    main()
