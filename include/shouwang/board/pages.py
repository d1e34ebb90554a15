"""What each page of the board is made from, and making it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from math import ceil
from operator import itemgetter
from pathlib import Path
from typing import Any

import jinja2
import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.requests import Request

from shouwang.board import figures
from shouwang.board.prefecture import ZONE, county_month, month_now
from shouwang.board.runs import failing, runs
from shouwang.board.words import LANGUAGES, words
from shouwang.core import clock
from shouwang.core.errors import NotThereYet, ShouwangError, UsageError, unknown
from shouwang.core.month import Month
from shouwang.matching.deciding import write_review
from shouwang.release.approvals import held_back, open_questions
from shouwang.screening.hit_rates import hit_rates
from shouwang.screening.rulebook import load_rulebook
from shouwang.store import submissions
from shouwang.store.audit import audit
from shouwang.store.tables import submission as submission_table
from shouwang.submissions import asking
from shouwang.submissions import questions as intake
from shouwang.workspace.workspace import Workspace

HERE = Path(__file__).parent
ASSETS = {
    path.name: path.read_bytes()
    for path in sorted((HERE / "assets").iterdir())
    if path.suffix in (".js", ".svg")
}
LAST_RUNS, RUNS_LOOKED_AT = 10, 100
LogOf = Callable[[str, str], str]
"""Where Airflow shows the runs of a DAG for a month: a path below Airflow's own address."""
ReadOn = Callable[[str, str, str], object]
"""Has a DAG read on what lies there of a month, in somebody's name."""


@dataclass(frozen=True)
class Visitor:
    """Who looks; ``may_see_people``: may open receipts and review lists, which hold personal
    data."""

    name: str
    may_see_people: bool


def language_of(request: Request) -> str:
    """What was asked for, else what was chosen before, else the first language of the browser that
    we know."""
    wished = [request.query_params.get("lang"), request.cookies.get("shouwang_language")]
    wished += [
        part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")
    ]
    languages = (wish[:2].lower() for wish in wished if wish)
    return next((language for language in languages if language in LANGUAGES), LANGUAGES[0])


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["n"] = lambda number: "–" if number is None else f"{number:,}"
    environment.filters["percent"] = _percent
    return environment


def _percent(share: float | None) -> str:
    """A share as a whole per cent; 0 and 100 only if it is none and all."""
    if share is None:
        return "–"
    return "<1%" if 0 < share < 0.005 else f"{min(99, round(share * 100)) if share < 1 else 100}%"


def top_of(request: Request) -> str:
    """Where the whole board lies, whichever county's it is."""
    return re.sub(r"/counties/[^/]+$", "", str(request.scope.get("root_path", "")))


def render(request: Request, language: str, page: str, **given: Any) -> str:
    """A page in a language."""
    root, top, texts = request.scope.get("root_path", ""), top_of(request), words(language)
    chinese = language == "zh"

    def month_name(month: str) -> str:
        first = Month.parse(month).first
        return f"{first.year}年{first.month}月" if chinese else f"{first:%b %Y}"

    def day(date: dt.date | None) -> str:
        if date is None:
            return ""
        return f"{date.month}月{date.day}日" if chinese else f"{date.day} {date:%b}"

    values = {
        "t": lambda key, **fields: texts[key].format(**fields),
        "month_name": month_name,
        "day": day,
        "language": language,
        "root": root,
        "airflow": top.rpartition("/")[0],
        "prefecture": top if top != root else "",
        "path": request.url.path,
        "query": dict(request.query_params),
    }
    return _templates().get_template(page).render(values, **given)


def prefecture(keys: Iterable[str], month: str) -> dict[str, Any]:
    """The page of all counties that a visitor may see: ``month`` is the one shown, the present one
    if it is empty."""
    now = month_now()
    shown = Month.parse(month) if month else now
    counties = [county_month(key, shown) for key in keys]
    kinds: tuple[figures.State, ...] = ("in force", "held", "refused", "late", "waiting")
    return {
        "counties": counties,
        "states": {kind: sum(county.count(kind) for county in counties) for kind in kinds},
        "month": str(shown),
        "months": [str(each) for each in reversed(Month.span(now + -5, now))],
        "now": clock.in_zone(clock.now(), ZONE),
    }


def board(workspace: Workspace, count: int, month: str, log_of: LogOf) -> dict[str, Any]:
    """The board's page: ``month`` is the one whose townships are shown, the last that was released
    if it is empty."""
    today = workspace.today()
    with workspace.database.read() as connection:
        shown = figures.months(connection, count, today)
        if not shown:
            raise NotThereYet("No month is known yet.")
        rows = figures.month_rows(workspace, connection, shown, today)
        releases = _releases(workspace, connection, today)
        rates = hit_rates(connection, _rule_titles(workspace.county_folder), shown[:6])
        since = max(shown[-1], shown[0] + -11)
        townships = figures.township_months(workspace, connection, today, since)
        held = figures.held(connection)
        ended = runs(workspace, connection, RUNS_LOOKED_AT)
        asked = len(intake.open_questions(connection))
    sent = list(dict.fromkeys(row.month for row in townships))
    chosen = month if month in sent else next(iter(sent), "")
    shares = (cell.matched_share for row in rows for cell in row.cells)
    missed = max((1 - share for share in shares if share is not None), default=0)
    contracts = workspace.county.contracts.items()
    return {
        "county": workspace.county.settings.name,
        "scale": max(0.05, ceil(missed * 20) / 20),
        "now": clock.in_zone(clock.now(), workspace.zone),
        "today": today,
        "rows": rows,
        "head": _head(rows, str(figures.expected(today))),
        "asked": asked,
        "attention": figures.attention(rows, townships, held, releases),
        "townships": [row for row in townships if row.month == chosen],
        "all_townships": townships,
        "sent_months": sent,
        "rates": rates[rates["answered"] > 0].to_dict("records"),
        "chosen": chosen,
        "count": count,
        "runs": ended[:LAST_RUNS],
        "failing": failing(ended),
        "run_titles": {f"exchange_{name}": contract.title for name, contract in contracts},
        "log_of": log_of,
        "dag_id": workspace.dag_id,
    }


def _releases(
    workspace: Workspace, connection: Connection, today: dt.date
) -> list[figures.Attention]:
    """Releases that wait for an answer, with the days that they have waited, and townships that are
    held back."""
    entries = []
    for question in open_questions(connection):
        who = tuple(("", township) for township in question.clues)
        days = (today - figures.local(workspace, question.at)).days
        entries.append(figures.Attention("release asked", question.month, who, days))
    holds = sorted(held_back(connection, workspace.zone).values(), key=itemgetter("month"))
    for month, same in groupby(holds, itemgetter("month")):
        who = tuple(("", hold["township"]) for hold in same)
        entries.append(figures.Attention("held back", month, who, len(who)))
    return entries


def _head(rows: list[figures.MonthRow], expected: str) -> figures.MonthRow:
    """The month that work is on: the newest that is due and of which something is known."""
    states: tuple[figures.State, ...] = ("in force", "held", "refused", "late")
    over = (row for row in rows if row.month <= expected)
    return next((row for row in over if any(map(row.of, states))), rows[0])


def _rule_titles(folder: Path) -> dict[str, str]:
    return _titles(folder, (folder / "rules.yaml").stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _titles(folder: Path, changed: int) -> dict[str, str]:
    """The rules' titles, read again when ``rules.yaml`` has ``changed``."""
    try:
        return {rule.code: rule.title for rule in load_rulebook(folder).rules if not rule.further}
    except ShouwangError:  # a rule file that is being edited: the codes alone will do
        return {}


def submission(workspace: Workspace, month: str, department: str, log_of: LogOf) -> dict[str, Any]:
    """The page of one department's month, with all its versions."""
    shown_month, today = Month.parse(month), workspace.today()
    contract = workspace.county.contract(department)
    if contract is None:
        raise unknown("department", department, workspace.county.contracts)
    with workspace.database.read() as connection:
        shown = sorted({*figures.months(connection, 12, today), shown_month})
        rows = figures.month_rows(workspace, connection, shown, today)
        versions = submissions.versions(connection, shown_month, department)
    strip = [cell for row in rows for cell in row.cells if cell.department == department]
    numbers = {version["content"]: version["version"] for version in reversed(versions)}
    dag = workspace.dag_id(f"exchange_{department}")
    return {
        "county": workspace.county.settings.name,
        "contract": contract,
        "month": month,
        "strip": strip,
        "versions": [
            version
            | {
                "received_on": figures.local(workspace, version["received_at"]),
                "state": _state_of(version),
                "corrects": numbers.get(version["base"]),
                "has_docs": _docs_of(workspace, version).is_file(),
                "has_receipt": _receipt_of(workspace, version) is not None,
                "warnings": version["report"].get("warnings", ()),
            }
            for version in reversed(versions)
        ],
        "cell": next(cell for cell in strip if cell.month == month),
        "dag": dag,
        "log": log_of(dag, month),
    }


def _state_of(version: figures.Version) -> str:
    if version["in_force"]:
        return "in force"
    if version["status"] == submissions.HELD:
        return "held"
    return "refused" if version["refusal"] else "older"


def questions(workspace: Workspace) -> dict[str, Any]:
    """The page of what intake asks, and of what was answered."""
    waiting, answered = asking.questions(), asking.questions(answered=True)
    return {"county": workspace.county.settings.name, "waiting": waiting, "answered": answered}


def page_of_dag(workspace: Workspace, dag_id: str) -> str:
    """The page that belongs to a DAG: of a department its latest month, else the board."""
    department = dag_id.removeprefix("exchange_")
    if workspace.county.contract(department) is None:
        return "/"
    newest = sa.select(sa.func.max(submission_table.c.month))
    with workspace.database.read() as connection:
        month = connection.scalar(newest.where(submission_table.c.department == department))
    return f"/months/{month}/{department}" if month else "/"


def _version(workspace: Workspace, submission_id: str) -> figures.Version:
    with workspace.database.read() as connection:
        version = submissions.find(connection, submission_id)
    if version is None:
        raise UsageError("There is no such submission.")
    return version


def docs(workspace: Workspace, submission_id: str) -> dict[str, Any]:
    """The page around the Data Docs of a submission."""
    version = _version(workspace, submission_id)
    _existing(_docs_of(workspace, version))
    contract = workspace.county.contract(version["department"])
    return {"version": version, "contract": contract, "month": version["month"]}


def data_docs(workspace: Workspace, submission_id: str) -> Path:
    """The page of Data Docs of a submission."""
    return _existing(_docs_of(workspace, _version(workspace, submission_id)))


def receipt(workspace: Workspace, submission_id: str, by: str) -> Path:
    """The receipt of a submission; that it was opened goes to the audit trail."""
    version = _version(workspace, submission_id)
    path = _existing(_receipt_of(workspace, version))
    _opened(workspace, by, version["month"], f"receipt {submission_id}")
    return path


def _docs_of(workspace: Workspace, version: figures.Version) -> Path:
    names = ("month", "department", "submission_id")
    return workspace.validation_page_of(*(version[name] for name in names))


def _receipt_of(workspace: Workspace, version: figures.Version) -> Path | None:
    folder = workspace.receipts_of(version["month"], version["department"])
    return next(iter(sorted(folder.glob(f"*_第{version['version']}版.xlsx"))), None)


def _existing(path: Path | None) -> Path:
    if path is None or not path.is_file():
        raise UsageError("This file is not there any more.")
    return path


def review_list(workspace: Workspace, month: str, by: str) -> Path:
    """The month's review list, written anew; that it was opened goes to the audit trail."""
    path = Path(write_review(str(Month.parse(month)), by=by)["file"])
    _opened(workspace, by, month, "review list")
    return path


def _opened(workspace: Workspace, by: str, month: str, what: str) -> None:
    with workspace.database.write() as connection:
        audit(connection, "opened", what, by, month=month)
