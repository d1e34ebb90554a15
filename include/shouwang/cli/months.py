"""A month by hand: the registry, screening, release, what was sent, the papers beside the lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from shouwang.cli import rooms
from shouwang.cli.options import (
    By,
    Department,
    MonthArgument,
    MonthOption,
    MonthWithData,
    Township,
    missing_months,
)
from shouwang.cli.terminal import app, command, commands, progress, warn, working
from shouwang.core.month import Month

registry = commands("registry", "The household registry (农户信息表).")


@command(app, doing="Preparing the database")
def init() -> dict[str, Any]:
    """Create the database, or bring it to this version's tables; safe to run again."""
    return rooms.handover.init()


@command(app)
def counties(month: MonthOption = None) -> dict[str, Any]:
    """List the counties of this deployment, and how far each is with a month; without --month, with
    the one handed over now."""
    shown = Month.parse(month) if month else rooms.prefecture.month_now()
    progresses = (
        rooms.prefecture.county_month(key, shown) for key in rooms.counties.county_folders()
    )
    return {"month": str(shown), "counties": [county.summary for county in progresses]}


@command(registry, "load", doing="Loading the registry")
def registry_load(
    file: Path = typer.Argument(..., help="The registry workbook, one row a person."),
    as_of: str = typer.Option(
        ..., "--as-of", help="The month from which it holds, for example 2026-07."
    ),
) -> dict[str, Any]:
    """Load a registry snapshot as of a month; earlier months keep what was said before."""
    month = str(Month.parse(as_of))
    return {**rooms.handover.load_registry(str(file), month), "as_of": month, "file": file.name}


@command(registry, "check", doing="Checking the registry")
def registry_check(month: MonthArgument, by: By) -> dict[str, Any]:
    """List what of the registry does not fit together (数据清洗), for the county and each township;
    changes nothing.

    The townships' lists are sealed and go out with the next `shouwang send`; one that says nothing
    new is not sent again.
    """
    return rooms.publishing.check_registry(month, by)


def _receive(month: str, department: str | None, again: bool = False) -> None:
    for entry in rooms.handover.departments(None if department else month):
        name = entry["department"]
        if department not in (None, name):
            continue
        inbox = rooms.workspace.load_workspace().inbox_of(month, name)
        if not rooms.files.find_files(inbox):
            if not (entry["cadence"] or department):
                continue  # nobody waits for it
            progress.print(f"{name}: nothing in {inbox}", markup=False)
            continue
        with working(f"{entry['title']} {name}"):
            reference = rooms.handover.receive(month, name, again)
        for passed in reference.get("passed_over", ()):
            warn(f"{name}: {passed} answers a version that was replaced since; passed over")
        if reference["status"] in ("refused", "held"):
            progress.print(reference["message"], style="red", markup=False)


def _table(month: str) -> dict[str, Any]:
    return rooms.monthly.month_table(month)


UNFINISHED = "missing refused held"


@command(app, incomplete=UNFINISHED)
def receive(
    month: MonthArgument,
    department: Department = None,
    again: bool = typer.Option(False, "--again", help="Judge a file anew that was refused before."),
) -> dict[str, Any]:
    """Take in, validate and match what lies in the inbox; a file that is already in force is passed
    over.

    Each department gets a receipt in OUTBOX/<month>/departments/<department>/. A refused file is
    not a crash: the older version stays in force, the reason is printed and stands on the receipt,
    and the exit status is 3.
    """
    _receive(month, department, again)
    return _table(month)


@command(app, incomplete=UNFINISHED)
def screen(month: MonthArgument) -> dict[str, Any]:
    """Find the month's clues: signals by the rules, a level for each household, cases in the
    ledger."""
    with working("Screening"):
        rooms.monthly.screen(month)
    return _table(month)


@command(app, incomplete=UNFINISHED)
def run(month: MonthArgument) -> dict[str, Any]:
    """Receive and screen a month, and print a summary; ends with 3 if a department is refused, held
    or missing."""
    _receive(month, None)
    if any(entry["version"] for entry in _table(month)["departments"]):
        with working("Screening"):
            rooms.monthly.screen(month)
    else:
        warn(f"No department's file is in force for {month}; nothing to screen.")
    return _table(month)


@command(app, doing="Lists", failed="failed")
def release(
    month: MonthArgument,
    by: By,
    hold_back: list[str] | None = typer.Option(
        None, "--hold-back", metavar="TOWNSHIP", help="Not this one's, until it is lifted."
    ),
    reason: str = typer.Option("", "--reason", help="Why townships are held back; goes on record."),
    lift: list[str] | None = typer.Option(
        None, "--lift", metavar="TOWNSHIP", help="This one is held back no longer."
    ),
) -> dict[str, Any]:
    """Write and hand out the township workbooks; what has gone out is not sent again, only what is
    new since.

    Each is sent by its township's channel (county.yaml), under its password (`shouwang secrets
    show`). A township that is held back (here or on the board) stays held until `--lift`. Who
    releases stands on every list.
    """
    return {**rooms.releasing.release(month, by, hold_back, reason, lift or ()), "month": month}


@command(app, doing="Sending", failed="failed")
def send(month: MonthArgument, township: Township = None) -> dict[str, Any]:
    """Send what was released and has not been sent, each file once; a township that fails does not
    hold up the others."""
    warn(missing_months([Month.parse(month)], "lists"))
    return rooms.releasing.send(month, township)


@command(app)
def sent(month: MonthArgument) -> list[dict[str, Any]]:
    """Prove what was sent: when, by which channel, the file's fingerprint (SHA-256), what the other
    side answered."""
    warn(missing_months([Month.parse(month)], "lists"))
    with rooms.workspace.load_workspace().database.read() as connection:
        return rooms.dispatching.proof(connection, Month.parse(month))


@command(app, doing="Writing the bulletin")
def bulletin(
    month: MonthArgument,
    months: int = typer.Option(
        1, "--months", help="How many months it covers: 1, or 2 (双月通报)."
    ),
) -> dict[str, Any]:
    """Write the bulletin (通报): counts, tables and charts without persons, as .docx to edit."""
    return rooms.publishing.write_bulletin(month, months)


@command(app, doing="Writing results")
def results(month: MonthWithData, department: Department = None) -> list[dict[str, Any]]:
    """Tell departments what became of their rows (结果反馈), a workbook each."""
    all_departments = [entry["department"] for entry in rooms.handover.departments(month)]
    names = [department] if department else all_departments
    return [rooms.publishing.write_results(month, name) for name in names]


@command(app)
def export(
    kind: str = typer.Argument(..., help="matches, rejects, signals, warnings or cases"),
    month: str = typer.Option(..., "--month", help="The data month, for example 2026-09."),
    file: Path = typer.Option(..., "--out", help="The CSV file to write."),
) -> dict[str, Any]:
    """Write a table as CSV (UTF-8) for other tools."""
    exported = Month.parse(month)
    with rooms.workspace.load_workspace().database.read() as connection:
        rows = rooms.exporting.export(connection, kind, exported)
    rooms.exporting.write_csv(rows, file)
    warn(missing_months([exported], "data" if kind in ("matches", "rejects") else "clues"))
    return {"kind": kind, "rows": len(rows), "file": str(file)}
