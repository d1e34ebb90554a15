"""What departments hand over: what intake asks, how rows were matched, what a clerk decides, which
version is in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from shouwang.cli import rooms
from shouwang.cli.options import (
    By,
    ByLogin,
    Department,
    DepartmentArgument,
    MonthArgument,
    MonthWithData,
    Township,
    Workbook,
    missing_months,
)
from shouwang.cli.terminal import app, command, commands, warn, working
from shouwang.core.month import Month

match = commands("match", "How rows were matched to the registry (信息比对).")
review = commands("review", "What matching left to a clerk (有待核实).")
versions = commands("versions", "Versions of what a department handed over for a month (版本).")


@command(app)
def questions(
    department: Department = None,
    answered: bool = typer.Option(False, "--answered", help="Those that have an answer, instead."),
) -> list[dict[str, Any]]:
    """List what intake could not be sure of: headings of held files, and values that lead to no
    code.

    A held file (待确认) is read on as soon as its questions are answered; nobody has to upload it
    again. A value that is not known keeps no row back: the rows are taken, and no rule that needs
    the value fires on them.
    """
    return rooms.asking.questions(department, answered)


@command(app, doing="Reading on")
def answer(
    number: int = typer.Argument(
        ..., metavar="ID", help="The question's number, from `shouwang questions`."
    ),
    candidate: str = typer.Argument(
        "", metavar="CANDIDATE", help="A candidate, its place in the list (1), or none."
    ),
    by: ByLogin = "",
    revoke: bool = typer.Option(False, "--revoke", help="Take the answer back instead."),
) -> dict[str, Any]:
    """Answer a question: what lies there is read on at once, and the answer is remembered for this
    department."""
    if revoke:
        done = rooms.asking.revoke_answer(number, by)
    else:
        done = rooms.asking.answer_question(number, candidate, by)
    return {**done, "revoked": revoke}


@command(match, "report")
def match_report(month: MonthWithData) -> dict[str, Any]:
    """How many rows were matched by which evidence, and how sure that is."""
    workspace = rooms.workspace.load_workspace()
    contracts = workspace.county.contracts.values()
    with workspace.database.read() as connection:
        methods = rooms.report.match_report(connection, contracts, Month.parse(month))
    return {"month": month, "methods": methods}


@command(review, "write", doing="Writing the review list")
def review_write(month: MonthWithData, township: Township = None) -> dict[str, Any]:
    """Write the list of rows that could not be decided, with up to three candidates side by side:
    the county's, or one township's own."""
    return rooms.deciding.write_review(month, township)


@command(review, "load")
def review_load(
    by: By, paths: list[Path] = typer.Argument(..., help="Review lists with the choices filled in.")
) -> list[dict[str, Any]]:
    """Remember a clerk's choices; `shouwang run MONTH` then matches those rows, in this and later
    months."""
    loaded = []
    for path in paths:
        with working(path.name):
            loaded.append(rooms.deciding.load_review(str(path), by))
    return loaded


@command(review, "list")
def review_list() -> list[dict[str, Any]]:
    """The decisions in force."""
    return rooms.deciding.list_decisions()


@command(review, "revoke")
def review_revoke(
    by: By,
    number: int = typer.Argument(..., help="The decision's number in `shouwang review list`."),
) -> dict[str, Any]:
    """Let a decision hold no longer; its rows are a review again after the next `shouwang run
    MONTH`."""
    return {**rooms.deciding.revoke_decision(number, by), "number": number}


@command(versions, "list")
def list_versions(month: MonthArgument, department: DepartmentArgument) -> list[dict[str, Any]]:
    """List every version of a department's month: when it came, of which files, and what became of
    its rows."""
    existing = rooms.versioning.versions(month, department)
    if not existing:
        nothing = missing_months([Month.parse(month)], "data")
        warn(nothing or f"{department} has handed over nothing for {month}.")
    return existing


@command(versions, "restore", doing="Restoring")
def restore(
    by: By,
    month: MonthArgument,
    department: DepartmentArgument,
    version: int = typer.Argument(..., help="The version that is to be in force."),
) -> dict[str, Any]:
    """Put an older version in force again and screen the month anew; it stays until other files
    come."""
    return rooms.versioning.restore_version(month, department, version, by)


@command(app)
def scorecard(department: Department = None, file: Workbook = None) -> list[dict[str, Any]]:
    """Show how each department has delivered, month by month (数据质量评分卡)."""
    return rooms.publishing.scorecard(department, None if file is None else str(file))
