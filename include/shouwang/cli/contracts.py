"""``shouwang contract`` and ``config``: whether what a county edits is right, and a contract
drafted from an export."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from shouwang.cli.terminal import AsJson, commands, out, say, working
from shouwang.core.errors import UsageError

contract_app = commands("What a department hands over, and how it is read.")
config_app = commands("The county's configuration.")


@contract_app.command("check")
def contract_check(
    file: Annotated[
        Path, typer.Argument(help="A contract, departments/<department>.yaml, or an export.")
    ],
    department: Annotated[
        str, typer.Option("--department", help="Of an export: whose it is, for example water.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Hold a contract against its suite and rules, or say how the columns of a department's export
    are recognised."""
    from shouwang.cli.drafting import check_contract
    from shouwang.workspace.workspace import load_workspace

    if file.suffix.lower() not in (".yaml", ".yml"):
        _tell_evidence(file, department, as_json)
        return
    with working(f"Checking {file.name}"):
        done = check_contract(load_workspace(), file)
    say(
        done,
        as_json,
        lambda: out.print(
            f"{done['title']} {done['department']}.{done['dataset']}: {len(done['columns'])} columns, {len(done['required'])} required, {done['expectations']} expectations, rules {', '.join(done['rules']) or 'none yet'}; all in order.",
            markup=False,
        ),
    )


def _tell_evidence(file: Path, department: str, as_json: bool) -> None:
    """How each column of an export is known, what is asked and what is left out."""
    from shouwang.submissions.evidence import evidence_of
    from shouwang.workspace.workspace import load_workspace

    if not file.is_file():
        raise UsageError(f"There is no file {file}.")
    if not department:
        raise UsageError("Say whose export it is: --department water.")
    with working(f"Reading {file.name}"):
        tables = evidence_of(load_workspace(), file, department)

    def tell() -> None:
        for table in tables:
            out.print(
                f"{table['sheet'] or file.name}: header in row {table['header_row']}",
                style="bold",
                markup=False,
            )
            for one in table["columns"]:
                out.print(f"  {one['column']} ← {one['heading']}: {one['evidence']}", markup=False)
            for one in table["questions"]:
                rivals = ", ".join(one["candidates"])
                out.print(
                    f"  {one['column']} ? {one['heading']}: to be asked; candidates {rivals}",
                    markup=False,
                )
            if table["missing"]:
                out.print(f"  Not found: {', '.join(table['missing'])}", style="red", markup=False)
            if table["ignored"]:
                out.print(f"  Not used: {'、'.join(table['ignored'])}", markup=False)

    say({"file": str(file), "department": department, "tables": tables}, as_json, tell)


@contract_app.command("learn")
def contract_learn(
    department: Annotated[str, typer.Argument(help="Whose contract, for example water.")],
    by: Annotated[
        str, typer.Option("--by", help="Who has it written; stands in the audit trail.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write what clerks answered about a department's files into its contract; the answers are not
    needed then.

    The file keeps its comments and layout. What cannot be written safely is printed, to be put
    there by hand.
    """
    from shouwang.submissions import asking

    done = asking.learn_contract(department, by or getpass.getuser())

    def tell() -> None:
        if not done["written"] and not done["left"]:
            out.print(f"No answer waits to be written into {done['file']}.", markup=False)
        for line in done["written"]:
            out.print(f"Written into {done['file']}: {line}", markup=False)
        for line in done["left"]:
            out.print(
                f"To be added by hand, the answer stays: {line}", style="yellow", markup=False
            )

    say(done, as_json, tell)


@contract_app.command("draft")
def contract_draft(
    sample: Annotated[Path, typer.Argument(help="An export as the department sends it.")],
    department: Annotated[
        str, typer.Option("--department", help="A short English name, as folders are called.")
    ],
    dataset: Annotated[str, typer.Option("--dataset", help="What the export lists, in English.")],
    title: Annotated[str, typer.Option("--title", help="The department's Chinese name.")],
    folder: Annotated[
        Path, typer.Option("--out", help="Where the two files are written.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Propose a contract and an expectation suite from an export, to be read over by a person."""
    from shouwang.cli.drafting import draft_contract
    from shouwang.core.staging import whole_file
    from shouwang.workspace.workspace import load_workspace

    if not sample.is_file():
        raise UsageError(f"There is no file {sample}.")
    contract, suite, left_out = draft_contract(load_workspace(), sample, department, dataset, title)
    files = [
        folder / "departments" / f"{department}.yaml",
        folder / "expectations" / f"{department}.{dataset}.json",
    ]
    if there := [str(path) for path in files if path.exists()]:
        raise UsageError(
            f"{' and '.join(there)} would be overwritten; name another folder with --out."
        )
    for path, content in zip(files, (contract, suite), strict=True):
        with whole_file(path) as part:
            part.write_text(content, encoding="utf-8")

    def tell() -> None:
        out.print(
            f"Written: {files[0]} and {files[1]}. Read them over, then: shouwang contract check {files[0]}",
            markup=False,
        )
        if left_out:
            out.print(f"Columns left out: {'、'.join(left_out)}", markup=False)

    say({"files": list(map(str, files)), "left_out": left_out}, as_json, tell)


@config_app.command("check")
def config_check(as_json: AsJson = False) -> None:
    """Read everything a county edits and say what is wrong, where, and what is allowed."""
    from shouwang.quality.suites import load_suite, suite_path
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.workspace.workspace import load_workspace

    workspace = load_workspace()
    contracts = workspace.county.every_contract
    with working("Reading contracts, rules and suites"):
        book = load_rulebook(workspace.county_folder, contracts=contracts)
        for contract in contracts:
            load_suite(suite_path(workspace.expectations, contract.slug))
    done = {
        "county": workspace.county.settings.name,
        "departments": list(workspace.county.contracts),
        "rules": [r.code for r in book.rules],
    }
    say(
        done,
        as_json,
        lambda: out.print(
            f"{done['county']}: {len(contracts) - 1} departments, {len(book.rules)} rules; all in order."
        ),
    )
