"""Identity numbers and names as people write them (handbook section 4)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shouwang.core.identity import (
    clean_names,
    clean_numbers,
    mask_number,
    without_numbers,
    written_number,
)

SOUND = "532999198506037605"


def cleaned(written: object) -> tuple[object, str]:
    row = clean_numbers(pd.Series([written], dtype="object")).iloc[0]
    return row["id_number"], row["id_state"]


@pytest.mark.parametrize(
    "written",
    [
        SOUND,
        f" {SOUND} ",
        f"\t{SOUND}",
        f"'{SOUND}",
        f'="{SOUND}"',
        f"{SOUND}\u200b",
        "５３２９９９１９８５０６０３７６０５",
        "532999 19850603 7605",
        SOUND + "61",
        SOUND + "61B1",
    ],
)
def test_a_sound_number_is_read_however_it_is_written(written: str) -> None:
    assert cleaned(written) == (SOUND, "valid")


@pytest.mark.parametrize(
    "written",
    [
        f"{SOUND}（本人）",
        f"身份证号：{SOUND}",
        f"{SOUND}\n13900000071",
        f"13900000071 {SOUND}",
        f"王小芳{SOUND}",
        SOUND + "13900000071",
        "G" + SOUND,
        "532999-19850603-7605",
        "5329991985O6O376O5",
        f"{SOUND} 61",
        f"{SOUND}*",
        f"{SOUND}/{SOUND}",
        "五三二九九九一九八五〇六〇三七六〇五",
    ],
)
def test_the_only_sound_number_of_a_cell_is_read(written: str) -> None:
    assert cleaned(written) == (SOUND, "valid")


@pytest.mark.parametrize(
    "written", [f"{SOUND}、532999196807050265", f"{SOUND} 5329991968070502", "见附件", "尾号7605"]
)
def test_no_number_is_chosen_between_two_nor_made_of_none(written: str) -> None:
    assert cleaned(written) == (written, "damaged")


@pytest.mark.parametrize(
    "mask", ["****", "*****", "○○○○", "※※※※※※※※", "xxxx", "××××", "□□□□", "----", "……", "某某"]
)
def test_a_mask_of_any_sign_and_length_hides_the_places_between(mask: str) -> None:
    assert cleaned(f"5329{mask}7605") == ("5329**********7605", "partial")


@pytest.mark.parametrize(
    "written", ["E12345678", "EA1234567", "H1234567890", "USA123456789012", "810000199001010393"]
)
def test_the_numbers_of_other_papers_are_valid_texts(written: str) -> None:
    assert cleaned(written) == (written, "valid")


def test_what_replaced_a_character_is_a_lost_one() -> None:
    written = [
        "陈〓祥",
        "陈\ue001祥",
        "陈⿱土口祥",
        "陈（土+口）祥",
        "陈某祥",
        "陈&#134071;祥",
        "陈&#x20BB7;祥",
    ]
    assert clean_names(pd.Series(written)).tolist() == ["陈?祥"] * 5 + ["陈𠮷祥"] * 2


def test_fifteen_digits_become_eighteen() -> None:
    assert cleaned("532999750602015") == ("532999197506020155", "valid")


def test_a_float_keeps_fifteen_digits_and_guesses_none() -> None:
    assert written_number(532999201201132315.0) == "532999201201132***"
    assert cleaned("5.32999197202149E+17") == ("532999197202149***", "partial")


def test_what_a_mask_shows_counts() -> None:
    assert cleaned("532999********7605") == ("532999********7605", "partial")
    assert mask_number(SOUND) == "532999********7605"


@pytest.mark.parametrize("written", ["", "无", "-", "暂无", None, "  "])
def test_nothing_is_missing(written: object) -> None:
    number, state = cleaned(written)
    assert state == "missing"
    assert pd.isna(number)


def test_a_wrong_check_digit_is_damage() -> None:
    assert cleaned("532999198506037604")[1] == "damaged"


@given(st.text(max_size=30))
def test_cleaning_a_number_twice_changes_nothing(written: str) -> None:
    once, state = cleaned(written)
    if isinstance(once, str) and state in ("valid", "partial"):
        assert cleaned(once) == (once, state)


def test_dots_and_spaces_do_not_count_in_a_name() -> None:
    names = clean_names(
        pd.Series(["买买提·热合曼", "买买提。热合曼", "买买提 热合曼", "陈*", "无"])
    )
    assert names.tolist()[:4] == ["买买提热合曼"] * 3 + ["陈?"]
    assert pd.isna(names[4])


@pytest.mark.parametrize("day", ["2026-02-01", "2026-2-1", "20260201"])
def test_a_day_in_what_somebody_wrote_is_no_number_to_hide(day: str) -> None:
    assert without_numbers(f"{day} 去世，电话 138-0000-0000") == f"{day} 去世，电话 （号码略）"


@pytest.mark.parametrize(
    "said",
    [
        "死亡日期 2026-10-03",
        "结算日期应为 2026-09-03",
        "2026-10-01 2026-10-05 住院",
        "2026-10-03 10:20 去世",
        "20261001-20261005",
        "2026-10-01 - 2026-10-05",
    ],
)
def test_days_beside_each_other_stay(said: str) -> None:
    assert without_numbers(said) == said


@pytest.mark.parametrize("said", ["19850603 7605", "138  8765  0009", "2026-10-03 13900000000"])
def test_what_only_begins_like_a_day_does_not(said: str) -> None:
    assert without_numbers(said) == "（号码略）"


@pytest.mark.parametrize(
    "number", [SOUND, "532999 19850603 7605", "13900000000", "0872-7123456", "53299919850603760X"]
)
def test_a_number_in_what_somebody_wrote_is_hidden(number: str) -> None:
    assert without_numbers(f"他的{number}有误") == "他的（号码略）有误"
