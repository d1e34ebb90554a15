"""What a clerk asks of the ledger: a household's story, lists, a removal, the townships' forms."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.casework.supervision import DATES, being_helped, cases_on, due_on, overdue
from shouwang.casework.telling import household_of, story
from shouwang.delivery.caseform import CaseFormPaper, write_case_form
from shouwang.delivery.paper import SYSTEM
from shouwang.errors import ShouwangError, UsageError
from shouwang.house import House, safe_name
from shouwang.identity import without_numbers
from shouwang.month import Month
from shouwang.sending.handout import hand_out, headed
from shouwang.store.audit import audit
from shouwang.townships.returning import KNOWN, call_removed

SHOWN = [
    "clue_no", "household_id", "township", "village", "level", "state", "risks", "due", "days_late", "turns_on",
    "recognised_on", "next_visit", "opened_month", "last_month",
]  # fmt: skip


def show(house: House, key: str) -> dict[str, Any]:
    """The story of a clue number's or id's household."""
    with house.database.read() as connection:
        told = story(connection, key, house.today(), house.county.settings.casework.grown_by)
    if told is None:
        said = without_numbers(key)  # who typed an identity number does not find it in a log
        raise UsageError(
            f"No case is known under “{said}”, a clue number or household id; `shouwang case list` shows all."
        )
    return told


def listed(
    house: House, day: dt.date | None, state: str | None = None, township: str | None = None, what: str = "all"
) -> pd.DataFrame:
    """Cases as of a day (`SHOWN`): all, those ``overdue`` (督办), or those ``due`` that day (提醒)."""
    on = day or house.today()
    with house.database.read() as connection:
        if what == "overdue":
            rows = overdue(connection, on, township)
        else:
            rows = due_on(connection, on, township) if what == "due" else cases_on(connection, on, state, township)
    for name in DATES:
        rows[name] = rows[name].dt.strftime("%Y-%m-%d")
    return rows[SHOWN]


def remove(house: House, clue_no: str, by: str, on: dt.date, measure: str | None) -> dict[str, Any]:
    """Put on record that a risk is removed (风险消除); `ShouwangError` says why it may not be."""
    with house.database.write() as connection:
        household = household_of(connection, clue_no)
        if household is None:
            raise UsageError(f"There is no case {without_numbers(clue_no)}; `shouwang case list` shows all.")
        why = call_removed(connection, house.county.settings, clue_no, household, on, by, house.now(), measure)
        if why not in (None, KNOWN):
            raise ShouwangError(f"{clue_no}：{why}。")
        if why is None:
            audit(connection, "removed", clue_no, by, on=on.isoformat())
    return {"clue_no": clue_no, "removed_on": on.isoformat(), "status": KNOWN if why else "removed"}


def write_form(house: House, township: str) -> Path:
    """Write a township's form for reports and removals (申报排查表) into its outbox."""
    today = house.today()
    with house.database.read() as connection:
        helped = being_helped(connection, today, township)
    name = f"{safe_name(township)}申报排查表_{today.isoformat()}.xlsx"
    write = partial(write_case_form, paper=CaseFormPaper(**headed(house, township)), helped=helped)
    with house.database.write() as connection:
        hand_out(connection, house, Month.of(today), township, name, SYSTEM, write)
    return house.lists_of(Month.of(today), township) / name
