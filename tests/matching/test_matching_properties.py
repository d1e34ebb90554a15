"""What holds for every county, however dirty: made-up ones, and the samples beside the repository
if any."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import harsh_county
import pandas as pd
import pytest
from harsh_county import County
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_builders import matched, number, people, rows
from pandas.testing import assert_frame_equal

from shouwang.core.identity import clean_names, clean_numbers
from shouwang.matching.index import RegistryIndex
from shouwang.matching.ladder import match
from shouwang.matching.places import clean_phones, clean_places

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "sample"
ONE_FAULT = ["clean", "homophone", "relative", *harsh_county.DAMAGE]

Damage = Callable[[Random, str], str]


@cache
def county(seed: int) -> County:
    return harsh_county.build(seed)


@cache
def outcome(seed: int) -> pd.DataFrame:
    """Rows, truth and matches side by side, with ``right``."""
    made = county(seed)
    found = made.rows.join(made.truth).join(matched(made.people, made.rows))
    home = made.people.set_index("person_id")["household_id"]
    return found.assign(
        right=(found["outcome"] == "matched") & (found["household_id"] == found["person"].map(home))
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_row_of_a_harsh_county_is_matched_to_a_wrong_household(seed: int) -> None:
    found = outcome(seed)
    assert not ((found["outcome"] == "matched") & ~found["right"]).any()


@pytest.mark.parametrize("seed", range(3))
def test_nearly_every_row_with_one_fault_is_matched(seed: int) -> None:
    found = outcome(seed)
    one_fault = found[found["done"].isin(ONE_FAULT)]
    assert one_fault["right"].mean() >= 0.995


@pytest.mark.parametrize("seed", range(3))
def test_nine_reviews_in_ten_name_the_right_person(seed: int) -> None:
    found = outcome(seed)
    reviews = found[(found["outcome"] == "review") & found["person"].notna()]
    named = [
        person in people
        for person, people in zip(reviews["person"], reviews["candidates"], strict=True)
    ]
    assert sum(named) >= 0.9 * len(named)
    assert reviews["candidates"].map(len).between(1, 3).all()


def test_every_row_ends_with_a_method_and_only_matches_name_a_household() -> None:
    found = outcome(0)
    assert found["method"].notna().all()
    assert (found["household_id"].notna() == (found["outcome"] == "matched")).all()
    assert (found["candidates"].notna() == (found["outcome"] == "review")).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_match_depends_neither_on_the_order_of_rows_nor_of_people(seed: int) -> None:
    made = county(seed)
    shuffled = matched(
        made.people.sample(frac=1, random_state=seed), made.rows.sample(frac=1, random_state=seed)
    )
    assert_frame_equal(shuffled.sort_index(), matched(made.people, made.rows))


def test_a_match_does_not_depend_on_the_other_rows() -> None:
    made = county(0)
    index = RegistryIndex(made.people)
    parts = [match(made.rows.iloc[at : at + 97], index) for at in range(0, len(made.rows), 97)]
    assert_frame_equal(pd.concat(parts), match(made.rows, index))


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_people_change_nothing(seed: int) -> None:
    made = county(seed)
    strangers = [
        {
            "person_id": f"a{k}",
            "household_id": f"a{k}",
            "township": township,
            "village": village,
            "name": "欧阳" + "甲乙丙丁戊己庚辛"[k],
            "id_number": number("530999", f"1930{k + 1:02d}15", 990 + k),
            "phone": f"1990000000{k}",
        }
        for k, (township, village) in enumerate(harsh_county.PLACES)
    ]
    with_strangers = pd.concat([people(*strangers), made.people], ignore_index=True)
    assert_frame_equal(matched(with_strangers, made.rows), matched(made.people, made.rows))


@pytest.mark.parametrize("seed", range(3))
def test_a_second_equal_candidate_turns_every_match_into_a_review(seed: int) -> None:
    made = county(seed)
    before = matched(made.people, made.rows)
    doubles = made.people.assign(
        person_id=made.people["person_id"] + "'", household_id=made.people["household_id"] + "'"
    )
    after = matched(pd.concat([made.people, doubles], ignore_index=True), made.rows)
    assert (before["outcome"] == "matched").sum() > 400
    assert (after.loc[before["outcome"] == "matched", "outcome"] == "review").all()


def test_a_submission_without_rows_and_a_registry_without_people() -> None:
    made = county(0)
    assert matched(made.people, made.rows.head(0)).empty
    assert set(matched(made.people.head(0), made.rows)["outcome"]) == {"unmatched"}


def test_columns_that_a_dataset_does_not_have_say_nothing() -> None:
    made = county(0)
    bare = made.rows[["name", "township", "village"]]
    silent = made.rows.assign(id_number=pd.NA, id_state="missing", phone=pd.NA)
    assert_frame_equal(matched(made.people, bare), matched(made.people, silent))


BORN = r"(19[3-9][0-9]|20[01][0-9])(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])"


def sound(text: str) -> str:
    """The sound number that begins with 17 digits."""
    return number(text[:6], text[6:14], int(text[14:]))


WHOLE = st.from_regex(r"5[13]2999" + BORN + r"[0-9]{3}", fullmatch=True).map(
    lambda t: number(t[:6], t[6:14], int(t[14:]))
)
CHANCE = st.randoms(use_true_random=False)


@settings(deadline=None)
@given(whole=WHOLE, chance=CHANCE, kind=st.sampled_from(sorted(harsh_county.DAMAGE)))
def test_every_single_fault_is_recognised(whole: str, chance: Random, kind: str) -> None:
    registry = people({"person_id": "p", "household_id": "h", "name": "王小芳", "id_number": whole})
    row = rows({"name": "王小芳", "id_number": harsh_county.DAMAGE[kind](chance, whole)})
    assert matched(registry, row)["person_id"].tolist() == ["p"]


@settings(deadline=None)
@given(whole=WHOLE, chance=CHANCE, fault=st.sampled_from([harsh_county.typo, harsh_county.swap]))
def test_no_single_fault_makes_another_sound_number(
    whole: str, chance: Random, fault: Damage
) -> None:
    """Why a sound number one fault away from a registered one means that the registry's is the
    wrong one."""
    assert clean_numbers(pd.Series([fault(chance, whole)]))["id_state"][0] != "valid"


PHONES = st.lists(
    st.sampled_from(["13800000001", "13800000002", "13800000003"]), min_size=1, max_size=3
)


@settings(deadline=None, max_examples=60)
@given(
    homes=st.lists(st.tuples(PHONES, st.booleans()), min_size=2, max_size=4),
    written=PHONES,
    sign=st.sampled_from([" ", "/", "、", "", "\n", ";"]),
    placeholder=st.sampled_from(["", "13800000000", "11111111111", "13812345678", "13131313131"]),
)
def test_a_phone_settles_only_what_no_other_phone_of_the_cell_leaves_open(
    homes: list[tuple[list[str], bool]], written: list[str], sign: str, placeholder: str
) -> None:
    """Namesakes of one village, and others with any of their phones; a placeholder is
    everybody's."""
    place = {"township": "马登镇", "village": "松林村"}
    registered = [
        place
        | {
            "person_id": f"p{at}",
            "household_id": f"h{at}",
            "phone": "/".join([*phones, placeholder]),
        }
        | {"name": "张伟" if namesake or at < 2 else "钱多多"}
        for at, (phones, namesake) in enumerate(homes)
    ]
    row = place | {
        "name": "张伟",
        "phone": sign.join([*written, placeholder] if placeholder else written),
    }
    found = matched(people(*registered), rows(row)).iloc[0]
    bearers = {
        phone: {at for at, (phones, _) in enumerate(homes) if phone in phones} for phone in written
    }
    told = {min(at) for at in bearers.values() if len(at) == 1}
    namesakes = {at for at in told if registered[at]["name"] == "张伟"}
    assert found["outcome"] == ("matched" if len(namesakes) == 1 else "review")
    if found["outcome"] == "matched":
        assert found["person_id"] == f"p{min(namesakes)}"


@settings(deadline=None, max_examples=60)
@given(
    year=st.integers(2000, 2012),
    month=st.integers(1, 12),
    last=st.integers(100, 999),
    both=st.booleans(),
)
def test_fifteen_digits_that_two_people_fit_are_a_review(
    year: int, month: int, last: int, both: bool
) -> None:
    """One person's whole number begins with what is another's old number: born in 1920 and in 2005,
    say."""
    young = number("532999", f"{year}{month:02d}{1 + last % 28:02d}", last)
    kept = young[:15]
    old = number("532999", f"19{kept[6:12]}", int(kept[12:]))
    accepted = rows({"name": "王小芳", "id_number": kept})
    persons = [{"person_id": "young", "household_id": "a", "name": "王小芳", "id_number": young}]
    if both:
        persons.append(
            {"person_id": "old", "household_id": "b", "name": "王小芳", "id_number": old}
        )
    found = matched(people(*persons), accepted).iloc[0]
    possible = int(kept[8:10]) in range(1, 13) and int(kept[10:12]) in range(1, 29)
    if both and possible:
        assert found["outcome"] == "review"
        assert set(found["candidates"]) == {"young", "old"}
    elif not both:
        assert found["person_id"] == "young"


PARTS = ["东山", "村", "社区", "村委会", "居委会", "3组", "十组", " ", "镇", "（", "-"]
TOKENS = st.lists(st.sampled_from(PARTS), max_size=7)


@settings(deadline=None)
@given(TOKENS.map("".join))
def test_cleaning_a_place_twice_changes_nothing(written: str) -> None:
    once = clean_places(pd.Series([written]))
    assert clean_places(once).equals(once)


@settings(deadline=None)
@given(st.text("0123456789+-() 86\u3000", max_size=18))
def test_cleaning_a_phone_twice_changes_nothing(written: str) -> None:
    once = clean_phones(pd.Series([written], dtype="str"))
    assert clean_phones(once).equals(once)


WRITTEN = st.text("王小芳阿無·•。.?□*ＸｘX０５19-'\"=\u3000\u200b /", max_size=22)


@settings(deadline=None)
@given(WRITTEN)
def test_cleaning_a_name_or_a_number_twice_changes_nothing(written: str) -> None:
    name = clean_names(pd.Series([written]))
    assert clean_names(name).equals(name)
    once = clean_numbers(pd.Series([written]))
    assert clean_numbers(once["id_number"]).equals(once)


@settings(deadline=None, max_examples=500)
@given(st.text(max_size=8))
def test_cleaning_any_name_twice_changes_nothing(written: str) -> None:
    name = clean_names(pd.Series([written]))
    assert clean_names(name).equals(name)


def sample(folder: Path) -> County:
    """A sample county as a perfect reader gives it."""
    registry = pd.concat(
        pd.read_excel(file, dtype=str, engine="calamine")
        for file in sorted((folder / "registry").iterdir())
    )
    named = {
        "户编号": "household_id",
        "乡镇": "township",
        "行政村": "village",
        "姓名": "name",
        "联系电话": "phone",
    }
    registry = registry.rename(columns={**named, "证件号码": "id_number"}).reset_index(drop=True)
    identities = pd.read_csv(folder / "truth" / "identities.csv", dtype=str)
    truth = pd.read_csv(folder / "truth" / "records.csv", dtype=str)
    accepted = identities.rename(columns={"town": "township"})[
        ["name", "township", "village", "phone"]
    ]
    accepted = accepted.join(clean_numbers(identities["id"])).join(
        truth[["department", "expect", "household"]]
    )
    accepted["person"] = truth["person_id"]
    accepted = accepted[accepted["expect"].isin(["match", "either", "review", "none"])]
    return County(
        registry.assign(person_id=registry["id_number"]),
        accepted,
        accepted[["department", "expect", "household", "person"]],
    )


def harsh() -> County:
    """A made-up county in the shape of a sample, so that the floors are always tested on
    something."""
    made = county(7)
    home = made.people.set_index("person_id")["household_id"]
    done = made.truth["done"]
    expect = done.map(
        lambda kind: "none" if kind == "stranger" else "match" if kind in ONE_FAULT else "either"
    )
    truth = made.truth.assign(
        expect=expect, household=made.truth["person"].map(home), department="harsh"
    )
    return County(made.people, made.rows.join(truth), truth)


COUNTIES: dict[str, Callable[[], County]] = {"harsh": harsh} | {
    folder.name: lambda folder=folder: sample(folder)
    for folder in sorted(SAMPLES.glob("*"))
    if (folder / "truth" / "identities.csv").is_file()
}


@pytest.mark.parametrize("name", COUNTIES)
def test_floors_of_the_issue(name: str) -> None:
    made = COUNTIES[name]()
    found = made.rows.join(matched(made.people, made.rows))
    hit = found["outcome"] == "matched"
    right = hit & (found["household_id"] == found["household"])
    assert not (hit & ~right).any()
    assert not (hit & found["expect"].isin(["review", "none"])).any()
    recall = right[found["expect"] == "match"].groupby(found["department"]).mean()
    assert (recall >= 0.995).all()
    reviews = found[(found["outcome"] == "review") & found["person"].notna()]
    named = [
        person in people
        for person, people in zip(reviews["person"], reviews["candidates"], strict=True)
    ]
    assert sum(named) >= 0.9 * len(named)
