"""Settling is told once; a month is screened while others write, and by what is there in the
end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from demo.county import DemoCounty
from shouwang.casework import monthly
from shouwang.screening import evaluate
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event, submission
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

MONTH = "2026-09"


def halve(home: Path, county: DemoCounty, department: str = "water") -> None:
    """A department puts a shorter file in the place of its first."""
    folder = home / "inbox" / MONTH / department
    shutil.rmtree(folder)
    shutil.copytree(county.inbox / "2026-08" / department, folder)


def test_settling_is_told_once_and_again_when_it_differs(home: Path, county: DemoCounty) -> None:
    """Three departments that settle a month within seconds are one screening."""
    assert [monthly.settle(MONTH, f"run {n}")["news"] for n in range(3)] == [True, False, False]
    assert monthly.settle(MONTH, "run 0")["news"]  # was killed before Airflow heard of it
    halve(home, county)
    handover.receive(MONTH, "water")
    assert [monthly.settle(MONTH, f"run {n}")["news"] for n in range(3)] == [True, False, False]


def test_a_month_that_is_not_settled_is_no_news(home: Path) -> None:
    state = monthly.settle("2026-10", "run 0")
    assert (state["settled"], state["news"]) == (False, False)


def test_others_write_while_a_month_is_screened_and_what_came_is_screened_by(
    home: Path, county: DemoCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corrected file comes into force in the midst of it; a writer that had to wait would time
    out."""
    handover.load_registry(
        str(county.registry), "2026-07"
    )  # anything that makes the month be screened anew
    halve(home, county)
    handover.receive(MONTH, "water")
    screened, calls = evaluate.screen, list[int]()

    def interrupted(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            shutil.rmtree(home / "inbox" / MONTH / "housing")
            shutil.copytree(
                county.inbox / "2026-08" / "housing", home / "inbox" / MONTH / "housing"
            )
            handover.receive(MONTH, "housing")
            with load_workspace().database.write() as connection:
                audit(connection, "tested", "month", "tester")
        return screened(*given)

    monkeypatch.setattr(evaluate, "screen", interrupted)
    monthly.screen(MONTH)
    assert len(calls) == 2
    assert MONTH not in monthly.outdated(load_workspace())
    with load_workspace().database.read() as connection:
        kinds = list(
            connection.scalars(sa.select(audit_event.c.kind).order_by(audit_event.c.event_id))
        )
        newest = connection.scalar(
            sa.select(submission.c.version).where(
                submission.c.month == MONTH,
                submission.c.department == "housing",
                submission.c.in_force,
            )
        )
    assert kinds[-2:] == ["tested", "screened"]
    assert newest == 2
