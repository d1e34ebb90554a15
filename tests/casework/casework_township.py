"""A small county that has released two months, and a township's workbooks in its officers'
hands."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from casework_mistreated import Book

from shouwang.responses import following
from shouwang.store.database import frame
from shouwang.store.tables import metadata
from shouwang.workspace.workspace import load_workspace

AUGUST, SEPTEMBER = "2026-08", "2026-09"


@contextmanager
def at(home: Path, day: str, **more: str) -> Iterator[None]:
    """In that workspace, on that day."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_KEYS"
        ]:
            patch.delenv(name)
        patch.setenv("SHOUWANG_COUNTY", str(_open_county()))
        for name, value in {"SHOUWANG_HOME": str(home), "SHOUWANG_TODAY": day, **more}.items():
            patch.setenv(name, value)
        yield


@cache
def _open_county() -> Path:
    """The county's folder, its papers without passwords: sealing them has tests of its own."""
    folder = Path(tempfile.mkdtemp(prefix="shouwang-county-")) / "county"
    shutil.copytree(Path(__file__).parents[2] / "include" / "county", folder)
    settings = folder / "county.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "encrypt: true" in text
    settings.write_text(text.replace("encrypt: true", "encrypt: false"), encoding="utf-8")
    atexit.register(shutil.rmtree, folder.parent)
    return folder


@dataclass(frozen=True)
class Township:
    """A workspace that handed out lists, and those of the township that has the most to answer."""

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

    def load(
        self, path: Path, day: str = "2026-10-16", sender: str | None = None
    ) -> dict[str, Any]:
        with at(self.home, day):
            return following.load_feedback(
                str(path), self.name if sender is None else sender or None
            )

    def receipt(self, done: dict[str, Any]) -> Path:
        """Where the receipt lies."""
        (path,) = (self.home / "outbox").rglob(done["receipt"])
        return path

    def table(self, name: str) -> pd.DataFrame:
        with at(self.home, "2026-10-16"), load_workspace().database.read() as connection:
            return frame(connection, sa.select(metadata.tables[name]))

    def states(self) -> dict[str, str]:
        cases = self.table("case")
        return dict(zip(cases["clue_no"], cases["state"], strict=True))


def consistent(township: Township) -> None:
    """One open case a household, every answer in the history of one case, every clue that went out
    known."""
    cases, events, answers = (township.table(name) for name in ("case", "case_event", "feedback"))
    assert not cases.loc[cases["open"].astype(bool), "household_id"].duplicated().any()
    assert cases["clue_no"].is_unique
    told = Counter(events.loc[events["kind"].isin(["feedback", "late_word"]), "clue_no"])
    assert told == Counter(answers["clue_no"])
    numbers = {number for said in cases["numbers"].dropna() for number in said.split()}
    assert numbers == set(township.table("release_item")["clue_no"])
