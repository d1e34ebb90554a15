"""The registry keeps what it said before: a past month is found as it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from shouwang.core.errors import NotThereYet
from shouwang.core.identity import clean_numbers
from shouwang.core.month import Month
from shouwang.county.settings import read_county
from shouwang.registry.history import COLUMNS, former_people, load_snapshot, people_as_of, snapshot
from shouwang.store.database import Database
from shouwang.store.migrate import migrate

NUMBERS = ["532999198506037605", "532999199201261029", "532999197302238574"]


@pytest.fixture
def database(tmp_path: Path, project: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'shouwang.db'}")
    migrate(made, read_county(project / "include" / "county").contracts.values())
    return made


def people(*changes: tuple[int, str, object]) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series([None] * 3, dtype="str") for name in COLUMNS})
    table["household_id"] = ["1", "1", "2"]
    table["name"] = ["甲", "乙", "丙"]
    table["birth_date"] = pd.Series([pd.NaT] * 3, dtype="datetime64[ms]")
    table["income"] = 9000.0
    table[["id_number", "id_state"]] = clean_numbers(pd.Series(NUMBERS))
    for row, column, value in changes:
        table.loc[row, column] = value
    return snapshot(table)


def load(database: Database, table: pd.DataFrame, month: str, fingerprint: str) -> object:
    with database.write() as connection:
        return load_snapshot(connection, table, Month.parse(month), fingerprint, "registry.xlsx")


def names(database: Database, month: str) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = people_as_of(connection, Month.parse(month))
    return list(zip(rows["household_id"], rows["name"], strict=True))


def test_a_later_load_does_not_change_earlier_months(database: Database) -> None:
    load(database, people(), "2026-07", "a")
    load(database, people((2, "household_id", "1")).iloc[[0, 2]], "2026-09", "b")
    before = [("1", "甲"), ("1", "乙"), ("2", "丙")]
    assert names(database, "2026-07") == names(database, "2026-08") == before
    assert names(database, "2026-09") == names(database, "2027-01") == [("1", "甲"), ("1", "丙")]


def test_a_load_in_between_holds_until_the_next(database: Database) -> None:
    load(database, people(), "2026-07", "a")
    load(database, people(), "2026-09", "c")
    load(database, people().iloc[:1], "2026-08", "b")
    assert [len(names(database, f"2026-{month:02d}")) for month in (7, 8, 9)] == [3, 1, 3]


def test_the_same_load_again_does_nothing_and_another_replaces_it(database: Database) -> None:
    load(database, people(), "2026-07", "a")
    assert load(database, people(), "2026-07", "a").already_loaded  # type: ignore[attr-defined]
    load(database, people().iloc[1:], "2026-07", "b")
    assert names(database, "2026-07") == [("1", "乙"), ("2", "丙")]


def test_who_died_moved_or_was_renamed_is_known_from_earlier_loads(database: Database) -> None:
    placed = [(row, "village", "松林村") for row in range(3)]
    load(database, people(*placed), "2026-07", "a")
    richer = (0, "income", 12000.0)
    load(
        database,
        people(*placed, richer, (1, "name", "丁"), (2, "village", "东山村")).iloc[:2],
        "2026-09",
        "b",
    )
    with database.read() as connection:
        before = former_people(connection, Month.parse("2026-08"))
        after = former_people(connection, Month.parse("2026-09"))
        renamed = (
            people_as_of(connection, Month.parse("2026-09"))
            .set_index("name")
            .loc["丁", "person_id"]
        )
    assert before.empty
    assert sorted(after["name"]) == ["丙", "乙"]
    assert set(after["village"]) == {"松林村"}
    assert after.set_index("name").loc["乙", "person_id"] == renamed


def test_a_month_before_the_first_load_is_answered_with_what_to_do(database: Database) -> None:
    load(database, people(), "2026-07", "a")
    with pytest.raises(NotThereYet, match="registry load"):
        names(database, "2026-06")
