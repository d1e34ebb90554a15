"""The command line, `shouwang …`: what the scheduler does, by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from shouwang.casework import monthly
from shouwang.cli import (
    cases,
    contracts,
    keeping,
    keys,
    known,
    matching,
    persons,
    questions,
    reports,
    rules,
    send,
    versions,
    watching,
)
from shouwang.cli.terminal import (
    AsJson,
    Commands,
    MonthArgument,
    commands,
    month_tables,
    out,
    progress,
    say,
    somebody,
    working,
)
from shouwang.core.errors import ShouwangError, UsageError
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.submissions import handover
from shouwang.workspace.counties import county_folders, serving

if TYPE_CHECKING:
    from shouwang.board.prefecture import CountyMonth

FAILED, WRONG_USAGE, INCOMPLETE = 1, 2, 3
HELP = """Notices families about to fall (back) into poverty from departments' monthly exports (守望).

\b
A month by hand:
    shouwang init                                   make the database
    shouwang registry load 农户信息表.xlsx --as-of 2026-09
    shouwang run 2026-09                            take in what lies in the inbox, match, screen
    shouwang release 2026-09 --by 张三               write the townships' workbooks
    shouwang feedback load returned/*.xlsx          read them back

Departments' files lie in INBOX/2026-09/<department>/. Where things are is said by SHOUWANG_HOME (default ./var),
SHOUWANG_DATABASE_URL, SHOUWANG_COUNTY, SHOUWANG_INBOX and SHOUWANG_OUTBOX (folders, sftp:// or s3://). Every command may be run again: what is
done already is not done twice. A deployment with many counties (SHOUWANG_COUNTIES, a folder of their configuration
folders) is asked for one by `shouwang --county KEY …`. Exit status: 0 done, 1 failed, 2 wrong usage, 3 a department was refused or is missing.
"""
app = typer.Typer(
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
registry_app = commands("The household registry (农户信息表).")
for name, group in (
    ("registry", registry_app),
    ("feedback", cases.feedback_app),
    ("rules", rules.app),
    ("contract", contracts.contract_app),
    ("match", matching.match_app),
    ("review", matching.review_app),
    ("config", contracts.config_app),
    ("person", persons.person_app),
    ("versions", versions.app),
    ("case", cases.app),
    ("secrets", send.secrets_app),
    ("keys", keys.keys_app),
    ("returns", send.returns_app),
    ("papers", send.papers_app),
    ("audit", keeping.audit_app),
):
    app.add_typer(group, name=name)
app.command("scorecard")(versions.scorecard)
for command in (
    cases.overdue,
    questions.questions,
    questions.answer,
    send.send,
    send.sent,
    send.expire,
    reports.results,
    reports.bulletin,
    watching.runs,
    keeping.backup,
    keeping.restore,
):
    app.command()(command)
registry_app.command("check")(reports.registry_check)


@app.callback()
def _whose(
    context: typer.Context,
    county: Annotated[
        str, typer.Option("--county", metavar="KEY", help="Which of SHOUWANG_COUNTIES.")
    ] = "",
) -> None:
    if county:
        context.with_resource(serving(county))


@app.command()
def init(as_json: AsJson = False) -> None:
    """Create the database, or bring it to this version's tables; safe to run again."""
    with working("Preparing the database"):
        done = handover.init()
    say(
        done,
        as_json,
        lambda: out.print(f"The database of {done['county']} is ready: {done['database']}"),
    )


@app.command()
def counties(
    month: Annotated[
        str,
        typer.Option("--month", help="The data month; the one handed over now if it is left out."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the counties of this deployment, and how far each is with a month."""
    from shouwang.board.prefecture import county_month, month_now

    of = Month.parse(month) if month else month_now()
    told = [county_month(key, of) for key in county_folders()]

    def tell() -> None:
        if not told:
            out.print(
                "This deployment holds one county; SHOUWANG_COUNTIES would name a folder of several."
            )
            return
        table = Table(title=f"Counties, {of}", title_justify="left")
        for name in (
            "key",
            "county",
            "state",
            "arrived",
            "late",
            "refused",
            "warned",
            "sent",
            "returned",
            "overdue",
        ):
            table.add_column(
                name,
                no_wrap=True,
                justify="left" if name in ("key", "county", "state") else "right",
            )
        for one in told:
            figures = (
                one.count("late"),
                one.count("refused"),
                one.warned or 0,
                one.sent,
                one.returned,
                one.overdue,
            )
            counts = [f"{one.count('in force')}/{one.due}", *map(str, figures)] if one.row else []
            table.add_row(one.key, one.name, one.stage, *counts)
        out.print(table)
        for one in told:
            if one.wrong:
                out.print(f"{one.key}: {one.wrong}", style="red", markup=False)

    say({"month": str(of), "counties": [_county_line(one) for one in told]}, as_json, tell)


def _county_line(one: CountyMonth) -> dict[str, Any]:
    states = {
        state.replace(" ", "_"): one.count(state)
        for state in ("in force", "late", "refused", "waiting")
    }
    told = {name: getattr(one, name) for name in ("key", "name", "stage", "wrong", "due", "warned")}
    return told | states | {name: getattr(one, name) for name in ("sent", "returned", "overdue")}


@registry_app.command("load")
def registry_load(
    file: Annotated[Path, typer.Argument(help="The registry workbook, one row a person.")],
    as_of: Annotated[
        str, typer.Option("--as-of", help="The month from which it holds, for example 2026-07.")
    ],
    as_json: AsJson = False,
) -> None:
    """Load a registry snapshot as of a month; earlier months keep what was said before."""
    with working("Loading the registry"):
        done = handover.load_registry(str(file), str(Month.parse(as_of)))

    def tell() -> None:
        if done["unchanged"]:
            out.print(f"This registry was loaded as of {as_of} before; nothing changed.")
        else:
            out.print(
                f"{done['people']:,} people in {done['households']:,} households as of {as_of}: "
                f"{done['added']:,} added, {done['changed']:,} changed, {done['removed']:,} gone."
            )
        for told, words in (
            ("not_used", "columns not used"),
            ("unknown", "values not known, left empty"),
        ):
            if done[told]:
                out.print(f"  {words}: {'、'.join(done[told])}", markup=False)
        for problem in done["problems"]:
            where = f"sheet {problem['sheet']}, " if problem["sheet"] else ""
            out.print(
                f"  left out: {file.name}, {where}row {problem['row']}: {problem['reason']}",
                markup=False,
            )

    say(done, as_json, tell)


def _receive(month: str, department: str | None, again: bool = False) -> None:
    from shouwang.intake.files import find_files
    from shouwang.workspace.workspace import load_workspace

    known.department(department)
    for entry in handover.departments(None if department else month):
        name = entry["department"]
        if department not in (None, name):
            continue
        inbox = load_workspace().inbox_of(month, name)
        if not find_files(inbox):
            progress.print(f"{name}: nothing in {inbox}", markup=False)
            continue
        with working(f"{entry['title']} {name}"):
            reference = handover.receive(month, name, again)
        for passed in reference.get("passed_over", ()):
            progress.print(
                f"{name}: {passed} answers a version that was replaced since; passed over",
                style="yellow",
                markup=False,
            )
        if reference["status"] in ("refused", "held"):
            progress.print(reference["message"], style="red", markup=False)


def _finish(month: str, as_json: bool) -> None:
    table = monthly.month_table(month)
    say(table, as_json, lambda: _tell_month(table))
    if table["missing"] or table["refused"] or table["held"]:
        raise typer.Exit(INCOMPLETE)


def _tell_month(table: dict[str, Any]) -> None:
    for shown in month_tables(table):
        out.print(shown)
    out.print(
        f"{table['new']} new, {table['supplement']} supplements, {table['repeated']} repeated and not sent again."
    )
    for later in table["outdated"]:
        out.print(
            f"{later} was screened with other versions than those in force; run `shouwang screen {later}`",
            style="yellow",
            markup=False,
        )
    for words, key in (
        ("not here yet", "missing"),
        ("refused", "refused"),
        ("held until answered", "held"),
    ):
        if table[key]:
            out.print(f"[red]{words}: {'、'.join(table[key])}[/red]")
    for warning in table["warnings"]:
        out.print(f"to look at: {warning}", style="yellow", markup=False)
    for entry in table["departments"]:
        if entry["message"]:
            out.print(f"{entry['department']}: {entry['message']}", style="red", markup=False)


@app.command()
def receive(
    month: MonthArgument,
    department: Annotated[
        str | None, typer.Option("--department", help="Only this one, for example water.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Judge a file anew that was refused before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in, validate and match what lies in the inbox; a file that is already in force is passed
    over.

    Each department gets a receipt in OUTBOX/<month>/departments/<department>/. A refused file is
    not a crash: the older version stays in force, the reason is printed and stands on the receipt,
    and the exit status is 3.
    """
    month = str(Month.parse(month))
    _receive(month, department, again)
    _finish(month, as_json)


@app.command()
def screen(month: MonthArgument, as_json: AsJson = False) -> None:
    """Find the month's clues: signals by the rules, a level for each household, cases in the
    ledger."""
    month = str(Month.parse(month))
    with working("Screening"):
        monthly.screen(month)
    _finish(month, as_json)


@app.command()
def run(month: MonthArgument, as_json: AsJson = False) -> None:
    """Receive and screen a month, and print a summary; ends with 3 if a department is refused, held
    or missing."""
    month = str(Month.parse(month))
    _receive(month, None)
    if any(entry["version"] for entry in monthly.month_table(month)["departments"]):
        with working("Screening"):
            monthly.screen(month)
    else:
        progress.print(
            f"No department's file is in force for {month}; nothing to screen.",
            style="red",
            markup=False,
        )
    _finish(month, as_json)


@app.command()
def release(
    month: MonthArgument,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            callback=somebody,
            help="Who releases; stands on every list and in the audit trail.",
        ),
    ],
    hold_back: Annotated[
        list[str] | None,
        typer.Option("--hold-back", metavar="TOWNSHIP", help="Not this one's, until it is lifted."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why townships are held back; goes on record.")
    ] = "",
    lift: Annotated[
        list[str] | None,
        typer.Option("--lift", metavar="TOWNSHIP", help="This one is held back no longer."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write and hand out the township workbooks; what has gone out is not sent again, only what is
    new since.

    Each is sent by its township's channel (county.yaml), under its password (`shouwang secrets
    show`). A township that is held back (here or on the board) stays held until `--lift`.
    """
    month = str(Month.parse(month))
    with working("Lists"):
        done = releasing.release(month, by, hold_back, reason, lift or ())

    def tell() -> None:
        if not done["released"]:
            out.print(f"No township has anything new to receive for {month}.")
        for entry in done["released"]:
            name = entry["township"]
            if entry["status"] == "released":
                out.print(f"{name}: {entry['clues']} households, {entry['file']}", markup=False)
                if entry["new_password"]:
                    how = f"shouwang secrets show --township {name} --by NAME"
                    out.print(
                        f"  new password; tell {name} by another way: {how}",
                        style="yellow",
                        markup=False,
                    )
            elif entry["status"] == "changed":
                again = f"changed while it was released; run `shouwang release {month}` again"
                out.print(f"{name}: {again}", style="yellow", markup=False)
            else:
                out.print(f"{name}: another process has released it meanwhile", markup=False)
        for name in done["held_back"]:
            out.print(
                f"{name}: held back; `shouwang release {month} --lift {name}` lets it go",
                style="yellow",
            )
        send.tell_sent(done)
        out.print(f"Summary: {done['file']}", markup=False)

    say(done, as_json, tell)
    if done["failed"]:
        raise typer.Exit(FAILED)


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="matches, rejects, signals, warnings or cases")],
    month: Annotated[str, typer.Option("--month", help="The data month, for example 2026-09.")],
    file: Annotated[Path, typer.Option("--out", help="The CSV file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write a table as CSV (UTF-8) for other tools."""
    from shouwang.cli.exporting import export as rows_of
    from shouwang.cli.exporting import write_csv
    from shouwang.workspace.workspace import load_workspace

    with load_workspace().database.read() as connection:
        rows = rows_of(connection, kind, Month.parse(month))
    write_csv(rows, file)
    if nothing := known.nothing_of(
        [Month.parse(month)], "data" if kind in ("matches", "rejects") else "clues"
    ):
        progress.print(nothing, style="yellow", markup=False)
    say(
        {"kind": kind, "rows": len(rows), "file": str(file)},
        as_json,
        lambda: out.print(f"{len(rows):,} rows in {file}", markup=False),
    )


def main() -> None:
    """Run the command line; our own errors are one sentence and an exit status, never a
    traceback."""
    os.umask(0o077)
    try:
        app(standalone_mode=True)
    except UsageError as error:
        progress.print(str(error), style="red", markup=False)
        sys.exit(WRONG_USAGE)
    except ShouwangError as error:
        progress.print(str(error), style="red", markup=False)
        sys.exit(FAILED)
    except OSError as error:
        if error.strerror is None:
            raise
        where = f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
        progress.print(
            f"{where} Look whether that place is there, is ours, and has room.",
            style="red",
            markup=False,
        )
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
