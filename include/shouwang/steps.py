"""The pipeline (流程): one function a step. The DAGs and the command line call the same ones.

Arguments and results are small and plain, without personal data: they pass through Airflow's XCom and logs. Every step
may be run again, or killed and run again, and ends in the same state.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang import receiving
from shouwang.errors import NotThereYet, ShouwangError
from shouwang.house import House, open_house
from shouwang.intake.files import find_files, fingerprint
from shouwang.intake.files import settled as files_settled
from shouwang.month import Month
from shouwang.receiving import Reference
from shouwang.store import deliveries
from shouwang.store.audit import audit
from shouwang.store.database import frame, insert
from shouwang.store.tables import county, run, signal, warning

SCREENING = "1"
"""Raised when the same records would be screened otherwise than before."""


def init() -> dict[str, Any]:
    """Create or migrate the database."""
    from shouwang.store.migrate import migrate

    house = open_house()
    house.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate(house.database, house.county.contracts.values())
    settings = house.county.settings
    with house.database.write() as connection:
        known = connection.scalar(sa.select(county.c.name).where(county.c.code == settings.code))
        if known is None:
            connection.execute(county.insert().values(code=settings.code, name=settings.name))
        elif known != settings.name:
            connection.execute(county.update().where(county.c.code == settings.code).values(name=settings.name))
    return {"county": settings.name, "database": house.database.url.render_as_string(hide_password=True)}


def load_registry(file: str, as_of: str) -> dict[str, Any]:
    """Load a registry snapshot as of a month."""
    from shouwang.intake.reading import read_files
    from shouwang.quality.check import check, gate
    from shouwang.registry.history import load_snapshot, snapshot

    house, month, path = open_house(), Month.parse(as_of), Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the registry workbook (农户信息表).")
    content = fingerprint([path])
    contract = house.county.registry
    reading = read_files([path], contract)
    verdicts = check(reading.table, contract, house.expectations, month)
    counts = verdicts.counts()
    gate(verdicts, contract, house.county.settings.intake.refuse_above_rejected_share, path.name)
    people = snapshot(reading.table[verdicts.verdict == "accepted"])
    with house.database.write() as connection:
        change = load_snapshot(connection, people, month, content, path.name)
        if not change.already_loaded:
            audit(connection, "registry_loaded", "registry", "shouwang", month=str(month), people=change.people)
    bad = verdicts.reason[verdicts.verdict == "rejected"]
    places = [
        {"sheet": s, "row": int(r), "reason": why}
        for s, r, why in zip(
            reading.table.loc[bad.index, "sheet"], reading.table.loc[bad.index, "row"], bad, strict=True
        )
    ]
    return {
        "as_of": str(month), "rows": len(reading.table), **counts, "people": change.people,
        "households": change.households, "added": change.added, "removed": change.removed, "changed": change.changed,
        "unchanged": change.already_loaded, "problems": places[:50],
    }  # fmt: skip


def departments(month: str | None = None) -> list[dict[str, Any]]:
    """The departments that hand over data, or those that are due in a month."""
    contracts = open_house().county.contracts.values()
    return [
        {"department": c.department, "dataset": c.dataset, "title": c.title, "cadence": list(c.cadence.months)}
        for c in contracts
        if month is None or c.due(Month.parse(month))
    ]


def arrived(month: str, department: str) -> bool:
    """Whether files lie in the inbox and none is still being copied."""
    house = open_house()
    files = find_files(house.inbox_of(Month.parse(month), department))
    return files_settled(files, house.county.settings.intake.suspicious_age_seconds)


def deadline(month: str) -> dt.datetime:
    """The end of waiting for late departments."""
    house, handover = open_house(), Month.parse(month) + 1
    day = handover.first.replace(day=house.county.settings.calendar.waiting_until_day)
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=house.zone)


def take_in(month: str, department: str) -> Reference:
    """Fingerprint, keep and read what a department handed over."""
    return receiving.take_in(open_house(), Month.parse(month), department)


def validate(reference: Reference) -> Reference:
    """Judge every row of a delivery, and the delivery as a whole."""
    return receiving.validate(open_house(), reference)


def match(reference: Reference) -> Reference:
    """Match a delivery's accepted rows to the registry."""
    return receiving.match(open_house(), reference)


def load(reference: Reference) -> Reference:
    """Write a delivery into the database and make it the version in force."""
    return receiving.load(open_house(), reference)


def receive(month: str, department: str) -> Reference:
    """All four steps of one department's delivery."""
    house = open_house()
    reference = receiving.take_in(house, Month.parse(month), department)
    for step in (receiving.validate, receiving.match, receiving.load):
        if reference["status"] in ("refused", "unchanged"):
            break
        reference = step(house, reference)
    return reference


def versions(month: str, department: str) -> list[dict[str, Any]]:
    """Every version of a department's month."""
    from shouwang.versions import history

    return history(open_house(), Month.parse(month), department)


def diff_versions(month: str, department: str, older: int = 0, newer: int = 0) -> dict[str, Any]:
    """Rows added, removed and changed between two versions: places and columns, no values."""
    from shouwang.versions import ADDED, CHANGED, REMOVED, before, diff

    house, of = open_house(), Month.parse(month)
    older, newer = before(house, of, department, older, newer)
    found = diff(house, of, department, older, newer)
    counts = {kind: int((found["change"] == kind).sum()) for kind in (ADDED, REMOVED, CHANGED)}
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    return {"month": month, "department": department, "from": older, "to": newer, "counts": counts, "rows": rows}


def restore_version(month: str, department: str, version: int, by: str) -> dict[str, Any]:
    """Put an older version in force again; a month that was screened is screened anew."""
    from shouwang.versions import restore

    house, of = open_house(), Month.parse(month)
    reference = restore(house, of, department, version)
    for step in (receiving.validate, receiving.match, receiving.load):
        if reference["status"] == "refused":
            raise ShouwangError(reference["message"])
        reference = step(house, reference)
    with house.database.write() as connection:
        audit(connection, "restored", department, by, month=month, version=reference["version"])
        screened = connection.scalar(sa.select(run.c.month).where(run.c.month == month)) is not None
    if screened:
        screen(month)
    return {**reference, "screened": screened, "outdated": outdated(house)}


def outdated(house: House) -> list[str]:
    """Months that were screened with other versions than those in force now: they are to be screened again."""
    with house.database.read() as connection:
        screened = connection.execute(sa.select(run.c.month, run.c.inputs).order_by(run.c.month)).all()
        return [
            month
            for month, inputs in screened
            if inputs["deliveries"] != _in_force_since(connection, Month.parse(inputs["since"]), Month.parse(month))
        ]


def scorecard(department: str | None = None, out: str | None = None) -> list[dict[str, Any]]:
    """How each department has delivered, month by month; written as a workbook to ``out`` if given."""
    from shouwang.delivery.scorecard import write_scorecard
    from shouwang.scorecards import score
    from shouwang.staging import whole_file

    house = open_house()
    if department:
        receiving.contract_of(house, department)
    card = score(house, department)
    if out:
        settings = house.county.settings
        with whole_file(Path(out)) as part:
            write_scorecard(part, settings.name, settings.office, house.today(), card)
    return card


def declare_late(month: str, department: str) -> dict[str, Any]:
    """Put on record that the waiting time for a department is over."""
    house = open_house()
    receiving.contract_of(house, department)
    with house.database.write() as connection:
        deliveries.declare_late(connection, Month.parse(month), department)
    return {"month": month, "department": department, "status": "late"}


def settled(month: str) -> dict[str, Any]:
    """Whether every department that is due has arrived, was refused or is declared late."""
    house, of = open_house(), Month.parse(month)
    with house.database.read() as connection:
        force, last = deliveries.in_force(connection, of), deliveries.latest(connection, of)
        late = deliveries.declared_late(connection, of)
    due = [c.department for c in house.county.contracts.values() if c.due(of)]
    missing = [d for d in due if d not in force]
    refused = [d for d in due if last.get(d, {}).get("status") == deliveries.REFUSED]
    return {
        "settled": all(d in force or d in late or d in last for d in due),
        "missing": missing,
        "refused": refused,
        "late": sorted(late),
    }


def screen(month: str) -> dict[str, Any]:
    """Signals and warnings of a month from what is there, and the ledger that follows; counts only."""
    from shouwang.casework.keeping import keep_ledger
    from shouwang.recorded import records_for
    from shouwang.registry.history import load_in_force
    from shouwang.screening.evaluate import screen as screen_records
    from shouwang.screening.rulebook import load_rulebook

    house, of = open_house(), Month.parse(month)
    contracts = house.county.contracts.values()
    book = load_rulebook(house.county_folder, contracts=house.county.every_contract)
    missing = settled(month)["missing"]
    first = book.first_month(of)
    with house.database.write() as connection:
        versions = _in_force_since(connection, first, of)
        inputs = {"registry": load_in_force(connection, of), "since": str(first), "deliveries": versions}
        if not any(d not in missing for d in [c.department for c in contracts if c.due(of)]):
            raise NotThereYet(f"Nothing has been received for {month}; run `shouwang receive {month}` first.")
        said = json.dumps(
            [SCREENING, book.model_dump(mode="json"), str(of), inputs, missing], sort_keys=True, default=str
        )
        print_ = hashlib.sha256(said.encode()).hexdigest()[:16]
        if connection.scalar(sa.select(run.c.fingerprint).where(run.c.month == month)) != print_:
            records = records_for(connection, contracts, [book], [of])
            found = screen_records(book, of, records, receiving.registry_of(house, of))
            _store_screening(connection, month, found.signals, found.warnings)
            connection.execute(run.delete().where(run.c.month == month))
            now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
            connection.execute(
                run.insert().values(
                    month=month, fingerprint=print_, screened_at=now, inputs=inputs, missing=missing,
                    parameters={**found.parameters, "silent": found.silent},
                )
            )  # fmt: skip
            audit(connection, "screened", "month", "shouwang", month=month, warnings=len(found.warnings))
            keep_ledger(connection, house.county.settings)
    return month_figures(house, of)


def _in_force_since(connection: Connection, first: Month, last: Month) -> list[str]:
    found = []
    for month in Month.span(first, last):
        force = deliveries.in_force(connection, month)
        found += [f"{force[d]['delivery_id']}-{force[d]['registry']}" for d in sorted(force)]
    return found


def _store_screening(connection: Connection, month: str, signals: pd.DataFrame, warnings: pd.DataFrame) -> None:
    connection.execute(signal.delete().where(signal.c.month == month))
    connection.execute(warning.delete().where(warning.c.month == month))
    insert(connection, signal, signals.assign(month=month, signal_no=range(len(signals))))
    insert(connection, warning, warnings.assign(month=month))


def month_figures(house: House, month: Month) -> dict[str, Any]:
    """Clues of a month: to visit by level and township, new, repeated and supplement, departments not there."""
    from shouwang.releasing import month_warnings

    with house.database.read() as connection:
        warned = month_warnings(connection, month)
        force = deliveries.in_force(connection, month)
        used = connection.scalar(sa.select(run.c.parameters).where(run.c.month == str(month)))
    told = {department: known["report"].get("warnings", ()) for department, known in force.items()}
    titles = {c.department: c.title for c in house.county.contracts.values()}
    state = settled(str(month))
    visit = warned[warned["state"] != "repeated"]
    states = warned["state"].value_counts()
    townships = {
        str(name): {str(level): int(count) for level, count in rows["level"].value_counts().items()}
        for name, rows in visit.groupby("township", sort=True)
    }
    return {
        "month": str(month),
        "households": len(warned),
        "levels": {level: int((visit["level"] == level).sum()) for level in ("红", "黄", "蓝")},
        "townships": townships,
        **{name: int(states.get(name, 0)) for name in ("new", "repeated", "supplement")},
        "missing": [titles[d] for d in state["missing"]],
        "refused": [titles[d] for d in state["refused"]],
        "warnings": [
            *(f"{titles[d]}：{said}" for d in titles for said in told.get(d, ())),
            *(used or {}).get("silent", ()),
        ],
    }


def month_table(month: str) -> dict[str, Any]:
    """What `run` prints: rows by department, clues by level and township."""
    house, of = open_house(), Month.parse(month)
    with house.database.read() as connection:
        force, last = deliveries.in_force(connection, of), deliveries.latest(connection, of)
    names = ("rows", "matched", "review", "unmatched", "rejected", "duplicate")
    rows = []
    for contract in house.county.contracts.values():
        if not contract.due(of):
            continue
        known = force.get(contract.department)
        newest = last.get(contract.department)
        counts = {name: (known or {"counts": {}})["counts"].get(name) for name in names}
        if known:
            counts["accepted"] = counts["matched"] + counts["review"] + counts["unmatched"]
        refused = newest is not None and newest["status"] == deliveries.REFUSED
        rows.append({
            "department": contract.department, "dataset": contract.dataset, "title": contract.title, **counts,
            "status": "refused" if refused else "in force" if known else "missing",
            "version": known["version"] if known else None, "message": newest["refusal"] if refused and newest else None,
        })  # fmt: skip
    return {"departments": rows, **month_figures(house, of), "outdated": outdated(house)}


def release_plan(month: str) -> list[str]:
    """The townships that have something to receive, by name."""
    from shouwang.releasing import outgoing

    house, of = open_house(), Month.parse(month)
    _require_screened(house, of)
    with house.database.read() as connection:
        return [out.township for out in outgoing(connection, of, _due(house))]


def _require_screened(house: House, month: Month) -> None:
    with house.database.read() as connection:
        if connection.scalar(sa.select(run.c.month).where(run.c.month == str(month))) is None:
            raise NotThereYet(f"{month} has not been screened yet; run `shouwang screen {month}` first.")


def _due(house: House) -> dt.date:
    from shouwang.workdays import working_days_after

    calendar = house.county.settings.calendar
    return working_days_after(house.today(), calendar.verification_working_days, calendar.holidays)


def release_township(month: str, township: str, by: str) -> dict[str, Any]:
    """Write a township's workbook and put the release on record; a list that has gone out is not made again."""
    from shouwang.casework.keeping import keep_ledger
    from shouwang.delivery.township import ReleasePaper, write_township_workbook
    from shouwang.releasing import outgoing, record_release, warned_in

    house, of, due = open_house(), Month.parse(month), _due(open_house())
    _require_screened(house, of)
    settings = house.county.settings
    titles = {c.department: c.title for c in house.county.contracts.values()}
    with house.database.write() as connection:
        mine = outgoing(connection, of, due, township)
        if not mine:
            return {"month": month, "township": township, "status": "nothing new"}
        out = mine[0]
        name = f"{township}预警{out.kind}_{month}_第{out.version}版.xlsx"
        paper = ReleasePaper(
            county=settings.name, office=settings.office, township=township, month=of, version=out.version,
            kind=out.kind, prepared_on=house.today(), prepared_by=by, due=due,  # type: ignore[arg-type]
            missing=tuple(titles[d] for d in settled(month)["missing"]), department_names=titles,
        )  # fmt: skip
        with house.outgoing(house.lists_of(of, township) / name) as part:
            write_township_workbook(part, paper, out.clues, out.details)
        record_release(connection, of, out, name, by, house.today(), due)
        audit(connection, "released", township, by, month=month, version=out.version, clues=len(out.clues))
        keep_ledger(connection, settings, warned_in(of, township))
    return {
        "month": month,
        "township": township,
        "version": out.version,
        "clues": len(out.clues),
        "file": name,
        "status": "released",
    }


def summarise(month: str) -> dict[str, Any]:
    """Write the county's summary of a month."""
    from shouwang.delivery.summary import SummaryPaper, write_summary
    from shouwang.releasing import all_clues, month_warnings
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.store.tables import release

    house, of = open_house(), Month.parse(month)
    _require_screened(house, of)
    settings = house.county.settings
    table = month_table(month)
    with house.database.read() as connection:
        warned = month_warnings(connection, of)
        clues, _ = all_clues(connection, of, _due(house))
        last = frame(connection, sa.select(release).where(release.c.month == month))
    rows = pd.DataFrame(table["departments"])
    contracts = house.county.contracts
    rows["dataset"] = [contracts[d].dataset_title for d in rows["department"]]
    rows["department"] = rows["title"]
    rows["state"] = rows["status"].map({"in force": "已接收", "refused": "整份退回", "missing": "未报送"})
    paper = SummaryPaper(
        county=settings.name, office=settings.office, month=of,
        version=int(last["version"].max()) if len(last) else 1,
        prepared_on=last["released_on"].max() if len(last) else house.today(),
        prepared_by=str(last["released_by"].iloc[-1]) if len(last) else settings.office,
        missing=tuple(table["missing"]),
        rule_titles={r.code: r.title for r in load_rulebook(house.county_folder).in_force(of)},
    )  # fmt: skip
    path = house.county_papers_of(of) / f"{settings.name}预警汇总_{month}.xlsx"
    lists = {str(name): group.reset_index(drop=True) for name, group in clues.groupby("township", sort=True)}
    with house.outgoing(path) as part:
        write_summary(part, paper, warned, rows, lists)
    return {"month": month, "file": str(path)}


def release(month: str, by: str) -> dict[str, Any]:
    """Release every township that has something to receive, then the summary."""
    done = [release_township(month, township, by) for township in release_plan(month)]
    return {"month": month, "released": done, **summarise(month)}


def load_feedback(file: str) -> dict[str, Any]:
    """Read a filled-in township workbook back: each row taken, or answered with what is wrong; twice changes nothing."""
    from shouwang.casework.keeping import keep_ledger
    from shouwang.returning import take_back

    house, path = open_house(), Path(file)
    if not path.is_file():
        raise ShouwangError(f"There is no file {file}.")
    with house.database.write() as connection:
        answered = take_back(connection, path)
        if answered["taken"]:
            audit(connection, "feedback", "feedback", "shouwang", taken=answered["taken"])
            keep_ledger(connection, house.county.settings)
    return answered


def write_review(month: str, township: str | None = None) -> dict[str, Any]:
    """Write the month's list of what a clerk has to decide (有待核实), for the county or one township."""
    from shouwang.delivery.review import ReviewPaper
    from shouwang.delivery.review import write_review as write_paper
    from shouwang.reviewing import reviews_of

    house, of = open_house(), Month.parse(month)
    settings = house.county.settings
    with house.database.read() as connection:
        reviews = reviews_of(connection, house, of, township)
    paper = ReviewPaper(settings.name, settings.office, of, house.today(), township)
    folder = house.lists_of(of, township) if township else house.county_papers_of(of)
    path = folder / f"{township or settings.name}有待核实名单_{month}.xlsx"
    with house.outgoing(path) as part:
        write_paper(part, paper, reviews)
    return {"month": month, "reviews": len(reviews), "file": str(path)}


def load_review(file: str, by: str) -> dict[str, Any]:
    """Read a clerk's choices back and remember them; twice changes nothing."""
    from shouwang.reviewing import take_decisions

    house, path = open_house(), Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the list that came back.")
    with house.database.write() as connection:
        taken = take_decisions(connection, house, path, by)
        if taken["taken"]:
            audit(connection, "decided", "review", by, taken=taken["taken"])
    return taken


def list_decisions() -> list[dict[str, Any]]:
    """The decisions in force: number, month, where they were made and by whom, whether somebody was chosen."""
    from shouwang.reviewing import decisions_in_force

    with open_house().database.read() as connection:
        held = decisions_in_force(connection)
    held["none_of_them"] = held["chosen"].isna()
    shown = held[["decision_id", "month", "file", "row", "none_of_them", "decided_by"]]
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.to_numpy().tolist()]


def revoke_decision(number: int, by: str) -> dict[str, Any]:
    """Let a decision hold no longer."""
    from shouwang.reviewing import revoke

    with open_house().database.write() as connection:
        revoke(connection, number, by)
        audit(connection, "revoked", f"decision {number}", by)
    return {"decision_id": number, "status": "revoked"}
