"""Data errors found on foot (部门数据有误, conclusion 13): whose rows they were, and what the
township wrote.

A clue may rest on the rows of several departments. The error is counted against those whose office
the township names; where it names none of them, against all. What it wrote is told only to a
department that it names, or to the only one where it names no other.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.conclusions import WRONG_DATA
from shouwang.store.database import frame
from shouwang.store.tables import case, feedback, last_answer, release_item, signal


def answers(connection: Connection) -> pd.DataFrame:
    """Every answer, the last of each clue number last."""
    order = feedback.c.received_at, feedback.c.content
    return frame(connection, sa.select(feedback).order_by(*order))


def last_words(connection: Connection) -> pd.DataFrame:
    """The last answer to each clue number, which is the one that counts."""
    return frame(connection, sa.select(last_answer).order_by(last_answer.c.clue_no))


def clue_numbers(connection: Connection) -> pd.DataFrame:
    """``household_id, case_no`` of every clue number; a case may have gone out under several."""
    cases = frame(connection, sa.select(case.c.household_id, case.c.clue_no, case.c.numbers))
    numbers = cases["numbers"].fillna(cases["clue_no"]).astype("str").str.split()
    each = cases[["household_id"]].assign(case_no=cases["clue_no"], clue_no=numbers)
    each = each.explode("clue_no").drop_duplicates("clue_no", keep="last")
    return each.set_index("clue_no").astype("str")


def data_errors(connection: Connection, titles: Mapping[str, str]) -> pd.DataFrame:
    """One row a clue and department: ``clue_no, household_id, department, month, reason``.

    ``titles`` gives the offices' names; ``month`` is that of the submission (text); ``reason`` is
    null where it may not be told.
    """
    words, households = last_words(connection), clue_numbers(connection)["household_id"]
    wrong = words.loc[words["conclusion"] == WRONG_DATA, ["clue_no", "reason"]]
    wrong["household_id"] = wrong["clue_no"].map(households).astype("str")
    wrong = wrong.dropna(subset=["household_id"])
    last_month = sa.func.max(release_item.c.month).label("month")
    sent = sa.select(release_item.c.clue_no, last_month).group_by(release_item.c.clue_no)
    wrong = wrong.merge(frame(connection, sent), on="clue_no")
    names = ("month", "household_id", "department", "submission_month")
    signals = sa.select(*(signal.c[name] for name in names)).distinct()
    signals = signals.where(signal.c.household_id.in_(wrong["household_id"].tolist()))
    each = wrong.merge(frame(connection, signals), on=["month", "household_id"])
    office = each["department"].map(titles).fillna(each["department"]).astype("str")
    texts = each["reason"].fillna("").astype("str")
    pairs = zip(office, texts, strict=True)
    named = pd.Series([_names(*pair) for pair in pairs], index=each.index, dtype="bool")
    other = texts.map(lambda text: any(_names(title, text) for title in titles.values()))
    clue = each.groupby("clue_no")["department"]
    alone = (clue.transform("nunique") == 1) & ~other.astype("bool")
    each["reason"] = each["reason"].where(named | alone)
    named_any = named.groupby(each["clue_no"]).transform("any")
    each["month"] = each["submission_month"]
    columns = ["clue_no", "household_id", "department", "month", "reason"]
    return each.loc[named | ~named_any, columns].reset_index(drop=True)


def _names(office: str, text: str) -> bool:
    """Whether a text names an office: in full, without its last word (医保), or as it is shortened
    (教体局 for 教育体育局)."""
    short = office.removesuffix("局")
    written = (
        text[end - size : end]
        for end, char in enumerate(text)
        if char == "局"
        for size in range(2, len(short))
    )
    return short in text or any(said[:1] == short[0] and _within(said, short) for said in written)


def _within(letters: str, word: str) -> bool:
    """Whether the letters stand in the word, in that order."""
    rest = iter(word)
    return all(letter in rest for letter in letters)
