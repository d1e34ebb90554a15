"""A county whose water office hands over a file that asks: two headings that may be one column, and a strange value."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd

from shouwang import steps
from shouwang.demo.county import DemoCounty
from shouwang.house import House, open_house
from shouwang.store import deliveries

MONTH, WHO = "2026-09", "water"
OPEN = "取水耗费"
"""May be minutes or metres: neither its words nor its cells say."""
STRANGE = "凑合"
"""No wording of the water's quality."""
HEADINGS = ("户主姓名", "乡镇", "行政村", "供水方式", "人均日用水量", "水质是否达标", OPEN, "停水天数")
LONG_AGO = 1_700_000_000


def ledger(county: DemoCounty, heading: str = OPEN, value: str = "达标") -> bytes:
    """The office's table of forty households."""
    people = pd.read_excel(county.registry, dtype=str, engine="calamine").drop_duplicates("户编号")[:40]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([heading if title == OPEN else title for title in HEADINGS])
    for number, (name, township, village) in enumerate(people[["姓名", "乡镇", "行政村"]].to_numpy().tolist()):
        quality = value if number < 5 else "达标"
        lines.writerow([name, township, village, "集中供水", 60 + number, quality, 5 + number % 30, 0])
    return text.getvalue().encode()


def hand_over(inbox: Path, content: bytes, month: str = MONTH) -> Path:
    """Put a file into the water office's folder, since long ago."""
    path = inbox / month / WHO / "台账.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def in_force(house: House | None = None) -> dict[str, int] | None:
    """The counts of the water office's version in force."""
    with (house or open_house()).database.read() as connection:
        known = deliveries.in_force(connection, MONTH).get(WHO)
    return known and known["counts"]


def only_question(**wanted: str) -> int:
    """The number of the one question that waits."""
    (one,) = [q for q in steps.questions() if all(q[key] == value for key, value in wanted.items())]
    number: int = one["id"]
    return number
