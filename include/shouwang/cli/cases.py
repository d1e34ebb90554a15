"""The ledger (线索台账), and what townships send back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from shouwang.cli import rooms
from shouwang.cli.options import By, CaseId, CaseTownship, OnDay, SentBy, State, day, township
from shouwang.cli.terminal import app, command, commands, working

case = commands("case", "Cases (线索台账): stories, lists, removals.")
feedback = commands("feedback", "What townships found (核查结果).")
returns = commands("returns", "Filled-in workbooks that come back (报回).")
papers = commands("papers", "Papers that are made when somebody asks for them.")


@command(case)
def show(key: CaseId) -> dict[str, Any]:
    """Tell a household's story on one screen: clues, what was sent or kept silent and why, answers,
    what is next."""
    return rooms.following.case_story(key)


@command(case, "list")
def list_cases(
    state: State = None,
    township: CaseTownship = None,
    late: bool = typer.Option(
        False, "--overdue", help="Only those on the supervision list (督办)."
    ),
    on: OnDay = None,
) -> list[dict[str, Any]]:
    """List cases as of a day, the longest overdue first."""
    return rooms.following.list_cases(on, state, township, "overdue" if late else "all")


@command(app)
def overdue(
    on: OnDay = None,
    due: bool = typer.Option(
        False, "--due", help="Instead, whom to remind: what is due that very day."
    ),
    township: CaseTownship = None,
) -> list[dict[str, Any]]:
    """List what went out and was not answered in time (督办名单), or what is due on the day
    (提醒)."""
    return rooms.following.list_cases(on, None, township, "due" if due else "overdue")


@command(case)
def remove(
    by: By,
    clue: str = typer.Argument(..., help="The clue number of a household that is being helped."),
    on: str = typer.Option(
        ..., "--on", metavar="DATE", callback=day, help="From when the risk is removed, YYYY-MM-DD."
    ),
    measure: str | None = typer.Option(
        None, "--measure", help="A measure that is not on record yet."
    ),
) -> dict[str, Any]:
    """Call a household's risk removed (风险消除): not before 6 months after recognition, nor
    without a measure."""
    return rooms.following.remove_risk(clue, by, on, measure)


@command(case)
def form(
    township: str = typer.Option(..., "--township", callback=township, help="For which township."),
) -> dict[str, Any]:
    """Write the form for what farmers report, officers find, and risks called removed; `feedback
    load` reads it back."""
    return rooms.following.write_case_form(township)


@command(feedback, "load", incomplete="refused")
def feedback_load(
    paths: list[Path] = typer.Argument(..., help="Filled-in workbooks of townships."),
    township: SentBy = None,
) -> list[dict[str, Any]]:
    """Read filled-in workbooks back: every row is taken, or answered in a receipt; a refused file
    ends with status 3."""
    loaded = []
    for path in paths:
        with working(path.name):
            loaded.append(rooms.following.load_feedback(str(path), township))
    return loaded


@command(returns, "collect", doing="Collecting", failed="unreachable failed")
def returns_collect() -> dict[str, Any]:
    """Read the filled-in workbooks that came back by the channels, each once; whoever sent one gets
    a receipt."""
    return rooms.following.collect_returns()


@command(returns, "held")
def returns_held() -> list[dict[str, Any]]:
    """List the workbooks that came back and wait for a clerk to say whose they are: `feedback load
    FILE --from TOWNSHIP`."""
    with rooms.workspace.load_workspace().database.read() as connection:
        return rooms.collecting.held(connection)


@command(papers, doing="Supervision list", failed="failed")
def supervision(by: By) -> dict[str, Any]:
    """Write and send the supervision list (督办单): clues without an answer `overdue_days` after
    their release."""
    return rooms.following.supervise(by)


@command(papers)
def story(
    key: CaseId,
    by: By,
    folder: Path = typer.Option(Path(), "--out", help="The folder to write it to."),
) -> dict[str, Any]:
    """Write a household's story (户情) as one page for the officer who visits it; that is on
    record."""
    return rooms.following.household_story(key, str(folder), by)
