"""The handbook's calendar (section 2): one run a data month, on a working day of the month after
it."""

from __future__ import annotations

import datetime as dt
import json
import logging

import pytest

from shouwang.core import workdays
from shouwang.core.month import Month


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "+08:00")


@pytest.mark.parametrize(
    ("month", "starts"),
    [
        ("2026-07", "2026-08-05T08:00"),  # a Wednesday
        ("2026-08", "2026-09-07T08:00"),  # the 5th is a Saturday
        (
            "2026-09",
            "2026-10-08T08:00",
        ),  # the 5th lies in the National Day holiday (1 to 7 October)
        ("2025-12", "2026-01-05T08:00"),  # over the year's end
        ("2023-12", "2024-01-05T08:00"),
        ("2019-09", "2019-10-08T08:00"),
        ("2021-01", "2021-02-05T08:00"),  # a Friday; the Sunday after it is a make-up day
    ],
)
def test_a_month_is_handed_over_on_the_fifth_or_the_next_working_day(plugin, month, starts):
    info = plugin.HandoverTimetable().run_info(Month.parse(month))
    assert info.run_after == at(starts)
    assert info.partition_key == month
    assert info.partition_date == at(f"{month}-01T00:00")
    assert info.data_interval is None


def test_make_up_days_are_worked(plugin):
    assert workdays.is_working_day(
        dt.date(2026, 10, 10)
    )  # a Saturday, worked for the National Day holiday
    assert plugin.HandoverTimetable(day=10).handover(Month(2026, 9)) == at("2026-10-10T08:00")


def test_a_county_knows_better(plugin):
    table = plugin.HandoverTimetable(
        days_off={"2026-08-05": True, "2026-08-06": True, "2026-09-05": False}
    )
    assert table.handover(Month(2026, 7)) == at("2026-08-07T08:00")
    assert table.handover(Month(2026, 8)) == at("2026-09-05T08:00")


def test_a_year_without_published_holidays_falls_back_to_weekends_and_says_so_once(plugin, caplog):
    workdays._warn_of_unknown_year.cache_clear()
    with caplog.at_level(logging.WARNING):
        table = plugin.HandoverTimetable()
        assert table.handover(Month(2099, 8)) == at("2099-09-07T08:00")  # the 5th is a Saturday
        assert table.handover(Month(2099, 9)) == at(
            "2099-10-05T08:00"
        )  # a Monday; holidays are not known
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "The public holidays of 2099 are not known"
    ]
    assert "calendar.holidays" in caplog.records[0].getMessage()


def test_five_working_days_after_a_release_skip_the_holiday():
    assert workdays.working_days_after(dt.date(2026, 9, 29), 5) == dt.date(2026, 10, 12)


def keys(infos) -> list[str]:
    return [info.partition_key for info in infos]


def test_backfilling_goes_through_the_months_of_the_window(plugin):
    window = {
        "earliest": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "latest": dt.datetime(2026, 12, 31, tzinfo=dt.UTC),
    }
    assert keys(plugin.HandoverTimetable().iter_partition_dagrun_infos(**window)) == [
        f"2026-{number:02d}" for number in range(1, 13)
    ]
    assert keys(plugin.HandoverTimetable(months=[9, 3]).iter_partition_dagrun_infos(**window)) == [
        "2026-03",
        "2026-09",
    ]


def follow(table, last, *, catchup, earliest=None, latest=None):
    from airflow.timetables.base import TimeRestriction

    return table.next_dagrun_info_v2(
        last_dagrun_info=last,
        restriction=TimeRestriction(earliest=earliest, latest=latest, catchup=catchup),
    )


def test_education_reports_march_and_september_only(plugin):
    table = plugin.HandoverTimetable(months=(3, 9))
    info, seen = None, []
    for _ in range(4):
        info = follow(table, info, catchup=True, earliest=at("2025-01-01T00:00"))
        seen.append((info.partition_key, f"{info.run_after:%Y-%m-%d}"))
    assert seen == [
        ("2025-03", "2025-04-07"),  # the 4th to the 6th is the Qingming holiday
        ("2025-09", "2025-10-09"),  # 1 to 8 October
        ("2026-03", "2026-04-07"),
        ("2026-09", "2026-10-08"),
    ]


@pytest.fixture
def now(plugin, monkeypatch):
    def stand_at(text: str) -> None:
        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz=None):
                return at(text).astimezone(tz)

        monkeypatch.setattr(plugin.dt, "datetime", Clock)

    return stand_at


def test_a_dag_switched_on_for_the_first_time_waits_for_the_next_hand_over(plugin, now):
    now("2026-10-09T12:00")
    assert follow(plugin.HandoverTimetable(), None, catchup=False).partition_key == "2026-10"


def test_after_a_stop_the_latest_missed_month_is_made_up_for(plugin, now):
    table = plugin.HandoverTimetable()
    last = table.run_info(Month(2026, 5))
    now("2026-10-09T12:00")
    assert follow(table, last, catchup=False).partition_key == "2026-09"
    assert follow(table, last, catchup=True).partition_key == "2026-06"
    now("2026-06-08T12:00")
    assert follow(table, last, catchup=False).partition_key == "2026-06"


def test_nothing_is_due_after_the_end_of_a_dag(plugin):
    last = plugin.HandoverTimetable().run_info(Month(2026, 5))
    assert (
        follow(plugin.HandoverTimetable(), last, catchup=True, latest=at("2026-06-30T00:00"))
        is None
    )


def test_a_key_is_decoded_or_refused_with_a_reason(plugin):
    from airflow.exceptions import InvalidPartitionKeyError

    table = plugin.HandoverTimetable(months=(3, 9))
    assert table.resolve_partition_date("2026-09") == at("2026-09-01T00:00")
    with pytest.raises(InvalidPartitionKeyError, match="write it as YYYY-MM"):
        table.resolve_partition_date("2026-9")
    with pytest.raises(InvalidPartitionKeyError, match="months 3, 9 only"):
        table.resolve_partition_date("2026-10")


def test_a_run_bears_its_month_in_its_name(plugin):
    from airflow.utils.types import DagRunType

    info = plugin.HandoverTimetable().run_info(Month(2026, 9))
    run_id = plugin.HandoverTimetable().generate_run_id(
        run_type=DagRunType.SCHEDULED,
        run_after=info.run_after,
        data_interval=None,
        partition_key="2026-09",
    )
    assert run_id == "scheduled__2026-09__2026-10-08T08:00:00+08:00"


def test_it_survives_being_stored(plugin):
    table = plugin.HandoverTimetable(
        day=6, hour=9, months=(9, 3), timezone="Asia/Urumqi", days_off={"2026-10-08": True}
    )
    again = plugin.HandoverTimetable.deserialize(json.loads(json.dumps(table.serialize())))
    assert again.serialize() == table.serialize()
    assert again.handover(Month(2026, 9)) == table.handover(Month(2026, 9))


def test_months_that_do_not_exist_are_refused(plugin):
    with pytest.raises(ValueError, match="use numbers from 1 to 12"):
        plugin.HandoverTimetable(months=[13])
