"""What one cell says (handbook section 4)."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shouwang.county.contract import Column
from shouwang.intake.cells import (
    CodeReader,
    read_column,
    read_date,
    read_integer,
    read_number,
    text_of,
)

DAY = dt.date(2026, 1, 5)


@pytest.mark.parametrize(
    "written",
    [
        DAY,
        dt.datetime(2026, 1, 5, 9, 30),
        46027.0,
        "46027",
        20260105,
        "20260105",
        "2026-1-5",
        "2026/01/05",
        "2026.1.5",
        "2026年1月5日",
        "2026-01-05 09:30:00",
        " 2026-01-05 ",
    ],
)
def test_every_way_to_write_a_day(written: object) -> None:
    assert read_date(written) == DAY


@pytest.mark.parametrize("written", ["明天", "2026-13-01", "2026-02-30", "12", "2026"])
def test_what_is_no_day_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_date(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234.50", 1234.5),
        ("1234.5元", 1234.5),
        ("￥1,234.50", 1234.5),
        ("1.2万", 12000),
        ("￥-76.46", -76.46),
        (" 1490.46 ", 1490.46),
        (12.5, 12.5),
        ("-", None),
        ("", None),
        (None, None),
        ("０.５", 0.5),
    ],
)
def test_every_way_to_write_money(written: object, value: float | None) -> None:
    assert read_number(written) == value


@pytest.mark.parametrize("written", ["见附件", "12,34", "1.2.3", "约500"])
def test_what_is_no_number_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        read_number(written)


@pytest.mark.parametrize("written", ["不详", " 未知 "])
def test_what_is_not_known_is_no_empty_cell_where_a_value_is_asked_for(written: str) -> None:
    """Handbook section 4: missing is 无, -, 暂无 or blank; anything else is an error of the row, no
    silent blank."""
    for read in (
        read_date,
        read_number,
        read_integer,
        CodeReader(Column(type="code", values={"是": (), "否": ()})).read,
    ):
        with pytest.raises(ValueError):
            read(written)
        assert read("暂无") is None
    assert text_of(written) is None


def test_a_contract_may_say_how_a_column_calls_what_is_not_known() -> None:
    income = Column(type="yuan", wordings=("人均纯收入",), unknown=("不详",))
    read, bad = read_column(["9000", "不详", "约一万"], income)
    assert read.tolist()[0] == 9000
    assert bad.tolist() == [False, False, True]


def test_people_are_whole() -> None:
    assert read_integer("3人") == 3
    with pytest.raises(ValueError, match="whole"):
        read_integer("2.5")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_a_formatted_amount_is_read_back(amount: object) -> None:
    assert read_number(f"{amount:,}元") == float(amount)  # type: ignore[arg-type]


@given(st.dates(min_value=dt.date(1900, 3, 1), max_value=dt.date(2100, 1, 1)))
def test_a_formatted_day_is_read_back(day: dt.date) -> None:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日"):
        assert read_date(day.strftime(form)) == day


def test_a_whole_number_has_no_decimals_as_text() -> None:
    assert text_of(3.0) == "3"
    assert text_of("暂无") is None
