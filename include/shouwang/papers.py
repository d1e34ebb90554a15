"""The papers of a month beside the townships' lists: the bulletin, the departments' results, the registry's checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from shouwang.delivery.bulletin import Bulletin
from shouwang.delivery.bulletin_docx import write_docx
from shouwang.delivery.bulletin_page import write_page
from shouwang.errors import UsageError
from shouwang.house import House
from shouwang.month import Month
from shouwang.reporting.bulletin import DepartmentLine, sections
from shouwang.reporting.bulletin_annex import figures, tables
from shouwang.reporting.charts import to_png, to_svg
from shouwang.reporting.counts import count
from shouwang.reporting.facts import read_facts
from shouwang.scorecards import score

KINDS = {1: "月度通报", 2: "双月通报"}


def bulletin(house: House, month: Month, months: int = 1) -> dict[str, Any]:
    """Write the bulletin (通报) of the one or two months that end with ``month``, as document and as page."""
    if months not in KINDS:
        raise UsageError(f"A bulletin covers one month or two, not {months}; write --months 1 or --months 2.")
    settings, today = house.county.settings, house.today()
    period = Month.span(month + (1 - months), month)
    first = min(Month(month.year, 1), month + -11, period[0] + -months)
    with house.database.read() as connection:
        facts = read_facts(connection, first, month)
    counts = count(facts, period, today, settings.calendar.overdue_days, facts.townships)
    titles = {c.department: c.title for c in house.county.contracts.values()}
    departments = department_lines(house, period)
    number = -(-month.number // months)
    paper = Bulletin(
        title=f"关于{counts.label}防止返贫致贫监测预警工作情况的通报",
        office=settings.office,
        addressed="各乡镇、县直有关部门：",
        prepared_on=today,
        issue=f"防止返贫致贫监测帮扶{KINDS[months]}　{month.year}年第{number}期",
        sections=sections(counts, departments, titles, _day(today)),
        tables=tables(counts, departments, titles),
        figures=figures(counts, departments, None),
    )
    folder, name = house.county_papers_of(month), f"{settings.name}监测预警{KINDS[months]}_{month}"
    written = {"document": folder / f"{name}.docx", "page": folder / f"{name}.html"}
    with house.outgoing(written["document"]) as part:
        write_docx(part, paper, to_png)
    with house.outgoing(written["page"]) as part:
        write_page(part, paper, to_svg)
    return {
        "month": str(month), "months": months, "files": [str(path) for path in written.values()],
        **{word: int(n) for word, n in counts.now.totals["户"].items()},
    }  # fmt: skip


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def department_lines(house: House, months: Sequence[Month]) -> list[DepartmentLine]:
    """How each department that was due delivered in these months."""
    card = {(line["department"], line["month"]): line for line in score(house)}
    found = []
    for contract in house.county.contracts.values():
        due = [str(month) for month in months if contract.due(month)]
        if not due:
            continue
        lines = [card.get((contract.department, month)) for month in due]
        taken = [line for line in lines if line is not None and line["status"] == "in force"]
        figure = {name: sum(line[name] or 0 for line in taken) for name in ("rows", "rejected", "unmatched")}
        found.append(
            DepartmentLine(
                contract.title, len(due), len(due) - len(taken), sum(line["days_late"] > 0 for line in taken),
                figure["rows"], figure["rejected"], figure["unmatched"], sum(line["wrong_on_foot"] for line in taken),
            )
        )  # fmt: skip
    return found
