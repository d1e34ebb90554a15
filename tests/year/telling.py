"""A year of a small county, told month by month through the same steps that the DAGs and the
command line call."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import officers
import pandas as pd
import pytest
import sqlalchemy as sa

from demo.county import DemoCounty
from sealed import opened
from shouwang.casework import monthly
from shouwang.core.month import Month
from shouwang.release import planning, releasing
from shouwang.responses import following
from shouwang.submissions import handover

MONTHS = tuple(Month.span(Month(2026, 1), Month(2026, 12)))
CLERK = "县办值班员"


@dataclass
class Telling:
    """One workspace in which the year happens."""

    home: Path
    county: DemoCounty
    answers: dict[tuple[str, Month], officers.Answer] = field(default_factory=dict)
    rows: Counter[Path] = field(default_factory=Counter)
    loaded: list[Path] = field(default_factory=list)
    filled_in: int = 0
    problems: int = 0

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @contextmanager
    def on(self, day: dt.date) -> Iterator[None]:
        """The steps as of a day."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHOUWANG_HOME", str(self.home))
            patch.setenv("SHOUWANG_TODAY", day.isoformat())
            for name in (
                "SHOUWANG_INBOX",
                "SHOUWANG_OUTBOX",
                "SHOUWANG_DATABASE_URL",
                "SHOUWANG_COUNTY",
            ):
                patch.delenv(name, raising=False)
            yield

    def begin(self) -> None:
        with self.on(dt.date(2026, 2, 1)):
            handover.init()
            handover.load_registry(str(self.county.registry), str(MONTHS[0]))

    def due(self, month: Month) -> list[str]:
        return [d["department"] for d in handover.departments(str(month))]

    def hand_over(self, month: Month, department: str, lines: float = 1.0) -> None:
        """A department's files reach the inbox; below 1.0, a version that lacks its last rows (the
        exports are csv or workbooks, so the whole truth comes as a corrected file later)."""
        source, target = (
            self.county.inbox / str(month) / department,
            self.inbox / str(month) / department,
        )
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        if lines < 1.0:
            for path in target.iterdir():
                shortened(path, lines)
        with self.on(day_of(month, 6)):
            reference = handover.receive(str(month), department)
        assert reference["status"] in ("loaded", "unchanged"), reference

    def screen(self, month: Month) -> dict[str, Any]:
        with self.on(day_of(month, 8)):
            return monthly.screen(str(month))

    def release(self, month: Month) -> dict[str, Any]:
        with self.on(day_of(month, 8)):
            return releasing.release(str(month), CLERK)

    def send_what_is_new_by_late_answers(self, month: Month) -> None:
        with self.on(day_of(month, 9)):
            for earlier in planning.unsent():
                releasing.release(earlier, CLERK)
            assert planning.unsent() == []

    def lists(self, month: Month) -> list[Path]:
        return sorted((self.home / "outbox" / str(month) / "townships").glob("*/*预警*名单_*.xlsx"))

    def fill_in(self, month: Month, into: Path) -> dict[str, list[Path]]:
        """The filled-in workbooks of a month by township, in ``into``."""
        returned: dict[str, list[Path]] = {}
        for path in self.lists(month):
            township = path.parent.name
            target = into / str(month) / f"{path.stem}（已核查）.xlsx"
            for answer in officers.fill_in(
                opened(path, self.home), target, month, day_of(month, 18)
            ):
                self.answers[answer.clue_no, month] = answer
                self.rows[target] += 1
            returned.setdefault(township, []).append(target)
        return returned

    def load(self, path: Path, day: dt.date) -> dict[str, Any]:
        with self.on(day):
            done: dict[str, Any] = following.load_feedback(
                str(path), path.name.partition("预警")[0]
            )
        self.problems += len(done["problems"])
        self.loaded.append(path)
        self.filled_in += self.rows[path]
        return done

    def table(self, query: str, **values: object) -> pd.DataFrame:
        engine = sa.create_engine(f"sqlite:///{self.home / 'shouwang.db'}")
        with engine.connect() as connection:
            found = pd.read_sql(sa.text(query), connection, params=values)
        engine.dispose()
        return found


def day_of(month: Month, day: int) -> dt.date:
    """A day of the month after a data month, when it is worked on."""
    return (month + 1).first.replace(day=day)


def shortened(path: Path, share: float) -> None:
    """Cut the last rows off an export (a csv, as `neat` layouts of these departments are workbooks
    or csv)."""
    if path.suffix == ".csv":
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[: max(2, int(len(lines) * share))]))
        return
    import openpyxl

    workbook = openpyxl.load_workbook(path)
    for sheet in workbook.worksheets:
        keep = max(3, int(sheet.max_row * share))
        sheet.delete_rows(keep + 1, sheet.max_row - keep)
    workbook.save(path)


def tell(year: Telling, months: Sequence[Month], returned: Path) -> None:
    """The year as it should be: everything on time, lists go out, townships answer in their own
    way."""
    year.begin()
    waiting: list[Path] = []
    for month in months:
        with year.on(day_of(month, 6)):
            due = year.due(month)
        for department in due:
            year.hand_over(month, department)
        year.screen(month)
        year.release(month)
        year.send_what_is_new_by_late_answers(month)
        came_back = year.fill_in(month, returned)
        for path in waiting:
            year.load(path, day_of(month, 20))
        waiting = []
        for township, paths in came_back.items():
            if officers.silent(township, month):
                continue
            if officers.late(township, month):
                waiting += paths
            else:
                for path in paths:
                    year.load(path, day_of(month, 20))
    year.send_what_is_new_by_late_answers(months[-1])
