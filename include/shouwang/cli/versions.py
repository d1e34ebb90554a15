"""``shouwang versions …`` and ``shouwang scorecard``: what departments handed over, again and
again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.casework import versioning
from shouwang.cli import known
from shouwang.cli.terminal import (
    AsJson,
    MonthArgument,
    commands,
    out,
    progress,
    say,
    show_table,
    somebody,
    working,
)
from shouwang.core.month import Month
from shouwang.statistics import publishing

app = commands("Versions of what a department handed over for a month (版本).")
Department = Annotated[str, typer.Argument(help="For example water.")]
SHOWN = 40


@app.command("list")
def list_versions(month: MonthArgument, department: Department, as_json: AsJson = False) -> None:
    """List every version of a department's month: when it came, of which files, and what became of
    its rows."""
    versions = versioning.versions(str(Month.parse(month)), department)
    if not versions:
        nothing = known.nothing_of([Month.parse(month)], "data")
        progress.print(
            nothing or f"{department} has handed over nothing for {month}.",
            style="yellow",
            markup=False,
        )

    names = ("version", "status", "received_at", "corrects", "rows", "rejected")
    lines = [[*map(v.get, names), "\n".join(v["files"])] for v in versions]
    say(versions, as_json, lambda: show_table((*names, "files"), lines))


@app.command()
def diff(
    month: MonthArgument,
    department: Department,
    older: Annotated[
        int, typer.Option("--from", help="The older version; without it, the one before --to.")
    ] = 0,
    newer: Annotated[
        int, typer.Option("--to", help="The newer version; without it, the last one.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Say which rows were added, removed or changed between two versions: their places and columns,
    no values."""
    with working("Comparing"):
        found = versioning.diff_versions(str(Month.parse(month)), department, older, newer)

    def tell() -> None:
        counts = ", ".join(f"{found['counts'][kind]:,} {kind}" for kind in found["counts"])
        out.print(f"{department} {month}, version {found['from']} → {found['to']}: {counts}.")
        names = ("change", "file", "sheet", "row", "columns")
        show_table(names, ([row[name] for name in names] for row in found["rows"][:SHOWN]))
        if len(found["rows"]) > SHOWN:
            out.print(f"… and {len(found['rows']) - SHOWN:,} more; --json prints all.")

    say(found, as_json, tell)


@app.command()
def restore(
    month: MonthArgument,
    department: Department,
    version: Annotated[int, typer.Argument(help="The version that is to be in force.")],
    by: Annotated[
        str,
        typer.Option("--by", callback=somebody, help="Who restores; stands in the audit trail."),
    ],
    as_json: AsJson = False,
) -> None:
    """Put an older version in force again and screen the month anew; it stays until other files
    come."""
    with working("Restoring"):
        done = versioning.restore_version(str(Month.parse(month)), department, version, by)

    def tell() -> None:
        out.print(
            f"Version {done['version']} of {department} {month} is in force: {done['rows']:,} rows."
        )
        if done["screened"]:
            out.print(
                f"{month} was screened anew; what changed goes out with the next release, as a supplement."
            )
        for later in done["outdated"]:
            out.print(f"{later} was screened with another version: run `shouwang screen {later}`.")

    say(done, as_json, tell)


def scorecard(
    department: Annotated[
        str | None, typer.Option("--department", help="Only this one, for example water.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", help="Write it as a workbook (.xlsx) instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how each department has delivered, month by month (数据质量评分卡)."""
    card: list[dict[str, Any]] = publishing.scorecard(
        department, None if file is None else str(file)
    )

    def tell() -> None:
        if file is not None:
            out.print(f"{len(card)} submissions of departments in {file}", markup=False)
            return
        names = (
            "month",
            "department",
            "status",
            "versions",
            "days_late",
            "rows",
            "rejected",
            "duplicate",
            "unmatched",
        )
        show_table(names, ([row[name] for name in names] for row in card))

    say(card, as_json, tell)
