"""What is held about one person, and its deletion on a lawful request (个人信息查询与删除; handbook
section 9).

A person is known by a whole identity number. What is deleted: the registry's statements,
departments' records with the signals that came from them, the originals in the raw store and the
receipts that name them (`submissions.mentions`: also a row that was rejected), the outbox's copies
of papers on which the household stands, and, where nobody else is of the household, everything of
the household. Lines keep their place, so that rows read still equal rows told. Counts of months that
have gone out stay.
"""

from __future__ import annotations

import json
import logging
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

log = logging.getLogger(__name__)

PLACE = ("submission_id", "line_no")
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

    def add_copies(self, folder: Path, receiver: str) -> None:
        """Every file below a folder is to go."""
        files = (path for path in folder.rglob("*") if path.is_file())
        self.copies |= dict.fromkeys(files, receiver)

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
            "That is no whole identity number (18 places, the check digit right); nothing was "
            "looked up."
        )
    return str(cleaned["id_number"])


def find(
    workspace: Workspace, connection: Connection, number: str, files: Iterable[Path] = ()
) -> Held:
    """Everything that is held about the one with this number, and the ``files`` that name it."""
    seals = every_seal(workspace.keys.ring, whole_number(number))
    held, written = Held(), sa.type_coerce(person.c.id_number, sa.Text).in_(seals)
    columns = (person.c.person_id, person.c.household_id, person.c.name)
    for row in connection.execute(sa.select(*columns).where(written)):
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
        _find_records(workspace, connection, held, record_table(contract), seals)
    lists = sa.select(release_item.c.month, release_item.c.township).where(
        release_item.c.household_id.in_(held.households)
    )
    for month, township in connection.execute(lists.distinct()):
        held.add_copies(workspace.lists_of(month, township), township)
        held.add_copies(workspace.county_papers_of(month), COUNTY)
    for path in files:
        if path.is_relative_to(workspace.inbox):
            held.exports.add(path)
        elif _is_raw(workspace, path):  # of the raw store the whole submission goes
            held.add_copies(path.parent, path.parent.name)
        else:  # a receipt lies in its department's folder
            held.copies[path] = path.parent.name
    return held


def _count(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(which)) or 0


def _is_raw(workspace: Workspace, path: Path) -> bool:
    return path.is_relative_to(workspace.home / "vault")


def _find_records(
    workspace: Workspace, connection: Connection, held: Held, table: sa.Table, seals: list[str]
) -> None:
    same = [table.c[name] == submission_row.c[name] for name in PLACE]
    of_person = [submission_row.c.person_id.in_(held.ids)]
    if "id_number" in table.columns:
        of_person.append(sa.type_coerce(table.c.id_number, sa.Text).in_(seals))
    query = sa.select(
        *(submission.c[name] for name in ("month", "department", "content")),
        *(submission_row.c[name] for name in (*PLACE, "file", "sheet", "row")),
    ).join_from(submission.join(submission_row), table, sa.and_(*same))
    for row in connection.execute(query.where(sa.or_(*of_person))).mappings():
        held.rows[table.name] += 1
        held.places.append(dict(row))
        month, department = row["month"], row["department"]
        held.add_copies(workspace.vault_of(month, department, row["content"]), COUNTY)
        export = workspace.inbox / month / department / row["file"]
        held.exports |= {export} if export.exists() else set()


def purge(workspace: Workspace, number: str, by: str, files: Iterable[Path] = ()) -> Held:
    """Delete what `find` finds, on record without the person; files first, so that one who is
    interrupted finds the rest."""
    with workspace.database.alone() as connection:
        held = find(workspace, connection, number, files)
        for path, receiver in held.copies.items():
            _delete_copy(workspace, connection, path, receiver, by)
        for place in held.places:
            _empty_row(workspace, connection, {name: place[name] for name in PLACE})
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
    log.info("Purged one person: %s rows, %d files", counts, len(held.copies))
    return held


def _delete_copy(
    workspace: Workspace, connection: Connection, path: Path, receiver: str, by: str
) -> None:
    if path.is_relative_to(workspace.outbox):
        file = path.relative_to(workspace.outbox).as_posix()
        audit(connection, "deleted", receiver, by, file=file)  # or it would be "taken away"
        if workspace.far_outbox:
            workspace.far_outbox.remove(path)
    path.unlink(missing_ok=True)
    if _is_raw(workspace, path):
        shutil.rmtree(path.parent, ignore_errors=True)


def _empty_row(workspace: Workspace, connection: Connection, place: dict[str, Any]) -> None:
    """Delete the record of a row; the row keeps its place."""
    for contract in workspace.county.contracts.values():
        _delete(connection, record_table(contract), **place)
    emptied = dict.fromkeys(("household_id", "person_id", "method", "confidence", "candidates"))
    same = (submission_row.c[name] == value for name, value in place.items())
    change = submission_row.update().where(*same)
    connection.execute(change.values(outcome="unmatched", reason=None, **emptied))


def _delete(connection: Connection, table: sa.Table, **key: Any) -> None:
    same = (table.c[name] == value for name, value in key.items())
    connection.execute(table.delete().where(*same))


def _take_from_candidates(connection: Connection, identifier: str) -> None:
    names = (*PLACE, "candidates")
    query = sa.select(*(submission_row.c[name] for name in names))
    named = submission_row.c.candidates.contains(identifier)
    for row in connection.execute(query.where(named)).all():
        left = [candidate for candidate in json.loads(row.candidates) if candidate != identifier]
        same = (submission_row.c[name] == getattr(row, name) for name in PLACE)
        connection.execute(submission_row.update().where(*same).values(candidates=json.dumps(left)))


def _leave_unnamed(connection: Connection, household: str, texts: set[str]) -> None:
    """Take the answers about a household that name the person out of it; what others of it were
    found to need stays."""
    columns = (feedback.c.content, feedback.c.reason, feedback.c.measure)
    query = sa.select(*columns).where(feedback.c.household_id == household)
    for row in connection.execute(query).mappings().all():
        named = [n for n in ("reason", "measure") if any(text in (row[n] or "") for text in texts)]
        if named:
            same = feedback.c.content == row["content"]
            connection.execute(feedback.update().where(same).values(dict.fromkeys(named)))
