"""The made-up county: the same for a seed, its damage honest, its truth pointing at the rows that
it speaks of."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypinyin import lazy_pinyin
from python_calamine import CalamineWorkbook

from demo import DemoCounty
from demo import county as county_module
from demo.county import make_county
from demo.names import SOUNDS
from shouwang.core.identity import VALID, clean_numbers, written_number
from shouwang.core.month import Month
from shouwang.intake.markup import open_markup
from shouwang.intake.texts import encoding_of

KEY = ["month", "department", "file", "sheet", "row"]
DEPARTMENTS = {"medical_insurance", "civil_affairs", "education", "housing", "water"}
MATCH, ASKED, REJECT = {"match"}, {"match", "either", "review"}, {"reject"}
OUTCOMES = {
    **dict.fromkeys(("format", "typo", "swap", "masked", "cut", "certificate", "old15"), MATCH),
    **dict.fromkeys(("relative's id", "homophone", "lost"), MATCH),
    **dict.fromkeys(("float", "missing", "space", "trailing", "dot", "no id"), ASKED),
    **dict.fromkeys(("text", "sum", "order", "future", "range", "no identity"), REJECT),
    "stranger": {"review"},
    "homophone, no id": {"either", "review"},
    "outsider": {"none"},
    "unknown value": {"either"},
    "": {"match"},
}
"""Every kind of damage with what may be expected of such a row, unless it is a repeat."""
Rows = list[list[Any]]


def cells_of(path: Path) -> dict[str, Rows]:
    """Every sheet's rows from its first cell; a text file and a page have the sheet ``""``."""
    raw = path.read_bytes()
    if (raw[:1] in (b"<", b"\xef") and path.suffix == ".xls") or raw[:4] == b"\xff\xfe<\0":
        sheets: dict[str, Rows] = {}
        for sheet in open_markup(path.name, raw).sheets:
            for number, row in zip(sheet.numbers, sheet.head(len(sheet.numbers)), strict=True):
                rows = sheets.setdefault(sheet.name, [])
                rows += [[] for _ in range(number - len(rows) - 1)] + [row]
        return sheets
    if path.suffix in (".csv", ".tsv"):
        lines = io.StringIO(raw.decode(encoding_of(path.name, raw)), newline="")
        return {"": list(csv.reader(lines, delimiter="," if path.suffix == ".csv" else "\t"))}
    book = CalamineWorkbook.from_path(path)
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


@dataclass(frozen=True)
class Read:
    """A county with what lies on disk."""

    county: DemoCounty

    @cached_property
    def records(self) -> pd.DataFrame:
        records, identities = (
            pd.read_csv(self.county.truth / f"{name}.csv", dtype=str, keep_default_na=False)
            for name in ("records", "identities")
        )
        return records.merge(identities, on=KEY, validate="one_to_one")

    @cached_property
    def registry(self) -> pd.DataFrame:
        head, *rows = cells_of(self.county.registry)["农户信息"]
        return pd.DataFrame(rows, columns=head)

    @cached_property
    def files(self) -> dict[tuple[str, str, str, str], Rows]:
        """Rows of every sheet, by month, department, file and sheet."""
        return {
            (path.parts[-3], path.parts[-2], path.name, sheet): rows
            for path in sorted(self.county.inbox.glob("*/*/*"))
            for sheet, rows in cells_of(path).items()
        }


@pytest.fixture(scope="module")
def county(made_county: Callable[..., DemoCounty], tmp_path_factory: Any) -> Read:
    """Large enough for every kind of damage."""
    return Read(made_county(tmp_path_factory.mktemp("county"), households=4000, seed=7))


@pytest.fixture(scope="module")
def small(made_county: Callable[..., DemoCounty], tmp_path_factory: Any) -> Read:
    months = tuple(Month.span(Month(2026, 2), Month(2026, 4)))
    folder = tmp_path_factory.mktemp("small")
    return Read(made_county(folder, households=150, months=months, seed=3))


def test_a_seed_always_makes_the_same_county(tmp_path: Path, small: Read) -> None:
    again = Read(make_county(tmp_path / "1", households=150, months=small.county.months, seed=3))
    other = Read(make_county(tmp_path / "2", households=20, months=small.county.months, seed=4))
    assert again.records.equals(small.records)
    assert again.files == small.files
    assert again.registry.equals(small.registry)
    assert not other.registry.equals(small.registry)


def test_two_processes_write_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Read(make_county(tmp_path / "one", households=20))
    monkeypatch.setattr(county_module, "MANY", 20)
    two = Read(make_county(tmp_path / "two", households=20))
    assert two.files == one.files
    assert two.records.equals(one.records)
    assert set(one.records["department"]) == DEPARTMENTS


def test_every_number_is_sound_and_of_no_real_place(county: Read) -> None:
    numbers = county.registry["证件号码"]
    assert set(clean_numbers(numbers)["id_state"]) == {VALID}
    assert numbers.is_unique
    assert set(numbers.str[:6]) == {"532999", "513999"}
    outsiders = county.records.loc[county.records["defect"] == "outsider", "id"]
    assert set(clean_numbers(outsiders)["id_state"]) == {VALID}
    assert set(outsiders.str[:6]) == {"530999"}


def test_its_size_is_that_of_a_real_county(county: Read) -> None:
    homes = county.registry.drop_duplicates("户编号")
    assert len(homes) == 4000
    assert 3.7 < len(county.registry) / 4000 < 4.2
    assert 0.17 < (homes["户类型"] == "脱贫户").mean() < 0.23
    assert 8000 < sum(county.county.rows.values()) < 9000
    assert 0.05 < (~county.records["defect"].isin(["", "no id", "outsider"])).mean() < 0.12
    same = county.registry.groupby(["乡镇", "行政村", "姓名"])["户编号"].nunique()
    assert (same > 1).sum() >= 20, "namesakes in a village are what reviews are for"


def test_education_comes_in_its_months_only(small: Read) -> None:
    came = small.records.groupby("month")["department"].agg(set).to_dict()
    without = DEPARTMENTS - {"education"}
    assert came == {"2026-02": without, "2026-03": DEPARTMENTS, "2026-04": without}


def test_the_truth_speaks_of_every_data_row_and_of_no_other(county: Read, small: Read) -> None:
    for read in (county, small):
        for record in read.records.to_dict("records"):
            cells = read.files[tuple(record[key] for key in KEY[:4])][int(record["row"]) - 1]
            line = {
                (f"{v:.0f}" if isinstance(v, float) and v > 1e15 else written_number(v)).lstrip(
                    "\t\ufeff"  # before all numbers of a file; some readers drop the mark
                )
                for v in cells
            }
            assert {record["name"], record["town"]} <= line
            assert record["id"].lstrip("\t\ufeff") in {"", *line}
        told = read.records.groupby(KEY[:4])["row"].agg(lambda rows: set(map(int, rows)))
        for key, rows in read.files.items():
            for number, row in enumerate(rows, 1):
                if number not in told.get(key, set()):
                    assert not any(str(cell).startswith(("532999", "513999")) for cell in row)


def test_every_kind_of_damage_is_there_and_asks_for_what_a_clerk_could_decide(county: Read) -> None:
    rows = county.records[county.records["expect"] != "duplicate"]
    assert set(county.records["expect"]) - set(rows["expect"]) == {"duplicate"}
    expected = rows.groupby("defect")["expect"].agg(set).to_dict()
    assert expected.keys() == OUTCOMES.keys()
    assert {defect: e for defect, e in expected.items() if not e <= OUTCOMES[defect]} == {}
    odd = rows[rows["defect"].isin(["format", "certificate", "old15"])]
    assert (clean_numbers(odd["id"])["id_number"] == odd["person_id"]).all()
    damaged = rows[rows["defect"].isin(["typo", "swap", "masked", "cut"])]
    assert VALID not in set(clean_numbers(damaged["id"])["id_state"])
    home = county.registry.set_index("证件号码")["户编号"]
    for defect, own in (("stranger", False), ("relative's id", True)):
        theirs = rows[rows["defect"] == defect]
        assert ((home[theirs["id"]].to_numpy() == theirs["household"]) == own).all()
        assert (theirs["id"] != theirs["person_id"]).all()


def test_a_neat_county_has_no_damage(tmp_path: Path) -> None:
    neat = Read(make_county(tmp_path, households=300, seed=5, dirt=False))
    assert set(neat.records["defect"]) == {"", "no id", "outsider"}
    assert set(neat.records["expect"]) <= {"match", "none", "review"}
    assert {(key[2][-5:], key[3]) for key in neat.files} == {(".xlsx", "Sheet1")}


def test_too_small_a_county_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 20 households"):
        make_county(tmp_path, households=19)


def test_characters_of_a_group_sound_alike() -> None:
    for group in SOUNDS:
        assert len({lazy_pinyin(char)[0] for char in group}) == 1, group
    assert len("".join(SOUNDS)) == len(set("".join(SOUNDS))), "each character in one group"
