"""What departments hand over: the registry, files, a submission's four steps, and whether a month is
settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shouwang.core.errors import FileRefused, NotThereYet
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.intake.files import find_files, fingerprint
from shouwang.intake.files import settled as files_settled
from shouwang.intake.names import shown
from shouwang.recognition.reading import Reading
from shouwang.store import submissions
from shouwang.store.audit import audit
from shouwang.store.tables import county
from shouwang.submissions import receiving
from shouwang.submissions.questions import answered_since
from shouwang.submissions.receiving import Reference
from shouwang.workspace.workspace import Workspace, load_workspace


def init() -> dict[str, Any]:
    """Create or migrate the database, and the folders that files are put into; a county that has
    none yet gets keys."""
    from shouwang.store.migrate import migrate

    workspace = load_workspace()
    workspace.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (workspace.inbox, workspace.outbox, workspace.returns):
        folder.mkdir(parents=True, exist_ok=True)
    migrate(workspace.database, workspace.county.contracts.values())
    settings = workspace.county.settings
    with workspace.database.write() as connection:
        known = connection.scalar(sa.select(county.c.name).where(county.c.code == settings.code))
        if known is None:
            connection.execute(county.insert().values(code=settings.code, name=settings.name))
        elif known != settings.name:
            connection.execute(
                county.update().where(county.c.code == settings.code).values(name=settings.name)
            )
    return {
        "county": settings.name,
        "database": workspace.database.url.render_as_string(hide_password=True),
    }


def load_registry(file: str, as_of: str) -> dict[str, Any]:
    """Load a registry snapshot as of a month."""
    from shouwang.quality.check import check, gate
    from shouwang.recognition.reading import read_files
    from shouwang.registry.history import load_snapshot, snapshot

    workspace, month, path = load_workspace(), Month.parse(as_of), Path(file)
    if not path.is_file():
        raise NotThereYet(
            f"There is no file {file}; give the path of the registry workbook (农户信息表)."
        )
    content = fingerprint([path])
    contract = workspace.county.registry
    reading = read_files([path], contract)
    if reading.held:
        raise _unclear(path, contract, reading)
    table = reading.table
    verdicts = check(table, contract, workspace.expectations, month)
    counts = verdicts.counts()
    gate(
        verdicts, contract, workspace.county.settings.intake.refuse_above_rejected_share, path.name
    )
    people = snapshot(table[verdicts.verdict == "accepted"])
    with workspace.database.write() as connection:
        change = load_snapshot(connection, people, month, content, path.name)
        if not change.already_loaded:
            audit(
                connection,
                "registry_loaded",
                "registry",
                "shouwang",
                month=str(month),
                people=change.people,
            )
    bad = verdicts.reason[verdicts.verdict == "rejected"]
    places = [
        {"sheet": s, "row": int(r), "reason": why}
        for s, r, why in zip(
            table.loc[bad.index, "sheet"], table.loc[bad.index, "row"], bad, strict=True
        )
    ]
    return {
        "as_of": str(month),
        "rows": len(table),
        **counts,
        "people": change.people,
        "households": change.households,
        "added": change.added,
        "removed": change.removed,
        "changed": change.changed,
        "unchanged": change.already_loaded,
        "problems": places[:50],
        "not_used": sorted({title for sheet in reading.sheets for title in sheet.ignored_columns}),
        "unknown": [
            f"{contract.columns[q.column].wordings[0]}：{q.value}（{q.rows}）"
            for q in reading.questions
        ]
        + receiving.without_day(reading.report(), contract),
    }


def _unclear(path: Path, contract: Contract, reading: Reading) -> FileRefused:
    """The refusal of a registry in which a required column could be another: which, and how to say
    it."""
    told = "；".join(
        f"“{contract.columns[q.column].wordings[0]}”（可能是“{q.heading}”）"
        if q.kind == "column"
        else f"“{q.heading}”的单位（可能是{'、'.join(q.candidates)}）"
        for q in reading.questions
        if q.kind != "value"
    )
    return FileRefused(
        "missing_column",
        f"文件“{shown(path.name)}”里分不清这些列：{told}。请改用认得的表头并写明单位，或写进 registry.yaml 的 wordings、units 后再载入。",
    )


def departments(month: str | None = None) -> list[dict[str, Any]]:
    """The departments that hand over data, or those that are due or may come in a month."""
    contracts = load_workspace().county.contracts.values()
    return [
        {
            "department": c.department,
            "dataset": c.dataset,
            "title": c.title,
            "cadence": list(c.cadence.months),
        }
        for c in contracts
        if month is None or c.on_arrival or c.due(Month.parse(month))
    ]


def arrived(month: str, department: str) -> bool:
    """Whether there is something to read: files in the inbox, none of them still being copied, or
    what is kept of them.

    The vault counts where the inbox is empty by now, so that an answer reads on without another
    upload.
    """
    workspace, of = load_workspace(), Month.parse(month)
    if files := find_files(workspace.inbox_of(of, department)):
        return files_settled(files, workspace.county.settings.intake.suspicious_age_seconds)
    with workspace.database.read() as connection:
        versions = submissions.versions(connection, of, department)
    return receiving.kept_version(workspace, versions) is not None


def _arrived(workspace: Workspace, month: Month, department: str) -> bool:
    files = find_files(workspace.inbox_of(month, department))
    return files_settled(files, workspace.county.settings.intake.suspicious_age_seconds)


def deadline(month: str) -> dt.datetime:
    """The end of waiting for late departments."""
    return _deadline(load_workspace(), Month.parse(month))


def _deadline(workspace: Workspace, month: Month) -> dt.datetime:
    day = (month + 1).first.replace(day=workspace.county.settings.calendar.waiting_until_day)
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=workspace.zone)


def take_in(month: str, department: str) -> Reference:
    """Fingerprint, keep and read what a department handed over."""
    workspace = load_workspace()
    with _turn(workspace, month, department):
        return receiving.take_in(workspace, Month.parse(month), department)


def validate(reference: Reference) -> Reference:
    """Judge every row of a submission, and the submission as a whole."""
    return _step(receiving.validate, reference)


def match(reference: Reference) -> Reference:
    """Match a submission's accepted rows to the registry."""
    return _step(receiving.match, reference)


def load(reference: Reference) -> Reference:
    """Write a submission into the database and make it the version in force."""
    return _step(receiving.load, reference)


def _step(step: Callable[[Workspace, Reference], Reference], reference: Reference) -> Reference:
    workspace = load_workspace()
    with _turn(workspace, reference["month"], reference["department"]):
        return step(workspace, reference)


def _turn(workspace: Workspace, month: str, department: str) -> AbstractContextManager[None]:
    """One process at a time for a department's month: they share its work folder."""
    receiving.contract_of(workspace, department)
    return workspace.turn(f"{Month.parse(month)} {department}")


def receive(month: str, department: str, again: bool = False) -> Reference:
    """All four steps of one department's submission; ``again``: one that was refused is judged
    anew."""
    workspace = load_workspace()
    with _turn(workspace, month, department):
        reference = receiving.take_in(workspace, Month.parse(month), department, again)
        for step in (receiving.validate, receiving.match, receiving.load):
            if reference["status"] in ("refused", "unchanged", "held"):
                break
            reference = step(workspace, reference)
        return reference


def declare_late(month: str, department: str) -> dict[str, Any]:
    """Put on record that the waiting time for a department is over."""
    workspace = load_workspace()
    if receiving.contract_of(workspace, department).on_arrival:
        return {"month": month, "department": department, "status": "not due"}
    with workspace.database.write() as connection:
        submissions.declare_late(connection, Month.parse(month), department)
    return {"month": month, "department": department, "status": "late"}


def come_late() -> list[dict[str, str]]:
    """Months and departments whose inbox holds files that nobody has looked at: late, corrected, or
    sent once more.

    And those whose submission asked something that has been answered since, if nobody has read it on.
    What a department's run still waits for is left to it.
    """
    workspace, found = load_workspace(), []
    this = Month.of(workspace.today())
    for month in Month.span(this + -12, this):
        over = workspace.today() >= _deadline(workspace, month).date()
        for contract in workspace.county.contracts.values():
            if month == this and not (contract.on_arrival or contract.adds):
                continue
            if not (contract.on_arrival or contract.due(month)):
                continue
            with workspace.database.read() as connection:
                known = submissions.versions(connection, month, contract.department)
                answered = answered_since(
                    connection, contract.department, receiving.kept_version(workspace, known)
                )
            if answered:
                found.append({"month": str(month), "department": contract.department})
                continue
            if not _arrived(workspace, month, contract.department):
                continue
            inbox = fingerprint(find_files(workspace.inbox / str(month) / contract.department))
            awaited = not (known or over or contract.on_arrival)  # by the department's own run
            if not awaited and inbox not in {version["inbox"] for version in known}:
                found.append({"month": str(month), "department": contract.department})
    return found


def settled(month: str) -> dict[str, Any]:
    """Whether every department that is due has arrived or is declared late; one refused or held has
    until then too."""
    workspace, of = load_workspace(), Month.parse(month)
    with workspace.database.read() as connection:
        force, last = submissions.in_force(connection, of), submissions.latest(connection, of)
        late = submissions.declared_late(connection, of)
    due = [c.department for c in workspace.county.contracts.values() if c.due(of)]
    over = workspace.today() >= _deadline(workspace, of).date()
    missing = [d for d in due if d not in force]
    refused, held = (
        [d for d in due if last.get(d, {}).get("status") == status]
        for status in (submissions.REFUSED, submissions.HELD)
    )
    return {
        "settled": all(d in force or d in late or (over and d in last) for d in due),
        "missing": missing,
        "refused": refused,
        "held": held,
        "late": sorted(late),
    }
