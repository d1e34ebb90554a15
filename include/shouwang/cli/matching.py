"""``shouwang match`` and ``review``: how rows were matched, and what a clerk decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shouwang.cli import known
from shouwang.cli.terminal import (
    AsJson,
    MonthArgument,
    commands,
    out,
    say,
    show_table,
    somebody,
    tell_answers,
    working,
)
from shouwang.core.month import Month
from shouwang.matching import deciding

METHOD = ("department", "method", "outcome", "rows", "confidence", "sentence")
review_app = commands("What matching left to a clerk (有待核实).")
match_app = commands("How rows were matched to the registry (信息比对).")


@match_app.command("report")
def match_report(
    month: MonthArgument,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="A CSV of what is right, to be compared with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How many rows were matched by which evidence, how sure that is, and, beside a truth file, how
    often it is right."""
    from shouwang.matching import report as matching
    from shouwang.workspace.workspace import load_workspace

    workspace, of = load_workspace(), Month.parse(known.month(month, "data"))
    with workspace.database.read() as connection:
        lines = matching.match_report(connection, workspace.county.contracts.values(), of)
        compared = matching.against_truth(connection, of, truth) if truth else None

    def tell() -> None:
        titles = (
            "department",
            "method",
            "outcome",
            "rows",
            "sure",
            "in a clerk's words",
            "for example",
        )
        show_table(
            titles,
            (
                [*(e[n] for n in METHOD), "{file} row {row} {masked}".format(**e["example"])]
                for e in lines
            ),
        )
        if compared is None:
            return
        out.print(
            f"{compared['rows']:,} rows of the truth: {compared['lost']} lost, {compared['wrong']} in a wrong household, {compared['blind']} matched that a clerk should decide."
        )
        for name, share in compared["recall"].items():
            out.print(f"  {name}: {share:.3%} of those to be matched are")
        for name, entry in compared["precision"].items():
            out.print(f"  {name}: {entry['share']:.3%} of {entry['matched']:,} are right")
        for error in compared["errors"]:
            out.print(
                f"  {error['file']} {error['sheet']} row {error['row']}: expected {error['expected']}, {error['outcome']} {error['household_id'] or ''} by {error['method']} ({error['damage'] or 'undamaged'}): {error['why']}",
                markup=False,
            )

    say({"month": month, "methods": lines, "truth": compared}, as_json, tell)


@review_app.command("write")
def review_write(
    month: MonthArgument,
    township: Annotated[
        str | None, typer.Option("--township", help="One township's own; the county's if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the list of rows that could not be decided, with up to three candidates side by
    side."""
    with working("Writing the review list"):
        done = deciding.write_review(known.month(month, "data"), known.township(township))
    say(
        done,
        as_json,
        lambda: out.print(f"{done['reviews']} to decide: {done['file']}", markup=False),
    )


@review_app.command("load")
def review_load(
    paths: Annotated[list[Path], typer.Argument(help="Review lists with the choices filled in.")],
    by: Annotated[
        str, typer.Option("--by", callback=somebody, help="Who decided; goes to the audit trail.")
    ],
    as_json: AsJson = False,
) -> None:
    """Remember a clerk's choices; `shouwang run MONTH` then matches those rows, in this and later
    months."""
    results = []
    for path in paths:
        with working(path.name):
            results.append(deciding.load_review(str(path), by))
    say(results, as_json, lambda: tell_answers(results))


@review_app.command("list")
def review_list(as_json: AsJson = False) -> None:
    """The decisions in force."""
    held = deciding.list_decisions()

    titles = ("decision_id", "month", "file", "row", "none_of_them", "decided_by")
    say(
        held,
        as_json,
        lambda: show_table(titles, ([entry[name] for name in titles] for entry in held)),
    )


@review_app.command("revoke")
def review_revoke(
    number: Annotated[int, typer.Argument(help="The decision's number in `shouwang review list`.")],
    by: Annotated[
        str,
        typer.Option("--by", callback=somebody, help="Who revokes it; goes to the audit trail."),
    ],
    as_json: AsJson = False,
) -> None:
    """Let a decision hold no longer; its rows are a review again after the next `shouwang run
    MONTH`."""
    done = deciding.revoke_decision(number, by)
    say(done, as_json, lambda: out.print(f"Decision {number} is revoked.", markup=False))
