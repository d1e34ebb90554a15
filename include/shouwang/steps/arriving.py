"""What departments hand over: the registry, files, a delivery's four steps, and whether a month is
settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shouwang.arriving import receiving
from shouwang.arriving.questions import answered_since
from shouwang.arriving.receiving import Reference
from shouwang.county.contract import Contract
from shouwang.errors import FileRefused, NotThereYet
from shouwang.house import House, open_house
from shouwang.intake.files import find_files, fingerprint
from shouwang.intake.files import settled as files_settled
from shouwang.intake.names import shown
from shouwang.month import Month
from shouwang.recognition.reading import Reading
from shouwang.store import deliveries
from shouwang.store.audit import audit
from shouwang.store.tables import county


def init() -> dict[str, Any]:
    """Create or migrate the database, and the folders that files are put into; a county that has
    none yet gets keys."""
    from shouwang.sending.passwords import separate_departments
    from shouwang.store.migrate import migrate

    house = open_house()
    house.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (house.inbox, house.outbox, house.returns):
        folder.mkdir(parents=True, exist_ok=True)
    migrate(house.database, house.county.contracts.values(), house.sealed_folders)
    separate_departments(house)
    settings = house.county.settings
    with house.database.write() as connection:
        known = connection.scalar(sa.select(county.c.name).where(county.c.code == settings.code))
        if known is None:
            connection.execute(county.insert().values(code=settings.code, name=settings.name))
        elif known != settings.name:
            connection.execute(
                county.update().where(county.c.code == settings.code).values(name=settings.name)
            )
    return {
        "county": settings.name,
        "database": house.database.url.render_as_string(hide_password=True),
    }


def load_registry(file: str, as_of: str) -> dict[str, Any]:
    """Load a registry snapshot as of a month."""
    from shouwang.quality.check import check, gate
    from shouwang.recognition.reading import read_files
    from shouwang.registry.history import load_snapshot, snapshot

    house, month, path = open_house(), Month.parse(as_of), Path(file)
    if not path.is_file():
        raise NotThereYet(
            f"There is no file {file}; give the path of the registry workbook (农户信息表)."
        )
    content = fingerprint([path])
    contract = house.county.registry
    reading = read_files([path], contract)
    if reading.held:
        raise _unclear(path, contract, reading)
    table = reading.table
    verdicts = check(table, contract, house.expectations, month)
    counts = verdicts.counts()
    gate(verdicts, contract, house.county.settings.intake.refuse_above_rejected_share, path.name)
    people = snapshot(table[verdicts.verdict == "accepted"])
    with house.database.write() as connection:
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
        ],
    }


def _unclear(path: Path, contract: Contract, reading: Reading) -> FileRefused:
    """The refusal of a registry in which a required column could be another: which, and how to say
    it."""
    asked = [q for q in reading.questions if q.kind == "column"]
    told = "；".join(
        f"“{contract.columns[q.column].wordings[0]}”（可能是“{q.heading}”）" for q in asked
    )
    return FileRefused(
        "missing_column",
        f"文件“{shown(path.name)}”里分不清这些列：{told}。请改用认得的表头，或把表头写进 registry.yaml 的 wordings 后再载入。",
    )


def departments(month: str | None = None) -> list[dict[str, Any]]:
    """The departments that hand over data, or those that are due in a month."""
    contracts = open_house().county.contracts.values()
    return [
        {
            "department": c.department,
            "dataset": c.dataset,
            "title": c.title,
            "cadence": list(c.cadence.months),
        }
        for c in contracts
        if month is None or c.due(Month.parse(month))
    ]


def arrived(month: str, department: str) -> bool:
    """Whether there is something to read: files in the inbox, none of them still being copied, or
    what is kept of them.

    The vault counts where the inbox is empty by now, so that an answer reads on without another
    upload.
    """
    house, of = open_house(), Month.parse(month)
    if files := find_files(house.inbox_of(of, department)):
        return files_settled(files, house.county.settings.intake.suspicious_age_seconds)
    with house.database.read() as connection:
        versions = deliveries.versions(connection, of, department)
    return receiving.kept_version(house, versions) is not None


def _arrived(house: House, month: Month, department: str) -> bool:
    files = find_files(house.inbox_of(month, department))
    return files_settled(files, house.county.settings.intake.suspicious_age_seconds)


def deadline(month: str) -> dt.datetime:
    """The end of waiting for late departments."""
    return _deadline(open_house(), Month.parse(month))


def _deadline(house: House, month: Month) -> dt.datetime:
    day = (month + 1).first.replace(day=house.county.settings.calendar.waiting_until_day)
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=house.zone)


def take_in(month: str, department: str) -> Reference:
    """Fingerprint, keep and read what a department handed over."""
    house = open_house()
    with _turn(house, month, department):
        return receiving.take_in(house, Month.parse(month), department)


def validate(reference: Reference) -> Reference:
    """Judge every row of a delivery, and the delivery as a whole."""
    return _step(receiving.validate, reference)


def match(reference: Reference) -> Reference:
    """Match a delivery's accepted rows to the registry."""
    return _step(receiving.match, reference)


def load(reference: Reference) -> Reference:
    """Write a delivery into the database and make it the version in force."""
    return _step(receiving.load, reference)


def _step(step: Callable[[House, Reference], Reference], reference: Reference) -> Reference:
    house = open_house()
    with _turn(house, reference["month"], reference["department"]):
        return step(house, reference)


def _turn(house: House, month: str, department: str) -> AbstractContextManager[None]:
    """One process at a time for a department's month: they share its work folder."""
    receiving.contract_of(house, department)
    return house.turn(f"{Month.parse(month)} {department}")


def receive(month: str, department: str, again: bool = False) -> Reference:
    """All four steps of one department's delivery; ``again``: one that was refused is judged
    anew."""
    house = open_house()
    with _turn(house, month, department):
        reference = receiving.take_in(house, Month.parse(month), department, again)
        for step in (receiving.validate, receiving.match, receiving.load):
            if reference["status"] in ("refused", "unchanged", "held"):
                break
            reference = step(house, reference)
        return reference


def declare_late(month: str, department: str) -> dict[str, Any]:
    """Put on record that the waiting time for a department is over."""
    house = open_house()
    receiving.contract_of(house, department)
    with house.database.write() as connection:
        deliveries.declare_late(connection, Month.parse(month), department)
    return {"month": month, "department": department, "status": "late"}


def come_late() -> list[dict[str, str]]:
    """Months and departments whose inbox holds files that nobody has looked at: late, corrected, or
    sent once more.

    And those whose delivery asked something that has been answered since, if nobody has read it on.
    What a department's run still waits for is left to it.
    """
    house, found = open_house(), []
    this = Month.of(house.today())
    for month in Month.span(this + -12, this + -1):
        over = house.today() >= _deadline(house, month).date()
        for contract in house.county.contracts.values():
            if not contract.due(month):
                continue
            with house.database.read() as connection:
                known = deliveries.versions(connection, month, contract.department)
                answered = answered_since(
                    connection, contract.department, receiving.kept_version(house, known)
                )
            if answered:
                found.append({"month": str(month), "department": contract.department})
                continue
            if not _arrived(house, month, contract.department):
                continue
            inbox = fingerprint(find_files(house.inbox / str(month) / contract.department))
            if (known or over) and inbox not in {version["inbox"] for version in known}:
                found.append({"month": str(month), "department": contract.department})
    return found


def settled(month: str) -> dict[str, Any]:
    """Whether every department that is due has arrived or is declared late; one refused or held has
    until then too."""
    house, of = open_house(), Month.parse(month)
    with house.database.read() as connection:
        force, last = deliveries.in_force(connection, of), deliveries.latest(connection, of)
        late = deliveries.declared_late(connection, of)
    due = [c.department for c in house.county.contracts.values() if c.due(of)]
    over = house.today() >= _deadline(house, of).date()
    missing = [d for d in due if d not in force]
    refused, held = (
        [d for d in due if last.get(d, {}).get("status") == status]
        for status in (deliveries.REFUSED, deliveries.HELD)
    )
    return {
        "settled": all(d in force or d in late or (over and d in last) for d in due),
        "missing": missing,
        "refused": refused,
        "held": held,
        "late": sorted(late),
    }


def scorecard(department: str | None = None, out: str | None = None) -> list[dict[str, Any]]:
    """How each department has delivered, month by month; written as a workbook to ``out`` if
    given."""
    from shouwang.arriving.scorecards import score
    from shouwang.delivery.report import ReportPaper
    from shouwang.delivery.scorecard import write_scorecard
    from shouwang.sending.handout import headed
    from shouwang.staging import whole_file

    house = open_house()
    if department:
        receiving.contract_of(house, department)
    card = score(house, department)
    if out:
        paper = ReportPaper(
            **headed(house), heading=f"{house.county.settings.name}部门数据质量评分卡"
        )
        with whole_file(Path(out)) as part:
            write_scorecard(part, paper, card)
    return card
