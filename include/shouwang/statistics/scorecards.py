"""The scorecard (数据质量评分卡): how each department has delivered, one line a month."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from shouwang.casework.data_errors import data_errors
from shouwang.core import clock
from shouwang.core.month import Month
from shouwang.store import submissions
from shouwang.store.tables import submission, submission_row
from shouwang.workspace.workspace import Workspace

FIGURES = ("rows", "matched", "review", "unmatched", "rejected", "duplicate")


def score(workspace: Workspace, department: str | None = None) -> list[dict[str, Any]]:
    """One line a department and month, oldest first: the version in force, else the last one that
    was refused.

    ``versions`` counts what was handed over, ``days_late`` is that of the first of them,
    ``corrected`` counts rows that returned receipts corrected, ``wrong_on_foot`` households whose
    rows a township found wrong (核查结论 13); ``guesses`` are headings that were taken for the
    closest known one, ``ignored`` headings that were not used.
    """
    query = sa.select(submission).order_by(
        submission.c.department, submission.c.month, submission.c.version
    )
    if department:
        query = query.where(submission.c.department == department)
    with workspace.database.read() as connection:
        versions_of_all = [dict(row) for row in connection.execute(query).mappings()]
        counted = sa.select(submission_row.c.submission_id, sa.func.count()).where(
            submission_row.c.correction.is_not(None)
        )
        counts = connection.execute(counted.group_by(submission_row.c.submission_id)).all()
        errors = data_errors(
            connection, {d: c.title for d, c in workspace.county.contracts.items()}
        )
    corrected = {str(name): int(count) for name, count in counts}
    wrong = errors.groupby(["department", "month"])["household_id"].nunique().to_dict()
    months: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for version in versions_of_all:
        months.setdefault((version["department"], version["month"]), []).append(version)
    contracts = workspace.county.contracts
    card = []
    for (name, month), versions in months.items():
        shown = next((v for v in versions if v["in_force"]), versions[-1])
        first = clock.in_zone(versions[0]["received_at"], workspace.zone).date()
        due = workspace.county.settings.calendar.handover(Month.parse(month))
        never_late = name in contracts and contracts[name].on_arrival
        sheets = shown["report"].get("sheets", ())
        wordings = (
            {n: c.wordings[0] for n, c in contracts[name].columns.items()}
            if name in contracts
            else {}
        )
        guesses = [
            f"{written} → {wordings.get(m, m)}"
            for s in sheets
            for written, m in s["guesses"].items()
        ]
        card.append(
            {
                "month": month,
                "department": name,
                "title": contracts[name].title if name in contracts else name,
                "status": "refused" if shown["status"] == submissions.REFUSED else "in force",
                "versions": len(versions),
                "refused": sum(v["status"] != submissions.TAKEN for v in versions),
                "received_on": first,
                "due": due,
                "days_late": 0 if never_late else max(0, (first - due).days),
                **{figure: shown["counts"].get(figure) for figure in FIGURES},
                "corrected": corrected.get(shown["submission_id"], 0),
                "wrong_on_foot": int(wrong.get((name, month), 0)),
                "warnings": shown["report"].get("warnings", []),
                "guesses": list(dict.fromkeys(guesses)),
                "ignored": list(
                    dict.fromkeys(title for sheet in sheets for title in sheet["ignored_columns"])
                ),
            }
        )
    return card
