"""``shouwang rules``: what the rules say, whether a file is right, what a changed one would do, and how they proved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from shouwang.errors import UsageError
from shouwang.month import Month
from shouwang.terminal import AsJson, out
from shouwang.terminal import say as _say
from shouwang.terminal import working as _working

app = typer.Typer(help="The screening rules (rules.yaml).", no_args_is_help=True)
Months = Annotated[str, typer.Option("--months", help="Past months, for example 2026-07..2026-09.")]
RulesFile = Annotated[Path, typer.Argument(help="A changed copy of rules.yaml.")]


def span_of(months: str) -> list[Month]:
    """``2026-07..2026-09``, or one month."""
    first, _, last = months.partition("..")
    span = Month.span(Month.parse(first), Month.parse(last or first))
    if not span:
        raise UsageError(f"“{months}” ends before it begins; write --months 2026-07..2026-09.")
    return span


@app.command("show")
def show(
    codes: Annotated[list[str] | None, typer.Argument(help="Rules, for example MED-1; all when left out.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Another rule file than the county's.")] = None,
    markdown: Annotated[Path | None, typer.Option("--out", help="Write it as Markdown.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say in Chinese, rule by rule, which rows count, what is measured and where the line is."""
    from shouwang.house import open_house
    from shouwang.screening.explaining import explain
    from shouwang.screening.rulebook import load_rulebook

    house = open_house()
    contracts = house.county.every_contract
    book = load_rulebook(house.county_folder, file, contracts=contracts)
    wordings = {
        c.slug: {name: (column.wordings or (name,))[0] for name, column in c.columns.items()} for c in contracts
    }
    known = [rule.code for rule in book.rules]
    if strange := [code for code in codes or () if code not in known]:
        raise UsageError(f"There is no rule {', '.join(strange)}; there are {', '.join(known)}.")
    told = [explain(rule, book, wordings) for rule in book.rules if not codes or rule.code in codes]
    if markdown:
        pages = (
            f"## {lines['名称']}\n\n"
            + "\n".join(f"- **{name}**：{words}" for name, words in lines.items() if name != "名称")
            for lines in told
        )
        markdown.write_text(f"# {house.county.settings.name}预警规则\n\n" + "\n\n".join(pages) + "\n", encoding="utf-8")

    def tell() -> None:
        for lines in told:
            table = Table(show_header=False, title=lines["名称"], title_justify="left", box=None, pad_edge=False)
            table.add_column(no_wrap=True)
            table.add_column(overflow="fold")
            for name, words in lines.items():
                if name != "名称":
                    table.add_row(name, words)
            out.print(table, markup=False)
            out.print()

    _say(told, as_json, tell)


@app.command("check")
def check(file: RulesFile, as_json: AsJson = False) -> None:
    """Hold a rule file against the contracts: every mistake with line, key, rule and what is allowed."""
    from shouwang.house import open_house
    from shouwang.screening.rulebook import load_rulebook

    house = open_house()
    book = load_rulebook(house.county_folder, file, contracts=house.county.every_contract)
    done = {"file": str(file), "rules": [rule.code for rule in book.rules]}
    _say(done, as_json, lambda: out.print(f"{file.name}: {len(book.rules)} rules, all in order.", markup=False))


@app.command("try")
def try_(
    file: RulesFile,
    months: Months,
    workbook: Annotated[Path | None, typer.Option("--out", help="Write it as a workbook, with the households.")] = None,
    chart: Annotated[Path | None, typer.Option("--chart", help="Draw households by rule, as .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a changed rule file over past months: clues now and then. Nothing in the database changes.

    What is compared is what the rules say; that known households are not sent again is left out. Households that a
    township confirmed in such a month and that would no longer be found are counted as missed.
    """
    from shouwang.house import open_house
    from shouwang.whatif import try_rules

    if chart and chart.suffix.lower() not in (".svg", ".png"):
        raise UsageError(f"{chart.name}: a chart is written as .svg or .png.")
    span, house = span_of(months), open_house()
    with _working(f"Trying {file.name}"), house.database.read() as connection:
        trial = try_rules(connection, house, file, span)
    if workbook:
        from shouwang.delivery.trial import write_trial
        from shouwang.staging import whole_file

        settings = house.county.settings
        with whole_file(workbook) as part:
            write_trial(part, settings.name, settings.office, house.today(), file.name, trial.counts, trial.households)
    if chart:
        from shouwang.reporting.charts import now_and_then, styled, to_png, to_svg

        rules = trial.counts[trial.counts["by"] == "rule"].groupby("key", as_index=False)[["now", "then"]].sum()
        drawing = styled(now_and_then(rules), height=0)
        if chart.suffix.lower() == ".svg":
            chart.write_text(to_svg(drawing), encoding="utf-8")
        else:
            chart.write_bytes(to_png(drawing))
    report = trial.report()
    _say(report, as_json, lambda: _tell_trial(report))


def _tell_trial(report: dict[str, Any]) -> None:
    for month in report["months"]:
        counts = month["households"]
        out.print(
            f"{month['month']}: {counts['now']} → {counts['then']} households, {counts['gained']} gained, "
            f"{counts['lost']} lost, {counts['changed']} with other rules or levels; "
            f"{month['missed']} confirmed by a township would be missed"
        )
        table = Table("what", "now", "then", "difference")
        for group in ("by_rule", "by_level", "by_township"):
            for key, pair in month.get(group, {}).items():
                table.add_row(key, str(pair["now"]), str(pair["then"]), f"{pair['then'] - pair['now']:+d}")
        out.print(table)


@app.command("score")
def score(months: Months, as_json: AsJson = False) -> None:
    """How often townships confirmed what each rule sent out (命中率), with its 95 % interval, the poorest first."""
    from shouwang.house import open_house
    from shouwang.reporting.hit_rates import hit_rates
    from shouwang.screening.rulebook import load_rulebook

    house = open_house()
    titles = {rule.code: rule.title for rule in load_rulebook(house.county_folder).rules}
    with house.database.read() as connection:
        rates = hit_rates(connection, titles, span_of(months))
    rows = rates.astype(object).where(rates.notna(), None).to_dict("records")

    def tell() -> None:
        table = Table("rule", "title", "sent", "answered", "confirmed", "rate", "95 % interval")
        for row in rows:
            known = row["rate"] is not None
            rate = f"{row['rate']:.1%}" if known else "—"
            interval = f"{row['low']:.1%} – {row['high']:.1%}" if known else "—"
            figures = [str(row[name]) for name in ("sent", "answered", "confirmed")]
            table.add_row(row["rule"], row["title"], *figures, rate, interval)
        out.print(table)
        if not rows:
            out.print(f"Nothing was sent out in {months}.")

    _say(rows, as_json, tell)
