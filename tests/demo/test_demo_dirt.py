"""Honest dirt: every kind is there, and what is expected of a row is what a careful clerk could
decide."""

from __future__ import annotations

import pandas as pd
import pytest
from demo_reading import KEY, Read
from pypinyin import lazy_pinyin

from demo.census import differ_by_a_slip
from demo.names import SOUNDS, bare_names
from shouwang.core.identity import VALID, clean_numbers

OUTCOMES = {
    "format": {"match"},
    "typo": {"match"},
    "swap": {"match"},
    "masked": {"match"},
    "cut": {"match"},
    "float": {"match", "either", "review"},
    "certificate": {"match"},
    "old15": {"match"},
    "missing": {"match", "either", "review"},
    "relative's id": {"match"},
    "stranger": {"review"},
    "homophone": {"match"},
    "homophone, no id": {"either", "review"},
    "lost": {"match"},
    "space": {"match", "review"},
    "trailing": {"match", "review"},
    "dot": {"match", "review"},
    "outsider": {"none"},
    "no id": {"match", "review"},
    "text": {"reject"},
    "sum": {"reject"},
    "order": {"reject"},
    "future": {"reject"},
    "range": {"reject"},
    "unknown value": {"either"},
    "no identity": {"reject"},
}
"""Every kind of damage with what may be expected of such a row, unless it is a repeat."""


@pytest.mark.parametrize("defect", OUTCOMES)
def test_every_kind_of_damage_is_there(county: Read, defect: str) -> None:
    rows = county.records[
        (county.records["defect"] == defect) & (county.records["expect"] != "duplicate")
    ]
    assert len(rows) > 0
    assert set(rows["expect"]) <= OUTCOMES[defect]


def test_nothing_else_is_damaged(county: Read) -> None:
    assert set(county.records["defect"]) == {*OUTCOMES, ""}
    sound = county.records[
        (county.records["defect"] == "") & (county.records["department"] != "water")
    ]
    assert (sound["id"].str.strip() == sound["person_id"]).all()
    assert set(sound["expect"]) == {"match", "duplicate"}


def _namesakes(county: Read, rows: pd.DataFrame) -> pd.DataFrame:
    """Each row with every registered person of the same name: columns ``id`` as written and
    ``number``."""
    people = pd.DataFrame(
        {"bare": bare_names(county.registry["姓名"]), "number": county.registry["证件号码"]}
    )
    return rows.assign(bare=bare_names(rows["name"])).merge(people, on="bare")


@pytest.mark.parametrize("defect", ["typo", "swap", "masked", "cut"])
def test_a_damaged_number_to_be_matched_fits_one_person_of_that_name(
    county: Read, defect: str
) -> None:
    rows = county.records[
        (county.records["defect"] == defect) & (county.records["expect"] == "match")
    ]
    pairs = _namesakes(county, rows)
    fit = [
        differ_by_a_slip(number, written)
        if defect in ("typo", "swap")
        else number.startswith(written.split("*")[0])
        and number.endswith(written.split("*")[-1] if "*" in written else "")
        for number, written in zip(pairs["number"], pairs["id"], strict=True)
    ]
    pairs = pairs[fit]
    assert len(pairs) == len(rows)
    assert (pairs["number"] == pairs["person_id"]).all()
    assert VALID not in set(clean_numbers(rows["id"])["id_state"])


def test_numbers_written_oddly_are_still_read_as_the_persons_own(county: Read) -> None:
    rows = county.records[county.records["defect"].isin(["format", "certificate", "old15"])]
    assert (clean_numbers(rows["id"])["id_number"] == rows["person_id"]).all()


def test_a_strangers_number_belongs_to_a_household_without_that_name(county: Read) -> None:
    rows = county.records[county.records["defect"] == "stranger"]
    people = county.registry.set_index("证件号码")
    owners = people.loc[rows["id"], "户编号"]
    assert (owners.to_numpy() != rows["household"].to_numpy()).all()
    homes = county.registry.groupby("户编号")["姓名"].agg(set)
    assert not any(name in homes[home] for name, home in zip(rows["name"], owners, strict=True))


def test_a_relatives_number_belongs_to_another_member(county: Read) -> None:
    rows = county.records[county.records["defect"] == "relative's id"]
    homes = county.registry.set_index("证件号码")["户编号"]
    assert (homes[rows["id"]].to_numpy() == rows["household"].to_numpy()).all()
    assert (rows["id"] != rows["person_id"]).all()


def test_a_name_alone_is_to_be_matched_only_where_it_points_to_one_person(county: Read) -> None:
    rows = county.records[
        (county.records["department"] == "water") & (county.records["defect"] == "no id")
    ]
    people = county.registry
    place = people["乡镇"] + people["行政村"] + bare_names(people["姓名"])
    alike = place.map(place.value_counts()).set_axis(people["证件号码"])
    with_phone = rows["phone"] != ""
    clear = (alike[rows["person_id"]].to_numpy() == 1) | with_phone
    first = rows["expect"] != "duplicate"
    assert ((rows["expect"] == "match") == clear)[first].all()
    assert (rows["expect"] == "review").any()


def test_a_repeat_stands_below_the_row_that_it_repeats(county: Read) -> None:
    repeats = county.records[county.records["expect"] == "duplicate"]
    assert set(repeats["department"]) == {
        "medical_insurance",
        "civil_affairs",
        "education",
        "housing",
        "water",
    }
    for record in repeats.to_dict("records"):
        rows = county.files[tuple(record[k] for k in KEY[:4])]  # type: ignore[index]
        again = rows[int(record["row"]) - 1]
        before = rows[: int(record["row"]) - 1]
        number = isinstance(again[0], float) or str(again[0]).isdigit()  # 序号 goes on counting
        assert again in before or (number and again[1:] in [line[1:] for line in before])


def test_characters_of_a_group_sound_alike() -> None:
    for group in SOUNDS:
        assert len({lazy_pinyin(char)[0] for char in group}) == 1, group
    assert len("".join(SOUNDS)) == len(set("".join(SOUNDS))), "each character in one group"
