"""The papers of a month beside the townships' lists: the bulletin, the departments' results, the
registry's checks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from shouwang.core.digests import digest
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.documents.bulletin import Bulletin
from shouwang.documents.bulletin_docx import write_docx
from shouwang.documents.charts import to_png
from shouwang.documents.paper import SYSTEM, in_words
from shouwang.documents.registry_list import RegistryPaper, write_registry_list
from shouwang.documents.results import ResultsPaper, write_results
from shouwang.registry.checks import CHECKS, read_registry
from shouwang.registry.checks import check_registry as check_people
from shouwang.screening.hit_rates import hit_rates
from shouwang.screening.reports import CHANNEL_NAMES
from shouwang.screening.rulebook import load_rulebook
from shouwang.statistics.bulletin import DepartmentLine, sections
from shouwang.statistics.bulletin_annex import figures, tables
from shouwang.statistics.counts import count
from shouwang.statistics.facts import read_facts
from shouwang.statistics.results import NOT_ANSWERED
from shouwang.statistics.results import results as results_of
from shouwang.statistics.revealed import DEATH, placed, revealed
from shouwang.statistics.scorecards import score
from shouwang.store import submissions
from shouwang.transfer.handout import hand_out, headed, put_out
from shouwang.transfer.passwords import COUNTY
from shouwang.workspace.workspace import Workspace, safe_name

log = logging.getLogger(__name__)

ROWS = {
    "rows": "读取",
    "rejected": "退回",
    "duplicate": "重复",
    "matched": "匹配到户",
    "review": "待核实",
    "unmatched": "未匹配",
}
LINE, LIST = "monitoring_line", "农户信息核对清单"
KINDS = {1: "月度通报", 2: "双月通报"}


def bulletin(workspace: Workspace, month: Month, months: int = 1) -> dict[str, Any]:
    """Write the bulletin (通报) of the one or two months that end with ``month``."""
    if months not in KINDS:
        raise UsageError(
            f"A bulletin covers one month or two, not {months}; write --months 1 or --months 2."
        )
    settings, today = workspace.county.settings, workspace.today()
    period = Month.span(month + (1 - months), month)
    first = min(Month(month.year, 1), month + -11)
    with workspace.database.read() as connection:
        facts = read_facts(connection, first, month)
        rates = hit_rates(connection, rule_titles(workspace), facts.span)
    counts = count(facts, period, today, settings.calendar.overdue_days, facts.townships)
    titles = CHANNEL_NAMES | {c.department: c.title for c in workspace.county.contracts.values()}
    departments = department_lines(workspace, period)
    number = -(-month.number // months)
    paper = Bulletin(
        title=f"关于{counts.label}防止返贫致贫监测预警工作情况的通报",
        office=settings.office,
        addressed="各乡镇、县直有关部门：",
        prepared_on=today,
        issue=f"防止返贫致贫监测帮扶{KINDS[months]}　{month.year}年第{number}期",
        sections=sections(counts, departments, titles, in_words(today)),
        tables=tables(counts, departments, titles),
        figures=figures(counts, departments, rates),
        templates=workspace.county_folder / "templates",
    )
    name = f"{settings.name}监测预警{KINDS[months]}_{month}.docx"
    path = workspace.county_papers_of(month) / name
    write = partial(write_docx, bulletin=paper, to_png=to_png)
    with workspace.database.write() as connection:
        put_out(connection, workspace, path, month, COUNTY, SYSTEM, write, public=True)
    log.info("bulletin of %s: %d months, %d departments", month, months, len(departments))
    return {
        "month": str(month),
        "months": months,
        "files": [str(path)],
        **{str(word): int(n) for word, n in counts.now.totals["户"].items()},
    }


def rule_titles(workspace: Workspace) -> dict[str, str]:
    """The rules' titles by code, and the other two channels'."""
    rules = load_rulebook(workspace.county_folder).rules
    return CHANNEL_NAMES | {rule.code: rule.title for rule in rules if not rule.further}


def department_lines(workspace: Workspace, months: Sequence[Month]) -> list[DepartmentLine]:
    """How each department that was due delivered in these months."""
    card = {(line["department"], line["month"]): line for line in score(workspace)}
    result = []
    for contract in workspace.county.contracts.values():
        due = [str(month) for month in months if contract.due(month)]
        if not due:
            continue
        lines = [card.get((contract.department, month)) for month in due]
        taken = [line for line in lines if line is not None and line["status"] == "in force"]
        figure = {
            name: sum(line[name] or 0 for line in taken)
            for name in ("rows", "rejected", "unmatched")
        }
        result.append(
            DepartmentLine(
                contract.title,
                len(due),
                len(due) - len(taken),
                sum(line["days_late"] > 0 for line in taken),
                figure["rows"],
                figure["rejected"],
                figure["unmatched"],
                sum(line["wrong_on_foot"] for line in taken),
            )
        )
    return result


def results(workspace: Workspace, month: Month, department: str) -> dict[str, Any]:
    """Write what became of a department's rows of a month (结果反馈); nothing where it delivered
    nothing."""
    contract = workspace.county.contracts[department]
    titles = {name: c.title for name, c in workspace.county.contracts.items()}
    with workspace.database.read() as connection:
        delivered = submissions.in_force(connection, month).get(department)
        details = results_of(connection, month, department, titles)
    if delivered is None:
        return {"month": str(month), "department": department, "status": "nothing delivered"}
    counts = {word: int(delivered["counts"][name]) for name, word in ROWS.items()}
    outcomes = [
        ("产生线索", len(details), details["household_id"].nunique()),
        *(
            (f"{heading}：{word}", len(rows), rows["household_id"].nunique())
            for heading, column in (("处理", "sent"), ("结论", "conclusion"))
            for word, rows in details.groupby(column, sort=True)
        ),
    ]
    paper = ResultsPaper(
        **headed(workspace, contract.title),
        department=contract.title,
        month=month,
        rule_titles=rule_titles(workspace),
    )
    path = workspace.receipts_of(month, department) / f"{contract.title}结果反馈_{month}.xlsx"
    write = partial(
        write_results, paper=paper, rows=[*counts.items()], outcome=outcomes, details=details
    )
    with workspace.database.write() as connection:
        put_out(connection, workspace, path, month, department, SYSTEM, write)
    log.info("results of %s for %s: %d signals", month, department, len(details))
    answered = details[details["conclusion"] != NOT_ANSWERED]
    return {
        "month": str(month),
        "department": department,
        "title": contract.title,
        "status": "written",
        "file": str(path),
        "rows": delivered["counts"]["rows"],
        "signals": len(details),
        "answered": len(answered),
        "wrong": int(details["wrong"].notna().sum()),
    }


def check_registry(workspace: Workspace, month: Month, by: str) -> dict[str, Any]:
    """Write the registry's list of a month (农户信息核对清单): the county's, and each township's to
    be sent to it.

    A township's file bears a fingerprint of what it says: a list that was sent is not sent again
    unless it says something new.
    """
    settings = workspace.county.settings
    with workspace.database.read() as connection:
        changes = revealed(connection, workspace.county.contracts.values(), month)
        line = load_rulebook(workspace.county_folder).values(month)[LINE]
        registry = read_registry(connection, month, line, changes[changes["change"] == DEATH])
    findings = check_people(registry)
    log.info("registry of %s: %d findings, %d changes", month, len(findings), len(changes))
    findings["title"] = findings["check"].map({code: check.title for code, check in CHECKS.items()})
    changes = placed(changes, registry.people)
    standing = registry.standing
    unknown = standing[standing["monitored"].notna() & standing["recognised"].isna()]
    townships = sorted(set(registry.people["township"].dropna()))
    for township in (None, *townships):
        own_findings, own_changes, own_unknown = (
            rows if township is None else rows[rows["township"] == township]
            for rows in (findings, changes, unknown)
        )
        paper = RegistryPaper(
            **headed(workspace, township or COUNTY, by),
            month=month,
            township=township,
            unknown=len(own_unknown),
        )
        counts = [
            (check.title, len(rows), rows["household_id"].nunique())
            for rows, check in (
                (own_findings[own_findings["check"] == code], check)
                for code, check in CHECKS.items()
            )
        ]
        write = partial(
            write_registry_list,
            paper=paper,
            counts=counts,
            findings=own_findings,
            changes=own_changes,
        )
        frames = (own_findings.to_csv(index=False), own_changes.to_csv(index=False))
        content = f"{counts} {len(own_unknown)} {frames[0]} {frames[1]}"
        with workspace.database.write() as connection:
            if township is None:
                path = workspace.county_papers_of(month) / f"{settings.name}{LIST}_{month}.xlsx"
                put_out(connection, workspace, path, month, COUNTY, by, write)
            else:
                mark = digest(content)[:4]
                hand_out(
                    connection,
                    workspace,
                    month,
                    township,
                    f"{safe_name(township)}{LIST}_{month}_{mark}.xlsx",
                    by,
                    write,
                )
    return {
        "month": str(month),
        "townships": townships,
        "findings": len(findings),
        "changes": len(changes),
        "unknown": len(unknown),
        "checks": {str(n): int(c) for n, c in findings["check"].value_counts().items()},
    }
