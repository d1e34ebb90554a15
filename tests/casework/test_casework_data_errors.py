"""Which office a township means when it writes that data are wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from shouwang.casework.data_errors import _names, last_words
from shouwang.casework.rebuilding import rebuild_cases
from shouwang.county.settings import read_county
from shouwang.store.database import Database
from shouwang.store.migrate import migrate
from shouwang.store.tables import feedback

COUNTY = Path(__file__).parents[2] / "include" / "county"


@pytest.mark.parametrize(
    "text", ["教育体育局学费有误", "教体局学费有误", "请教育局核实", "教育体育部门有误"]
)
def test_an_office_is_named_in_full_or_as_people_shorten_it(text: str) -> None:
    assert _names("教育体育局", text)
    assert not _names("医保局", text)


def test_nobody_is_named_where_no_office_is() -> None:
    assert not _names("教育体育局", "体育局、育局和县局都不是")
    assert not _names("水利局", "水费有误，已问镇水管站")


def test_of_two_answers_of_one_moment_counts_and_cases_hold_the_same_for_the_last(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shouwang.db'}")
    migrate(database, ())
    same = {"clue_no": "2609-AAAAAAAA", "household_id": "532999000001", "list_month": "2026-09"}
    same |= {"received_at": dt.datetime(2026, 10, 16), "row": 3}
    with database.write() as connection:
        for content, file, conclusion in (("b", "一.xlsx", "13"), ("a", "二.xlsx", "05")):
            said = {"content": content * 16, "file": file, "conclusion": conclusion}
            connection.execute(feedback.insert().values(**same, **said))
        (case,) = rebuild_cases(connection, read_county(COUNTY).settings).cases
        (word,) = last_words(connection)["conclusion"]
    assert case.conclusion == word == "13"
