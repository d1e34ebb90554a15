"""What a county edits: rules, contracts, the whole of its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.cli import rooms
from shouwang.cli.options import ByLogin, Workbook, existing_file, missing_months, span
from shouwang.cli.terminal import command, commands, warn, working
from shouwang.core.errors import ConfigError, NotThereYet, UsageError, unknown
from shouwang.core.month import Month

rules = commands("rules", "The screening rules (rules.yaml).")
contract = commands("contract", "What a department hands over, and how it is read.")
config = commands("config", "The county's configuration.")
ChangedRules = Annotated[
    Path, typer.Argument(callback=existing_file, help="A changed copy of rules.yaml.")
]


@command(rules)
def show(
    code: str | None = typer.Argument(
        None, help="One rule, for example MED-1; without it, all of them."
    ),
) -> dict[str, dict[str, str]]:
    """Tell every rule in Chinese: which rows, what is measured, against which line for whom, since
    when, and why."""
    workspace = rooms.workspace.load_workspace()
    contracts = workspace.county.every_contract
    book = rooms.rulebook.load_rulebook(workspace.county_folder, contracts=contracts)
    month = Month.of(workspace.today())
    explained = rooms.explaining.explain(book, contracts, month, code)
    if not explained:
        raise unknown("rule", str(code), [rule.code for rule in book.rules])
    shown = {rule.heading: dict(rule.lines) for rule in explained}
    if code is not None:
        return shown
    values = book.values(month)
    general = {part.title: f"{values[name]:g}" for name, part in book.parameters.items()}
    special = {"重点户": "、".join(book.special_households)}
    return {f"参数（{month.chinese}）": general | special} | shown


@command(rules)
def check(
    file: Path | None = typer.Argument(
        None, help="A changed copy of rules.yaml; without it, the county's."
    ),
) -> dict[str, list[str]]:
    """Hold a rule file against itself, the parameters and the contracts; names every mistake with
    file, line and key."""
    workspace = rooms.workspace.load_workspace()
    book = rooms.rulebook.load_rulebook(
        workspace.county_folder, file, workspace.county.every_contract
    )
    return {"rules": [rule.code for rule in book.rules], "parameters": list(book.parameters)}


def _ending(file: Path | None, *allowed: str) -> None:
    if file is not None and file.suffix not in allowed:
        raise UsageError(
            f"“{file.name}” ends in none of {', '.join(allowed)}; the ending says what is written."
        )


@command(rules, "try")
def try_(
    file: ChangedRules,
    months: str = typer.Option(..., "--months", help="Past months, for example 2026-07..2026-09."),
    workbook: Workbook = None,
    picture: Path | None = typer.Option(None, "--chart", help="Draw it: .svg, .png or .html."),
) -> dict[str, Any]:
    """Run a changed rule file over past months: clues now and then. Nothing in the database
    changes."""
    _ending(workbook, ".xlsx")
    _ending(picture, ".svg", ".png", ".html")
    tried, workspace = span(months), rooms.workspace.load_workspace()
    if nothing := missing_months(tried, "data"):
        if all(missing_months([month], "data") for month in tried):
            raise NotThereYet(nothing)
        warn(nothing)
    with working(f"Trying {file.name}"), workspace.database.read() as connection:
        trial = rooms.trials.try_rules(connection, workspace, file, tried)
    report = {"rules": str(file), "silent": list(trial.silent), **trial.report()}
    if workbook is not None:
        heading = f"{workspace.county.settings.name}规则试算"
        paper = rooms.rule_reports.TrialPaper(**rooms.handout.headed(workspace), heading=heading)
        with rooms.whole_files.atomic_write(workbook) as part:
            rooms.rule_reports.write_trial(part, paper, report, trial.warnings, trial.titles)
    if picture is not None:
        by_rule = rooms.trials.chart(report["total"]["by_rule"], trial.titles)
        with rooms.whole_files.atomic_write(picture) as part:
            part.write_bytes(rooms.charts.drawn(by_rule, picture.suffix))
    return {**report, "titles": trial.titles}


@command(rules, doing="Counting")
def score(
    months: str | None = typer.Option(
        None, "--months", help="When the lists went out; without it, ever."
    ),
) -> list[dict[str, Any]]:
    """Say of each rule how many of its clues the townships confirmed (命中率), and how sure that
    is."""
    released, workspace = span(months) if months else None, rooms.workspace.load_workspace()
    titles = {
        rule.code: rule.title
        for rule in rooms.rulebook.load_rulebook(workspace.county_folder).rules
    }
    with workspace.database.read() as connection:
        rates = rooms.hit_rates.hit_rates(connection, titles, released)
    warn(missing_months(released or (), "lists"))
    lines = rates.astype(object).where(rates.notna(), None).to_dict("records")
    return [{str(name): value for name, value in line.items()} for line in lines]


@command(contract, "check")
def contract_check(
    file: Path = typer.Argument(
        ..., callback=existing_file, help="A contract, departments/<department>.yaml, or an export."
    ),
    department: str = typer.Option(
        "", "--department", help="Of an export: whose it is, for example water."
    ),
) -> dict[str, Any]:
    """Hold a contract against its suite and rules, or say how the columns of a department's export
    are recognised."""
    with working(f"Checking {file.name}"):
        if file.suffix.lower() in (".yaml", ".yml"):
            return rooms.drafting.check_contract(rooms.workspace.load_workspace(), file)
        if not department:
            raise UsageError("Say whose export it is: --department water.")
        tables = rooms.evidence.evidence_of(rooms.workspace.load_workspace(), file, department)
    return {"file": str(file), "department": department, "tables": tables}


@command(contract)
def learn(
    department: str = typer.Argument(..., help="Whose contract, for example water."),
    by: ByLogin = "",
) -> dict[str, Any]:
    """Write what clerks answered about a department's files into its contract; the answers are not
    needed then.

    The file keeps its comments and layout. What cannot be written safely is printed, to be put
    there by hand.
    """
    return rooms.asking.learn_contract(department, by)


@command(contract)
def draft(
    sample: Path = typer.Argument(
        ..., callback=existing_file, help="An export as the department sends it."
    ),
    department: str = typer.Option(
        ..., "--department", help="A short English name, as folders are called."
    ),
    dataset: str = typer.Option(..., "--dataset", help="What the export lists, in English."),
    title: str = typer.Option(..., "--title", help="The department's Chinese name."),
    folder: Path = typer.Option(Path(), "--out", help="Where the two files are written."),
) -> dict[str, list[str]]:
    """Propose a contract and an expectation suite from an export, to be read over by a person."""
    text, suite, left_out = rooms.drafting.draft_contract(
        rooms.workspace.load_workspace(), sample, department, dataset, title
    )
    files = {
        folder / "departments" / f"{department}.yaml": text,
        folder / "expectations" / f"{department}.{dataset}.json": suite,
    }
    if existing := [str(path) for path in files if path.exists()]:
        raise UsageError(
            f"{' and '.join(existing)} would be overwritten; name another folder with --out."
        )
    for path, content in files.items():
        with rooms.whole_files.atomic_write(path) as part:
            part.write_text(content, encoding="utf-8")
    return {"files": list(map(str, files)), "left_out": left_out}


@command(config, "check", doing="Reading contracts, rules, suites and templates")
def config_check() -> dict[str, Any]:
    """Read everything a county edits and say what is wrong, where, and what is allowed."""
    workspace = rooms.workspace.load_workspace()
    contracts = workspace.county.every_contract
    book = rooms.rulebook.load_rulebook(workspace.county_folder, contracts=contracts)
    for each in contracts:
        rooms.suites.load_suite(rooms.suites.suite_path(workspace.expectations, each.slug))
    if problems := rooms.template.check_templates(workspace.county_folder / "templates"):
        raise ConfigError("\n".join(problems))
    return {
        "county": workspace.county.settings.name,
        "departments": list(workspace.county.contracts),
        "rules": [rule.code for rule in book.rules],
    }
