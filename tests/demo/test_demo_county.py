"""The made-up county: the same for a seed, of the promised size, its truth pointing at the rows it
speaks of."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from demo_reading import Read

from demo import county as county_module
from demo import make_county
from shouwang.core.identity import VALID, birth_dates, clean_numbers
from shouwang.core.month import Month

DEPARTMENTS = {"medical_insurance", "civil_affairs", "education", "housing", "water"}


def test_a_seed_always_makes_the_same_county(tmp_path: Path, small: Read) -> None:
    again = Read(
        make_county(tmp_path / "again", households=150, months=small.county.months, seed=3)
    )
    other = Read(make_county(tmp_path / "other", households=20, months=small.county.months, seed=4))
    for file in ("records", "warnings", "identities"):
        assert (again.county.truth / f"{file}.csv").read_bytes() == (
            small.county.truth / f"{file}.csv"
        ).read_bytes()
    assert again.files == small.files
    assert again.registry.equals(small.registry)
    assert not other.registry.equals(small.registry)


def test_two_processes_write_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Read(make_county(tmp_path / "one", households=20))
    monkeypatch.setattr(county_module, "MANY", 20)
    two = Read(make_county(tmp_path / "two", households=20))
    assert two.files == one.files
    assert two.records.equals(one.records)


def test_every_number_is_sound_and_of_no_real_place(county: Read) -> None:
    numbers = county.registry["证件号码"]
    assert set(clean_numbers(numbers)["id_state"]) == {VALID}
    assert numbers.is_unique
    assert set(numbers.str[:6]) == {"532999", "513999"}
    assert (birth_dates(numbers).dt.strftime("%Y-%m-%d") == county.registry["出生日期"]).all()
    assert (numbers.str[16].astype(int) % 2 == (county.registry["性别"] == "男")).all()
    outsiders = county.records.loc[county.records["defect"] == "outsider", "id"]
    assert set(clean_numbers(outsiders)["id_state"]) == {VALID}
    assert set(outsiders.str[:6]) == {"530999"}


def test_its_size_is_that_of_a_real_county(county: Read) -> None:
    assert county.registry["户编号"].nunique() == 4000
    assert 3.7 < len(county.registry) / 4000 < 4.2
    assert len(county.registry) == county.county.people
    rows = county.records.groupby("department").size().to_dict()
    expected = {
        "medical_insurance": 2690,
        "civil_affairs": 192,
        "education": 2188,
        "housing": 1397,
        "water": 2030,
    }
    assert rows.keys() == expected.keys()
    assert all(0.93 < rows[department] / count < 1.07 for department, count in expected.items())
    homes = county.registry.drop_duplicates("户编号")["户类型"].value_counts()
    assert 0.17 < homes["脱贫户"] / 4000 < 0.23
    assert homes[["脱贫不稳定户", "边缘易致贫户", "突发严重困难户"]].sum() == 60
    assert 0.05 < (~county.records["defect"].isin(["", "no id", "outsider"])).mean() < 0.12


def test_families_hang_together(county: Read) -> None:
    people = county.registry.assign(born=pd.to_datetime(county.registry["出生日期"]))
    head = people[people["与户主关系"] == "户主"].set_index("户编号")
    assert len(head) == 4000
    years = (people["born"] - head["born"].loc[people["户编号"]].to_numpy()).dt.days / 365.25
    assert years[people["与户主关系"].isin(["之子", "之女"])].min() > 15
    assert years[people["与户主关系"].isin(["之父", "之母"])].max() < -15
    assert not people.duplicated(["户编号", "姓名"]).any()
    same = people.groupby(["乡镇", "行政村", "姓名"])["户编号"].nunique()
    assert (same > 1).sum() >= 20, "namesakes in a village are what reviews are for"
    assert people["联系电话"][people["联系电话"] != ""].is_unique


def test_education_comes_in_its_months_only(small: Read) -> None:
    came = small.records.groupby("month")["department"].agg(set).to_dict()
    without = DEPARTMENTS - {"education"}
    assert came == {"2026-02": without, "2026-03": DEPARTMENTS, "2026-04": without}


def test_the_truth_has_the_columns_that_scoring_needs(county: Read, small: Read) -> None:
    for read in (county, small):
        assert list(read.table("records").columns) == [
            "month",
            "department",
            "file",
            "sheet",
            "row",
            "expect",
            "household",
            "person_id",
            "defect",
        ]
        assert list(read.table("warnings").columns) == [
            "month",
            "household",
            "must_rules",
            "may_rules",
            "level",
            "category",
            "township",
        ]
        facts = json.loads((read.county.truth / "county.json").read_text(encoding="utf-8"))
        assert facts["households"] == read.county.households
        assert facts["months"] == [str(m) for m in read.county.months]
        assert set(read.records["expect"]) <= {
            "match",
            "either",
            "review",
            "none",
            "reject",
            "duplicate",
        }
        assert read.county.rows == {
            m: (read.records["month"] == str(m)).sum() for m in read.county.months
        }


def test_the_truth_speaks_of_every_data_row_and_of_no_other(county: Read, small: Read) -> None:
    for read in (county, small):
        for record in read.records.to_dict("records"):
            line = read.line(record)
            assert record["name"] in line
            front = (
                "\t\ufeff"  # a file may put tabs before all numbers, and some readers drop the mark
            )
            assert record["id"].lstrip(front) in ["", *(cell.lstrip(front) for cell in line)]
            assert record["town"] in line
        told = read.records.groupby(["month", "department", "file", "sheet"])["row"].agg(
            lambda r: sorted(map(int, r))
        )
        for key, rows in read.files.items():
            if key[3] == "字典":
                assert key not in told.index
                continue
            first, last = told[key][0], told[key][-1]
            for number in set(range(first, last + 1)) - set(
                told[key]
            ):  # a gap, or the header of a new page
                assert not any(rows[number - 1]) or rows[number - 1] in rows[: first - 1]
            around = [
                "".join(str(v) for v in line)
                for n, line in enumerate(rows, 1)
                if not first <= n <= last
            ]
            assert not any(part.startswith(("532999", "513999")) for part in around)
            assert len(rows) - last in (0, 2), "after the rows only 合计 and 填表人"


def test_every_household_warned_of_is_registered_in_its_township(county: Read) -> None:
    homes = county.registry.drop_duplicates("户编号").set_index("户编号")["乡镇"]
    warnings = county.table("warnings")
    assert len(warnings) > 100
    assert (homes.loc[warnings["household"]].to_numpy() == warnings["township"]).all()
    must, may = (warnings[c].str.split().map(set) for c in ("must_rules", "may_rules"))
    assert all(a <= b for a, b in zip(must, may, strict=True))
    assert ((warnings["level"] == "") | warnings["level"].isin(["红", "黄", "蓝"])).all()
    fired = set().union(*must)
    assert {"MED-1", "MED-3", "CIV-1", "CIV-2", "CIV-3", "EDU-1", "EDU-2", "HOU-1"} <= fired
    assert {"WAT-1", "WAT-2", "WAT-3", "WAT-4"} <= fired


def test_a_neat_county_has_no_damage(neat: Read) -> None:
    assert set(neat.records["defect"]) == {"", "no id", "outsider"}
    assert set(neat.records["expect"]) <= {"match", "none", "review"}
    assert {key[2][-5:] for key in neat.files} == {".xlsx"}
    assert {key[3] for key in neat.files} == {"Sheet1"}
    assert neat.records["row"].astype(int).min() == 2
    warnings = neat.table("warnings")
    assert (warnings["must_rules"] == warnings["may_rules"]).all()


def test_too_small_a_county_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 20 households"):
        make_county(tmp_path, households=19)


def test_the_smallest_county_can_be_made(tmp_path: Path) -> None:
    made = Read(make_county(tmp_path, households=20, months=[Month(2026, 9)], seed=2))
    assert set(made.records["department"]) == DEPARTMENTS
    rejected = (
        made.records.assign(bad=made.records["expect"] == "reject")
        .groupby("department")["bad"]
        .mean()
    )
    assert rejected.max() <= 0.1, "more would refuse the file"
