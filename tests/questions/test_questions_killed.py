"""Holding, answering and taking back, killed at every moment that matters and done again: as if
undisturbed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from asked import MONTH, STRANGE, WHO, hand_over, ledger

from demo.county import DemoCounty
from sealed import everybodys_numbers
from shouwang.quality.suites import load_suite, suite_path
from shouwang.submissions import asking, handover
from test_killed import Step, copied, on_sqlite, outlives_every_kill, perform

PROJECT = Path(__file__).resolve().parents[2]


def story(county: DemoCounty) -> dict[str, Step]:
    """The steps in order; ids of questions are 1 (the column) and 2 (the value)."""
    return {
        "init": lambda _: (handover.init(), handover.load_registry(str(county.registry), MONTH)),
        "hold": lambda _: handover.receive(MONTH, WHO),
        "answer": lambda _: asking.answer_question(1, "1", "文书"),
        "revoke": lambda _: asking.revoke_answer(1, "文书"),
    }


@pytest.mark.parametrize("name", ["hold", "answer", "revoke"])
def test_it_ends_as_undisturbed(county: DemoCounty, tmp_path: Path, name: str) -> None:
    load_suite(suite_path(PROJECT / "expectations", "water.supplies"))  # the import is paid once
    inbox = tmp_path / "inbox"
    hand_over(inbox, ledger(county, value=STRANGE))
    place = on_sqlite(tmp_path / "undisturbed" / "home", inbox)
    place.home.mkdir(parents=True)
    plan = story(county)
    before, seen = place, list[str]()
    for step in plan:
        if step == "answer":
            shutil.rmtree(inbox)
            inbox.mkdir()
        before = copied(place, on_sqlite(tmp_path / f"before {step}" / "home", inbox))
        ended, seen = perform(place, step, plan[step])
        assert ended == 0
        if step == name:
            break
    scratch = on_sqlite(tmp_path / "again" / "home", inbox)
    outlives_every_kill(plan[name], name, before, seen, place, scratch, everybodys_numbers(county))
