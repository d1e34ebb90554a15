"""Lives a year as `year.txt` tells it, or another table: run in a process of its own by the tests
of this folder.

A line of the table that begins with a moment says what people did then, in the words of `ACTIONS`;
the clock moves there, they do it, Airflow does what it does, and what was seen is written below the
line: which runs there were, which events, what the ledger took in, which notices were sent, which
papers lie in the outbox.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) \w{3} (\d\d:\d\d)  (.+)")

WORDS = {
    "success success success success success skipped": "taken in",
    "success success skipped skipped skipped skipped": "refused, or known already",
    "skipped skipped skipped skipped skipped success": "declared late",
    "deferred - - - - -": "waits",
}
"""What the tasks of a department's run come to: wait_for_files, take_in, validate, match, load,
declare_late."""
EXCHANGE = ("wait_for_files", "take_in", "validate", "match", "load", "declare_late")


LEDGER = (
    "submission",
    "submission_row",
    "late",
    "signal",
    "warning",
    "case",
    "case_event",
    "release",
    "release_item",
    "feedback",
    "response",
    "dispatch",
)
"""The tables that must not change when a month that is over runs again."""

TASKS = """
SELECT r.dag_id, r.partition_key, r.run_id, r.run_type, t.task_id, t.state, t.try_number, t.map_index, t.rendered_map_index
FROM dag_run r JOIN task_instance t USING (dag_id, run_id)
"""


class NobodyAsks(Exception):
    """There is no question that could be answered."""


class Task(NamedTuple):
    """A task of a run, as Airflow's database has it."""

    run_type: str
    name: str
    state: str | None
    tried: int
    index: int
    title: str | None


def environment(folder: Path, notices: str) -> dict[str, str]:
    """What Airflow and the program are told."""
    extra = {"config": [{"path": notices, "tag": "all"}]}
    return {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow' / 'airflow.db'}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,watcher:viewer",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of-a-year-that-never-was-" * 3,
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW_CONN_SHOUWANG_NOTICES": json.dumps({"conn_type": "apprise", "extra": extra}),
        "SHOUWANG_HOME": str(folder / "home"),
    }


@dataclass
class Year:
    """A county beside its Airflow, what people do to it, and what can be seen of it."""

    folder: Path
    county: Path
    office: Any
    notices: list[dict[str, str]]
    seen: dict[str, Any] = field(default_factory=lambda: defaultdict(dict))
    heard: int = 0

    def __post_init__(self) -> None:
        from shouwang.workspace.workspace import load_workspace

        self.home, self.api, self.workspace = (
            self.folder / "home",
            self.office.api(),
            load_workspace(),
        )
        facts = json.loads((self.county / "truth" / "county.json").read_text(encoding="utf-8"))
        self.townships, self.months = facts["townships"], facts["months"]
        self.titles = {c.title: c.department for c in self.workspace.county.contracts.values()}
        self.names = {department: title for title, department in self.titles.items()}

    # What people do.

    def put(self, titles: str, month: str, share: float = 1.0, without: str = "") -> None:
        """Departments put their files into the inbox an hour ago: whole, cut off, or without a
        column."""
        for title in titles.split("、"):
            folder = self.home / "inbox" / month / self.titles[title]
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.county / "inbox" / month / self.titles[title], folder)
            for path in folder.iterdir():
                if share < 1 or without:
                    spoil(path, share, without)
                aged(path)

    def question(self, month: str) -> str:
        """The run that asks about a month's release."""
        asks = "SELECT r.run_id FROM dag_run r JOIN task_instance t USING (dag_id, run_id) WHERE t.task_id = 'approve' "
        for (run,) in self.office.table(
            asks + f"AND t.state = 'awaiting_input' AND r.partition_key = '{month}'"
        ):
            return str(run)
        raise NobodyAsks(f"nobody asks about {month}")

    def answer(self, user: str, month: str, choice: str, **said: Any) -> None:
        self.office.api(user).answer("release", self.question(month), "approve", choice, said)

    def may_not_answer(self, user: str, month: str) -> None:
        from demo.scheduler import SchedulerError

        with pytest.raises(SchedulerError, match=" 403 "):
            self.answer(user, month, "Approve")

    def return_lists(self, townships: str, month: str, wrong: int = 0) -> None:
        """Townships fill in what lies in their folders and was not sent back yet; some rows so that
        they cannot be taken."""
        import officers

        from sealed import opened
        from shouwang.core.month import Month

        for township in townships.split("、"):
            for path in sorted(
                (self.home / "outbox" / month / "townships" / township).glob("*预警*名单_*.xlsx")
            ):
                target = (
                    self.home
                    / "returns"
                    / township
                    / f"{path.stem}（已核查）{'退回重填' if wrong else ''}.xlsx"
                )
                if target.exists():
                    continue
                day = self.workspace.today()
                assert officers.fill_in(
                    opened(path, self.home), target, Month.parse(month), day, wrong
                )
                aged(target)

    def tell_passwords(self, user: str) -> None:
        from shouwang.cli.app import app
        from shouwang.transfer.passwords import COUNTY

        for township in (*self.townships, COUNTY):
            app(["secrets", "show", "--township", township, "--by", user], standalone_mode=False)

    def clear(self, user: str, month: str) -> None:
        """Every run of a month is to run again, whatever it is a run of."""
        self.keep("before")
        for dag, run in self.office.table(
            f"SELECT dag_id, run_id FROM dag_run WHERE partition_key = '{month}'"
        ):
            if dag != "registry":
                body = {"dry_run": False, "dag_run_id": run, "only_failed": False}
                assert self.office.api(user).ask(
                    "POST", f"/dags/{dag}/clearTaskInstances", json=body
                )["total_entries"]

    def backfill(self, user: str, month: str) -> None:
        """Every DAG that goes by the calendar is to run again for a month."""
        self.keep("before")
        first = f"{month}-01T00:00:00Z"
        for dag in ("papers", *(f"exchange_{contract.department}" for contract in self.due(month))):
            body = {
                "dag_id": dag,
                "from_date": first,
                "to_date": first,
                "reprocess_behavior": "completed",
            }
            self.office.api(user).ask("POST", "/backfills", json=body)

    def due(self, month: str) -> list[Any]:
        from shouwang.core.month import Month

        return [
            contract
            for contract in self.workspace.county.contracts.values()
            if contract.due(Month.parse(month))
        ]

    def keep(self, name: str) -> None:
        """Write down what the ledger says now, and what other programs may have of every month;
        once under each name."""
        from shouwang.cli.exporting import KINDS, export, write_csv
        from shouwang.core.month import Month

        folder = self.folder / name
        if folder.exists():
            return
        folder.mkdir()
        with self.workspace.database.read() as connection:
            for month in self.months:
                for kind in KINDS:
                    write_csv(
                        export(connection, kind, Month.parse(month)), folder / f"{kind}-{month}.csv"
                    )
        with closing(sqlite3.connect(self.home / "shouwang.db")) as ledger:
            for table in LEDGER:
                rows = sorted(map(repr, ledger.execute(f'SELECT * FROM "{table}"')))
                (folder / f"{table}.txt").write_text("\n".join(rows), encoding="utf-8")

    # What can be seen.

    def news(self) -> Iterator[str]:
        """A line for each kind of thing that was not there before."""
        for kind, find in (
            ("runs", self.runs),
            ("events", self.events),
            ("ledger", self.ledger),
            ("notices", self.told),
            ("lists", self.lists),
        ):
            for line in find():
                yield f"    {kind:<8} {line}"

    def fresh(self, kind: str, found: dict[Any, Any]) -> list[Any]:
        """The keys whose values are new since last asked."""
        before, self.seen[kind] = self.seen[kind], found
        return sorted(key for key, value in found.items() if before.get(key) != value)

    def runs(self) -> Iterator[str]:
        runs: dict[tuple[str, str, str], list[Task]] = defaultdict(list)
        for dag, month, run, *task in self.office.table(TASKS):
            runs[dag, month or "", run].append(Task(*task))
        lines: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for dag, month, run in self.fresh(
            "runs", {key: sorted(map(repr, tasks)) for key, tasks in runs.items()}
        ):
            tasks = runs[dag, month, run]
            states = {task.name: task.state for task in tasks}
            if dag.startswith("exchange_"):
                told = " ".join(states[name] or "-" for name in EXCHANGE)
                what, dag, who = (
                    WORDS.get(told, told),
                    "exchange",
                    self.names[dag.removeprefix("exchange_")],
                )
            else:
                what, who = release(states, tasks) if dag == "release" else other(tasks), ""
            how = f"({tasks[0].run_type})" if tasks[0].run_type in ("manual", "backfill") else ""
            lines[f"{dag} {month}".strip()][f"{what} {how}".strip()].append(who)
        for run, words in sorted(lines.items()):
            said = [
                f"{'、'.join(filter(None, sorted(who)))} {what}".strip()
                for what, who in sorted(words.items())
            ]
            said = [words for words in said if words]
            yield f"{run}: {'; '.join(said)}".removesuffix(": ")

    def events(self) -> Iterator[str]:
        query = "SELECT e.id, a.name, e.partition_key FROM asset_event e JOIN asset a ON a.id = e.asset_id"
        found = {key: (name, month) for key, name, month in self.office.table(query)}
        counted = dict.fromkeys(" ".join(found[key]) for key in self.fresh("events", found))
        if counted:
            yield ", ".join(sorted(counted))

    def ledger(self) -> Iterator[str]:
        with closing(sqlite3.connect(self.home / "shouwang.db")) as ledger:

            def rows(kind: str, query: str) -> list[tuple[Any, ...]]:
                found = {tuple(row): 1 for row in ledger.execute(query)}
                return self.fresh(kind, found)

            kept: dict[str, list[str]] = defaultdict(list)
            for month, name, version, status in rows(
                "submission", "SELECT month, department, version, status FROM submission"
            ):
                kept[month].append(
                    f"{self.names[name]} v{version}" + (" refused" if status == "refused" else "")
                )
            for month, name in rows("late", "SELECT month, department FROM late"):
                kept[month].append(f"{self.names[name]} late")
            for _, month, kind, by in rows(
                "said",
                "SELECT event_id, month, kind, \"by\" FROM audit_event WHERE subject = 'release' AND kind IN ('approved', 'rejected')",
            ):
                kept[month].append(f"{kind} by {by}")
            for _, township, problems in rows(
                "response", "SELECT fingerprint, township, problems FROM response"
            ):
                kept[""].append(
                    f"{township} answered" + (f", not taken: {problems}" if problems else "")
                )
            for month, town, version, kind, due in rows(
                "release", "SELECT month, township, version, kind, due FROM release"
            ):
                kept[month].append(f"{town} {kind} v{version} due {due}")
        for month, said in sorted(kept.items()):
            yield f"{month}: {'; '.join(sorted(said))}".removeprefix(": ")

    def told(self) -> Iterator[str]:
        new, self.heard = self.notices[self.heard :], len(self.notices)
        for title, place in sorted(
            (n["title"], re.findall("^位置：(.+)$", n["message"], re.MULTILINE)) for n in new
        ):
            where = f"（{place[0]}）" if "线索" in title else ""
            yield re.sub(r"\d+ (条|户)", r"n \1", title.removeprefix("守望：") + where)

    def lists(self) -> Iterator[str]:
        outbox = self.home / "outbox"
        found = {
            str(path.relative_to(outbox)): path.read_bytes()
            for path in outbox.rglob("*")
            if path.is_file()
        }
        places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for name in self.fresh("lists", found):
            month, *kind, file = name.split("/")
            whose = self.names.get(kind[-1], kind[-1])
            file = re.sub(
                rf"^({whose}|示范县)|_?{month}|_\d{{4}}-\d\d-\d\d|_[0-9a-f]{{4,8}}$",
                "",
                Path(file).stem,
            )
            if file not in places[month][whose]:
                places[month][whose].append(file)
        for month, papers in sorted(places.items()):
            same: dict[str, list[str]] = defaultdict(list)
            for whose, files in papers.items():
                same["、".join(sorted(files))].append(whose)
            yield f"{month} " + "; ".join(
                f"{'、'.join(sorted(who))}: {files}" for files, who in sorted(same.items())
            )


def release(states: dict[str, str], tasks: list[Task]) -> str:
    """What a release came to."""
    if states["approve"] == "awaiting_input":
        return "asks"
    if states["approve"] == "failed":
        return "rejected"
    released, sent = (
        sorted(task.title or "" for task in tasks if task.name == name and task.state == "success")
        for name in ("release", "send")
    )
    if released != sent or not set(states.values()) <= {"success", "skipped"}:
        return str(sorted(states.items()))
    if released:
        return f"released to {'、'.join(released)}"
    return "nothing to ask for" if states["approve"] == "skipped" else "released to nobody"


def other(tasks: list[Task]) -> str:
    """What a run came to whose work is seen elsewhere: what it took in, and what is not well."""
    received = sorted(
        task.title or "" for task in tasks if task.name == "catch_up" and task.index >= 0
    )
    unwell = sorted(
        f"{task.name} {task.state}" for task in tasks if task.state not in ("success", "skipped")
    )
    return "; ".join([*([f"takes in {'、'.join(received)}"] if received else []), *unwell])


def spoil(path: Path, share: float, without: str) -> None:
    """Cut the last rows off a workbook, and take a column out."""
    import openpyxl
    from telling import shortened

    shortened(path, share)
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for cell in [c for c in sheet[1] if without and without in str(c.value)]:
            sheet.delete_cols(cell.column)
    book.save(path)


def aged(path: Path) -> None:
    """Let a file have been written an hour ago."""
    then = time.time() - 3600
    os.utime(path, (then, then))


SHARES = {"half": 0.5, "seven tenths": 0.7}
NAMES, MONTH = r"([^\s]+)", r"(\d{4}-\d\d)"

ACTIONS: dict[str, Callable[..., None]] = {
    rf"{NAMES} hands? over {MONTH}": lambda year, who, month: year.put(who, month),
    rf"{NAMES} hands over (half|seven tenths) of {MONTH}": lambda year, who, share, month: year.put(
        who, month, SHARES[share]
    ),
    rf"{NAMES} hands over {MONTH} without (\S+)": lambda year, who, month, column: year.put(
        who, month, without=column
    ),
    rf"{NAMES} approves {MONTH}": lambda year, who, month: year.answer(who, month, "Approve"),
    rf"{NAMES} approves {MONTH} but for (\S+) \((\S+)\)": lambda year, who, month, town, why: (
        year.answer(who, month, "Approve", hold_back=[town], reason=why)
    ),
    rf"{NAMES} lifts everything and approves {MONTH}": lambda year, who, month: year.answer(
        who, month, "Approve", hold_back=[], reason=None
    ),
    rf"{NAMES} asks for {MONTH}": lambda year, who, month: year.office.api(who).trigger(
        "release", month
    ),
    rf"{NAMES} rejects {MONTH} \((\S+)\)": lambda year, who, month, why: year.answer(
        who, month, "Reject", reason=why
    ),
    rf"{NAMES} may not approve {MONTH}": lambda year, who, month: year.may_not_answer(who, month),
    rf"{NAMES} answers? {MONTH}": lambda year, who, month: year.return_lists(who, month),
    rf"{NAMES} answers {MONTH}, one row wrong": lambda year, who, month: year.return_lists(
        who, month, wrong=1
    ),
    rf"{NAMES} tells the new passwords": lambda year, who: year.tell_passwords(who),
    rf"{NAMES} loads the registry as of {MONTH}": lambda year, who, month: year.office.api(
        who
    ).trigger("registry", month, {"file": str(next((year.county / "registry").iterdir()))}),
    rf"{NAMES} clears every run of {MONTH}": lambda year, who, month: year.clear(who, month),
    rf"{NAMES} backfills {MONTH}": lambda year, who, month: year.backfill(who, month),
    "nothing": lambda year: None,
}


def do(year: Year, written: str) -> None:
    """What people did, by the words of `ACTIONS`."""
    for words in written.split(" | "):
        for pattern, act in ACTIONS.items():
            if found := re.fullmatch(pattern, words):
                act(year, *found.groups())
                break
        else:
            raise ValueError(f"{words!r} is nothing that people do; see ACTIONS")


def live(year: Year, table: Path) -> Iterator[str]:
    """A table anew, line by line: people's lines as they are, below them what was seen."""
    for line in table.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            continue
        yield line
        if found := MOMENT.fullmatch(line):
            day, hour, done = found.groups()
            year.office.clock.move(f"{day}T{hour}")
            try:
                do(year, done)
            except NobodyAsks as missing:
                yield f"    people   {missing}"
            year.office.settle()
            yield from year.news()
            print(
                f"{time.process_time():.1f} s of processor, {year.office.executor.ran} tasks at {line}",
                flush=True,
            )


def main(folder: Path, county: Path, table: Path) -> None:
    """Live a table in a folder; the files that departments hand over, and the registry, are those
    of a made-up county."""
    from listener import Listener

    with Listener() as listener:
        os.environ |= environment(folder, listener.address)
        (folder / "airflow").mkdir(parents=True)
        from oneprocess import Clock, Office

        clock = Clock("2026-02-04T17:00")
        year = Year(folder, county, Office(folder / "airflow", clock), listener.messages)
        with (folder / "lived.txt").open("w", encoding="utf-8") as told:
            for line in live(year, table):
                print(line, file=told, flush=True)
        year.keep("after")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
