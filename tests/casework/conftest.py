"""A small county that has released two months, and a township's workbooks in its officers' hands."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from officers import CODES, Book

from shouwang import steps
from shouwang.demo.county import make_county
from shouwang.house import open_house
from shouwang.month import Month
from shouwang.store.database import frame
from shouwang.store.tables import metadata

AUGUST, SEPTEMBER = "2026-08", "2026-09"


@contextmanager
def at(home: Path, day: str, **more: str) -> Iterator[None]:
    """In that house, on that day."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SHOUWANG_")]:
            patch.delenv(name)
        for name, value in {"SHOUWANG_HOME": str(home), "SHOUWANG_TODAY": day, **more}.items():
            patch.setenv(name, value)
        yield


@dataclass(frozen=True)
class Township:
    """A house that handed out lists, and those of the township that has the most to answer."""

    home: Path
    name: str
    lists: dict[str, Path]

    def copy(self, home: Path) -> Township:
        """The same, with a database of its own."""
        home.mkdir()
        for file in self.home.glob("shouwang.db*"):
            shutil.copy(file, home)
        return Township(home, self.name, self.lists)

    def book(self, folder: Path, month: str = SEPTEMBER) -> Book:
        return Book(self.lists[month], folder / "报回.xlsx")

    def load(self, path: Path, day: str = "2026-10-16", sender: str | None = None) -> dict[str, Any]:
        with at(self.home, day):
            return steps.load_feedback(str(path), sender)

    def table(self, name: str) -> pd.DataFrame:
        with at(self.home, "2026-10-16"), open_house().database.read() as connection:
            return frame(connection, sa.select(metadata.tables[name]))

    def states(self) -> dict[str, str]:
        cases = self.table("case")
        return dict(zip(cases["clue_no"], cases["state"], strict=True))


@pytest.fixture(scope="session")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Township:
    top = tmp_path_factory.mktemp("township")
    months = (Month.parse(AUGUST), Month.parse(SEPTEMBER))
    county = make_county(top / "county", households=700, months=months, seed=5)
    home, released = top / "home", {}
    for month, day in ((AUGUST, "2026-09-11"), (SEPTEMBER, "2026-10-12")):
        with at(home, day, SHOUWANG_INBOX=str(county.inbox)):
            if month == AUGUST:
                steps.init()
                steps.load_registry(str(county.registry), AUGUST)
            for department in steps.departments(month):
                steps.receive(month, department["department"])
            steps.screen(month)
            released[month] = steps.release(month, "测试员")["released"]
    clues = {done["township"]: done["clues"] for done in released[SEPTEMBER]}
    name = max(clues, key=lambda township: clues[township])
    assert clues[name] >= len(CODES)
    files = {month: {d["township"]: d["file"] for d in done} for month, done in released.items()}
    lists = {m: home / "outbox" / m / "townships" / name / file[name] for m, file in files.items()}
    return Township(home, name, lists)


@pytest.fixture
def township(handed_out: Township, tmp_path: Path) -> Township:
    return handed_out.copy(tmp_path / "home")


def consistent(township: Township) -> None:
    """One open case a household, every answer in the history of one case, every clue that went out known."""
    cases, events, answers = (township.table(name) for name in ("case", "case_event", "feedback"))
    assert not cases.loc[cases["open"].astype(bool), "household_id"].duplicated().any()
    assert cases["clue_no"].is_unique
    told = Counter(events.loc[events["kind"].isin(["feedback", "late_word"]), "clue_no"])
    assert told == Counter(answers["clue_no"])
    numbers = {number for said in cases["numbers"].dropna() for number in said.split()}
    assert numbers == set(township.table("release_item")["clue_no"])
