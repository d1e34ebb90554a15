"""What townships send back → events on record, each with file, sheet and row; or an answer that
says what is wrong.

One file is one transaction. Who sent it is who sealed it with their password, or in whose folder it
lay; what a cell or the hidden sheet says of that counts for nothing. A file of nobody, or of one
township under another's password, is held for a clerk (code `HELD`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.casework.cases import Ledger, why_not_removed
from shouwang.casework.rebuilding import fold_of, rebuild_cases
from shouwang.casework.reported import take_reports
from shouwang.core.conclusions import BY_CODE
from shouwang.core.digests import short_digest
from shouwang.core.errors import FileRefused
from shouwang.core.month import Month
from shouwang.county.settings import CountySettings
from shouwang.recognition.forms import sheets_sealed_by
from shouwang.responses import answers as answering
from shouwang.responses import reading
from shouwang.responses.answers import KNOWN, PROBLEM, SAME, TAKEN, Clue, Received
from shouwang.responses.reading import ListName
from shouwang.store.sealing import keys_of
from shouwang.store.tables import case, person, release, removal
from shouwang.workspace.workspace import Workspace, safe_name

ROWS = ("sheet", "row", "clue_no", "household_id", "said", "result", "remark")
NO_FORM = (
    "没有找到预警名单或申报排查表：{}表头不是下发的样子（预警名单要有“线索编号”和“核查结论”两栏），"
    "请在下发的表中填写后报回。"
)


class Forms(NamedTuple):
    """What a file says: its lists, reports and removals (see `reading`), which list it claims to
    be, and whose password opened it."""

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
    clues = answering.clues_named(connection, numbers)
    keyed = keys_of(connection).keyed_text
    validated = answering.validate(forms.answers, clues, list_name, received, keyed)
    answers = answering.record(connection, validated)
    reported, months = take_reports(
        connection, workspace, forms.reports, received.at, received.path.name, sender
    )
    changed = [*answers.loc[answers["result"] == TAKEN, "household_id"].unique()]
    ledger = rebuild_cases(connection, settings, None if months else changed)
    removed = [
        _remove(connection, settings, clues.get(row["clue_no"] or ""), row, received)
        for row in forms.removals.to_dict("records")
    ]
    results = _answers_told(answers, ledger), _reports_told(connection, reported)
    rows = [*results, pd.DataFrame(removed, columns=[*ROWS])]
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
    answers = reading.read_lists(sheets)
    reports, removals = reading.read_reports(sheets), reading.read_removals(sheets)
    if answers is None and reports.empty and removals.empty:
        seen = "、".join(filter(None, sheets))
        raise FileRefused("missing_column", NO_FORM.format(f"各工作表（{seen}）的" if seen else ""))
    answers = pd.DataFrame(columns=[*reading.RETURNED]) if answers is None else answers
    return Forms(answers, reports, removals, reading.find_list_name(sheets), holder)


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


def _answers_told(answers: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """The answers as `ROWS`, each with what the ledger made of it."""
    cases = {number: each for each in ledger.cases for number in (each.clue_no, *each.numbers)}
    latest = {each.household_id: each for each in ledger.cases}
    said = [BY_CODE[code].choice if code in BY_CODE else code for code in answers["conclusion"]]
    rows = answers.assign(said=said)[[*ROWS]]
    taken = rows[rows["result"] == TAKEN]
    for place, number, household in zip(
        taken.index, taken["clue_no"], taken["household_id"], strict=True
    ):
        now = latest[household]
        remark = f"台账现为：{now.state}"
        if cases.get(number, now) is not now:
            remark = f"该户已有新的线索 {now.clue_no}，本结论只记入历史"
        rows.loc[place, "remark"] = remark
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
        why = answering.not_yours(clue)
    else:
        facts = {name: row[name] for name in ("clue_no", "measure", "by", "sheet", "row")}
        facts |= {"household_id": clue.household_id, "removed_on": row["on"]}
        facts |= {"received_at": received.at, "file": received.path.name}
        why = row["problem"] or call_removed(connection, settings, facts)
    result = KNOWN if why == KNOWN else PROBLEM if why else TAKEN
    return {
        **{name: row[name] for name in ("sheet", "row", "clue_no")},
        "household_id": clue and clue.household_id,
        "said": "风险消除",
        "result": result,
        "remark": {KNOWN: SAME, TAKEN: "已记为风险消除"}.get(result, why),
    }


def call_removed(
    connection: Connection, settings: CountySettings, facts: Mapping[str, Any]
) -> str | None:
    """Put on record that a risk is removed; why not, as a sentence, or ``known`` if it is on
    record; null if done.

    ``facts``: columns of the table ``removal``, at least ``clue_no, household_id, removed_on,
    measure, by, received_at``.
    """
    clue_no, on, measure = facts["clue_no"], facts["removed_on"], facts["measure"]
    digest = short_digest(f"{clue_no}|{on}|{measure}")
    content = keys_of(connection).keyed_text(digest)
    if connection.scalar(sa.select(removal.c.content).where(removal.c.content == content)):
        return KNOWN
    if on > facts["received_at"].date():
        return "风险消除日期在将来"
    household = [facts["household_id"]]
    latest = fold_of(connection, settings, household).cases[-1]
    if clue_no not in (latest.clue_no, *latest.numbers):
        return f"该户已有新的线索 {latest.clue_no}"
    why = why_not_removed(latest, on, measure)
    if why is None:
        connection.execute(removal.insert().values(content=content, **facts))
        rebuild_cases(connection, settings, household)
    return why
