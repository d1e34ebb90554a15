"""Reviews (有待核实): the month's list for a clerk, and what the clerk decided, remembered until it
is revoked."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import FileRefused, UsageError
from shouwang.core.identity import clean_numbers, mask_number
from shouwang.core.month import Month
from shouwang.documents.review import CHOICE, CHOICES, NUMBER, REMARK
from shouwang.matching import numbers
from shouwang.matching.methods import METHODS
from shouwang.matching.names import Agreement, agreement, tidy_names
from shouwang.matching.places import clean_phones
from shouwang.matching.remembered import BY_CLERKS, PLACE, options, written_identities
from shouwang.recognition.forms import filled_rows, forms_of, sheets_of
from shouwang.registry.history import people_as_of
from shouwang.store.database import frame
from shouwang.store.records import identity_records
from shouwang.store.tables import decision, registry_load, submission_row
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace

SHOWN = 3
NAMES = {
    Agreement.EQUAL: "√姓名相同",
    Agreement.LOST: "√姓名缺字、其余相同",
    Agreement.SOUND: "√姓名读音相同",
    Agreement.ONE_CHARACTER: "×姓名差一个字",
    Agreement.NONE: "×姓名不同",
}
FAULTS = {
    numbers.SAME: "√号码相同",
    numbers.ONE_DIGIT: "×号码差一位",
    numbers.SWAPPED: "×号码相邻两位颠倒",
    numbers.DIGITS: "×号码缺位或多位",
    numbers.FLOAT: "√号码前15位相符",
    numbers.MASKED: "√号码可见部分相符",
    numbers.NEAR: "×号码差两处",
}


def decisions_in_force(connection: Connection) -> pd.DataFrame:
    """The last decision of each identity that was not revoked: columns of the table, ``candidates``
    a list."""
    query = (
        sa.select(decision).where(decision.c.revoked_at.is_(None)).order_by(decision.c.decision_id)
    )
    return frame(connection, query).drop_duplicates("identity", keep="last").reset_index(drop=True)


def fingerprint(connection: Connection, registry: str) -> str:
    """What a submission was matched against: the registry and every decision in force; the registry's
    own without any."""
    held = decisions_in_force(connection)
    if held.empty:
        return registry
    said = json.dumps([registry, *sorted(held["decision_id"].tolist())])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def reviews_of(
    connection: Connection, workspace: Workspace, month: Month, township: str | None = None
) -> pd.DataFrame:
    """What a clerk has to decide, one row an identity: columns of the review list, and ``identity,
    keys``.

    A township gets what lies between its own people; where a candidate lives elsewhere, the county
    decides.
    """
    found = []
    for contract in workspace.county.contracts.values():
        asked = sa.or_(submission_row.c.outcome == "review", submission_row.c.method.in_(BY_CLERKS))
        rows = identity_records(connection, contract, str(month), asked)
        place = (
            rows["sheet"].map(lambda sheet: f"“{sheet}”" if sheet else "")
            + "第"
            + rows["row"].astype("str")
            + "行"
        )
        found.append(rows.assign(place=contract.title + " " + rows["file"].astype("str") + place))
    rows = pd.concat(found, ignore_index=True).reindex(
        columns=[
            *PLACE,
            "place",
            "method",
            "candidates",
            "id_number",
            "name",
            "township",
            "village",
            "phone",
        ]
    )
    rows["identity"] = written_identities(
        rows, workspace.keys.keyed
    )  # with those decided: two may be written alike
    rows = rows[~rows["method"].isin(BY_CLERKS)].drop(columns=PLACE).reset_index(drop=True)
    columns = [
        *rows.columns,
        "keys",
        "number",
        "places",
        "reason",
        "option_1",
        "option_2",
        "option_3",
    ]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    places = rows.groupby("identity", sort=False)["place"].agg("\n".join)
    rows = rows.drop_duplicates("identity").reset_index(drop=True)
    rows["places"] = rows["identity"].map(places)
    rows["place"] = rows["township"].fillna("") + "\n" + rows["village"].fillna("")
    people = people_as_of(connection, month)
    candidates = rows["candidates"].map(lambda text: json.loads(text) if text else [])
    shown = options(candidates, people, workspace.keys.keyed)
    shown = shown.groupby("row").head(SHOWN)
    rows["keys"] = [shown.loc[shown["row"] == row, "key"].tolist() for row in rows.index]
    rows["number"] = [
        _number(month, *entry) for entry in zip(rows["identity"], rows["keys"], strict=True)
    ]
    rows["reason"] = rows["method"].map(lambda code: METHODS[code].sentence)
    shown["text"] = _described(shown, rows, _since(connection, month, shown))
    shown["place"] = shown.groupby("row").cumcount()
    for at in range(SHOWN):
        rows[f"option_{at + 1}"] = (
            shown[shown["place"] == at].set_index("row")["text"].reindex(rows.index)
        )
    if township is not None:
        elsewhere = shown.loc[shown["township"] != township, "row"]
        mine = (rows["township"] == township) | rows.index.isin(shown["row"])
        rows = rows[mine & ~rows.index.isin(elsewhere)]
    return rows.reset_index(drop=True)


def _number(month: Month, identity: str, keys: list[str]) -> str:
    """What a row of the list is called: month, who is meant, and which candidates were shown in
    which order."""
    shown = hashlib.sha256("|".join(keys).encode()).hexdigest()
    return f"{month.year % 100:02d}{month.number:02d}-{identity[:8]}-{shown[:4]}"


def _since(connection: Connection, month: Month, shown: pd.DataFrame) -> pd.Series:
    """What became of the candidates after the data month, as the newest registry tells; empty where
    nothing did."""
    newest = connection.scalar(sa.select(sa.func.max(registry_load.c.as_of)))
    if newest is None or newest <= str(month):
        return pd.Series("", index=shown.index)
    now = people_as_of(connection, Month.parse(newest))
    home = now.drop_duplicates("person_id").set_index("person_id")["household_id"]
    there = shown["person_id"].map(home)
    moved = there.notna() & (there != shown["household_id"])
    return (
        pd.Series("", index=shown.index)
        .mask(moved, "（现已在另一户）")
        .mask(there.isna(), "（现已不在册）")
    )


def _described(shown: pd.DataFrame, rows: pd.DataFrame, since: pd.Series) -> list[str]:
    written = rows.loc[shown["row"]].reset_index(drop=True)
    theirs = shown.reset_index(drop=True)
    ours, sizes = numbers.digit_matrix(clean_numbers(written["id_number"])["id_number"])
    fault = numbers.faults(ours, sizes, numbers.digit_matrix(theirs["id_number"])[0])
    names = [
        agreement(a, b)
        for a, b in zip(
            tidy_names(written["name"]).fillna(""),
            tidy_names(theirs["name"]).fillna(""),
            strict=True,
        )
    ]
    phones = [clean_phones(side["phone"]).fillna("").str.split(" ") for side in (written, theirs)]
    told = []
    for at in range(len(theirs)):
        number = _number_told(
            written["id_number"][at], int(sizes[at]), int(fault[at]), theirs["id_number"][at]
        )
        agrees = [NAMES[names[at]], number]
        if pd.notna(written["village"][at]):
            agrees.append(
                "√村相同" if written["village"][at] == theirs["village"][at] else "×村不同"
            )
        if phones[0][at] != [""] and phones[1][at] != [""]:
            agrees.append(
                "×电话不同" if set(phones[0][at]).isdisjoint(phones[1][at]) else "√电话相同"
            )
        person = {
            name: value if isinstance(value, str) else "" for name, value in theirs.loc[at].items()
        }
        told.append(
            f"{person['name']} {mask_number(person['id_number'])}\n"
            f"{person['township']}{person['village']}{since.iloc[at]}\n"
            f"户号{person['household_id']} {person['household_type']}\n"
            + " ".join(word for word in agrees if word)
        )
    return told


def _number_told(written: object, places: int, fault: int, registered: object) -> str:
    """How a written number compares with a candidate's; nothing where nothing of one is written."""
    if fault in FAULTS or not isinstance(written, str) or not re.search("[0-9]", written):
        return FAULTS.get(fault, "")
    if places == numbers.PLACES or not isinstance(registered, str):
        return "×号码不同"
    return "√号码可见部分相符" if numbers.legible_fits(written, registered) else "×号码可见部分不符"


def read_review(path: Path, passwords: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a returned list: ``sheet, row, number, choice, remark``; rows without a choice
    have a null one.

    Raises `FileRefused` when the file is no workbook or holds no such list.
    """
    forms = forms_of(sheets_of(path, passwords), NUMBER, CHOICE)
    if not forms:
        raise FileRefused(
            "missing_column",
            f"没有找到有待核实名单：各工作表都没有同时含“{NUMBER}”和“{CHOICE}”的表头，请在下发的表中填写后报回。",
        )
    rows = [
        (form.sheet, number, *(text or None for text in form.texts(row, NUMBER, CHOICE, REMARK)))
        for form in forms
        for number, row in filled_rows(form, NUMBER, CHOICE)
    ]
    return pd.DataFrame(rows, columns=["sheet", "row", "number", "choice", "remark"])


def take_decisions(
    connection: Connection, workspace: Workspace, path: Path, by: str
) -> dict[str, Any]:
    """Put the choices of a returned list on record; rows without one are counted, faulty ones
    reported with place."""
    rows = read_review(path, passwords.every(workspace, path.name))
    held = decisions_in_force(connection).set_index("identity")
    before = list(zip(held.index, held["chosen"], held["candidates"], strict=True))
    known: dict[str, tuple[str, list[str]]] = {}
    months = {
        number[:4]
        for number in rows["number"].dropna()
        if number[:4].isdigit() and "01" <= number[2:4] <= "12"
    }
    for mark in sorted(months):
        open_ = reviews_of(connection, workspace, Month(2000 + int(mark[:2]), int(mark[2:])))
        known |= {
            n: (i, k)
            for n, i, k in zip(open_["number"], open_["identity"], open_["keys"], strict=True)
        }
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    taken = again = 0
    problems = []
    for row in rows[rows["choice"].notna()].to_dict("records"):
        number, choice = str(row["number"] or ""), str(row["choice"])
        identity, keys = known.get(number) or _seen_before(held, number)
        if not identity:
            problem = "没有这个核实编号，或登记信息、来文已经变化，请重新生成有待核实名单"
        elif choice not in CHOICES:
            problem = f"认定结果只能填：{'、'.join(CHOICES)}"
        elif choice != CHOICES[-1] and CHOICES.index(choice) >= len(keys):
            problem = f"这一行没有{choice}"
        else:
            chosen = None if choice == CHOICES[-1] else keys[CHOICES.index(choice)]
            if (identity, chosen, keys) in before:
                again += 1
                continue
            month = f"20{number[:2]}-{number[2:4]}"
            connection.execute(
                decision.insert().values(
                    identity=identity,
                    chosen=chosen,
                    candidates=keys,
                    month=month,
                    file=path.name,
                    row=int(row["row"]),
                    remark=row["remark"],
                    decided_by=by,
                    decided_at=now,
                )
            )
            taken += 1
            continue
        problems.append({"sheet": row["sheet"], "row": int(row["row"]), "problem": problem})
    blank = int(rows["choice"].isna().sum())
    return {
        "file": path.name,
        "rows": len(rows),
        "taken": taken,
        "known_already": again,
        "blank": blank,
        "problems": problems,
        "months": [f"20{mark[:2]}-{mark[2:]}" for mark in sorted(months)],
    }


def _seen_before(held: pd.DataFrame, number: str) -> tuple[str, list[str]]:
    """A decided identity is no review any more; its number still says what was seen."""
    for identity, keys, month in zip(held.index, held["candidates"], held["month"], strict=True):
        if number == _number(Month.parse(month), identity, keys):
            return identity, keys
    return "", []


def revoke(connection: Connection, decision_id: int, by: str) -> None:
    """Let a decision hold no longer; the one before it, if any, does not come back."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    identity = connection.scalar(
        sa.select(decision.c.identity).where(decision.c.decision_id == decision_id)
    )
    if identity is None:
        raise UsageError(
            f"There is no decision {decision_id}; `shouwang review list` shows those in force."
        )
    same = sa.and_(decision.c.identity == identity, decision.c.revoked_at.is_(None))
    connection.execute(decision.update().where(same).values(revoked_by=by, revoked_at=now))
