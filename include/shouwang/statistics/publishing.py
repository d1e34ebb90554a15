"""The papers of a month: bulletin, departments' results, the registry's checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shouwang.casework.monthly import require_screened
from shouwang.core.month import Month
from shouwang.submissions import receiving
from shouwang.workspace.workspace import load_workspace


def write_bulletin(month: str, months: int = 1) -> dict[str, Any]:
    """Write the bulletin (通报) of the one or two months that end with ``month``."""
    from shouwang.statistics.papers import bulletin

    workspace, data_month = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        require_screened(connection, data_month)
    return bulletin(workspace, data_month, months)


def write_results(month: str, department: str) -> dict[str, Any]:
    """Tell a department what became of its rows of a month (结果反馈)."""
    from shouwang.statistics.papers import results

    workspace = load_workspace()
    receiving.contract_of(workspace, department)
    return results(workspace, Month.parse(month), department)


def check_registry(month: str, by: str) -> dict[str, Any]:
    """List what of the registry does not fit together (数据清洗), and corrections that others' data
    suggest."""
    from shouwang.statistics.papers import check_registry as check

    return check(load_workspace(), Month.parse(month), by)


def scorecard(department: str | None = None, out: str | None = None) -> list[dict[str, Any]]:
    """How each department has delivered, month by month; written as a workbook to ``out`` if
    given."""
    from shouwang.core.files import atomic_write
    from shouwang.documents.paper import Paper
    from shouwang.documents.scorecard import write_scorecard
    from shouwang.statistics.scorecards import score
    from shouwang.transfer.handout import headed

    workspace = load_workspace()
    if department:
        receiving.contract_of(workspace, department)
    card = score(workspace, department)
    if out:
        paper = Paper(**headed(workspace))
        with atomic_write(Path(out)) as part:
            write_scorecard(part, paper, card)
    return card
