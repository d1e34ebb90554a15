"""``shouwang contract`` and ``config``: whether what a county edits is right, and a contract drafted from an export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shouwang.commands.terminal import AsJson, commands, out, say, working
from shouwang.errors import UsageError

contract_app = commands("What a department hands over, and how it is read.")
config_app = commands("The county's configuration.")


@contract_app.command("check")
def contract_check(
    file: Annotated[Path, typer.Argument(help="The contract, departments/<department>.yaml.")], as_json: AsJson = False
) -> None:
    """Hold a contract against its expectation suite and the rules that name it; says what is wrong and where."""
    from shouwang.arriving.drafting import check_contract
    from shouwang.house import open_house

    with working(f"Checking {file.name}"):
        done = check_contract(open_house(), file)
    say(done, as_json, lambda: out.print(f"{done['title']} {done['department']}.{done['dataset']}: {len(done['columns'])} columns, {len(done['required'])} required, {done['expectations']} expectations, rules {', '.join(done['rules']) or 'none yet'}; all in order.", markup=False))  # fmt: skip


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
    from shouwang.arriving.drafting import draft_contract
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

    say({"files": list(map(str, files)), "left_out": left_out}, as_json, tell)


@config_app.command("check")
def config_check(as_json: AsJson = False) -> None:
    """Read everything a county edits and say what is wrong, where, and what is allowed."""
    from shouwang.house import open_house
    from shouwang.quality.suites import load_suite, suite_path
    from shouwang.screening.rulebook import load_rulebook

    house = open_house()
    contracts = house.county.every_contract
    with working("Reading contracts, rules and suites"):
        book = load_rulebook(house.county_folder, contracts=contracts)
        for contract in contracts:
            load_suite(suite_path(house.expectations, contract.slug))
    done = {
        "county": house.county.settings.name,
        "departments": list(house.county.contracts),
        "rules": [r.code for r in book.rules],
    }
    say(
        done,
        as_json,
        lambda: out.print(
            f"{done['county']}: {len(contracts) - 1} departments, {len(book.rules)} rules; all in order."
        ),
    )
