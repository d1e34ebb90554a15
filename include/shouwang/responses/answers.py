"""The answers of a list that came back: held against what was handed out, put on record once.

Rows are found by their clue numbers; a township answers its own clues only. The last word on a clue
is what was received last; what was said before and is sent again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.digests import file_digest, short_digest
from shouwang.core.errors import FileRefused
from shouwang.documents.manifest import check_code
from shouwang.recognition.forms import Passwords
from shouwang.responses.reading import ANSWERS, ListName
from shouwang.store.database import frame, insert
from shouwang.store.tables import case, feedback, sent

TAKEN, KNOWN, BLANK, PROBLEM = "taken", "known", "blank", "problem"
"""What becomes of a row."""
_KEPT = ("clue_no", *ANSWERS, "category", "risks", "next_visit", "sheet", "row")
SAME = "与已收到的相同"
OVERRULED = "此前已收到，后来的结论已代替它；如确要改回，请重新核查并填新的核查日期"
HELD = "held"
NOBODYS = (
    "不知道是哪个乡镇报回的：文件没有用乡镇的密码加密，也不在乡镇的文件夹里（表内写的乡镇不作依据）。"
    "请县里核实后用 shouwang feedback load 文件 --from 乡镇 收取，或请乡镇放进自己的文件夹再报。"
)
ANOTHERS = (
    "文件在{}的名下报回，却是用{}的密码加密的，请核实是谁报的；请用自己名单的密码加密后再报。"
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


def validate(
    answers: pd.DataFrame,
    clues: Mapping[str, Clue],
    list_name: ListName | None,
    received: Received,
    keyed: Callable[[str], str],
) -> pd.DataFrame:
    """The answers with ``household_id, list_month, file, received_at, content`` and ``result``:
    blank, a problem (``remark``), or to be taken."""
    named = [clues.get(number) for number in answers["clue_no"]]
    remarks = [
        _problem(row, clue, list_name, received, keyed)
        for row, clue in zip(answers.to_dict("records"), named, strict=True)
    ]
    rows = answers.assign(
        household_id=_texts(answers, (clue.household_id if clue else None for clue in named)),
        list_month=_texts(answers, (clue.on(list_name)[0] if clue else None for clue in named)),
        file=received.path.name,
        received_at=pd.Timestamp(received.at),
        remark=_texts(answers, remarks),
    )
    blank = rows["conclusion"].isna() & rows["problem"].isna()
    rows["remark"] = rows["remark"].mask(blank)
    faulty = rows["remark"].notna()
    rows["result"] = pd.Series(TAKEN, index=rows.index, dtype="str").mask(faulty, PROBLEM)
    rows["result"] = rows["result"].mask(blank, BLANK)
    file = file_digest(received.path)
    pairs = zip(rows["clue_no"], _said(rows[~faulty]).reindex(rows.index), strict=True)
    texts = (f"{file}\x1f{number}\x1f{text}" for number, text in pairs)
    digests = [keyed(short_digest(text)) for text in texts]
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
        problems.append(not_yours(clue))
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


def not_yours(clue: Clue) -> str:
    """Why a clue is not to be answered by who sent it."""
    whose = clue.township
    return f"这是{whose}的线索，应由{whose}反馈" if whose else "这个线索没有下发过，不能反馈"


def record(connection: Connection, answers: pd.DataFrame) -> pd.DataFrame:
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
