"""However clues are split over townships, each workbook holds its own township's households, and
every clue goes out."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from shouwang.casework.warnings import UNKNOWN_TOWNSHIP
from shouwang.core.month import Month
from shouwang.documents.frames import CLUE_COLUMNS, DETAIL_COLUMNS
from shouwang.documents.notice import NoticePaper, write_notice
from shouwang.documents.township import ReleasePaper, write_township_workbook
from shouwang.release import lists as releasing
from shouwang.store.database import Database
from shouwang.store.migrate import migrate

SEPTEMBER, DUE = Month(2026, 9), dt.date(2026, 10, 19)
TOWNSHIPS = ("大河镇", "大河", "石桥乡", UNKNOWN_TOWNSHIP)
AT = dt.datetime(2026, 10, 12, 9)


def clues(split: list[str]) -> pd.DataFrame:
    """A clue for each entry, in the township that it says; its number, head and phone are nobody
    else's."""
    said = {
        "village": "上河村",
        "village_group": "1组",
        "members": 3,
        "household_type": "脱贫户",
        "level": "红",
        "risks": "因病",
        "category": "边缘易致贫户",
        "measures": "健康帮扶",
        "due": pd.Timestamp(DUE),
        "last_conclusion": None,
    }
    rows = [
        said
        | {
            "township": township,
            "clue_no": f"2609-AAAA{n:04d}",
            "household_id": f"5329990{n:05d}",
            "head": f"户主{n:03d}人",
            "involved": f"户主{n:03d}人",
            "phone": f"1380000{n:04d}",
            "reasons": f"医保局：户主{n:03d}人住院自付 9,000 元",
        }
        for n, township in enumerate(split)
    ]
    return pd.DataFrame(rows)[list(CLUE_COLUMNS)]


def details(of: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                no,
                "MED-1",
                "因病",
                "medical_insurance",
                "x",
                f"医保局：{head}住院自付 9,000 元",
                9000.0,
                5000.0,
                "a.csv",
                "",
                3,
            )
            for no, head in zip(of["clue_no"], of["head"], strict=True)
        ],
        columns=list(DETAIL_COLUMNS),
    )


def said_by(path: Path) -> str:
    with ZipFile(path) as parts:
        return unescape("".join(parts.read(name).decode() for name in parts.namelist()))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('split') / 'shouwang.db'}")
    migrate(database, ())
    with database.read() as connection:
        yield connection


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(TOWNSHIPS), min_size=1, max_size=6))
def test_each_township_s_workbook_holds_its_own_households_only(
    connection: sa.Connection, split: list[str]
) -> None:
    everyone = clues(split)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(releasing, "all_clues", lambda *_: (everyone.copy(), details(everyone)))
        lists = releasing.outgoing(connection, SEPTEMBER, DUE)
        assert [out.township for out in lists] == sorted(set(split))
        for out in lists:
            paper = {
                "county": "清源县",
                "office": "农业农村局",
                "made_at": AT,
                "made_by": "张某",
                "receiver": out.township,
                "month": SEPTEMBER,
                "version": out.version,
                "kind": out.kind,
                "due": DUE,
            }
            path, notice = Path(folder) / "list.xlsx", Path(folder) / "notice.xlsx"
            write_township_workbook(path, ReleasePaper(**paper), out.clues, out.details)
            write_notice(notice, NoticePaper(**paper), out.clues)
            said, shown = said_by(path), said_by(notice)
            for _, row in everyone.iterrows():
                marks = [row["clue_no"], row["head"], row["phone"]]
                assert [mark in said for mark in marks] == [row["township"] == out.township] * 3
                assert not any(mark in shown for mark in marks)
