"""``shouwang questions`` and ``shouwang answer``: what intake asks the county's clerk (待确认)."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from shouwang.cli.terminal import AsJson, out, say, working
from shouwang.submissions import asking

By = Annotated[str, typer.Option("--by", help="Who answers; stands in the audit trail.")]
Number = Annotated[
    int, typer.Argument(metavar="ID", help="The question's number, from `shouwang questions`.")
]


def questions(
    department: Annotated[
        str | None, typer.Option("--department", help="Only this one, for example water.")
    ] = None,
    answered: Annotated[
        bool, typer.Option("--answered", help="Those that have an answer, instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what intake could not be sure of: headings of held files, and values that lead to no
    code.

    A held file (待确认) is read on as soon as its questions are answered; nobody has to upload it
    again. A value that is not known keeps no row back: the rows are taken, and no rule that needs
    the value fires on them.
    """
    found = asking.questions(department, answered)

    def tell() -> None:
        if not found:
            out.print("No question has an answer." if answered else "No question waits.")
        for one in found:
            _tell(one)

    say(found, as_json, tell)


def _tell(one: dict[str, Any]) -> None:
    months = "、".join(one["months"])
    about = {
        "column": f"表头“{one['heading']}”是不是“{one['title']}”？",
        "value": f"“{one['title']}”里的“{one['value']}”（{one['rows']} 行）是什么？",
        "sum": f"“{one['title']}”有 {one['rows']} 行对不上各项支付之和，是否另有口径、照收？",
    }[one["kind"]]
    out.print(f"{one['id']}. {one['department']} {months}: {about}", markup=False)
    if one["samples"]:
        out.print(f"   单元格：{'，'.join(one['samples'])}", markup=False)
    if one["answer"] is not None:
        out.print(f"   答：{one['answer']}（{one['answered_by']}）", markup=False)
        return
    for place, (name, called) in enumerate(zip(one["candidates"], one["choices"], strict=True), 1):
        out.print(f"   [{place}] {name}" + (f" {called}" if called != name else ""), markup=False)
    if one["kind"] != "sum":
        out.print("   [none] 都不是", markup=False)


def answer(
    number: Number,
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="CANDIDATE", help="A candidate, its place in the list (1), or none."
        ),
    ] = "",
    by: By = "",
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the answer back instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question: what lies there is read on at once, and the answer is remembered for this
    department."""
    who = by or getpass.getuser()
    with working("Reading on"):
        done = (
            asking.revoke_answer(number, who)
            if revoke
            else asking.answer_question(number, candidate, who)
        )

    def tell() -> None:
        what = "is taken back" if revoke else f"is remembered: {done['answer']}"
        out.print(f"The answer to question {number} {what}", markup=False)
        for read in done["read"]:
            rows = f", {read['rows']:,} rows" if read["rows"] else ""
            out.print(
                f"  {done['department']} {read['month']}: {read['status']}{rows}", markup=False
            )

    say(done, as_json, tell)
