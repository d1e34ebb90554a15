"""What is held about one person, and its deletion on a lawful request (个人信息查询与删除; handbook
section 9).

A person is known by a whole identity number. What is deleted: the registry's statements,
departments' records with the signals that came from them, the originals in the vault and the
receipts that name them (`arriving.mentions`: also a row that was rejected), the outbox's copies of
papers on which the household stands, and, where nobody else is of the household, everything of the
household. Lines keep their place, so that rows read still equal rows told. Counts of months that
have gone out stay.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.errors import UsageError
from shouwang.core.identity import VALID, clean_numbers
from shouwang.store.audit import audit
from shouwang.store.database import frame
from shouwang.store.records import record_table
from shouwang.store.sealing import every_seal
from shouwang.store.tables import (
    case,
    case_event,
    feedback,
    person,
    release_item,
    removal,
    report,
    signal,
    submission,
    submission_row,
    warning,
)
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace

OF_A_HOUSEHOLD = (warning, signal, report, case, feedback, removal, release_item)


@dataclass
class Held:
    """What is held: how many rows of which table, where departments' rows stand, which of our files
    would go."""

    rows: Counter[str] = field(default_factory=Counter)
    places: list[dict[str, Any]] = field(default_factory=list)
    copies: dict[Path, str] = field(default_factory=dict)
    """Files of ours that would go, and for whom each was."""
    exports: set[Path] = field(default_factory=set)
    """Departments' own files, which are theirs to replace."""
    ids: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    households: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    """Households of which nobody else is known."""

    def told(self) -> dict[str, Any]:
        """For whoever asked, without the person: counts, places, files."""
        return {
            "rows": dict(self.rows),
            "places": self.places,
            "copies": len(self.copies),
            "departments_files": sorted(map(str, self.exports)),
        }


def whole_number(written: str) -> str:
    """An identity number as we keep it; `UsageError` for what is no whole one."""
    cleaned = clean_numbers(pd.Series([written], dtype="str")).iloc[0]
    if cleaned["id_state"] != VALID:
        raise UsageError(
            "That is no whole identity number (18 places, the check digit right); nothing was looked up."
        )
    return str(cleaned["id_number"])


def find(
    workspace: Workspace, connection: Connection, number: str, files: Iterable[Path] = ()
) -> Held:
    """Everything that is held about the one with this number, and the ``files`` that name it."""
    seals = every_seal(workspace.keys.ring, whole_number(number))
    held, written = Held(), sa.type_coerce(person.c.id_number, sa.Text).in_(seals)
    for row in connection.execute(
        sa.select(person.c.person_id, person.c.household_id, person.c.name).where(written)
    ):
        held.rows["person"] += 1
        held.ids, held.households = [*held.ids, row.person_id], [*held.households, row.household_id]
        held.names |= {row.name} - {None}
    others = sa.select(person.c.household_id).where(
        person.c.household_id.in_(held.households), person.c.person_id.not_in(held.ids)
    )
    held.alone = sorted(set(held.households) - set(connection.scalars(others)))
    for table in (signal, report):
        held.rows[table.name] = _count(connection, table, table.c.person_id.in_(held.ids))
    for table in OF_A_HOUSEHOLD if held.alone else ():
        held.rows[table.name] = _count(connection, table, table.c.household_id.in_(held.alone))
    for contract in workspace.county.contracts.values():
        _records(workspace, connection, held, record_table(contract), seals)
    lists = sa.select(release_item.c.month, release_item.c.township).where(
        release_item.c.household_id.in_(held.households)
    )
    for month, township in connection.execute(lists.distinct()):
        held.copies |= dict.fromkeys(_files(workspace.lists_of(month, township)), township)
        held.copies |= dict.fromkeys(_files(workspace.county_papers_of(month)), COUNTY)
    for path in files:
        if path.is_relative_to(workspace.inbox):
            held.exports.add(path)
        else:  # of the vault the whole submission goes; a receipt lies in its department's folder
            held.copies |= dict.fromkeys(
                _files(path.parent) if path.is_relative_to(workspace.home / "vault") else [path],
                path.parent.name,
            )
    return held


def _count(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(which)) or 0


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _records(
    workspace: Workspace, connection: Connection, held: Held, table: sa.Table, seals: list[str]
) -> None:
    here = sa.and_(
        table.c.submission_id == submission_row.c.submission_id,
        table.c.line_no == submission_row.c.line_no,
    )
    mine = [submission_row.c.person_id.in_(held.ids)]
    if "id_number" in table.columns:
        mine.append(sa.type_coerce(table.c.id_number, sa.Text).in_(seals))
    at = [submission_row.c[name] for name in ("submission_id", "line_no", "file", "sheet", "row")]
    query = sa.select(
        submission.c.month, submission.c.department, submission.c.content, *at
    ).select_from(
        table.join(submission_row, here).join(
            submission, submission.c.submission_id == submission_row.c.submission_id
        )
    )
    for row in connection.execute(query.where(sa.or_(*mine))).mappings():
        held.rows[table.name] += 1
        held.places.append(dict(row))
        held.copies |= dict.fromkeys(
            _files(workspace.vault_of(row["month"], row["department"], row["content"])), COUNTY
        )
        inbox = workspace.inbox / row["month"] / row["department"] / row["file"]
        held.exports |= {inbox} if inbox.exists() else set()


def purge(workspace: Workspace, number: str, by: str, files: Iterable[Path] = ()) -> Held:
    """Delete what `find` finds, on record without the person; files first, so that one who is
    interrupted finds the rest."""
    with workspace.database.alone() as connection:
        held = find(workspace, connection, number, files)
        for path, receiver in held.copies.items():
            if path.is_relative_to(workspace.outbox):
                file = path.relative_to(workspace.outbox).as_posix()
                audit(
                    connection, "deleted", receiver, by, file=file
                )  # or it would be taken for fetched
                if workspace.far_outbox:
                    workspace.far_outbox.remove(path)
            path.unlink(missing_ok=True)
            if path.is_relative_to(workspace.home / "vault"):
                shutil.rmtree(path.parent, ignore_errors=True)
        for place in held.places:
            for contract in workspace.county.contracts.values():
                _delete(
                    connection,
                    record_table(contract),
                    **{k: place[k] for k in ("submission_id", "line_no")},
                )
            emptied = {"outcome": "unmatched"} | dict.fromkeys(
                ("household_id", "person_id", "method", "confidence", "candidates", "reason"), None
            )
            same = (
                submission_row.c.submission_id == place["submission_id"],
                submission_row.c.line_no == place["line_no"],
            )
            connection.execute(submission_row.update().where(*same).values(**emptied))
        for identifier in held.ids:
            _take_from_candidates(connection, identifier)
            for table in (person, signal, report):
                _delete(connection, table, person_id=identifier)
        for household in held.alone:
            numbers = sa.select(case.c.clue_no).where(case.c.household_id == household)
            connection.execute(case_event.delete().where(case_event.c.clue_no.in_(numbers)))
            for table in OF_A_HOUSEHOLD:
                _delete(connection, table, household_id=household)
        for household in set(held.households) - set(held.alone):
            _leave_unnamed(connection, household, held.names | {number})
        counts = {name: count for name, count in held.rows.items() if count}
        audit(connection, "purged", "person", by, rows=counts, copies=len(held.copies))
    return held


def _delete(connection: Connection, table: sa.Table, **key: Any) -> None:
    connection.execute(
        table.delete().where(*(table.c[name] == value for name, value in key.items()))
    )


def _take_from_candidates(connection: Connection, identifier: str) -> None:
    query = sa.select(
        submission_row.c.submission_id, submission_row.c.line_no, submission_row.c.candidates
    )
    for row in connection.execute(
        query.where(submission_row.c.candidates.contains(identifier))
    ).all():
        left = json.dumps(
            [candidate for candidate in json.loads(row.candidates) if candidate != identifier]
        )
        same = (
            submission_row.c.submission_id == row.submission_id,
            submission_row.c.line_no == row.line_no,
        )
        connection.execute(submission_row.update().where(*same).values(candidates=left))


def _leave_unnamed(connection: Connection, household: str, texts: set[str]) -> None:
    """Take the answers about a household that name the person out of it; what others of it were
    found to need stays."""
    said = [feedback.c.content, feedback.c.reason, feedback.c.measure]
    for row in frame(
        connection, sa.select(*said).where(feedback.c.household_id == household)
    ).to_dict("records"):
        named = [
            n for n in ("reason", "measure") if any(text in str(row[n] or "") for text in texts)
        ]
        if named:
            same = feedback.c.content == row["content"]
            connection.execute(feedback.update().where(same).values(dict.fromkeys(named)))
