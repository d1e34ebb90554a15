"""A small county that has released two months, and the township that has the most to answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from casework_mistreated import CODES
from casework_township import AUGUST, SEPTEMBER, Township, at

from demo.county import make_county
from shouwang.casework import monthly
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.submissions import handover


@pytest.fixture(scope="session")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Township:
    top = tmp_path_factory.mktemp("township")
    months = (Month.parse(AUGUST), Month.parse(SEPTEMBER))
    county = make_county(top / "county", households=700, months=months, seed=5)
    home, released = top / "home", {}
    for month, day in ((AUGUST, "2026-09-11"), (SEPTEMBER, "2026-10-12")):
        with at(home, day, SHOUWANG_INBOX=str(county.inbox)):
            if month == AUGUST:
                handover.init()
                handover.load_registry(str(county.registry), AUGUST)
            for department in handover.departments(month):
                handover.receive(month, department["department"])
            monthly.screen(month)
            released[month] = releasing.release(month, "测试员")["released"]
    clues = {done["township"]: done["clues"] for done in released[SEPTEMBER]}
    name = max(clues, key=lambda township: clues[township])
    assert clues[name] >= len(CODES)
    files = {month: {d["township"]: d["file"] for d in done} for month, done in released.items()}
    lists = {m: home / "outbox" / m / "townships" / name / file[name] for m, file in files.items()}
    return Township(home, name, lists)


@pytest.fixture
def township(handed_out: Township, tmp_path: Path) -> Township:
    return handed_out.copy(tmp_path / "home")
