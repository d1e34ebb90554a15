"""What townships send back → events on record, each with file, sheet and row; or an answer that says
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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.cases import Ledger, why_not_removed
from shouwang.casework.rebuilding import fold_of, rebuild_cases
from shouwang.casework.reported import take_reports
from shouwang.core.conclusions import BY_CODE
from shouwang.core.errors import FileRefused
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.documents.manifest import check_code
from shouwang.recognition.forms import Passwords, sheets_sealed_by
from shouwang.responses.reading import (
    ANSWERS,
    RETURNED,
    ListName,
    find_list_name,
    read_lists,
    read_removals,
    read_reports,
)
from shouwang.store.database import frame, insert
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, feedback, person, release, removal, sent
from shouwang.workspace.workspace import Workspace, safe_name

TAKEN, KNOWN, BLANK, PROBLEM = "taken", "known", "blank", "problem"
ROWS = ("sheet", "row", "clue_no", "household_id", "said", "result", "remark")
_KEPT = ("clue_no", *ANSWERS, "category", "risks", "next_visit", "sheet", "row")

HELD = "held"
SAME = "与已收到的相同"
OVERRULED = "此前已收到，后来的结论已代替它；如确要改回，请重新核查并填新的核查日期"
NOBODYS = (
    "不知道是哪个乡镇报回的：文件没有用乡镇的密码加密，也不在乡镇的文件夹里（表内写的乡镇不作依据）。"
    "请县里核实后用 shouwang feedback load 文件 --from 乡镇 收取，或请乡镇放进自己的文件夹再报。"
)
ANOTHERS = (
    "文件在{}的名下报回，却是用{}的密码加密的，请核实是谁报的；请用自己名单的密码加密后再报。"
)
NO_FORM = (
    "没有找到预警名单或申报排查表：{}表头不是下发的样子（预警名单要有“线索编号”和“核查结论”两栏），"
    "请在下发的表中填写后报回。"
)


@dataclass(frozen=True)
class Received:
    """A file at the door: where it lies, when it came (the county's time), everybody's passwords by
    holder.

    ``township``: in whose folder it lay, or who sent it as a clerk says.
    """

    path: Path
    at: dt.datetime
    passwords: Passwords = field(default_factory=dict)
    township: str | None = None

    def sender(self, holder: str | None, folders: Mapping[str, str]) -> str:
        """Who sent it, by whose password alone opened it (``holder``); `FileRefused` (`HELD`) where
        nobody knows. ``folders``: townships by the names of their folders."""
        sealed = folders.get(holder) if holder else None
        if sealed and self.township not in (None, sealed):
            raise FileRefused(HELD, ANOTHERS.format(self.township, sealed))
        if not (sender := self.township or sealed):
            raise FileRefused(HELD, NOBODYS)
        return sender


@dataclass(frozen=True)
class Forms:
    """What a file says: its lists (`reading.read_lists`), reports and removals, which list it
    claims to be, and whose password opened it."""

    answers: pd.DataFrame
    reports: pd.DataFrame
    removals: pd.DataFrame
    list_name: ListName | None
    holder: str | None


@dataclass(frozen=True)
class Answered:
    """What became of a file: whose it is, its ``rows`` (`ROWS`), and which list it truly is."""

    township: str
    month: Month
    rows: pd.DataFrame
    list_name: ListName | None = None

    def count(self, result: str) -> int:
        """How many rows ended so."""
        return int((self.rows["result"] == result).sum())


@dataclass
class Clue:
    """What a number means: its household, whose it is, and the lists that it went out on: the day
    of each month's first, with the check codes that stood there."""

    household_id: str
    township: str | None
    month: str
    category: str | None
    lists: dict[str, dt.date] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)

    def on(self, list_name: ListName | None) -> tuple[str, dt.date | None]:
        """The list that a row answers, with its day: what the file says it is, if the clue was on
        it, else the last that the clue was on, and the clue's first day."""
        month = str(list_name.month) if list_name else ""
        if month in self.lists:
            return month, self.lists[month]
        return self.month, next(iter(self.lists.values()), None)


def take_back(connection: Connection, workspace: Workspace, received: Received) -> Answered:
    """Put on record what a file says and rebuild the cases: of the households concerned, of all
    where one was reported.

    Raises `FileRefused` when the file cannot be opened, is neither a list nor a form of ours, or is
    to be held.
    """
    settings, forms = workspace.county.settings, parse_forms(received)
    sender = received.sender(forms.holder, township_folders(connection, workspace))
    received = replace(received, township=sender)
    list_name = _confirmed(connection, forms.list_name, sender)
    numbers = [*forms.answers["clue_no"].dropna(), *forms.removals["clue_no"].dropna()]
    clues = clues_named(connection, numbers)
    keyed = keys_of(connection).keyed_text
    answers = _record(connection, _validate(forms.answers, clues, list_name, received, keyed))
    reported, months = take_reports(
        connection, workspace, forms.reports, received.at, received.path.name, sender
    )
    changed = [*answers.loc[answers["result"] == TAKEN, "household_id"].unique()]
    ledger = Ledger((), (), {})
    if months or changed:
        ledger = rebuild_cases(connection, settings, None if months else changed)
    removed = [
        _remove(connection, settings, clues.get(row["clue_no"] or ""), row, received)
        for row in forms.removals.to_dict("records")
    ]
    rows = [
        _answers_told(answers, ledger),
        _reports_told(connection, reported),
        pd.DataFrame(removed, columns=[*ROWS]),
    ]
    listed = [clue.month for clue in clues.values()] + [str(month) for month in months]
    month = Month.parse(max(listed)) if listed else Month.of(received.at.date())
    return Answered(
        sender,
        list_name.month if list_name else month,
        pd.concat([part for part in rows if len(part)] or rows[:1], ignore_index=True),
        list_name,
    )


def parse_forms(received: Received) -> Forms:
    """Open a file and read its forms; `FileRefused` where there are none."""
    own = None if received.township is None else safe_name(received.township)
    sheets, holder = sheets_sealed_by(received.path, received.passwords, own)
    answers, reports, removals = read_lists(sheets), read_reports(sheets), read_removals(sheets)
    if answers is None and reports.empty and removals.empty:
        seen = "、".join(filter(None, sheets))
        raise FileRefused("missing_column", NO_FORM.format(f"各工作表（{seen}）的" if seen else ""))
    answers = pd.DataFrame(columns=[*RETURNED]) if answers is None else answers
    return Forms(answers, reports, removals, find_list_name(sheets), holder)


def township_folders(connection: Connection, workspace: Workspace) -> dict[str, str]:
    """Every township that is known, by its name and by the name that its folder and its password's
    file have."""
    names = {*workspace.county.settings.townships}
    for column in (person.c.township, release.c.township):
        names |= set(connection.scalars(sa.select(column).where(column.is_not(None)).distinct()))
    return {safe_name(name): name for name in names} | {name: name for name in names}


def _confirmed(connection: Connection, list_name: ListName | None, sender: str) -> ListName | None:
    """What the hidden sheet says, if that list went out to the sender; a county trusts nothing
    else on it."""
    if list_name is None or list_name.township != sender:
        return None
    key = {"month": str(list_name.month), "township": sender, "version": list_name.version}
    same = [release.c[name] == value for name, value in key.items()]
    return list_name if connection.scalar(sa.select(sa.exists().where(*same))) else None


def clues_named(connection: Connection, numbers: Iterable[str]) -> dict[str, Clue]:
    """What each number means, by the cases and by the lists that went out."""
    names = ("clue_no", "household_id", "township", "opened_month", "category")
    cases = sa.select(*(case.c[name] for name in names)).where(case.c.clue_no.in_(numbers))
    clues = {number: Clue(*facts) for number, *facts in connection.execute(cases)}
    lists = sa.select(sent).where(sent.c.clue_no.in_(numbers), sent.c.household_id.is_not(None))
    for item in connection.execute(lists.order_by(sent.c.released_on, sent.c.version)):
        new = Clue(item.household_id, item.township, item.month, item.category)
        clue = clues.setdefault(item.clue_no, new)
        clue.township, clue.month = item.township, item.month
        clue.lists.setdefault(item.month, item.released_on)
        clue.codes |= {item.check_code} - {None}
    return clues


def _validate(
    answers: pd.DataFrame,
    clues: Mapping[str, Clue],
    list_name: ListName | None,
    received: Received,
    keyed: Callable[[str], str],
) -> pd.DataFrame:
    """The answers with ``household_id, list_month, file, received_at, content`` and ``result``:
    blank, a problem (``remark``), or to be taken."""
    found = [clues.get(number) for number in answers["clue_no"]]
    remarks = [
        _problem(row, clue, list_name, received, keyed)
        for row, clue in zip(answers.to_dict("records"), found, strict=True)
    ]
    rows = answers.assign(
        household_id=_texts(answers, (clue.household_id if clue else None for clue in found)),
        list_month=_texts(answers, (clue.on(list_name)[0] if clue else None for clue in found)),
        file=received.path.name,
        received_at=pd.Timestamp(received.at),
        remark=_texts(answers, remarks),
    )
    blank = rows["conclusion"].isna() & rows["problem"].isna()
    rows["remark"] = rows["remark"].mask(blank)
    faulty = rows["remark"].notna()
    rows["result"] = pd.Series(TAKEN, index=rows.index, dtype="str").mask(faulty, PROBLEM)
    rows["result"] = rows["result"].mask(blank, BLANK)
    file = hashlib.sha256(received.path.read_bytes()).hexdigest()
    said = zip(rows["clue_no"], _said(rows[~faulty]).reindex(rows.index), strict=True)
    texts = (f"{file}\x1f{number}\x1f{text}" for number, text in said)
    digests = [keyed(hashlib.sha256(text.encode()).hexdigest()[:16]) for text in texts]
    return rows.assign(content=_texts(rows, digests))


def _problem(
    row: Mapping[Any, Any],
    clue: Clue | None,
    list_name: ListName | None,
    received: Received,
    keyed: Callable[[str], str],
) -> str | None:
    """What is wrong with a filled-in row, beside what the form itself shows."""
    problems = [row["problem"]] if isinstance(row["problem"], str) else []
    if clue is None:
        if isinstance(row["clue_no"], str):
            problems.append("台账里没有这个线索编号，请核对是否本县下发的名单")
        return "；".join(problems) or None
    if clue.township != received.township:
        problems.append(_not_yours(clue))
    stands = row["beside"]
    if clue.codes and isinstance(stands, str) and check_code(keyed, stands) not in clue.codes:
        problems.append("线索编号与村、户主对不上，可能只排序了部分列或改动了户主，请核对后重报")
    visited, (_, released_on) = pd.to_datetime(row["visited"], errors="coerce"), clue.on(list_name)
    if not pd.isna(visited):
        if visited.date() > received.at.date():
            problems.append("核查日期在将来，请核对")
        elif released_on and visited.date() < released_on:
            problems.append(f"核查日期早于名单下发日期 {released_on.isoformat()}")
    if row["conclusion"] == "01" and not (clue.category or isinstance(row["category"], str)):
        problems.append("名单上没有建议类别，结论 01 须在“原因说明”写明监测类别")
    return "；".join(problems) or None


def _not_yours(clue: Clue) -> str:
    whose = clue.township
    return f"这是{whose}的线索，应由{whose}反馈" if whose else "这个线索没有下发过，不能反馈"


def _record(connection: Connection, answers: pd.DataFrame) -> pd.DataFrame:
    """Put the answers to be taken on record; those that are there already become `KNOWN`."""
    good = answers[answers["result"] == TAKEN]
    good = good.astype({"visited": "datetime64[ms]", "next_visit": "datetime64[ms]"})
    remarks = _on_record(connection, good)
    again = remarks.index[remarks.notna()]
    columns = [*_KEPT, "content", "household_id", "list_month", "file", "received_at"]
    insert(connection, feedback, good.drop(index=again)[columns])
    answers.loc[again, "result"], answers.loc[again, "remark"] = KNOWN, remarks[again]
    return answers


def _on_record(connection: Connection, rows: pd.DataFrame) -> pd.Series[str]:
    """Why an answer is not taken once more; null where it is new.

    An answer is on record that says the same as the last word on its clue, or what an earlier word
    said of the same visit: an older file that is saved and sent again overrules nothing.
    """
    query = sa.select(feedback).where(feedback.c.clue_no.in_([*rows["clue_no"]]))
    before = frame(connection, query.order_by(feedback.c.received_at, feedback.c.content))
    last = dict(zip(before["clue_no"], _said(before), strict=True))
    visits = [*zip(before["clue_no"], _visits(before), strict=True)]
    last_visits, contents = dict(visits), set(before["content"])
    remarks: list[str | None] = []
    for number, text, visit, content in zip(
        rows["clue_no"], _said(rows), _visits(rows), rows["content"], strict=True
    ):
        if (number, visit) in visits and last_visits[number] != visit:
            remarks.append(OVERRULED)
        else:
            remarks.append(SAME if content in contents or last.get(number) == text else None)
    return _texts(rows, remarks)


def _visits(rows: pd.DataFrame) -> pd.Series[str]:
    """Each row's conclusion and day of the visit."""
    days = rows["visited"].astype("datetime64[ms]").astype("str").fillna("")
    return rows["conclusion"].astype("str") + "\x1f" + days


def _said(rows: pd.DataFrame) -> pd.Series[str]:
    """What each row answers, in one line."""
    answers = rows[[*ANSWERS]].astype({"visited": "datetime64[ms]", "income": "float64"})
    texts = ["\x1f".join(values) for values in answers.astype("str").fillna("").to_numpy()]
    return _texts(rows, texts)


def _texts(rows: pd.DataFrame, texts: Iterable[str | None]) -> pd.Series[str]:
    """A column of texts beside these rows."""
    return pd.Series([*texts], index=rows.index, dtype="str")


def _answers_told(answers: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """The answers as `ROWS`, each with what the ledger made of it."""
    cases = {number: each for each in ledger.cases for number in (each.clue_no, *each.numbers)}
    latest = {each.household_id: each for each in ledger.cases}
    said = [BY_CODE[code].choice if code in BY_CODE else code for code in answers["conclusion"]]
    rows = answers.assign(said=said)[[*ROWS]]
    for index, number, household in rows.loc[
        rows["result"] == TAKEN, ["clue_no", "household_id"]
    ].itertuples():
        now = latest[household]
        late = number in cases and cases[number] is not now
        rows.loc[index, "remark"] = (
            f"该户已有新的线索 {now.clue_no}，本结论只记入历史"
            if late
            else f"台账现为：{now.state}"
        )
    return rows


def _reports_told(connection: Connection, reports: pd.DataFrame) -> pd.DataFrame:
    """The reports as `ROWS`, each with the clue that it joins."""
    households = [*reports["household_id"].dropna()]
    query = sa.select(case.c.household_id, case.c.clue_no).where(
        case.c.household_id.in_(households)
    )
    numbers = dict(connection.execute(query.order_by(case.c.opened_month)).all())
    clue_no = reports["household_id"].map(numbers).astype("str")
    faulty = reports["problem"].notna()
    result = pd.Series(TAKEN, index=reports.index, dtype="str")
    return reports.assign(
        clue_no=clue_no,
        said=reports["channel"],
        result=result.mask(reports["known"].astype(bool), KNOWN).mask(faulty, PROBLEM),
        remark=("已记入线索 " + clue_no + "，随下期名单核查").mask(faulty, reports["problem"]),
    )[[*ROWS]]


def _remove(
    connection: Connection,
    settings: CountySettings,
    clue: Clue | None,
    row: Mapping[Any, Any],
    received: Received,
) -> dict[str, Any]:
    """A row that calls a risk removed, as `ROWS`."""
    if clue is None:
        why = row["problem"] or "台账里没有这个线索编号"
    elif clue.township != received.township:
        why = _not_yours(clue)
    else:
        said = {name: row[name] for name in ("clue_no", "measure", "by", "sheet", "row")}
        said |= {"household_id": clue.household_id, "removed_on": row["on"]}
        said |= {"received_at": received.at, "file": received.path.name}
        why = row["problem"] or call_removed(connection, settings, said)
    result = KNOWN if why == KNOWN else PROBLEM if why else TAKEN
    return {
        **{name: row[name] for name in ("sheet", "row", "clue_no")},
        "household_id": clue and clue.household_id,
        "said": "风险消除",
        "result": result,
        "remark": {KNOWN: SAME, TAKEN: "已记为风险消除"}.get(result, why),
    }


def call_removed(
    connection: Connection, settings: CountySettings, said: Mapping[str, Any]
) -> str | None:
    """Put on record that a risk is removed; why not, as a sentence, or ``known`` if it is on
    record; null if done.

    ``said``: columns of the table ``removal``, at least ``clue_no, household_id, removed_on,
    measure, by, received_at``.
    """
    clue_no, on, measure = said["clue_no"], said["removed_on"], said["measure"]
    digest = hashlib.sha256(f"{clue_no}|{on}|{measure}".encode()).hexdigest()[:16]
    content = keys_of(connection).keyed_text(digest)
    if connection.scalar(sa.select(removal.c.content).where(removal.c.content == content)):
        return KNOWN
    if on > said["received_at"].date():
        return "风险消除日期在将来"
    household = [said["household_id"]]
    latest = fold_of(connection, settings, household).cases[-1]
    if clue_no not in (latest.clue_no, *latest.numbers):
        return f"该户已有新的线索 {latest.clue_no}"
    why = why_not_removed(latest, on, measure)
    if why is None:
        connection.execute(removal.insert().values(content=content, **said))
        rebuild_cases(connection, settings, household)
    return why
