"""What townships send back → facts on record, each with file, sheet and row; or an answer that says
what is wrong.

One file is one transaction. Who sent it is who sealed it with their password, or in whose folder it
lay; what a cell or the hidden sheet says of that counts for nothing. A file of nobody, or of one
township under another's password, is held for a clerk (code `HELD`). Rows are found by their clue
numbers; a township answers its own clues only. The last word on a clue is what was received last;
what was said before and is sent again changes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.entries import why_not_removed
from shouwang.casework.keeping import facts_of, keep_ledger, policy_of
from shouwang.casework.ledger import replay
from shouwang.casework.reported import take_reports
from shouwang.core.errors import FileRefused
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.documents.caseform import read_removals, read_reports
from shouwang.documents.conclusions import BY_CODE
from shouwang.documents.manifest import Manifest, check_code, find_manifest
from shouwang.documents.opened import sheets_sealed_by
from shouwang.documents.returned import ANSWERS, RETURNED, read_lists
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, feedback, person, release, release_item, removal
from shouwang.workspace.workspace import Workspace, safe_name

TAKEN, KNOWN, BLANK, PROBLEM = "taken", "known", "blank", "problem"
KEPT = (
    "clue_no",
    *ANSWERS,
    "category",
    "risks",
    "next_visit",
    "content",
    "sheet",
    "row",
    "household_id",
    "list_month",
)
Place = dict[str, Any]
Places = dict[str, Place]
ROWS = ("sheet", "row", "clue_no", "household_id", "said", "result", "remark")


HELD = "held"
OVERRULED = "此前已收到，后来的结论已代替它；如确要改回，请重新核查并填新的核查日期"
NOBODYS = (
    "不知道是哪个乡镇报回的：文件没有用乡镇的密码加密，也不在乡镇的文件夹里（表内写的乡镇不作依据）。请县里核实后用 "
    "shouwang feedback load 文件 --from 乡镇 收取，或请乡镇放进自己的文件夹再报。"
)
ANOTHERS = (
    "文件在{}的名下报回，却是用{}的密码加密的，请核实是谁报的；请用自己名单的密码加密后再报。"
)


@dataclass(frozen=True)
class Received:
    """A file at the door: where it lies, when it came (the county's time), everybody's passwords by
    holder.

    ``township``: in whose folder it lay, or who sent it as a clerk says; `sender` becomes it once
    it is open.
    """

    path: Path
    at: dt.datetime
    passwords: Mapping[str, Sequence[str]] = field(default_factory=dict)
    township: str | None = None

    def sender(self, holder: str | None, known: Mapping[str, str]) -> str:
        """Who sent it; `FileRefused` (`HELD`) where nobody knows. ``known``: townships by the names
        of their folders."""
        sealed = known.get(holder) if holder else None
        if sealed and self.township not in (None, sealed):
            raise FileRefused(HELD, ANOTHERS.format(self.township, sealed))
        if not (found := self.township or sealed):
            raise FileRefused(HELD, NOBODYS)
        return found


@dataclass(frozen=True)
class Answered:
    """What became of a file: whose it is, and its ``rows`` (`ROWS`)."""

    township: str
    month: Month
    rows: pd.DataFrame
    manifest: Manifest | None = None

    def count(self, result: str) -> int:
        """How many rows ended so."""
        return int((self.rows["result"] == result).sum())


def take_back(connection: Connection, workspace: Workspace, received: Received) -> Answered:
    """Put on record what a file says and replay the ledger: of the households concerned, of all
    where one was reported.

    Raises `FileRefused` when the file cannot be opened, is neither a list nor a form of ours, or is
    to be held.
    """
    settings = workspace.county.settings
    own = None if received.township is None else safe_name(received.township)
    sheets, holder = sheets_sealed_by(received.path, received.passwords, own)
    lists, reports, removals = read_lists(sheets), read_reports(sheets), read_removals(sheets)
    if lists is None and reports.empty and removals.empty:
        seen = "、".join(filter(None, sheets))
        raise FileRefused(
            "missing_column",
            f"没有找到预警名单或申报排查表：{f'各工作表（{seen}）的' if seen else ''}表头不是下发的样子（预警名单要有“线索编号”和“核查结论”两栏），请在下发的表中填写后报回。",
        )
    found = pd.DataFrame(columns=[*RETURNED]) if lists is None else lists
    sender = received.sender(holder, township_folders(connection, workspace))
    received = replace(received, township=sender)
    manifest = _ours(connection, find_manifest(sheets.values()), sender)
    known = handed_out(connection, [*found["clue_no"].dropna(), *removals["clue_no"].dropna()])
    answers = _take_answers(connection, found, known, manifest, received)
    reported, months = take_reports(
        connection, workspace, reports, received.at, received.path.name, sender
    )
    touched = [*dict.fromkeys(answers.loc[answers["result"] == TAKEN, "household_id"].dropna())]
    ledger = (
        keep_ledger(connection, settings, None if months else touched)
        if months or touched
        else None
    )
    told = [_told_answers(answers, ledger), _told_reports(connection, reported)]
    removed = [
        _remove(connection, settings, known, row, received) for row in removals.to_dict("records")
    ]
    told += [pd.DataFrame(removed, columns=[*ROWS])]
    rows = pd.concat([part for part in told if len(part)] or told[:1], ignore_index=True)
    listed = [place["month"] for place in known.values()] + [str(month) for month in months]
    month = (
        manifest.month
        if manifest
        else Month.parse(max(listed))
        if listed
        else Month.of(received.at.date())
    )
    return Answered(sender, month, rows, manifest)


def township_folders(connection: Connection, workspace: Workspace) -> dict[str, str]:
    """Every township that is known, by its name and by the name that its folder and its password's
    file have."""
    names = {*workspace.county.settings.townships}
    for column in (person.c.township, release.c.township):
        names |= set(connection.scalars(sa.select(column).where(column.is_not(None)).distinct()))
    return {safe_name(name): name for name in names} | {name: name for name in names}


def _ours(connection: Connection, manifest: Manifest | None, sender: str) -> Manifest | None:
    """The hidden sheet, if it is that of a list which went out to the sender; a county trusts
    nothing else on it."""
    if manifest is None:
        return None
    said = {"month": str(manifest.month), "township": sender, "version": manifest.version}
    same = sa.select(release.c.version).where(
        *(release.c[name] == value for name, value in said.items())
    )
    return manifest if manifest.township == sender and connection.execute(same).first() else None


def handed_out(connection: Connection, numbers: list[str]) -> Places:
    """What went out under each number: household, township, last month, the day of each month's
    list, codes, category."""
    same = [release_item.c[name] == release.c[name] for name in ("month", "township", "version")]
    out = sa.select(release_item, release.c.released_on).join(release, sa.and_(*same))
    out = out.where(release_item.c.clue_no.in_(numbers), release_item.c.household_id.is_not(None))
    found: Places = {}
    for c in connection.execute(sa.select(case).where(case.c.clue_no.in_(numbers))).mappings():
        found[c["clue_no"]] = _place(
            c["household_id"], c["township"], c["opened_month"], c["category"]
        )
    for item in connection.execute(
        out.order_by(release.c.released_on, release_item.c.version)
    ).mappings():
        new = _place(item["household_id"], item["township"], item["month"], item["category"])
        place = found.setdefault(item["clue_no"], new)
        place |= {"township": item["township"], "month": item["month"]}
        place["first"] = place["first"] or item["released_on"]
        place["lists"].setdefault(item["month"], item["released_on"])
        place["codes"].add(item["check_code"])
    return found


def _place(
    household: str, township: str | None, month: str, category: str | None
) -> dict[str, Any]:
    return {
        "household_id": household,
        "township": township,
        "month": month,
        "category": category,
        "first": None,
        "codes": set(),
        "lists": {},
    }


def _take_answers(
    connection: Connection,
    rows: pd.DataFrame,
    known: Places,
    manifest: Manifest | None,
    received: Received,
) -> pd.DataFrame:
    rows = rows.copy()
    places = [_listed(known.get(number), manifest) for number in rows["clue_no"]]
    rows["household_id"] = [place["household_id"] if place else None for place in places]
    rows["list_month"] = [place["month"] if place else None for place in places]
    blank = rows["conclusion"].isna() & rows["problem"].isna()
    keyed = keys_of(connection).keyed_text
    checked = zip(rows.to_dict("records"), places, blank, strict=True)
    problems = [
        None if empty else _problem(row, place, received, keyed) for row, place, empty in checked
    ]
    rows["problem"] = pd.Series(problems, index=rows.index, dtype="str")
    rows["result"] = pd.Series(TAKEN, index=rows.index, dtype="str").mask(
        rows["problem"].notna(), PROBLEM
    )
    rows["result"] = rows["result"].mask(blank, BLANK)
    good = rows[rows["result"] == TAKEN].copy()
    good[["visited", "next_visit"]] = good[["visited", "next_visit"]].astype("datetime64[ms]")
    file = hashlib.sha256(received.path.read_bytes()).hexdigest()
    lines = [
        f"{file}\x1f{clue}\x1f{said}"
        for clue, said in zip(good["clue_no"], _said(good), strict=True)
    ]
    digests = [hashlib.sha256(line.encode()).hexdigest()[:16] for line in lines]
    good["content"] = keys_of(connection).keyed(pd.Series(digests, index=good.index, dtype="str"))
    again, overruled = _known(connection, good)
    rows.loc[good.index[again], "result"] = KNOWN
    rows.loc[good.index[overruled], "problem"] = OVERRULED
    fresh = good.loc[~again, [*KEPT]]
    insert(
        connection,
        feedback,
        fresh.assign(file=received.path.name, received_at=pd.Timestamp(received.at)),
    )
    return rows


def _listed(place: Place | None, manifest: Manifest | None) -> Place | None:
    """What a row answers: the list that the file says it is, if the clue was on it, else the last
    that the clue was on."""
    if place is None or manifest is None or str(manifest.month) not in place["lists"]:
        return place
    return {**place, "month": str(manifest.month), "first": place["lists"][str(manifest.month)]}


def _problem(
    row: Mapping[Any, Any], place: Place | None, received: Received, keyed: Callable[[str], str]
) -> str | None:
    """What is wrong with a filled-in row, beside what the form itself shows."""
    problems = [row["problem"]] if isinstance(row["problem"], str) else []
    if place is None:
        if isinstance(row["clue_no"], str):
            problems.append("台账里没有这个线索编号，请核对是否本县下发的名单")
        return "；".join(problems) or None
    if place["township"] != received.township:
        problems.append(_not_yours(place))
    codes = place["codes"] - {None}
    if codes and isinstance(row["beside"], str) and check_code(keyed, row["beside"]) not in codes:
        problems.append("线索编号与村、户主对不上，可能只排序了部分列或改动了户主，请核对后重报")
    visited = pd.to_datetime(row["visited"], errors="coerce")
    if not pd.isna(visited):
        if visited.date() > received.at.date():
            problems.append("核查日期在将来，请核对")
        elif place["first"] and visited.date() < place["first"]:
            problems.append(f"核查日期早于名单下发日期 {place['first'].isoformat()}")
    if row["conclusion"] == "01" and not (place["category"] or isinstance(row["category"], str)):
        problems.append("名单上没有建议类别，结论 01 须在“原因说明”写明监测类别")
    return "；".join(problems) or None


def _not_yours(place: Place) -> str:
    whose = place["township"]
    return f"这是{whose}的线索，应由{whose}反馈" if whose else "这个线索没有下发过，不能反馈"


def _known(connection: Connection, rows: pd.DataFrame) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Which answers are on record already, and which of these were overruled since.

    An answer is on record that says the same as the last word on its clue, or what an earlier word
    said of the same visit: an older file that is saved and sent again overrules nothing.
    """
    query = sa.select(feedback).where(feedback.c.clue_no.in_([*rows["clue_no"]]))
    before = frame(connection, query.order_by(feedback.c.received_at, feedback.c.content))
    last = dict(zip(before["clue_no"], _said(before), strict=True))
    last_visit = dict(zip(before["clue_no"], _visit(before), strict=True))
    earlier = set(zip(before["clue_no"], _visit(before), strict=True))
    numbers = [*zip(rows["clue_no"], _said(rows), _visit(rows), strict=True)]
    same = [last.get(number) == said for number, said, _ in numbers]
    old = [
        (number, visit) in earlier and last_visit[number] != visit for number, _, visit in numbers
    ]
    overruled = pd.Series(old, index=rows.index, dtype=bool)
    known = rows["content"].isin(before["content"]) | overruled
    return known | pd.Series(same, index=rows.index, dtype=bool), overruled


def _visit(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Each row's conclusion and day of the visit."""
    days = rows["visited"].astype("datetime64[ms]").astype("str").fillna("")
    return [*zip(rows["conclusion"].astype("str"), days, strict=True)]


def _said(rows: pd.DataFrame) -> list[str]:
    """What each row answers, in one line."""
    answers = rows[[*ANSWERS]].astype({"visited": "datetime64[ms]", "income": "float64"})
    return [
        "\x1f".join(map(str, values))
        for values in answers.astype("str").fillna("").to_numpy().tolist()
    ]


def _told_answers(rows: pd.DataFrame, ledger: Any) -> pd.DataFrame:
    """The rows with an answer, each with what the ledger made of it."""
    cases = (
        {}
        if ledger is None
        else {number: c for c in ledger.cases for number in (c.clue_no, *c.numbers)}
    )
    latest = {} if ledger is None else {c.household_id: c for c in ledger.cases}
    told = rows[["sheet", "row", "clue_no", "household_id", "result"]].copy()
    told["said"] = [
        BY_CODE[code].choice if code in BY_CODE else code for code in rows["conclusion"]
    ]
    remarks = []
    for number, household, problem, result in zip(
        rows["clue_no"], rows["household_id"], rows["problem"], rows["result"], strict=True
    ):
        now, mine = latest.get(household), cases.get(number)
        if result != TAKEN or now is None:
            remarks.append(
                problem
                if isinstance(problem, str)
                else "与已收到的相同"
                if result == KNOWN
                else None
            )
        elif mine is not None and mine is not now:
            remarks.append(f"该户已有新的线索 {now.clue_no}，本结论只记入历史")
        else:
            remarks.append(f"台账现为：{now.state}")
    return told.assign(remark=pd.Series(remarks, index=told.index, dtype="str"))


def _told_reports(connection: Connection, rows: pd.DataFrame) -> pd.DataFrame:
    open_ = sa.select(case.c.household_id, case.c.clue_no).where(
        case.c.household_id.in_([*rows["household_id"].dropna()])
    )
    numbers = {
        row.household_id: row.clue_no
        for row in connection.execute(open_.order_by(case.c.opened_month))
    }
    told = rows[["sheet", "row", "household_id"]].copy()
    told["clue_no"] = rows["household_id"].map(numbers)
    told["said"] = rows["channel"]
    problem = rows["problem"].notna()
    told["result"] = (
        pd.Series(TAKEN, index=rows.index, dtype="str")
        .mask(rows["known"].astype(bool), KNOWN)
        .mask(problem, PROBLEM)
    )
    told["remark"] = ("已记入线索 " + told["clue_no"].astype("str") + "，随下期名单核查").mask(
        problem, rows["problem"]
    )
    return told


def _remove(
    connection: Connection,
    settings: CountySettings,
    known: Places,
    row: Mapping[Any, Any],
    received: Received,
) -> dict[str, Any]:
    place = known.get(row["clue_no"] or "")
    told = {name: row[name] for name in ("sheet", "row", "clue_no")} | {"said": "风险消除"}
    if place is None:
        why = row["problem"] or "台账里没有这个线索编号"
    elif place["township"] != received.township:
        why = _not_yours(place)
    else:
        where = {"file": received.path.name, "sheet": row["sheet"], "row": int(row["row"])}
        why = row["problem"] or call_removed(
            connection,
            settings,
            row["clue_no"],
            place["household_id"],
            row["on"],
            row["by"],
            received.at,
            row["measure"],
            **where,
        )
    result = KNOWN if why == KNOWN else PROBLEM if why else TAKEN
    remark = {KNOWN: "与已收到的相同", TAKEN: "已记为风险消除"}.get(result, why)
    return told | {
        "household_id": place and place["household_id"],
        "result": result,
        "remark": remark,
    }


def call_removed(
    connection: Connection,
    settings: CountySettings,
    clue_no: str,
    household_id: str,
    on: dt.date,
    by: str,
    at: dt.datetime,
    measure: str | None = None,
    **where: Any,
) -> str | None:
    """Put on record that a risk is removed; why not, as a sentence, or ``known`` if it is on
    record; null if done."""
    digest = hashlib.sha256(f"{clue_no}|{on}|{measure}".encode()).hexdigest()[:16]
    content = keys_of(connection).keyed_text(digest)
    if connection.scalar(sa.select(removal.c.content).where(removal.c.content == content)):
        return KNOWN
    if on > at.date():
        return "风险消除日期在将来"
    mine = [household_id]
    cases = replay(policy_of(connection, settings), facts_of(connection, settings, mine)).cases
    if clue_no not in (cases[-1].clue_no, *cases[-1].numbers):
        return f"该户已有新的线索 {cases[-1].clue_no}"
    why = why_not_removed(cases[-1], on, measure)
    if why is None:
        values = {"removed_on": on, "measure": measure, "by": by, "received_at": at, **where}
        connection.execute(
            removal.insert().values(
                content=content, clue_no=clue_no, household_id=household_id, **values
            )
        )
        keep_ledger(connection, settings, mine)
    return why
