"""Nothing that leaves the house says more than it may: a whole demo month is searched."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sending_house import MONTH, SECRETS

from sealed import opened
from shouwang import steps
from shouwang.delivery.text import starred
from shouwang.demo.county import DemoCounty
from shouwang.house import open_house
from shouwang.store.tables import case, person, signal, warning

NUMBER = re.compile(r"(?<![\d*.])\d{15,}[\dXx]?(?![\d*])")
PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def texts(path: Path, home: Path) -> str:
    """Everything that a workbook holds: each part of it, comments and properties too."""
    with ZipFile(opened(path, home)) as parts:
        return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


@pytest.fixture
def papers(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every paper of a released month that goes to a township or stays with the county."""
    steps.release(MONTH, "测试员")
    for township in (None, *steps.month_table(MONTH)["townships"]):
        steps.write_review(MONTH, township)
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-28")
    assert steps.supervise("测试员")["overdue"] > 0
    with open_house().database.read() as connection:
        clue = connection.scalar(sa.select(case.c.clue_no))
    steps.household_story(str(clue), str(home / "outbox" / MONTH / "county"), "测试员")
    return [p for kind in ("townships", "county") for p in (home / "outbox" / MONTH / kind).rglob("*.xlsx")]


def people_of(township: str | None = None) -> dict[str, set[str]]:
    columns = (person.c.name, person.c.phone, person.c.household_id)
    query = sa.select(*columns) if township is None else sa.select(*columns).where(person.c.township == township)
    with open_house().database.read() as connection:
        names, phones, households = zip(*connection.execute(query), strict=True)
    return {"names": set(names), "phones": set(phones) - {None}, "households": set(households)}


def test_no_number_diagnosis_or_account_and_no_phone_of_another_township(
    home: Path, papers: list[Path], county: DemoCounty
) -> None:
    with (county.truth / "identities.csv").open(encoding="utf-8-sig", newline="") as file:
        numbers = {row["id"] for row in csv.DictReader(file) if len(row["id"]) >= 15}
    assert len({path.parent.name for path in papers}) >= 3
    for path in papers:
        text = texts(path, home)
        assert NUMBER.findall(text) == [], path.name
        assert not any(number in text for number in numbers), path.name
        assert not any(secret in text for secret in SECRETS), path.name
        phones = set(PHONE.findall(text))
        township = path.parent.name
        allowed = people_of(township)["phones"] if "预警" in path.name and township != "county" else set()
        assert phones <= allowed, path.name
        assert phones or "预警名单" not in path.name


def test_a_township_s_list_holds_its_own_households_only(home: Path, townships: list[str]) -> None:
    steps.release(MONTH, "测试员")
    with open_house().database.read() as connection:
        warned = dict(list(connection.execute(sa.select(warning.c.household_id, warning.c.township))))
        clues = dict(list(connection.execute(sa.select(case.c.clue_no, case.c.household_id))))
        signals = connection.execute(sa.select(signal.c.household_id).distinct()).scalars().all()
    listed: set[str] = set()
    for township in townships:
        (path,) = (home / "outbox" / MONTH / "townships" / township).glob("*预警名单*.xlsx")
        book = load_workbook(opened(path, home))
        for name in ("预警名单", "线索明细", "名单标识"):
            mine = {clues[cell.value] for cell in book[name]["A"] if cell.value in clues}
            assert {warned[household] for household in mine} == {township}
        assert not (listed & mine)
        listed |= mine
        others = people_of()["households"] - people_of(township)["households"]
        assert not any(household in texts(path, home) for household in others if len(household) > 4)
    assert listed == set(warned) == set(signals)


def test_a_notice_shows_no_whole_name_reason_level_or_amount(home: Path, papers: list[Path]) -> None:
    whole = {name for name in people_of()["names"] if len(name) > 1}
    notices = [path for path in papers if "公示" in path.name]
    assert notices
    for path in notices:
        assert path.read_bytes()[:2] == b"PK"
        (sheet,) = load_workbook(path)
        cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert not whole & set(cells)
        text = "\n".join(cells)
        assert not re.search("因病|医保|住院|元|红|黄Ⅱ|蓝|2609-", text)
        starred_names = [cell.value for cell in sheet["D"][4:] if cell.value]
        assert starred_names
        assert all("*" in name for name in starred_names)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=12))
def test_a_starred_name_keeps_at_most_its_first_and_last_character(name: str) -> None:
    shown = starred(name)
    assert "*" in shown
    assert len(shown.replace("*", "")) <= 2
    assert len(shown) <= 4
