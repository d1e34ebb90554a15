"""A county's ledger as of a day, and some months of a small one told by the steps that the DAGs and
the command line call."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import officers
import openpyxl
import pandas as pd
import pytest
import sqlalchemy as sa

from demo.county import DemoCounty
from sealed import opened
from shouwang.casework import monthly
from shouwang.casework.warnings import month_warnings
from shouwang.core.month import Month
from shouwang.release import planning, releasing
from shouwang.responses import following
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

MONTHS = tuple(Month.span(Month(2026, 1), Month(2026, 12)))
CLERK = "县办值班员"


def day_of(month: Month, day: int) -> dt.date:
    """A day of the month after a data month, when it is worked on."""
    return (month + 1).first.replace(day=day)


@dataclass
class Ledger:
    """A workspace that can be asked about."""

    home: Path

    @contextmanager
    def on(self, day: dt.date) -> Iterator[None]:
        """The program in this workspace, as of a day."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHOUWANG_HOME", str(self.home))
            patch.setenv("SHOUWANG_TODAY", day.isoformat())
            yield

    def table(self, query: str) -> pd.DataFrame:
        engine = sa.create_engine(f"sqlite:///{self.home / 'shouwang.db'}")
        with engine.connect() as connection:
            rows = pd.read_sql(sa.text(query), connection)
        engine.dispose()
        return rows

    def warnings(self, months: tuple[Month, ...]) -> pd.DataFrame:
        """Every warning with what became of it: ``month, household_id, level, rules, risks, state,
        clue_no``."""
        frames = []
        for month in months:
            with self.on(day_of(month, 28)), load_workspace().database.read() as connection:
                frames.append(month_warnings(connection, month))
        return pd.concat(frames, ignore_index=True)


@dataclass
class Telling(Ledger):
    """A workspace in which some months happen."""

    county: DemoCounty

    def begin(self) -> None:
        with self.on(dt.date(2026, 2, 1)):
            handover.init()
            handover.load_registry(str(self.county.registry), str(MONTHS[0]))

    def due(self, month: Month) -> list[str]:
        with self.on(day_of(month, 6)):
            return [d["department"] for d in handover.departments(str(month))]

    def hand_over(self, month: Month, department: str, lines: float = 1.0) -> None:
        """A department's files reach the inbox; below 1.0, a version that lacks its last rows."""
        target = self.home / "inbox" / str(month) / department
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.county.inbox / str(month) / department, target)
        for path in target.iterdir():
            shortened(path, lines)
        with self.on(day_of(month, 6)):
            reference = handover.receive(str(month), department)
        assert reference["status"] in ("loaded", "unchanged"), reference

    def screen_and_release(self, month: Month) -> None:
        with self.on(day_of(month, 8)):
            monthly.screen(str(month))
            releasing.release(str(month), CLERK)

    def release_what_is_unsent(self, month: Month) -> None:
        with self.on(day_of(month, 9)):
            for earlier in planning.unsent():
                releasing.release(earlier, CLERK)
            assert planning.unsent() == []

    def fill_in(self, month: Month, into: Path) -> list[Path]:
        """The filled-in workbooks of a month, in ``into``."""
        lists = (self.home / "outbox" / str(month) / "townships").glob("*/*预警*名单_*.xlsx")
        returned = []
        for path in sorted(lists):
            target = into / str(month) / f"{path.stem}（已核查）.xlsx"
            officers.fill_in(opened(path, self.home), target, month, day_of(month, 18), wrong=1)
            returned.append(target)
        return returned

    def load(self, path: Path, day: dt.date) -> None:
        with self.on(day):
            following.load_feedback(str(path), path.name.partition("预警")[0])


def shortened(path: Path, share: float) -> None:
    """Cut the last rows off a workbook."""
    if share == 1:
        return
    workbook = openpyxl.load_workbook(path)
    for sheet in workbook.worksheets:
        keep = max(3, int(sheet.max_row * share))
        sheet.delete_rows(keep + 1, sheet.max_row - keep)
    workbook.save(path)
