"""``shouwang case …``, ``shouwang overdue`` and ``shouwang feedback …``: the ledger, and what
townships send back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from shouwang.cli import known
from shouwang.cli.terminal import (
    AsJson,
    commands,
    out,
    say,
    show_table,
    somebody,
    tell_answers,
    working,
)
from shouwang.core.errors import UsageError
from shouwang.responses import following

INCOMPLETE = 3
app = commands("Cases (线索台账): stories, lists, removals.")
feedback_app = commands("What townships found (核查结果).")
Township = Annotated[str | None, typer.Option("--township", help="Only this township.")]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="As of a day, YYYY-MM-DD; today without it."),
]
SHOWN = 60


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"“{text}” is not a day; write it as YYYY-MM-DD, for example 2026-10-15."
        ) from None


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="ID", help="A clue number or a household id.")],
    as_json: AsJson = False,
) -> None:
    """Tell a household's story on one screen: clues, what was sent or kept silent and why, answers,
    what is next."""
    told = following.case_story(key)
    say(told, as_json, lambda: _tell_story(told))


def _tell_story(told: dict[str, Any]) -> None:
    out.print(
        f"{told['township'] or ''}{told['village'] or ''}  户号 {told['household_id']}  {told['day']}",
        markup=False,
    )
    for c in told["cases"]:
        marks = "、".join(
            filter(None, (c["level"], c["category"], c["risks"], "回退" if c["relapsed"] else None))
        )
        out.print(
            f"\n{c['clue_no']}  {c['state']}（{marks}）  {c['next']}", style="bold", markup=False
        )
        for event in (e for e in told["history"] if e["clue_no"] == c["clue_no"]):
            place = " ".join(
                str(event[name]) for name in ("by", "file", "sheet", "row") if event.get(name)
            )
            out.print(
                f"  {event['day']}  {event['text']}" + (f"  [{place}]" if place else ""),
                markup=False,
            )
            if event["kind"] in ("opened", "relapsed", "supplement", "repeated", "silenced"):
                for s in (s for s in told["signals"] if s["month"] == event["month"]):
                    where = " ".join(
                        str(s[name]) for name in ("department", "file", "sheet", "row") if s[name]
                    )
                    out.print(
                        f"      {s['rule']} {s['sentence']}  [{where}]", style="dim", markup=False
                    )


@app.command("list")
def list_cases(
    state: Annotated[
        str | None, typer.Option("--state", help="Only this state, for example 待核查.")
    ] = None,
    township: Township = None,
    late: Annotated[
        bool, typer.Option("--overdue", help="Only those on the supervision list (督办).")
    ] = False,
    on: On = None,
    as_json: AsJson = False,
) -> None:
    """List cases as of a day, the longest overdue first."""
    known.state(state), known.with_cases(township)
    _tell_list(
        following.list_cases(on and str(_day(on)), state, township, "overdue" if late else "all"),
        as_json,
    )


def overdue(
    on: On = None,
    due: Annotated[
        bool, typer.Option("--due", help="Instead, whom to remind: what is due that very day.")
    ] = False,
    township: Township = None,
    as_json: AsJson = False,
) -> None:
    """List what went out and was not answered in time (督办名单), or what is due on the day
    (提醒)."""
    known.with_cases(township)
    _tell_list(
        following.list_cases(on and str(_day(on)), None, township, "due" if due else "overdue"),
        as_json,
    )


def _tell_list(rows: list[dict[str, Any]], as_json: bool) -> None:
    def tell() -> None:
        names = (
            "clue_no",
            "household_id",
            "township",
            "village",
            "level",
            "state",
            "risks",
            "due",
            "days_late",
        )
        show_table(names, ([row[name] for name in names] for row in rows[:SHOWN]))
        out.print(f"{len(rows):,} cases." + (" --json prints all." if len(rows) > SHOWN else ""))

    say(rows, as_json, tell)


@app.command()
def remove(
    clue: Annotated[
        str, typer.Argument(help="The clue number of a household that is being helped.")
    ],
    by: Annotated[
        str, typer.Option("--by", callback=somebody, help="Who says so; stands in the history.")
    ],
    on: Annotated[
        str, typer.Option("--on", metavar="DATE", help="From when the risk is removed, YYYY-MM-DD.")
    ],
    measure: Annotated[
        str | None, typer.Option("--measure", help="A measure that is not on record yet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Call a household's risk removed (风险消除): not before 6 months after recognition, nor
    without a measure."""
    done = following.remove_risk(clue, by, str(_day(on)), measure)
    say(
        done,
        as_json,
        lambda: out.print(f"{done['clue_no']}: risk removed as of {done['removed_on']}."),
    )


@app.command()
def form(
    township: Annotated[str, typer.Option("--township", help="For which township.")],
    as_json: AsJson = False,
) -> None:
    """Write the form for what farmers report, officers find, and risks called removed; `feedback
    load` reads it back."""
    known.township(township)
    done = following.write_case_form(township)
    say(done, as_json, lambda: out.print(done["file"], markup=False))


@feedback_app.command("load")
def feedback_load(
    paths: Annotated[list[Path], typer.Argument(help="Filled-in workbooks of townships.")],
    township: Annotated[
        str | None, typer.Option("--from", metavar="TOWNSHIP", help="Who sent them, if known.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read filled-in workbooks back: every row is taken, or answered in a receipt; a refused file
    ends with status 3."""
    known.township(township)
    results = []
    for path in paths:
        with working(path.name):
            results.append(following.load_feedback(str(path), township))
    say(results, as_json, lambda: tell_answers(results))
    if any(done.get("refused") for done in results):
        raise typer.Exit(INCOMPLETE)
