"""A month's lists go out, by one path: planned, asked about, handed out, sent, summed up.

`planning.release_plan` → a person's answer (`record_decision`) → `release_township` →
`send_township` → `summarise`: the tasks of the DAG `release`, and what `release` does one after the other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from functools import partial
from typing import Any

import pandas as pd
import sqlalchemy as sa

from shouwang.casework.monthly import month_table, require_screened
from shouwang.casework.rebuilding import rebuild_cases
from shouwang.casework.warnings import month_warnings
from shouwang.core.errors import ShouwangError, UsageError
from shouwang.core.month import Month
from shouwang.documents.notice import NoticePaper, write_notice
from shouwang.documents.paper import SYSTEM
from shouwang.documents.summary import SummaryPaper, write_summary
from shouwang.documents.township import ReleasePaper, write_township_workbook
from shouwang.release.lists import all_clues, outgoing, record_release, warned_in
from shouwang.release.planning import due_day, record_decision, release_plan
from shouwang.screening.reports import CHANNEL_NAMES
from shouwang.screening.rulebook import load_rulebook
from shouwang.store.audit import audit
from shouwang.store.tables import release as released
from shouwang.submissions.handover import settled
from shouwang.transfer import dispatching
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace, load_workspace, safe_name

log = logging.getLogger(__name__)
DEPARTMENT_STATES = {"in force": "已接收", "refused": "整份退回", "missing": "未报送"}


def release_township(month: str, township: str, by: str, content: str) -> dict[str, Any]:
    """Write a township's workbook and put the release on record; a list that has gone out is not
    made again.

    ``content``: what was approved. A list that says something else by now stays here (``changed``):
    it is asked for anew.
    """
    began, workspace, data_month = time.monotonic(), load_workspace(), Month.parse(month)
    due, settings = due_day(workspace), workspace.county.settings
    titles = {c.department: c.title for c in workspace.county.contracts.values()}
    done = {"month": month, "township": township}
    with workspace.database.alone() as connection:
        require_screened(connection, data_month)
        lists = outgoing(connection, data_month, due, township)
        if not lists or lists[0].content != content:
            return {**done, "status": "changed" if lists else "nothing new"}
        (out,) = lists
        said: dict[str, Any] = {
            **headed(workspace, township, by),
            "month": data_month,
            "version": out.version,
            "kind": out.kind,
            "due": due,
            "missing": tuple(titles[d] for d in settled(month)["missing"]),
            "department_names": titles | CHANNEL_NAMES,
        }
        place = (connection, workspace, data_month, township)
        version = f"{month}_第{out.version}版.xlsx"
        name = f"{safe_name(township)}预警{out.kind}_{version}"
        write = partial(
            write_township_workbook,
            release=ReleasePaper(**said),
            clues=out.clues,
            details=out.details,
        )
        fresh = hand_out(*place, name, by, write)
        notice = partial(write_notice, paper=NoticePaper(**said), clues=out.clues)
        hand_out(*place, f"{safe_name(township)}公示名单_{version}", by, notice, public=True)
        record_release(connection, data_month, out, name, by, workspace.today())
        facts = {"version": out.version, "clues": len(out.clues)}
        audit(connection, "released", township, by, month=month, **facts)
        rebuild_cases(connection, settings, warned_in(data_month, township))
    seconds = time.monotonic() - began
    log.info("%s %s: %d clues released, %.1f s.", month, township, len(out.clues), seconds)
    return {**done, **facts, "file": name, "new_password": fresh, "status": "released"}


def send_township(month: str | None, township: str) -> dict[str, Any]:
    """Send what was released for a township and has not been sent; done twice, it changes
    nothing."""
    workspace, sent, failed = load_workspace(), [], []
    for _, file in _waiting(workspace, month, township):
        try:
            sent += [file] if dispatching.send(workspace, file) else []
        except ShouwangError as error:
            failed.append(error)
    log.info("%s: %d files sent, %d failed.", township, len(sent), len(failed))
    if failed:
        raise failed[0]
    return {"month": month, "township": township, "sent": sent}


def _waiting(
    workspace: Workspace, month: str | None, township: str | None
) -> list[tuple[str, str]]:
    with workspace.database.read() as connection:
        return dispatching.waiting(connection, Month.parse(month) if month else None, township)


def send(month: str | None = None, township: str | None = None) -> dict[str, Any]:
    """Send what has not been sent (of a month), township by township; one that fails does not hold
    up the others."""
    done: dict[str, Any] = {"month": month, "sent": [], "failed": {}}
    for name in dict(_waiting(load_workspace(), month, township)):
        try:
            done["sent"] += send_township(month, name)["sent"]
        except ShouwangError as error:
            done["failed"][name] = str(error)
    return done


def summarise(month: str) -> dict[str, Any]:
    """Write the county's summary of a month."""
    workspace, data_month = load_workspace(), Month.parse(month)
    settings, contracts = workspace.county.settings, workspace.county.contracts
    with workspace.database.read() as connection:
        require_screened(connection, data_month)
        warned = month_warnings(connection, data_month)
        clues, _ = all_clues(connection, data_month)
        lists = sa.select(released.c.version, released.c.released_by)
        last = connection.execute(
            lists.where(released.c.month == month).order_by(released.c.version.desc())
        ).first()
    table, rules = month_table(month), load_rulebook(workspace.county_folder).in_force(data_month)
    rows = pd.DataFrame(table["departments"])
    rows["dataset"] = [contracts[department].dataset_title for department in rows["department"]]
    rows["department"], rows["state"] = rows["title"], rows["status"].map(DEPARTMENT_STATES)
    version, by = last or (1, SYSTEM)
    summary = SummaryPaper(
        **headed(workspace, COUNTY, by),
        month=data_month,
        version=version,
        missing=tuple(table["missing"]),
        rule_titles={r.code: r.title for r in rules if not r.further} | CHANNEL_NAMES,
    )
    path = workspace.county_papers_of(data_month) / f"{settings.name}预警汇总_{month}.xlsx"
    write = partial(
        write_summary,
        summary=summary,
        warnings=warned,
        departments=rows,
        lists={str(n): g.reset_index(drop=True) for n, g in clues.groupby("township", sort=True)},
    )
    with workspace.database.alone() as connection:
        put_out(connection, workspace, path, data_month, COUNTY, by, write)
    log.info("%s: summary of %d clues written.", month, len(clues))
    return {"month": month, "file": str(path)}


def release(
    month: str,
    by: str,
    held: Collection[str] | None = None,
    reason: str = "",
    lifted: Collection[str] = (),
) -> dict[str, Any]:
    """Approve what would go out now and hand it out, send it, then write the summary.

    ``held``: townships held back from now on, with the ``reason``; ``lifted``: those that no longer
    are.
    """
    plan = release_plan(month)
    existing = {hold["township"] for hold in plan["held"]}
    if stray := sorted(set(lifted) - existing):
        raise UsageError(
            f"{'、'.join(stray)}: not held back for {month}. "
            f"Held back: {'、'.join(sorted(existing)) or 'none'}."
        )
    back = (existing | set(held or ())) - set(lifted)
    approved = record_decision(plan, by, True, back, reason) if plan["lists"] or held else []
    done = [release_township(month, each["township"], by, each["content"]) for each in approved]
    return {"released": done, "held_back": sorted(back), **send(month), **summarise(month)}
