"""A county of one word a file."""

from collections.abc import Sequence
from pathlib import Path

from shouwang.month import Month

DEPARTMENTS = ("civil_affairs", "education", "housing", "medical_insurance", "water")


def make_county(folder: Path, *, households: int, months: Sequence[Month], seed: int) -> None:
    (folder / "registry").mkdir(parents=True)
    (folder / "registry" / "农户信息表.xlsx").write_text("people")
    for department in DEPARTMENTS:
        inbox = folder / "inbox" / str(months[0]) / department
        inbox.mkdir(parents=True)
        (inbox / "台账.txt").write_text("broken" if seed == 13 and department == "water" else "good")
