"""Reports of farmers and officers: each row found in the registry and put on record, or answered
with what is wrong."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.monthly import screened_by
from shouwang.core.digests import short_digest
from shouwang.core.errors import NotThereYet
from shouwang.core.identity import clean_numbers, without_numbers
from shouwang.core.month import Month
from shouwang.documents.caseform import CHANNELS
from shouwang.matching.index import RegistryIndex
from shouwang.matching.ladder import match
from shouwang.registry.history import people_as_of
from shouwang.screening.households import shown as shown_name
from shouwang.screening.recorded import keep_screening, screened
from shouwang.screening.reports import CHANNEL_NAMES
from shouwang.screening.rulebook import load_rulebook
from shouwang.store.database import insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import report
from shouwang.workspace.workspace import Workspace

_OLDEST = dt.timedelta(days=366)
UNFOUND = {
    "review": "登记簿里有几人相近，请补填证件号码或把姓名、村写全",
    "unmatched": "登记簿里没有找到这个人，请核对姓名、村和证件号码；如未在册，请先报登记",
}


def take_reports(
    connection: Connection,
    workspace: Workspace,
    rows: pd.DataFrame,
    now: dt.datetime,
    file: str,
    sender: str,
) -> tuple[pd.DataFrame, set[Month]]:
    """Put rows of `reading.read_reports` on record; with ``problem``, ``known`` and
    ``household_id``, and the months."""
    days = pd.to_datetime(rows["on"]).dt.date
    oldest, today = now.date() - _OLDEST, now.date()
    late = days.map(lambda day: not pd.isna(day) and not oldest <= day <= today).astype(bool)
    rows = rows.assign(household_id=None, known=False)
    rows["problem"] = rows["problem"].mask(
        rows["problem"].isna() & late, "申报或排查日期在将来，或早于一年前，请核对"
    )
    rows["month"] = days.map(lambda day: None if pd.isna(day) else str(Month.of(day)))
    months: set[Month] = set()
    for month, asked in rows[rows["problem"].isna()].groupby("month", sort=True):
        data_month = Month.parse(str(month))
        try:
            people = people_as_of(connection, data_month)
        except NotThereYet:
            people = people_as_of(connection, Month.of(today))
        placed, problems = _placed(asked, people, sender)
        rows.loc[problems.index, "problem"] = problems
        if placed.empty:
            continue
        rows.loc[placed.index, "household_id"] = placed["household_id"]
        records = _records(placed, now, file)
        records["content"] = keys_of(connection).keyed(records["content"])
        same = sa.select(report.c.content).where(report.c.content.in_(records["content"]))
        existing = records["content"].isin([*connection.scalars(same)])
        existing |= records["content"].duplicated()
        rows.loc[records.index, "known"] = existing
        insert(connection, report, records[~existing])
        months.add(data_month)
        if not existing.all():
            _screen(connection, workspace, data_month, people)
    return rows, months


def _placed(
    rows: pd.DataFrame, people: pd.DataFrame, sender: str
) -> tuple[pd.DataFrame, pd.Series[str]]:
    """The rows whose person the registry has in the sender's township, with ``household_id,
    person_id, township, village``; of the others what is wrong."""
    names = ["name", "township", "village"]
    asked = rows[names].astype("str").join(clean_numbers(rows["id_number"]))
    matches = match(asked, RegistryIndex(people))
    placed = rows.assign(household_id=matches["household_id"], person_id=matches["person_id"])
    homes = people.drop_duplicates("household_id").set_index("household_id")
    home = homes[["township", "village"]].reindex(placed["household_id"])
    placed[["township", "village"]] = home.to_numpy()
    problems = matches["outcome"].map(UNFOUND).astype("str")
    elsewhere = problems.isna() & placed["township"].notna() & (placed["township"] != sender)
    whose = "该户登记在" + placed["township"].astype("str") + "，请由该乡镇申报"
    problems = problems.mask(elsewhere, whose)
    return placed[problems.isna()], problems.dropna()


def _screen(
    connection: Connection, workspace: Workspace, month: Month, people: pd.DataFrame
) -> None:
    """Screen a month anew with what was reported; of a month that nobody has screened yet, the
    reports alone."""
    book = load_rulebook(workspace.county_folder, contracts=workspace.county.every_contract)
    if screened_by(connection, month) is None:
        book = book.model_copy(update={"rules": ()})
    contracts = workspace.county.contracts.values()
    keep_screening(connection, month, screened(connection, contracts, book, month, people))


def _records(rows: pd.DataFrame, now: dt.datetime, file: str) -> pd.DataFrame:
    same = ["month", "risk", "household_id", "person_id", "township", "village", "sheet", "row"]
    records = rows[same].assign(rule=rows["channel"].map(CHANNELS), reported_on=rows["on"])
    records = records.assign(received_at=pd.Timestamp(now), file=file)
    records["sentence"] = [
        f"{CHANNEL_NAMES[rule]}：{shown_name(name)} {Month.parse(month).chinese}{risk}，"
        # without the person's name and long numbers (of identity, telephone, account)
        f"{without_numbers(story.replace(name, shown_name(name)))}"
        for rule, name, month, risk, story in zip(
            records["rule"], rows["name"], rows["month"], rows["risk"], rows["story"], strict=True
        )
    ]
    text = records["reported_on"].astype("str")
    for name in ("rule", "household_id", "risk", "sentence"):
        text = text + records[name].astype("str")
    records["content"] = text.map(short_digest)
    return records
