"""What departments and visits reveal about the registry (登记变动线索): deaths, moves, births,
wrong identities.

Nothing is changed by it: it becomes a list of suggested corrections for the township.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.data_errors import clue_numbers, last_words
from shouwang.core.identity import birth_dates, without_numbers
from shouwang.core.month import Month
from shouwang.core.terms import HEAD
from shouwang.county.contract import Contract
from shouwang.store.database import frame
from shouwang.store.records import matched_records, record_table
from shouwang.store.tables import submission, submission_row

DEATH, MOVE, BIRTH, IDENTITY = "死亡", "迁出", "出生", "身份信息"
REASON_COLUMN = "stop_reason"
WORDS = {
    DEATH: "死亡|去世|病故|亡故|过世",
    MOVE: "户口迁出|户籍迁出|迁出户口|迁出户籍|^迁出$|^已迁出$",
}
"""What a reason for stopping must say, in the column `REASON_COLUMN` of any department that has
it."""
CONCLUSIONS = {"07": DEATH, "08": IDENTITY, "09": MOVE}
REMEDIES = {
    DEATH: "核实后办理减员",
    MOVE: "核实后办理迁出",
    BIRTH: "核实后办理新增人口",
    IDENTITY: "核对户口簿后更正",
}
INFANT = pd.DateOffset(years=1)
COLUMNS = ("change", "household_id", "person_id", "township", "name", "source", "said")


def revealed(connection: Connection, contracts: Iterable[Contract], month: Month) -> pd.DataFrame:
    """One row a suggested correction (`COLUMNS`): what changed, whose it is, where it stands, and
    what it says.

    Deaths and moves: rows of the month that a department stopped for that reason, and the last word
    of a visit. Births: rows under a sound number that nobody in the registry has, of a child born
    within a year; the household is unknown.
    """
    parts = [_answered(connection, month)]
    for contract in contracts:
        if REASON_COLUMN in contract.columns:
            rows = matched_records(connection, contract, [str(month)], [REASON_COLUMN])
            parts.append(_stopped(rows.dropna(subset=["household_id"]), contract))
        if contract.has_identity:
            parts.append(_born(connection, contract, month))
    corrections = pd.concat([f for f in parts if len(f)] or parts[:1], ignore_index=True).reindex(
        columns=list(COLUMNS)
    )
    return corrections.astype("str").drop_duplicates(
        ["change", "household_id", "person_id", "source"], ignore_index=True
    )


def _place(title: str, rows: pd.DataFrame) -> pd.Series:
    sheet = (" " + rows["sheet"].fillna("")).where(rows["sheet"].fillna("") != "", "")
    return title + "：" + rows["file"] + sheet + " 第 " + rows["row"].astype("str") + " 行"


def _stopped(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    parts = []
    for change, pattern in WORDS.items():
        one = rows[rows[REASON_COLUMN].fillna("").str.contains(pattern)]
        text = contract.columns[REASON_COLUMN].wordings[0] + "：" + one[REASON_COLUMN]
        parts.append(
            one[["household_id", "person_id"]].assign(
                change=change, source=_place(contract.title, one), said=text
            )
        )
    return pd.concat(parts)


def _answered(connection: Connection, month: Month) -> pd.DataFrame:
    """Conclusions 07, 08 and 09 received by the end of the month after the data month."""
    words, households = last_words(connection), clue_numbers(connection)["household_id"]
    words = words[words["conclusion"].isin(list(CONCLUSIONS))]
    words = words[pd.to_datetime(words["received_at"]) < pd.Timestamp((month + 2).first)]
    return pd.DataFrame(
        {
            "change": words["conclusion"].map(CONCLUSIONS),
            "household_id": words["clue_no"].map(households),
            "source": "入户核查：线索 " + words["clue_no"].astype("str"),
            "said": words["reason"].map(without_numbers, na_action="ignore"),
        }
    ).dropna(subset=["household_id"])


def _born(connection: Connection, contract: Contract, month: Month) -> pd.DataFrame:
    table = record_table(contract)
    names = [n for n in ("id_number", "name", "township") if n in contract.columns]
    query = (
        sa.select(
            submission_row.c.file,
            submission_row.c.sheet,
            submission_row.c.row,
            *(table.c[n] for n in names),
        )
        .select_from(
            submission.join(
                submission_row, submission_row.c.submission_id == submission.c.submission_id
            ).join(
                table,
                sa.and_(
                    table.c.submission_id == submission_row.c.submission_id,
                    table.c.line_no == submission_row.c.line_no,
                ),
            )
        )
        .where(
            submission.c.in_force,
            submission.c.department == contract.department,
            submission.c.month == str(month),
            submission_row.c.outcome == "unmatched",
            table.c.id_state == "valid",
        )
        .order_by(submission_row.c.line_no)
    )
    rows = frame(connection, query)
    rows = rows.astype(dict.fromkeys([*names, "file", "sheet"], "str"))
    born = birth_dates(rows["id_number"])
    young = rows[born > pd.Timestamp(month.last) - INFANT].drop_duplicates("id_number")
    text = "出生日期 " + born[young.index].dt.strftime("%Y-%m-%d") + "，登记簿中没有此人"
    return young.reindex(columns=["township", "name"]).assign(
        change=BIRTH, source=_place(contract.title, young), said=text
    )


def placed(changes: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The corrections with township, village, head and remedy, those still registered only, by
    place."""
    heads = people.assign(rest=people["relation"] != HEAD).sort_values("rest", kind="stable")
    homes = heads.drop_duplicates("household_id").set_index("household_id")[
        ["township", "village", "name"]
    ]
    names = people.drop_duplicates("person_id").set_index("person_id")["name"]
    is_registered = changes["household_id"].isin(homes.index) & (
        changes["person_id"].isna() | changes["person_id"].isin(names.index)
    )
    rows = changes[is_registered | (changes["change"] == BIRTH)]
    townships = rows["household_id"].map(homes["township"])
    rows = rows.assign(
        township=townships.fillna(rows["township"]),
        village=rows["household_id"].map(homes["village"]),
        head=rows["household_id"].map(homes["name"]),
        remedy=rows["change"].map(REMEDIES),
        name=rows["person_id"].map(names).fillna(rows["name"]),
    )
    return rows.sort_values(
        ["township", "village", "household_id", "change"], kind="stable", ignore_index=True
    )
