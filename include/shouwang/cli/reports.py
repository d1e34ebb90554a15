"""``shouwang bulletin``, ``results`` and ``registry check``: the papers of a month beside the
townships' lists."""

from __future__ import annotations

from typing import Annotated

import typer

from shouwang.cli import known
from shouwang.cli.terminal import AsJson, MonthArgument, out, say, show_table, somebody, working
from shouwang.core.month import Month
from shouwang.statistics import publishing
from shouwang.submissions import handover


def bulletin(
    month: MonthArgument,
    months: Annotated[
        int, typer.Option("--months", help="How many months it covers: 1, or 2 (双月通报).")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Write the bulletin (通报): counts, tables and charts without persons, as .docx to edit and
    .html to look at."""
    with working("Writing the bulletin"):
        done = publishing.write_bulletin(str(Month.parse(month)), months)
    say(done, as_json, lambda: out.print(*done["files"], sep="\n", markup=False))


def results(
    month: MonthArgument,
    department: Annotated[
        str | None, typer.Option("--department", help="Only this one, for example water.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell departments what became of their rows (结果反馈), a workbook each."""
    of, department = known.month(month, "data"), known.department(department)
    names = (
        [department] if department else [known["department"] for known in handover.departments(of)]
    )
    with working("Writing results"):
        done = [publishing.write_results(of, name) for name in names]

    titles = ("department", "status", "rows", "signals", "answered", "wrong")
    say(
        done,
        as_json,
        lambda: show_table(titles, ([one.get(name) for name in titles] for one in done)),
    )


def registry_check(
    month: MonthArgument,
    by: Annotated[
        str,
        typer.Option(
            "--by", callback=somebody, help="Who hands the lists out; stands in the audit trail."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """List what of the registry does not fit together (数据清洗), for the county and each township;
    changes nothing.

    The townships' lists are sealed and go out with the next `shouwang send`; one that says nothing
    new is not sent again.
    """
    with working("Checking the registry"):
        done = publishing.check_registry(str(Month.parse(month)), by)

    def tell() -> None:
        show_table(("check", "findings"), done["checks"].items())
        out.print(
            f"{done['findings']:,} findings and {done['changes']:,} suggested corrections for "
            f"{len(done['townships'])} townships; {done['unknown']:,} monitored households were recognised before the first registry."
        )

    say(done, as_json, tell)
