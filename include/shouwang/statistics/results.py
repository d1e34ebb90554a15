"""Back to the departments (结果反馈): what became of the rows that led to a signal, without anybody
else's data."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.data_errors import clue_numbers, data_errors, last_words
from shouwang.core.conclusions import BY_CODE, WRONG_DATA
from shouwang.core.identity import without_numbers
from shouwang.core.month import Month
from shouwang.statistics.facts import OUTCOMES, REPEATED
from shouwang.store.database import frame
from shouwang.store.tables import case_event, person, release, release_item, signal

COLUMNS = (
    "submission_month",
    "file",
    "sheet",
    "row",
    "rule",
    "value",
    "threshold",
    "sent",
    "conclusion",
    "visited",
    "wrong",
)
"""One row a signal: where it stands, by which rule, what was sent, what the township concluded, and
what it found wrong."""
SENT, KNOWN, WAITING = "已下发核查", "已在台账，未重复下发", "尚未下发"
NOT_ANSWERED, NOT_TOLD = "尚未反馈", "乡镇未写明是哪个部门的数据"


def results(
    connection: Connection, month: Month, department: str, titles: Mapping[str, str]
) -> pd.DataFrame:
    """The signals of a department's rows in a month, as `COLUMNS` and ``household_id``, in the
    order of the files.

    ``titles`` gives the offices' names. Of what a township wrote, only the words on wrong data are
    told, and only to the department concerned, without names and long numbers; everything else is
    the conclusion's fixed wording.
    """
    of_department = sa.and_(signal.c.month == str(month), signal.c.department == department)
    rows = frame(
        connection,
        sa.select(signal)
        .where(of_department)
        .order_by(signal.c.submission_month, signal.c.file, signal.c.row),
    )
    text = ["household_id", "submission_month", "file", "sheet", "rule"]
    rows = rows.astype(dict.fromkeys(text, "str") | {"value": "float64", "threshold": "float64"})
    households, numbers = rows["household_id"].unique().tolist(), clue_numbers(connection)
    cases = numbers[numbers["household_id"].isin(households)]
    rows = rows.merge(_clues(connection, month), on="household_id", how="left")
    out = _released(connection, month).reindex(rows["clue_no"]).to_numpy()
    repeated = rows["outcome"] == REPEATED
    rows["sent"] = (
        pd.Series(WAITING, index=rows.index)
        .mask(repeated, KNOWN)
        .mask(pd.notna(out), SENT)
        .astype("str")
    )
    words = (
        last_words(connection)
        .assign(case_no=lambda w: w["clue_no"].map(cases["case_no"]))
        .dropna(subset=["case_no"])
    )
    words = (
        words.drop_duplicates("case_no", keep="last").set_index("case_no").reindex(rows["clue_no"])
    )
    concluded = words["conclusion"].map(lambda code: BY_CODE[code].choice, na_action="ignore")
    rows["conclusion"] = concluded.astype("str").fillna(NOT_ANSWERED).to_numpy()
    rows["visited"] = pd.to_datetime(words["visited"]).to_numpy()
    wrong = data_errors(connection, titles)
    own_errors = wrong[(wrong["department"] == department) & wrong["household_id"].isin(households)]
    reasons = (
        own_errors.assign(reason=own_errors["reason"].fillna(NOT_TOLD))
        .drop_duplicates("household_id")
        .set_index("household_id")
    )
    is_wrong = rows["conclusion"].str.startswith(WRONG_DATA)
    rows["wrong"] = rows["household_id"].map(reasons["reason"]).where(is_wrong).astype("str")
    has_reason = rows["wrong"].notna()
    names = _names(connection, rows.loc[has_reason, "household_id"].unique().tolist())
    pairs = zip(rows.loc[has_reason, "household_id"], rows.loc[has_reason, "wrong"], strict=True)
    rows.loc[has_reason, "wrong"] = [
        without_person(text, names.get(household, [])) for household, text in pairs
    ]
    rows["conclusion"] = rows["conclusion"].mask(is_wrong & ~has_reason, "已反馈，与本部门数据无关")
    return rows[["household_id", *COLUMNS]]


def without_person(text: str, names: list[str]) -> str:
    """A township's words without the names of a household and without numbers of seven or more
    digits."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, "某某")
    return without_numbers(text)


def _clues(connection: Connection, month: Month) -> pd.DataFrame:
    events = frame(
        connection,
        sa.select(case_event.c.clue_no, case_event.c.kind).where(
            case_event.c.month == str(month), case_event.c.kind.in_(list(OUTCOMES))
        ),
    ).astype("str")
    homes = clue_numbers(connection).drop_duplicates("case_no").set_index("case_no")["household_id"]
    clues = events.assign(
        household_id=events["clue_no"].map(homes), outcome=events["kind"].map(OUTCOMES)
    )
    return clues.drop_duplicates("household_id")[["household_id", "clue_no", "outcome"]]


def _released(connection: Connection, month: Month) -> pd.Series:
    """The day on which a case went out in a month, by its number."""
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    query = sa.select(release_item.c.clue_no, release.c.released_on).join(release, sa.and_(*same))
    sent = frame(connection, query.where(release_item.c.month == str(month)))
    number = sent["clue_no"].map(clue_numbers(connection)["case_no"]).fillna(sent["clue_no"])
    return sent.assign(case_no=number).groupby("case_no")["released_on"].min()


def _names(connection: Connection, households: list[str]) -> dict[str, list[str]]:
    query = (
        sa.select(person.c.household_id, person.c.name)
        .where(person.c.household_id.in_(households))
        .distinct()
    )
    rows = frame(connection, query).astype("str")
    return {str(home): list(names) for home, names in rows.groupby("household_id")["name"]}
