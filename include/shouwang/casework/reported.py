"""Reports of farmers and officers: each row found in the registry and put on record, or answered
with what is wrong."""

from __future__ import annotations

import datetime as dt
import hashlib

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

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
from shouwang.store.tables import report, run
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
    """Put rows of `caseform.read_reports` on record; with ``problem``, ``known`` and
    ``household_id``, and the months."""
    days = pd.to_datetime(rows["on"]).dt.date
    late = days.map(lambda day: not pd.isna(day) and not now.date() - _OLDEST <= day <= now.date())
    rows = rows.assign(household_id=None, known=False)
    rows["problem"] = rows["problem"].mask(
        rows["problem"].isna() & late, "申报或排查日期在将来，或早于一年前，请核对"
    )
    rows["month"] = days.map(lambda day: None if pd.isna(day) else str(Month.of(day)))
    months: set[Month] = set()
    for month, mine in rows[rows["problem"].isna()].groupby("month", sort=True):
        try:
            people = people_as_of(connection, Month.parse(str(month)))
        except NotThereYet:
            people = people_as_of(connection, Month.of(now.date()))
        asked = (
            mine[["name", "township", "village"]]
            .astype("str")
            .join(clean_numbers(mine["id_number"]))
        )
        found = match(asked, RegistryIndex(people))
        placed = found["outcome"] == "matched"
        rows.loc[found.index[~placed], "problem"] = found["outcome"][~placed].map(UNFOUND)
        good = mine[placed].assign(household_id=found["household_id"], person_id=found["person_id"])
        homes = people.drop_duplicates("household_id").set_index("household_id")[
            ["township", "village"]
        ]
        good[["township", "village"]] = homes.reindex(good["household_id"]).to_numpy()
        others = good["township"].notna() & (good["township"] != sender)
        rows.loc[good.index[others], "problem"] = [
            f"该户登记在{name}，请由该乡镇申报" for name in good["township"][others]
        ]
        good = good[~others]
        if good.empty:
            continue
        rows.loc[good.index, "household_id"] = good["household_id"]
        fresh = _records(good, now, file)
        fresh["content"] = keys_of(connection).keyed(fresh["content"])
        known = set(
            connection.scalars(
                sa.select(report.c.content).where(report.c.content.in_(fresh["content"]))
            )
        )
        rows.loc[fresh.index, "known"] = (
            fresh["content"].isin(known) | fresh["content"].duplicated()
        )
        fresh = fresh[~rows.loc[fresh.index, "known"]]
        insert(connection, report, fresh)
        months.add(Month.parse(str(month)))
        if len(fresh):
            _grade(connection, workspace, Month.parse(str(month)), people)
    return rows, months


def _grade(
    connection: Connection, workspace: Workspace, month: Month, people: pd.DataFrame
) -> None:
    """Screen a month anew with what was reported; of a month that nobody has screened yet, the
    reports alone."""
    book = load_rulebook(workspace.county_folder, contracts=workspace.county.every_contract)
    if connection.scalar(sa.select(run.c.month).where(run.c.month == str(month))) is None:
        book = book.model_copy(update={"rules": ()})
    keep_screening(
        connection,
        month,
        screened(connection, workspace.county.contracts.values(), book, month, people),
    )


def _records(rows: pd.DataFrame, now: dt.datetime, file: str) -> pd.DataFrame:
    found = pd.DataFrame({"month": rows["month"], "rule": rows["channel"].map(CHANNELS)})
    for name in ("risk", "household_id", "person_id", "township", "village", "sheet", "row"):
        found[name] = rows[name]
    found["sentence"] = [
        f"{CHANNEL_NAMES[rule]}：{shown_name(name)} {Month.parse(month).chinese}{risk}，{_harmless(story, name)}"
        for rule, name, month, risk, story in zip(
            found["rule"], rows["name"], rows["month"], rows["risk"], rows["story"], strict=True
        )
    ]
    found["reported_on"], found["received_at"], found["file"] = rows["on"], pd.Timestamp(now), file
    said = (
        rows["on"].astype("str")
        + found["rule"]
        + found["household_id"].astype("str")
        + found["risk"]
        + found["sentence"]
    )
    found["content"] = said.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    return found


def _harmless(story: str, name: str) -> str:
    """A story without the person's name and without long numbers (of identity, telephone,
    account)."""
    return without_numbers(story.replace(name, shown_name(name)))
