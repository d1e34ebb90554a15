"""A small made-up county in which two months happened and townships answered, rudely."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from statistics_builders import Told

from demo.county import make_county
from shouwang.casework import monthly
from shouwang.casework.rebuilding import rebuild_cases
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.store.database import frame, insert
from shouwang.store.tables import case, feedback, person, release_item
from shouwang.submissions import handover
from shouwang.workspace.workspace import Workspace, load_workspace

GOLDEN = Path(__file__).parent / "golden"
MONTHS = (Month(2026, 8), Month(2026, 9))
CODES = ("05", "01", "13", "02", "07", "12", None, "03", "09", "08", "04", "13")
RUDE = '=HYPERLINK("http://evil.example","x") <script>alert(1)</script>'


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    county = make_county(folder, households=700, months=MONTHS, seed=21)
    with pytest.MonkeyPatch.context() as patch:
        for name in [
            n
            for n in os.environ
            if n.startswith("SHOUWANG_") and n not in ("SHOUWANG_UPDATE_GOLDEN", "SHOUWANG_KEYS")
        ]:
            patch.delenv(name)
        patch.setenv("SHOUWANG_HOME", str(folder / "home"))
        patch.setenv("SHOUWANG_INBOX", str(county.inbox))
        patch.setenv("SHOUWANG_TODAY", "2026-09-12")
        handover.init()
        handover.load_registry(str(county.registry), str(MONTHS[0]))
        for month in MONTHS:
            patch.setenv("SHOUWANG_TODAY", str((month + 1).first.replace(day=12)))
            for department in handover.departments(str(month)):
                if department["department"] != "water":
                    handover.receive(str(month), department["department"])
            monthly.screen(str(month))
            releasing.release(str(month), "张某")
            _answer(load_workspace(), month)
        patch.setenv("SHOUWANG_TODAY", "2026-10-28")
        workspace = load_workspace()
        with workspace.database.read() as connection:
            yield Told(workspace, frame(connection, sa.select(person)))


def _answer(workspace: Workspace, month: Month) -> None:
    """Answers of every kind in the order of the clue numbers, each with a name, a number and a
    formula in its text."""
    with workspace.database.write() as connection:
        listed = sa.select(release_item.c.clue_no, release_item.c.household_id)
        items = frame(connection, listed.where(release_item.c.month == str(month)).distinct())
        someone = connection.execute(
            sa.select(person.c.name, person.c.id_number, person.c.phone)
        ).first()
        assert someone is not None
        items = items.sort_values("clue_no", ignore_index=True)
        risks = dict(connection.execute(sa.select(case.c.clue_no, case.c.risks)).all())
        items["risks"] = items["clue_no"].map(risks)
        wrong = items["risks"].str.contains("住房") | (
            items["risks"].str.contains("因病") & (items.index % 2 == 0)
        )
        codes = ["13" if bad else CODES[place % len(CODES)] for place, bad in enumerate(wrong)]
        rows = items[["clue_no", "household_id"]].assign(conclusion=codes, row=range(len(items)))[
            [code is not None for code in codes]
        ]
        day = (month + 1).first.replace(day=15)
        insert(
            connection,
            feedback,
            rows.assign(
                content=[f"{month}-{n}" for n in rows["row"]],
                visited=pd.Timestamp(day),
                file="核查.xlsx",
                list_month=str(month),
                reason=f"{RUDE} {someone[0]} {someone[1]} {someone[2]} 医保局和住建局登记有误",
                measure=[
                    "健康帮扶、公益性岗位" if c in ("01", "02", "03") else None
                    for c in rows["conclusion"]
                ],
                received_at=pd.Timestamp(dt.datetime.combine(day, dt.time(9))),
            ),
        )
        rebuild_cases(connection, workspace.county.settings)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with ``golden/<name>``; SHOUWANG_UPDATE_GOLDEN=1 writes it anew."""

    def compare(said: str, name: str) -> None:
        path = GOLDEN / name
        if os.environ.get("SHOUWANG_UPDATE_GOLDEN"):
            path.write_text(said, encoding="utf-8")
        assert said == path.read_text(encoding="utf-8")

    return compare
