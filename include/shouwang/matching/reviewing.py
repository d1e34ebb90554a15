"""Reviews (有待核实): the month's list for a clerk, and what the clerk decided, remembered until it
is revoked."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core import clock
from shouwang.core.digests import digest, short_digest
from shouwang.core.errors import FileRefused, UsageError
from shouwang.core.identity import clean_numbers, mask_number
from shouwang.core.month import Month
from shouwang.documents.review import CHOICE, CHOICES, NUMBER, REMARK
from shouwang.matching import numbers
from shouwang.matching.methods import METHODS
from shouwang.matching.names import Agreement, agreement, tidy_names
from shouwang.matching.places import clean_phones
from shouwang.matching.remembered import BY_CLERKS, IDENTITY, PLACE, options, written_identities
from shouwang.recognition.forms import filled_rows, forms_of, sheets_of
from shouwang.registry.history import people_as_of
from shouwang.store.database import frame
from shouwang.store.records import identity_records
from shouwang.store.tables import decision, registry_load, submission_row
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace

OPTIONS = ("option_1", "option_2", "option_3")
COLUMNS = [
    *("place", "method", "candidates", *IDENTITY, "identity"),
    *("keys", "number", "places", "reason", *OPTIONS),
]
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
    query = sa.select(decision).where(decision.c.revoked_at.is_(None))
    decisions = frame(connection, query.order_by(decision.c.decision_id))
    return decisions.drop_duplicates("identity", keep="last").reset_index(drop=True)


def fingerprint(connection: Connection, registry: str) -> str:
    """What a submission was matched against: the registry and every decision in force; the
    registry's own without any."""
    in_force = decisions_in_force(connection)
    if in_force.empty:
        return registry
    content = json.dumps([registry, *sorted(in_force["decision_id"].tolist())])
    return short_digest(content)


def reviews_of(
    connection: Connection, workspace: Workspace, month: Month, township: str | None = None
) -> pd.DataFrame:
    """What a clerk has to decide, one row an identity (`COLUMNS`).

    A township gets what lies between its own people; where a candidate lives elsewhere, the county
    decides.
    """
    rows = _undecided(connection, workspace, month)
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    people = people_as_of(connection, month)
    candidates = rows["candidates"].map(lambda text: json.loads(text) if text else [])
    shown = options(candidates, people, workspace.keys.keyed)
    shown = shown.groupby("row").head(len(OPTIONS)).reset_index(drop=True)
    rows["keys"] = [shown.loc[shown["row"] == row, "key"].tolist() for row in rows.index]
    identities = zip(rows["identity"], rows["keys"], strict=True)
    rows["number"] = [review_number(month, *review) for review in identities]
    rows["reason"] = rows["method"].map(lambda code: METHODS[code].sentence)
    written = rows.loc[shown["row"]].reset_index(drop=True)
    shown["text"] = _described(written, shown, _since(connection, month, shown))
    place = shown.groupby("row").cumcount()
    for at, option in enumerate(OPTIONS):
        rows[option] = shown[place == at].set_index("row")["text"].reindex(rows.index)
    if township is not None:
        mine = (rows["township"] == township) | rows.index.isin(shown["row"])
        elsewhere = shown.loc[shown["township"] != township, "row"]
        rows = rows[mine & ~rows.index.isin(elsewhere)]
    return rows.reset_index(drop=True)[COLUMNS]


def _undecided(connection: Connection, workspace: Workspace, month: Month) -> pd.DataFrame:
    """The reviews of a month, one row an identity: `IDENTITY` as written, ``identity, places`` (all
    of them), ``place`` (township and village), ``method, candidates``."""
    parts = []
    for contract in workspace.county.contracts.values():
        wanted = sa.or_(
            submission_row.c.outcome == "review", submission_row.c.method.in_(BY_CLERKS)
        )
        part = identity_records(connection, contract, str(month), wanted)
        sheet = part["sheet"].map(lambda name: f"“{name}”" if name else "")
        place = part["file"].astype("str") + sheet + "第" + part["row"].astype("str") + "行"
        parts.append(part.assign(place=contract.title + " " + place))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.reindex(columns=[*PLACE, "place", "method", "candidates", *IDENTITY])
    # With those decided: two rows of one submission may be written alike.
    rows["identity"] = written_identities(rows, workspace.keys.keyed)
    rows = rows[~rows["method"].isin(BY_CLERKS)]
    places = rows.groupby("identity", sort=False)["place"].agg("\n".join)
    rows = rows.drop_duplicates("identity").reset_index(drop=True)
    rows["places"] = rows["identity"].map(places)
    rows["place"] = rows["township"].fillna("") + "\n" + rows["village"].fillna("")
    return rows


def review_number(month: Month, identity: str, keys: list[str]) -> str:
    """What a row of the list is called: month, who is meant, and which candidates were shown in
    which order."""
    shown = digest("|".join(keys))
    return f"{month.year % 100:02d}{month.number:02d}-{identity[:8]}-{shown[:4]}"


def _since(connection: Connection, month: Month, shown: pd.DataFrame) -> pd.Series:
    """What became of the candidates after the data month, as the newest registry tells; empty where
    nothing did."""
    nothing = pd.Series("", index=shown.index)
    newest = connection.scalar(sa.select(sa.func.max(registry_load.c.as_of)))
    if newest is None or newest <= str(month):
        return nothing
    now = people_as_of(connection, Month.parse(newest)).drop_duplicates("person_id")
    home = shown["person_id"].map(now.set_index("person_id")["household_id"])
    moved = home.notna() & (home != shown["household_id"])
    return nothing.mask(moved, "（现已在另一户）").mask(home.isna(), "（现已不在册）")


def _described(written: pd.DataFrame, shown: pd.DataFrame, since: pd.Series) -> list[str]:
    """Each candidate as the clerk sees them: name, number, place, household, and what agrees with
    the row beside it in ``written``."""
    ours, lengths = numbers.digit_matrix(clean_numbers(written["id_number"])["id_number"])
    faults = numbers.faults(ours, lengths, numbers.digit_matrix(shown["id_number"])[0])
    names = [tidy_names(side["name"]).fillna("") for side in (written, shown)]
    phones = [clean_phones(side["phone"]).fillna("").str.split() for side in (written, shown)]
    texts = []
    for at in range(len(shown)):
        row, person = written.iloc[at], shown.iloc[at].fillna("")
        compared = (row["id_number"], int(lengths[at]), int(faults[at]), str(person["id_number"]))
        agrees = [NAMES[agreement(names[0][at], names[1][at])], _number_agrees(*compared)]
        if pd.notna(row["village"]):
            agrees.append("√村相同" if row["village"] == person["village"] else "×村不同")
        if phones[0][at] and phones[1][at]:
            shared = set(phones[0][at]) & set(phones[1][at])
            agrees.append("√电话相同" if shared else "×电话不同")
        texts.append(
            f"{person['name']} {mask_number(compared[-1])}\n"
            f"{person['township']}{person['village']}{since.iloc[at]}\n"
            f"户号{person['household_id']} {person['household_type']}\n"
            + " ".join(word for word in agrees if word)
        )
    return texts


def _number_agrees(written: object, places: int, fault: int, registered: str) -> str:
    """How a written number compares with a candidate's; nothing where nothing of one is written."""
    if fault in FAULTS or not isinstance(written, str) or not re.search("[0-9]", written):
        return FAULTS.get(fault, "")
    if places == numbers.PLACES or not registered:
        return "×号码不同"
    fits = numbers.legible_fits(written, registered)
    return "√号码可见部分相符" if fits else "×号码可见部分不符"


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
    in_force = decisions_in_force(connection)
    months = sorted({month for number in rows["number"].dropna() if (month := _month_of(number))})
    reviews = _seen(in_force)
    for month in months:
        now = reviews_of(connection, workspace, month)
        asked = zip(now["identity"], now["keys"], strict=True)
        reviews |= dict(zip(now["number"], asked, strict=True))
    chosen_before = in_force["chosen"].astype(object).where(in_force["chosen"].notna(), None)
    before = list(zip(in_force["identity"], chosen_before, in_force["candidates"], strict=True))
    decisions: list[dict[str, object]] = []
    problems = []
    again = 0
    for row in rows[rows["choice"].notna()].to_dict("records"):
        number, choice = str(row["number"] or ""), str(row["choice"])
        identity, keys = reviews.get(number, ("", []))
        if problem := _problem(choice, identity, keys):
            problems.append({"sheet": row["sheet"], "row": int(row["row"]), "problem": problem})
            continue
        chosen = None if choice == CHOICES[-1] else keys[CHOICES.index(choice)]
        if (identity, chosen, keys) in before:
            again += 1
            continue
        decisions.append(
            {
                "identity": identity,
                "chosen": chosen,
                "candidates": keys,
                "month": str(_month_of(number)),
                "file": path.name,
                "row": int(row["row"]),
                "remark": row["remark"],
                "decided_by": by,
                "decided_at": _now(),
            }
        )
    if decisions:
        connection.execute(decision.insert(), decisions)
    return {
        "file": path.name,
        "rows": len(rows),
        "taken": len(decisions),
        "known_already": again,
        "blank": int(rows["choice"].isna().sum()),
        "problems": problems,
        "months": [str(month) for month in months],
    }


def _seen(decisions: pd.DataFrame) -> dict[str, tuple[str, list[str]]]:
    """Identity and candidates by number: a decided identity is no review any more, its number still
    says what was seen."""
    entries = zip(decisions["month"], decisions["identity"], decisions["candidates"], strict=True)
    return {
        review_number(Month.parse(month), identity, keys): (identity, keys)
        for month, identity, keys in entries
    }


def _month_of(number: str) -> Month | None:
    """The month that the number of a review begins with."""
    month = re.match("([0-9]{2})(0[1-9]|1[0-2])", number)
    return Month(2000 + int(month[1]), int(month[2])) if month else None


def _problem(choice: str, identity: str, keys: list[str]) -> str:
    """What is wrong with a choice, for the clerk; nothing where it can be taken."""
    if not identity:
        return "没有这个核实编号，或登记信息、来文已经变化，请重新生成有待核实名单"
    if choice not in CHOICES:
        return f"认定结果只能填：{'、'.join(CHOICES)}"
    if choice != CHOICES[-1] and CHOICES.index(choice) >= len(keys):
        return f"这一行没有{choice}"
    return ""


def revoke(connection: Connection, decision_id: int, by: str) -> None:
    """Let a decision hold no longer; the one before it, if any, does not come back."""
    query = sa.select(decision.c.identity).where(decision.c.decision_id == decision_id)
    identity = connection.scalar(query)
    if identity is None:
        raise UsageError(
            f"There is no decision {decision_id}; `shouwang review list` shows those in force."
        )
    same = sa.and_(decision.c.identity == identity, decision.c.revoked_at.is_(None))
    connection.execute(decision.update().where(same).values(revoked_by=by, revoked_at=_now()))


def _now() -> dt.datetime:
    return clock.now()
