"""The pipeline (流程): one function a step. The DAGs and the command line call the same ones.

Arguments and results are small and plain, without personal data: they pass through Airflow's XCom and logs. Every step
may be run again, or killed and run again, and ends in the same state.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang import receiving
from shouwang.errors import FileRefused, NotThereYet, ShouwangError
from shouwang.house import House, open_house, safe_name
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
        return deliveries.outdated(connection)


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
    from shouwang.casework.reports import join_reports
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
        looked_at = deliveries.looked_at(connection, first, of)
        inputs = {"registry": load_in_force(connection, of), "since": str(first), "deliveries": looked_at}
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
            join_reports(connection, of)
            audit(connection, "screened", "month", "shouwang", month=month, warnings=len(found.warnings))
            keep_ledger(connection, house.county.settings)
    before = of + -1
    with house.database.read() as connection:
        screened = connection.scalar(sa.select(run.c.month).where(run.c.month == str(before))) is not None
    return {**month_figures(house, of), "before": month_figures(house, before) if screened else None}


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


def unsent() -> list[str]:
    """Months whose lists have gone out and that have something to send again (see `releasing.unsent_months`)."""
    from shouwang.releasing import unsent_months

    house = open_house()
    with house.database.read() as connection:
        return [str(month) for month in unsent_months(connection, _due(house))]


def record_decision(month: str, by: str, approved: bool, held_back: list[str], reason: str) -> None:
    """Put on record what a person said to the release of a month."""
    with open_house().database.write() as connection:
        kind = "approved" if approved else "rejected"
        audit(connection, kind, "release", by, month=month, held_back=held_back, reason=reason)


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
    from shouwang.casework.reports import CHANNEL_NAMES
    from shouwang.delivery.notice import write_notice
    from shouwang.delivery.township import ReleasePaper, write_township_workbook
    from shouwang.handout import hand_out
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
        name = f"{safe_name(township)}预警{out.kind}_{month}_第{out.version}版.xlsx"
        paper = ReleasePaper(
            county=settings.name, office=settings.office, township=township, month=of, version=out.version,
            kind=out.kind, prepared_on=house.today(), prepared_by=by, due=due,  # type: ignore[arg-type]
            released_at=house.now(), missing=tuple(titles[d] for d in settled(month)["missing"]),
            department_names=titles | CHANNEL_NAMES,
        )  # fmt: skip
        fresh = hand_out(
            connection, house, of, township, name, by,
            lambda part: write_township_workbook(part, paper, out.clues, out.details),
        )  # fmt: skip
        notice = f"{safe_name(township)}公示名单_{month}_第{out.version}版.xlsx"
        hand_out(
            connection, house, of, township, notice, by, lambda part: write_notice(part, paper, out.clues), public=True
        )
        record_release(connection, of, out, name, by, house.today(), due)
        audit(connection, "released", township, by, month=month, version=out.version, clues=len(out.clues))
        keep_ledger(connection, settings, warned_in(of, township))
    return {
        "month": month, "township": township, "version": out.version, "clues": len(out.clues), "file": name,
        "new_password": fresh, "status": "released",
    }  # fmt: skip


def send_township(month: str | None, township: str) -> dict[str, Any]:
    """Send what was released for a township and has not been sent; done twice, it changes nothing."""
    from shouwang.dispatching import send, waiting

    house, failed = open_house(), []
    with house.database.read() as connection:
        files = [file for _, file in waiting(connection, Month.parse(month) if month else None, township)]
    sent = []
    for file in files:
        try:
            sent += [file] if send(house, file) else []
        except ShouwangError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return {"month": month, "township": township, "sent": sent}


def send(month: str | None = None, township: str | None = None) -> dict[str, Any]:
    """Send what has not been sent (of a month), township by township; one that fails does not hold up the others."""
    from shouwang.dispatching import waiting

    with open_house().database.read() as connection:
        names = dict.fromkeys(name for name, _ in waiting(connection, Month.parse(month) if month else None, township))
    done: dict[str, Any] = {"month": month, "sent": [], "failed": {}}
    for name in names:
        try:
            done["sent"] += send_township(month, name)["sent"]
        except ShouwangError as error:
            done["failed"][name] = str(error)
    return done


def summarise(month: str) -> dict[str, Any]:
    """Write the county's summary of a month."""
    from shouwang.casework.reports import CHANNEL_NAMES
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
        rule_titles={r.code: r.title for r in load_rulebook(house.county_folder).in_force(of)} | CHANNEL_NAMES,
    )  # fmt: skip
    path = house.county_papers_of(of) / f"{settings.name}预警汇总_{month}.xlsx"
    lists = {str(name): group.reset_index(drop=True) for name, group in clues.groupby("township", sort=True)}
    with house.outgoing(path) as part:
        write_summary(part, paper, warned, rows, lists)
    return {"month": month, "file": str(path)}


def release(month: str, by: str) -> dict[str, Any]:
    """Release every township that has something to receive, send it, then the summary."""
    done = [release_township(month, township, by) for township in release_plan(month)]
    return {"released": done, **send(month), **summarise(month)}


def load_feedback(file: str, township: str | None = None) -> dict[str, Any]:
    """Read a filled-in workbook back: each row taken, or answered in a receipt; the same file again changes nothing.

    ``township``: who sent it, where the channel knows.
    """
    from shouwang.feedback import receive

    house, path = open_house(), Path(file)
    if not path.is_file():
        raise NotThereYet(f"There is no file {file}; give the path of the workbook that came back.")
    try:
        return receive(house, path, township)
    except FileRefused as refused:
        return {"file": path.name, "taken": 0, "known_already": 0, "blank": 0, "problems": [], "refused": str(refused)}


def case_story(key: str) -> dict[str, Any]:
    """A household's story, by clue number or household id (户情)."""
    from shouwang.cases import show

    return show(open_house(), key)


def list_cases(
    on: str | None = None, state: str | None = None, township: str | None = None, what: str = "all"
) -> list[dict[str, Any]]:
    """Cases as of a day; ``what``: all, ``overdue`` (督办名单), or those ``due`` that day (提醒)."""
    from shouwang.cases import listed

    rows = listed(open_house(), dt.date.fromisoformat(on) if on else None, state, township, what)
    return json.loads(rows.to_json(orient="records", force_ascii=False))  # type: ignore[no-any-return]


def remove_risk(clue_no: str, by: str, on: str, measure: str | None = None) -> dict[str, Any]:
    """Put on record that a risk is removed (风险消除), or say why it is not."""
    from shouwang.cases import remove

    return remove(open_house(), clue_no, by, dt.date.fromisoformat(on), measure)


def write_case_form(township: str) -> dict[str, Any]:
    """Write a township's form for reports and removals (申报排查表)."""
    from shouwang.cases import write_form

    return {"township": township, "file": str(write_form(open_house(), township))}


def collect_returns() -> dict[str, Any]:
    """Read what came back by the channels, each workbook once, and answer it."""
    from shouwang.collecting import fetch, fresh, record

    house = open_house()
    done: dict[str, Any] = {"unreachable": fetch(house), "files": []}
    with house.database.read() as connection:
        found = list(fresh(connection, house))
    for entry in found:
        told = load_feedback(str(entry.path), entry.township)
        with house.database.write() as connection:
            record(connection, entry, told)
        done["files"].append(told)
    return done | {"failed": send(str(Month.of(house.today()) + -1))["failed"]}


def supervise(by: str) -> dict[str, Any]:
    """Write the supervision list (督办单) of what is overdue today, the county's and each township's own, and send these."""
    from shouwang.delivery.supervision import SupervisionPaper, write_supervision
    from shouwang.handout import hand_out
    from shouwang.stories import overdue

    house = open_house()
    settings, today = house.county.settings, house.today()
    month, name = Month.of(today) + -1, f"督办单_{today.isoformat()}.xlsx"
    contacts = {township: known.contact for township, known in settings.townships.items()}
    with house.database.write() as connection:
        rows = overdue(connection, house)
        paper = SupervisionPaper(settings.name, settings.office, today, settings.calendar.overdue_days, None, contacts)
        for township, mine in rows.groupby("township", sort=True):
            own = replace(paper, township=str(township), contacts={})
            write = partial(write_supervision, paper=own, overdue=mine)
            hand_out(connection, house, month, str(township), f"{safe_name(str(township))}{name}", by, write)
            audit(connection, "supervised", str(township), by, month=str(month), clues=len(mine))
        path = house.county_papers_of(month) / f"{settings.name}{name}"
        with house.outgoing(path) as part:
            write_supervision(part, paper, rows)
    return {"overdue": len(rows), "file": str(path), **send(str(month))}


def household_story(key: str, folder: str, by: str) -> dict[str, Any]:
    """Write the story of a clue number's or id's household as one page; who asked for it is on record."""
    from shouwang.delivery.story import write_story
    from shouwang.staging import whole_file
    from shouwang.stories import story_of

    house, path = open_house(), Path(folder) / f"户情_{safe_name(key)}.xlsx"
    with house.database.write() as connection:
        story = story_of(connection, house, key, by)
        with whole_file(path) as part:
            write_story(part, story)
        audit(connection, "printed", key, by)
    return {"key": key, "file": str(path)}


def expire(dry: bool = False) -> list[dict[str, Any]]:
    """Delete copies and exports that are kept too long, on record; ``dry`` says what would go."""
    from shouwang.retention import expire as delete
    from shouwang.retention import expired

    house = open_house()
    found = expired(house)
    if not dry:
        delete(house, found)
    return [{"what": e.what, "month": str(e.month), "place": e.place, "files": len(e.files)} for e in found]


def write_review(month: str, township: str | None = None) -> dict[str, Any]:
    """Write the month's list of what a clerk has to decide (有待核实), for the county or one township."""
    from shouwang.delivery.review import ReviewPaper
    from shouwang.delivery.review import write_review as write_paper
    from shouwang.handout import hand_out
    from shouwang.reviewing import reviews_of

    house, of = open_house(), Month.parse(month)
    settings = house.county.settings
    with house.database.read() as connection:
        reviews = reviews_of(connection, house, of, township)
    paper = ReviewPaper(settings.name, settings.office, of, house.today(), township)
    write = partial(write_paper, paper=paper, reviews=reviews)
    if township:
        name = f"{safe_name(township)}有待核实名单_{month}_{house.today().isoformat()}.xlsx"
        with house.database.write() as connection:
            hand_out(connection, house, of, township, name, "shouwang", write)
        return {"month": month, "reviews": len(reviews), "file": str(house.lists_of(of, township) / name)}
    path = house.county_papers_of(of) / f"{settings.name}有待核实名单_{month}.xlsx"
    with house.outgoing(path) as part:
        write(part)
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


def write_bulletin(month: str, months: int = 1) -> dict[str, Any]:
    """Write the bulletin (通报) of the one or two months that end with ``month``."""
    from shouwang.papers import bulletin

    house, of = open_house(), Month.parse(month)
    _require_screened(house, of)
    return bulletin(house, of, months)


def write_results(month: str, department: str) -> dict[str, Any]:
    """Tell a department what became of its rows of a month (结果反馈)."""
    from shouwang.papers import results

    house = open_house()
    receiving.contract_of(house, department)
    return results(house, Month.parse(month), department)


def check_registry(month: str, by: str) -> dict[str, Any]:
    """List what of the registry does not fit together (数据清洗), and corrections that others' data suggest."""
    from shouwang.papers import check_registry as check

    return check(open_house(), Month.parse(month), by)
