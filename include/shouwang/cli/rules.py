"""``shouwang rules …``: what the rules say, whether a file of them is in order, and what a change
would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.cli import known
from shouwang.cli.terminal import AsJson, commands, out, progress, say, show_table, working
from shouwang.core.errors import NotThereYet, UsageError, unknown
from shouwang.core.month import Month

app = commands("The screening rules (rules.yaml).")
Months = Annotated[str, typer.Option("--months", help="Past months, for example 2026-07..2026-09.")]
WORDS = {"by_rule": "rule", "by_level": "level", "by_township": "township"}


def span(months: str) -> list[Month]:
    """The months of ``2026-07..2026-09``, or of a single one."""
    first, _, last = months.partition("..")
    found = Month.span(Month.parse(first), Month.parse(last or first))
    if not found:
        raise UsageError(f"“{months}” ends before it begins; write --months 2026-07..2026-09.")
    return found


def _ending(file: Path | None, *allowed: str) -> None:
    if file is not None and file.suffix not in allowed:
        raise UsageError(
            f"“{file.name}” ends in none of {', '.join(allowed)}; the ending says what is written."
        )


@app.command()
def show(
    code: Annotated[
        str | None, typer.Argument(help="One rule, for example MED-1; without it, all of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell every rule in Chinese: which rows, what is measured, against which line for whom, since
    when, and why."""
    from shouwang.screening.explaining import explain
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.workspace.workspace import load_workspace

    workspace = load_workspace()
    book = load_rulebook(workspace.county_folder, contracts=workspace.county.every_contract)
    month = Month.of(workspace.today())
    told = explain(book, workspace.county.every_contract, month, code)
    if not told:
        raise unknown("rule", str(code), [rule.code for rule in book.rules])
    parts = {rule.heading: rule.lines for rule in told}
    if code is None:
        values = book.values(month)
        general = [(p.title, f"{values[name]:g}") for name, p in book.parameters.items()]
        general.append(("重点户", "、".join(book.special_households)))
        parts = {f"参数（{month.chinese}）": tuple(general)} | parts

    def tell() -> None:
        for heading, lines in parts.items():
            show_table(("", heading), lines)

    say({heading: dict(lines) for heading, lines in parts.items()}, as_json, tell)


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A changed copy of rules.yaml; without it, the county's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a rule file against itself, the parameters and the contracts; names every mistake with
    file, line and key."""
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.workspace.workspace import load_workspace

    workspace = load_workspace()
    book = load_rulebook(workspace.county_folder, file, workspace.county.every_contract)
    done = {"rules": [rule.code for rule in book.rules], "parameters": list(book.parameters)}
    say(
        done,
        as_json,
        lambda: out.print(
            f"{len(book.rules)} rules, {len(book.parameters)} parameters; all in order."
        ),
    )


@app.command("try")
def try_(
    file: Annotated[Path, typer.Argument(help="A changed copy of rules.yaml.")],
    months: Months,
    workbook: Annotated[
        Path | None, typer.Option("--out", help="Write it as a workbook (.xlsx) besides.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--chart", help="Draw it: .svg, .png or .html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a changed rule file over past months: clues now and then. Nothing in the database
    changes."""
    from shouwang.core.staging import whole_file
    from shouwang.documents import charts
    from shouwang.documents.report import ReportPaper
    from shouwang.documents.rule_reports import write_trial
    from shouwang.screening import trials
    from shouwang.screening.backtest import try_rules
    from shouwang.transfer.handout import headed
    from shouwang.workspace.workspace import load_workspace

    _ending(workbook, ".xlsx")
    _ending(picture, ".svg", ".png", ".html")
    asked, workspace = span(months), load_workspace()
    if nothing := known.nothing_of(asked, "data"):
        if all(known.nothing_of([one], "data") for one in asked):
            raise NotThereYet(nothing)
        progress.print(nothing, style="yellow", markup=False)
    with working(f"Trying {file.name}"), workspace.database.read() as connection:
        trial = try_rules(connection, workspace, file, asked)
    report = {
        "rules": str(file),
        "silent": list(trial.silent),
        **trials.report(asked, trial.warnings, trial.signals),
    }
    if workbook is not None:
        paper = ReportPaper(
            **headed(workspace), heading=f"{workspace.county.settings.name}规则试算"
        )
        with whole_file(workbook) as part:
            write_trial(part, paper, report, trial.warnings, trial.titles)
    if picture is not None:
        with whole_file(picture) as part:
            part.write_bytes(
                charts.drawn(trials.chart(report["total"]["by_rule"], trial.titles), picture.suffix)
            )

    def tell() -> None:
        for month in (*report["months"], report["total"]):
            counts, confirmed = month["households"], month["confirmed"]
            out.print(
                f"{month['month']}: {counts['now']} → {counts['then']} households, {counts['gained']} gained, "
                f"{counts['lost']} lost; of {confirmed['now']} confirmed ones {len(confirmed['missed'])} would be missed"
            )
        for group, word in WORDS.items():
            counts = [
                (f"{key} {trial.titles.get(key, '')}", now, then, f"{then - now:+d}")
                for key, (now, then) in (
                    (key, pair.values()) for key, pair in report["total"][group].items()
                )
            ]
            show_table((word, "now", "then", "difference"), counts)
        for reason in trial.silent:
            out.print(reason, markup=False)

    say(report, as_json, tell)


@app.command()
def score(
    months: Annotated[
        str | None, typer.Option("--months", help="When the lists went out; without it, ever.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say of each rule how many of its clues the townships confirmed (命中率), and how sure that
    is."""
    from shouwang.screening.hit_rates import hit_rates
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.workspace.workspace import load_workspace

    asked, workspace = span(months) if months else None, load_workspace()
    titles = {rule.code: rule.title for rule in load_rulebook(workspace.county_folder).rules}
    with working("Counting"), workspace.database.read() as connection:
        found = hit_rates(connection, titles, asked)
    if nothing := known.nothing_of(asked or (), "lists"):
        progress.print(nothing, style="yellow", markup=False)
    lines = found.astype(object).where(found.notna(), None).to_dict("records")
    rates: list[dict[str, Any]] = [
        {str(name): value for name, value in line.items()} for line in lines
    ]

    def tell() -> None:
        counts = [
            [line[name] for name in ("rule", "title", "sent", "answered", "confirmed")]
            for line in rates
        ]
        shares = [
            []
            if line["rate"] is None
            else [f"{line['rate']:.1%}", f"{line['low']:.1%} and {line['high']:.1%}"]
            for line in rates
        ]
        titles = ("rule", "title", "sent", "answered", "confirmed", "hit rate", "95 % between")
        show_table(titles, map(list.__add__, counts, shares))

    say(rates, as_json, tell)
