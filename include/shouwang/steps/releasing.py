"""Lists go out: what goes to whom, a person's decision, the workbooks, the sending, the summary."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import sqlalchemy as sa

from shouwang.errors import NotThereYet, ShouwangError
from shouwang.house import House, open_house, safe_name
from shouwang.month import Month
from shouwang.steps.arriving import deadline, settled
from shouwang.steps.screening import month_table, outdated
from shouwang.store import deliveries
from shouwang.store.audit import audit
from shouwang.store.database import frame
from shouwang.store.tables import audit_event, run


def release_plan(month: str) -> list[str]:
    """The townships that have something to receive, by name."""
    from shouwang.townships.releasing import outgoing

    house, of = open_house(), Month.parse(month)
    _require_screened(house, of)
    with house.database.read() as connection:
        return [out.township for out in outgoing(connection, of, _due(house))]


def unsent() -> list[str]:
    """Months whose lists have gone out and that have something to send again (see `releasing.unsent_months`)."""
    from shouwang.townships.releasing import unsent_months

    house = open_house()
    with house.database.read() as connection:
        return [str(month) for month in unsent_months(connection, _due(house))]


def to_screen(received: Sequence[str] = ()) -> list[str]:
    """Months that are to be screened: outdated, with something new to send, or settled and never screened.

    The last are looked for among those ``received`` just now, and the last month once its waiting time is over.
    """
    house = open_house()
    last = str(Month.of(house.today()) + -1)
    candidates = {*received, *([last] if house.today() >= deadline(last).date() else [])}
    with house.database.read() as connection:
        candidates -= set(connection.scalars(sa.select(run.c.month)))
        candidates = {month for month in candidates if deliveries.in_force(connection, month)}
    return sorted({*outdated(house), *unsent(), *(month for month in candidates if settled(month)["settled"])})


def record_decision(month: str, by: str, approved: bool, held_back: list[str], reason: str) -> None:
    """Put on record what a person said to the release of a month."""
    with open_house().database.write() as connection:
        kind, (lists, clues) = "approved" if approved else "rejected", _lists(connection, month)
        audit(
            connection, kind, "release", by, month=month, held_back=held_back, reason=reason, lists=lists, clues=clues
        )


def rejected(month: str) -> bool:
    """Whether a person has refused the very lists that would go out now."""
    with open_house().database.read() as connection:
        said = sa.select(audit_event.c.kind, audit_event.c.detail).where(
            audit_event.c.subject == "release", audit_event.c.month == month
        )
        last = connection.execute(said.order_by(audit_event.c.event_id.desc())).first()
        return last is not None and last.kind == "rejected" and last.detail["lists"] == _lists(connection, month)[0]


def _lists(connection: sa.Connection, month: str) -> tuple[str, dict[str, int]]:
    """A fingerprint of the lists that would go out now, and how many clues are on each township's."""
    from shouwang.townships.releasing import outgoing

    lists = outgoing(connection, Month.parse(month), _due(open_house()))
    content = hashlib.sha256("|".join(out.content for out in lists).encode()).hexdigest()[:16]
    return content, {out.township: len(out.clues) for out in lists}


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
    from shouwang.delivery.notice import NoticePaper, write_notice
    from shouwang.delivery.township import ReleasePaper, write_township_workbook
    from shouwang.sending.handout import hand_out, headed
    from shouwang.townships.releasing import outgoing, record_release, warned_in

    house, of = open_house(), Month.parse(month)
    due = _due(house)
    _require_screened(house, of)
    settings = house.county.settings
    titles = {c.department: c.title for c in house.county.contracts.values()}
    with house.database.write() as connection:
        mine = outgoing(connection, of, due, township)
        if not mine:
            return {"month": month, "township": township, "status": "nothing new"}
        out = mine[0]
        name = f"{safe_name(township)}预警{out.kind}_{month}_第{out.version}版.xlsx"
        said = {
            **headed(house, township, by), "month": of, "version": out.version, "kind": out.kind, "due": due,
            "missing": tuple(titles[d] for d in settled(month)["missing"]), "department_names": titles | CHANNEL_NAMES,
        }  # fmt: skip
        write = partial(write_township_workbook, release=ReleasePaper(**said), clues=out.clues, details=out.details)
        fresh = hand_out(connection, house, of, township, name, by, write)
        notice = f"{safe_name(township)}公示名单_{month}_第{out.version}版.xlsx"
        write = partial(write_notice, paper=NoticePaper(**said), clues=out.clues)
        hand_out(connection, house, of, township, notice, by, write, public=True)
        record_release(connection, of, out, name, by, house.today(), due)
        audit(connection, "released", township, by, month=month, version=out.version, clues=len(out.clues))
        keep_ledger(connection, settings, warned_in(of, township))
    return {
        "month": month, "township": township, "version": out.version, "clues": len(out.clues), "file": name,
        "new_password": fresh, "status": "released",
    }  # fmt: skip


def send_township(month: str | None, township: str) -> dict[str, Any]:
    """Send what was released for a township and has not been sent; done twice, it changes nothing."""
    from shouwang.sending.dispatching import send, waiting

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
    from shouwang.sending.dispatching import waiting

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
    from shouwang.delivery.paper import SYSTEM
    from shouwang.delivery.summary import SummaryPaper, write_summary
    from shouwang.screening.rulebook import load_rulebook
    from shouwang.sending.handout import headed, put_out
    from shouwang.sending.passwords import COUNTY
    from shouwang.store.tables import release
    from shouwang.townships.releasing import all_clues, month_warnings

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
    by = str(last["released_by"].iloc[-1]) if len(last) else SYSTEM
    paper = SummaryPaper(
        **headed(house, COUNTY, by), month=of, version=int(last["version"].max()) if len(last) else 1,
        missing=tuple(table["missing"]),
        rule_titles={r.code: r.title for r in load_rulebook(house.county_folder).in_force(of) if not r.further}
        | CHANNEL_NAMES,
    )  # fmt: skip
    path = house.county_papers_of(of) / f"{settings.name}预警汇总_{month}.xlsx"
    lists = {str(name): group.reset_index(drop=True) for name, group in clues.groupby("township", sort=True)}
    write = partial(write_summary, summary=paper, warnings=warned, departments=rows, lists=lists)
    with house.database.write() as connection:
        put_out(connection, house, path, of, COUNTY, by, write)
    return {"month": month, "file": str(path)}


def release(month: str, by: str) -> dict[str, Any]:
    """Release every township that has something to receive, send it, then the summary."""
    done = [release_township(month, township, by) for township in release_plan(month)]
    return {"released": done, **send(month), **summarise(month)}
