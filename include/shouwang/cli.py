"""The command line, `shouwang …`: what the scheduler does, by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from shouwang import cli_cases, cli_reports, cli_rules, cli_send, cli_versions, steps
from shouwang.errors import ShouwangError, UsageError
from shouwang.month import Month
from shouwang.terminal import AsJson, MonthArgument, out, progress
from shouwang.terminal import say as _say
from shouwang.terminal import working as _working

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
done already is not done twice. Exit status: 0 done, 1 failed, 2 wrong usage, 3 a department was refused or is missing.
"""
app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
registry_app = typer.Typer(help="The household registry (农户信息表).", no_args_is_help=True)
review_app = typer.Typer(help="What matching left to a clerk (有待核实).", no_args_is_help=True)
contract_app = typer.Typer(help="What a department hands over, and how it is read.", no_args_is_help=True)
match_app = typer.Typer(help="How rows were matched to the registry (信息比对).", no_args_is_help=True)
config_app = typer.Typer(help="The county's configuration.", no_args_is_help=True)
for name, group in (
    ("registry", registry_app),
    ("feedback", cli_cases.feedback_app),
    ("rules", cli_rules.app),
    ("contract", contract_app),
    ("match", match_app),
    ("review", review_app),
    ("config", config_app),
    ("versions", cli_versions.app),
    ("case", cli_cases.app),
    ("secrets", cli_send.secrets_app),
    ("returns", cli_send.returns_app),
    ("papers", cli_send.papers_app),
):
    app.add_typer(group, name=name)
app.command("scorecard")(cli_versions.scorecard)
for command in (
    cli_cases.overdue,
    cli_send.send,
    cli_send.sent,
    cli_send.expire,
    cli_reports.results,
    cli_reports.bulletin,
):
    app.command()(command)
registry_app.command("check")(cli_reports.registry_check)


@app.command()
def init(as_json: AsJson = False) -> None:
    """Create the database, or bring it to this version's tables; safe to run again."""
    with _working("Preparing the database"):
        done = steps.init()
    _say(done, as_json, lambda: out.print(f"The database of {done['county']} is ready: {done['database']}"))


@registry_app.command("load")
def registry_load(
    file: Annotated[Path, typer.Argument(help="The registry workbook, one row a person.")],
    as_of: Annotated[str, typer.Option("--as-of", help="The month from which it holds, for example 2026-07.")],
    as_json: AsJson = False,
) -> None:
    """Load a registry snapshot as of a month; earlier months keep what was said before."""
    with _working("Loading the registry"):
        done = steps.load_registry(str(file), str(Month.parse(as_of)))

    def tell() -> None:
        if done["unchanged"]:
            out.print(f"This registry was loaded as of {as_of} before; nothing changed.")
        else:
            out.print(
                f"{done['people']:,} people in {done['households']:,} households as of {as_of}: "
                f"{done['added']:,} added, {done['changed']:,} changed, {done['removed']:,} gone."
            )
        for problem in done["problems"]:
            where = f"sheet {problem['sheet']}, " if problem["sheet"] else ""
            out.print(f"  left out: {file.name}, {where}row {problem['row']}: {problem['reason']}", markup=False)

    _say(done, as_json, tell)


def _receive(month: str, department: str | None) -> None:
    known = [d["department"] for d in steps.departments()]
    if department and department not in known:
        raise UsageError(f"There is no department “{department}”; there are {', '.join(known)}.")
    for entry in steps.departments(None if department else month):
        name = entry["department"]
        if department not in (None, name):
            continue
        if not _has_files(month, name):
            progress.print(f"{name}: nothing in the inbox")
            continue
        with _working(f"{entry['title']} {name}"):
            reference = steps.receive(month, name)
        for passed in reference.get("passed_over", ()):
            progress.print(
                f"{name}: {passed} answers a version that was replaced since; passed over", style="yellow", markup=False
            )
        if reference["status"] == "refused":
            progress.print(reference["message"], style="red", markup=False)


def _has_files(month: str, department: str) -> bool:
    from shouwang.house import open_house
    from shouwang.intake.files import find_files

    return bool(find_files(open_house().inbox_of(month, department)))


def _finish(month: str, as_json: bool) -> None:
    table = steps.month_table(month)
    _say(table, as_json, lambda: _tell_month(table))
    if table["missing"] or table["refused"]:
        raise typer.Exit(INCOMPLETE)


def _tell_month(table: dict[str, Any]) -> None:
    names = ("rows", "accepted", "rejected", "duplicate", "matched", "review", "unmatched")
    rows = Table(title=f"{table['month']}: rows", title_justify="left")
    rows.add_column("department", no_wrap=True)
    for name in ("status", *names):
        rows.add_column(name, justify="right", no_wrap=True)
    for entry in table["departments"]:
        figures = [f"{entry[name]:,}" if entry.get(name) is not None else "" for name in names]
        rows.add_row(entry["department"], entry["status"], *figures)
    out.print(rows)
    clues = Table(title=f"{table['month']}: households to visit", title_justify="left")
    for name in ("township", "红", "黄", "蓝", "all"):
        clues.add_column(name, justify="left" if name == "township" else "right")
    for township, levels in [*table["townships"].items(), ("county", table["levels"])]:
        counts = [levels.get(level, 0) for level in ("红", "黄", "蓝")]
        clues.add_row(township, *map(str, counts), str(sum(counts)))
    out.print(clues)
    out.print(
        f"{table['new']} new, {table['supplement']} supplements, {table['repeated']} repeated and not sent again."
    )
    for later in table["outdated"]:
        out.print(
            f"{later} was screened with other versions than those in force; run `shouwang screen {later}`",
            style="yellow",
            markup=False,
        )
    for words, key in (("not here yet", "missing"), ("refused", "refused")):
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
    department: Annotated[str | None, typer.Option("--department", help="Only this one, for example water.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take in, validate and match what lies in the inbox; a file that is already in force is passed over.

    Each department gets a receipt in OUTBOX/<month>/departments/<department>/. A refused file is not a crash: the
    older version stays in force, the reason is printed and stands on the receipt, and the exit status is 3.
    """
    month = str(Month.parse(month))
    _receive(month, department)
    _finish(month, as_json)


@app.command()
def screen(month: MonthArgument, as_json: AsJson = False) -> None:
    """Find the month's clues: signals by the rules, a level for each household, cases in the ledger."""
    month = str(Month.parse(month))
    with _working("Screening"):
        steps.screen(month)
    _finish(month, as_json)


@app.command()
def run(month: MonthArgument, as_json: AsJson = False) -> None:
    """Receive and screen a month, and print a summary; ends with 3 if a department was refused or is missing."""
    month = str(Month.parse(month))
    _receive(month, None)
    with _working("Screening"):
        steps.screen(month)
    _finish(month, as_json)


@app.command()
def release(
    month: MonthArgument,
    by: Annotated[str, typer.Option("--by", help="Who releases; stands on every list and in the audit trail.")],
    as_json: AsJson = False,
) -> None:
    """Write and hand out the township workbooks; what has gone out is not sent again, only what is new since.

    Each is sent by its township's channel (county.yaml), under its password (`shouwang secrets show`).
    """
    month = str(Month.parse(month))
    released: list[dict[str, Any]] = []
    for township in steps.release_plan(month):
        with _working(f"List of {township}"):
            released.append(steps.release_township(month, township, by))
    with _working("Sending"):
        sent = steps.send(month)
    summary = steps.summarise(month)

    def tell() -> None:
        if not released:
            out.print(f"No township has anything new to receive for {month}.")
        for done in released:
            out.print(f"{done['township']}: {done['clues']} households, {done['file']}", markup=False)
            if done["new_password"]:
                out.print(f"  new password; tell {done['township']} by another way: shouwang secrets show --township {done['township']} --by NAME", style="yellow", markup=False)  # fmt: skip
        cli_send.tell_sent(sent)
        out.print(f"Summary: {summary['file']}", markup=False)

    _say({"released": released, **sent, **summary}, as_json, tell)
    if sent["failed"]:
        raise typer.Exit(FAILED)


@contract_app.command("check")
def contract_check(
    file: Annotated[Path, typer.Argument(help="The contract, departments/<department>.yaml.")], as_json: AsJson = False
) -> None:
    """Hold a contract against its expectation suite and the rules that name it; says what is wrong and where."""
    from shouwang.drafting import check_contract
    from shouwang.house import open_house

    with _working(f"Checking {file.name}"):
        done = check_contract(open_house(), file)
    _say(done, as_json, lambda: out.print(f"{done['title']} {done['department']}.{done['dataset']}: {len(done['columns'])} columns, {len(done['required'])} required, {done['expectations']} expectations, rules {', '.join(done['rules']) or 'none yet'}; all in order.", markup=False))  # fmt: skip


@contract_app.command("draft")
def contract_draft(
    sample: Annotated[Path, typer.Argument(help="An export as the department sends it.")],
    department: Annotated[str, typer.Option("--department", help="A short English name, as folders are called.")],
    dataset: Annotated[str, typer.Option("--dataset", help="What the export lists, in English.")],
    title: Annotated[str, typer.Option("--title", help="The department's Chinese name.")],
    folder: Annotated[Path, typer.Option("--out", help="Where the two files are written.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Propose a contract and an expectation suite from an export, to be read over by a person."""
    from shouwang.drafting import draft_contract
    from shouwang.house import open_house
    from shouwang.staging import whole_file

    if not sample.is_file():
        raise UsageError(f"There is no file {sample}.")
    contract, suite, left_out = draft_contract(open_house(), sample, department, dataset, title)
    files = [folder / "departments" / f"{department}.yaml", folder / "expectations" / f"{department}.{dataset}.json"]
    if there := [str(path) for path in files if path.exists()]:
        raise UsageError(f"{' and '.join(there)} would be overwritten; name another folder with --out.")
    for path, content in zip(files, (contract, suite), strict=True):
        with whole_file(path) as part:
            part.write_text(content, encoding="utf-8")

    def tell() -> None:
        out.print(f"Written: {files[0]} and {files[1]}. Read them over, then: shouwang contract check {files[0]}", markup=False)  # fmt: skip
        if left_out:
            out.print(f"Columns left out: {'、'.join(left_out)}", markup=False)

    _say({"files": list(map(str, files)), "left_out": left_out}, as_json, tell)


@match_app.command("report")
def match_report(
    month: MonthArgument,
    truth: Annotated[Path | None, typer.Option("--truth", help="A CSV of what is right, to be compared with.")] = None,
    as_json: AsJson = False,
) -> None:
    """How many rows were matched by which evidence, how sure that is, and, beside a truth file, how often it is right."""
    from shouwang.house import open_house
    from shouwang.reporting import matching

    house, of = open_house(), Month.parse(month)
    with house.database.read() as connection:
        lines = matching.match_report(connection, house.county.contracts.values(), of)
        compared = matching.against_truth(connection, of, truth) if truth else None

    def tell() -> None:
        table = Table("department", "method", "outcome", "rows", "sure", show_lines=True)
        table.add_column("in a clerk's words", overflow="fold")
        table.add_column("for example", overflow="fold")
        for entry in lines:
            place = f"{entry['example']['file']} row {entry['example']['row']} {entry['example']['masked']}"
            table.add_row(
                entry["department"], entry["method"], entry["outcome"], f"{entry['rows']:,}",
                f"{entry['confidence']:.2f}", entry["sentence"], place,
            )  # fmt: skip
        out.print(table)
        if compared is None:
            return
        out.print(f"{compared['rows']:,} rows of the truth: {compared['lost']} lost, {compared['wrong']} in a wrong household, {compared['blind']} matched that a clerk should decide.")  # fmt: skip
        for name, share in compared["recall"].items():
            out.print(f"  {name}: {share:.3%} of those to be matched are")
        for name, entry in compared["precision"].items():
            out.print(f"  {name}: {entry['share']:.3%} of {entry['matched']:,} are right")
        for error in compared["errors"]:
            out.print(f"  {error['file']} {error['sheet']} row {error['row']}: expected {error['expected']}, {error['outcome']} {error['household_id'] or ''} by {error['method']} ({error['damage'] or 'undamaged'}): {error['why']}", markup=False)  # fmt: skip

    _say({"month": month, "methods": lines, "truth": compared}, as_json, tell)


@review_app.command("write")
def review_write(
    month: MonthArgument,
    township: Annotated[
        str | None, typer.Option("--township", help="One township's own; the county's if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the list of rows that could not be decided, with up to three candidates side by side."""
    with _working("Writing the review list"):
        done = steps.write_review(month, township)
    _say(done, as_json, lambda: out.print(f"{done['reviews']} to decide: {done['file']}", markup=False))


@review_app.command("load")
def review_load(
    paths: Annotated[list[Path], typer.Argument(help="Review lists with the choices filled in.")],
    by: Annotated[str, typer.Option("--by", help="Who decided; goes to the audit trail.")],
    as_json: AsJson = False,
) -> None:
    """Remember a clerk's choices; `shouwang run MONTH` then matches those rows, in this and later months."""
    results = []
    for path in paths:
        with _working(path.name):
            results.append(steps.load_review(str(path), by))
    _say(results, as_json, lambda: cli_cases.tell_answers(results))


@review_app.command("list")
def review_list(as_json: AsJson = False) -> None:
    """The decisions in force."""
    held = steps.list_decisions()

    def tell() -> None:
        table = Table("decision", "month", "file", "row", "decided", "by")
        for entry in held:
            what = "none of them" if entry["none_of_them"] else "a candidate"
            table.add_row(
                str(entry["decision_id"]), entry["month"], entry["file"], str(entry["row"]), what, entry["decided_by"]
            )
        out.print(table)

    _say(held, as_json, tell)


@review_app.command("revoke")
def review_revoke(
    number: Annotated[int, typer.Argument(help="The decision's number in `shouwang review list`.")],
    by: Annotated[str, typer.Option("--by", help="Who revokes it; goes to the audit trail.")],
    as_json: AsJson = False,
) -> None:
    """Let a decision hold no longer; its rows are a review again after the next `shouwang run MONTH`."""
    done = steps.revoke_decision(number, by)
    _say(done, as_json, lambda: out.print(f"Decision {number} is revoked.", markup=False))


@config_app.command("check")
def config_check(as_json: AsJson = False) -> None:
    """Read everything a county edits and say what is wrong, where, and what is allowed."""
    from shouwang.house import open_house
    from shouwang.quality.suites import load_suite, suite_path
    from shouwang.screening.rulebook import load_rulebook

    house = open_house()
    contracts = house.county.every_contract
    with _working("Reading contracts, rules and suites"):
        book = load_rulebook(house.county_folder, contracts=contracts)
        for contract in contracts:
            load_suite(suite_path(house.expectations, contract.slug))
    done = {
        "county": house.county.settings.name,
        "departments": list(house.county.contracts),
        "rules": [r.code for r in book.rules],
    }
    _say(
        done,
        as_json,
        lambda: out.print(
            f"{done['county']}: {len(contracts) - 1} departments, {len(book.rules)} rules; all in order."
        ),
    )


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="matches, rejects, signals, warnings or cases")],
    month: Annotated[str, typer.Option("--month", help="The data month, for example 2026-09.")],
    file: Annotated[Path, typer.Option("--out", help="The CSV file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write a table as CSV (UTF-8) for other tools."""
    from shouwang.exporting import export as rows_of
    from shouwang.exporting import write_csv
    from shouwang.house import open_house

    with open_house().database.read() as connection:
        rows = rows_of(connection, kind, Month.parse(month))
    write_csv(rows, file)
    _say(
        {"kind": kind, "rows": len(rows), "file": str(file)},
        as_json,
        lambda: out.print(f"{len(rows):,} rows in {file}", markup=False),
    )


def main() -> None:
    """Run the command line; our own errors are one sentence and an exit status, never a traceback."""
    os.umask(0o077)
    try:
        app(standalone_mode=True)
    except UsageError as error:
        progress.print(str(error), style="red", markup=False)
        sys.exit(WRONG_USAGE)
    except ShouwangError as error:
        progress.print(str(error), style="red", markup=False)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
