"""``shouwang runs``: what Airflow ran, from our own record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from shouwang.board import watching
from shouwang.cli.terminal import AsJson, out, say, show_table
from shouwang.core.month import Month


def runs(
    month: Annotated[
        str, typer.Option("--month", help="Only those of this data month, for example 2026-09.")
    ] = "",
    count: Annotated[int, typer.Option("--count", min=1, help="So many, the newest first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List the runs of Airflow that have ended, and their failed tasks; also those that Airflow has
    forgotten."""
    found = watching.runs(str(Month.parse(month)) if month else "", count)

    def tell() -> None:
        if not found:
            out.print("No run has ended yet; runs by the command line are not listed.")
            return
        show_table(
            ("ended", "took", "dag", "month", "started by", "state", "failed tasks"),
            (
                (
                    f"{run.ended:%Y-%m-%d %H:%M}",
                    f"{run.seconds:,.0f} s",
                    run.dag,
                    run.month,
                    run.kind,
                    run.state,
                    ", ".join(run.failed),
                )
                for run in found
            ),
        )

    say([asdict(run) for run in found], as_json, tell)
