"""Three counties' month on the deployment of docker-compose.yaml, with two workers, while
everything dies once.

One deployment, one story; the tests say what must hold of it. The command line does the same
undisturbed, on SQLite.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
import yaml
from deployed import Container, Deployment, Tended, api_of, processes_of
from scheduled import EXPORTS, OVER, CommandLine

from demo.county import DemoCounty
from sealed import opened
from services import Sftp, fill, path_of, sftp, small_disk
from shouwang.core.month import Month
from wires import Post, cutting, mail_server

pytestmark = [
    pytest.mark.needs("docker-compose", "postgresql", "redis", "faketime", "sshd", "mount"),
    pytest.mark.root,  # mounts a disk that it fills; the services have no capability
    pytest.mark.timeout(2400),
]

MONTH = "2025-08"
COUNTIES = ("anlan", "beihe", "chengxi")
DEPARTMENTS = ("civil_affairs", "medical_insurance")
SETTINGS = {
    "SHOUWANG_TODAY": "2025-09-12",
    "SHOUWANG_POOL_SLOTS": "",
    "SHOUWANG_KEYS": os.environ["SHOUWANG_KEYS"],
}
HOUR = 3600
HALF = 9_000
"""Bytes after which a line is held: greeting and keys are through, a list of some 20 kB is not."""
CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")


@dataclass
class Story:
    """What was seen on the way."""

    undisturbed: dict[str, dict[str, bytes]] = field(default_factory=dict)
    exports: dict[str, dict[str, bytes]] = field(default_factory=dict)
    lists_by_hand: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    struck: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    dispatches: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    sendings: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    left_behind: dict[str, list[str]] = field(default_factory=dict)
    ahead: list[str] = field(default_factory=list)
    handed_out: dict[str, dict[str, bytes]] = field(default_factory=dict)
    arrived: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    health: dict[str, bool] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    maintained: dict[str, str] = field(default_factory=dict)


def county_folder(
    folder: Path, project: Path, channels: dict[str, dict[str, str]] | None = None
) -> None:
    """The shipped county with two of its departments: a county is a folder of configuration."""
    shutil.copytree(project / "include" / "county", folder)
    for path in (folder / "departments").iterdir():
        if path.stem not in DEPARTMENTS:
            path.unlink()
    book = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))
    book["rules"] = [rule for rule in book["rules"] if rule["department"] in DEPARTMENTS]
    book["datasets"] = {
        key: value
        for key, value in book["datasets"].items()
        if key.partition(".")[0] in DEPARTMENTS
    }
    book["burden"] = [part for part in book["burden"] if part["source"] in book["datasets"]]
    codes = {rule["code"] for rule in book["rules"]}
    for measure in book["measures"]:
        if "rules" in measure:
            measure["rules"] = [code for code in measure["rules"] if code in codes]
    book["measures"] = [measure for measure in book["measures"] if measure.get("rules", True)]
    (folder / "rules.yaml").write_text(
        yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    settings = yaml.safe_load((folder / "county.yaml").read_text(encoding="utf-8"))
    settings["townships"] = channels or {}
    settings["delivery"]["mail_from"] = "fangpin@county.example.org"
    (folder / "county.yaml").write_text(
        yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8"
    )


class Line:
    """A line to townships, held in the midst of the first list that goes by it until the sender is
    dead."""

    def __init__(self) -> None:
        self.reached, self.dead = threading.Event(), threading.Event()

    def hold(self) -> None:
        self.reached.set()
        self.dead.wait()


@dataclass
class Ways:
    """How two counties' lists leave: the second's by SFTP, the third's by mail, each by a line that
    is held once."""

    server: Sftp
    post: Post
    by_sftp: Line
    by_mail: Line
    doors: tuple[int, int]

    def settings(self) -> dict[str, str]:
        """What the workers' environment says of them."""
        return {
            "SHOUWANG_KNOWN_HOSTS": str(self.server.known_hosts),
            "SHOUWANG_SSH_KEY": str(self.server.key),
            "SHOUWANG_SMTP": f"smtp://127.0.0.1:{self.doors[1]}",
        }

    def of(self, key: str, townships: tuple[str, ...]) -> dict[str, dict[str, str]]:
        """What a county's configuration says of its townships."""
        address = self.server.address.replace(f":{port_of(self.server)}", f":{self.doors[0]}")
        way = {
            COUNTIES[1]: ("sftp", address + "/{}"),
            COUNTIES[2]: ("mail", "xiang{}@example.org"),
        }.get(key)
        named = enumerate(townships) if way else ()
        return {
            name: {"channel": way[0], "to": way[1].format(number)} for number, name in named if way
        }

    def arrived(self, key: str) -> list[tuple[str, bytes]]:
        """What lies on the server, hidden files too, or came by mail: names and contents."""
        if key == COUNTIES[1]:
            return sorted(
                (path.name, path.read_bytes())
                for path in self.server.folder.rglob("*")
                if path.is_file()
            )
        return sorted(
            (a.get_filename(), a.get_content())
            for mail in self.post.came
            for a in mail.iter_attachments()
        )


def port_of(server: Sftp) -> str:
    return server.address.rsplit(":", 1)[1].partition("/")[0]


@contextmanager
def ways() -> Iterator[Ways]:
    by_sftp, by_mail = Line(), Line()
    with (
        sftp() as server,
        mail_server() as post,
        cutting(int(port_of(server)), HALF, by_sftp.hold) as first,
        cutting(post.port, HALF, by_mail.hold) as second,
    ):
        known = server.known_hosts.read_text()
        server.known_hosts.write_text(known + known.replace(f":{port_of(server)} ", f":{first} "))
        yield Ways(server, post, by_sftp, by_mail, (first, second))


class Beside:
    """The command line beside a deployment or without one, for one county of several."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.line = CommandLine(home, settings)

    def run(self, key: str, *commands: str) -> dict[str, bytes]:
        """Run commands for a county; afterwards every table that other programs may have, to the
        byte."""
        out = {
            kind: self.line.home.parent / f"{self.line.home.name}-{key}-{kind}.csv"
            for kind in EXPORTS
        }
        export = [f"export {kind} --month {MONTH} --out {path}" for kind, path in out.items()]
        self.line.run(*(f"--county {key} {command}" for command in [*commands, *export]))
        return {kind: path.read_bytes() for kind, path in out.items()}


def put(county: DemoCounty, inbox: Path) -> None:
    for name in DEPARTMENTS:
        shutil.copytree(county.inbox / MONTH / name, inbox / MONTH / name)


def lists_of(home: Path) -> dict[str, list[str]]:
    """Every paper for a township below an outbox: each cell of each sheet, but for the time of
    day."""
    found = {}
    for path in sorted((home / "outbox").rglob("townships/**/*.xlsx")):
        book = openpyxl.load_workbook(opened(path, home))
        cells = [
            CLOCK.sub("…", str(cell))
            for sheet in book
            for row in sheet.iter_rows(values_only=True)
            for cell in row
        ]
        found[str(path.relative_to(home))] = cells
    return found


class Faults:
    """What befalls the deployment; each strikes while something is under way."""

    def __init__(self, deployment: Deployment, watched: Tended) -> None:
        self.deployment, self.watched, self.api = deployment, watched, watched.api

    def tasks(self, *states: str) -> list[dict[str, Any]]:
        query = {"state": list(states), "limit": 100}
        found: list[dict[str, Any]] = self.api.ask(
            "GET", "/dags/~/dagRuns/~/taskInstances", params=query
        )["task_instances"]
        return found

    def under_way(self, county: str, *tasks: str) -> dict[str, Any]:
        """A task of a county that runs just now."""

        def found() -> dict[str, Any] | None:
            ours = [t for t in self.tasks("running") if t["dag_id"].startswith(county) and t["pid"]]
            return next((task for task in ours if not tasks or task["task_id"] in tasks), None)

        task: dict[str, Any] = self.watched.wait(f"running task of {county}", found)
        return task

    def worker_killed(self, county: str) -> str:
        task = self.under_way(county, "validate", "match", "load", "take_in")
        for worker in self.deployment.workers:
            assert worker.process is not None
            if task["pid"] in {process.pid for process in processes_of(worker.process.pid)}:
                worker.kill()
                return self.name_of(task)
        pytest.fail(f"no worker runs {task['task_id']}, process {task['pid']}")

    def redis_restarted(self, county: str) -> str:
        task = self.under_way(county)
        self.deployment.redis.kill()
        self.deployment.redis.start()
        return self.name_of(task)

    def database_restarted(self, county: str) -> str:
        task = self.under_way(county)
        self.deployment.database.stop()
        self.deployment.database.start(max_connections=100)
        return self.name_of(task)

    def scheduler_killed(self, county: str) -> str:
        task = self.under_way(county, "screen")
        self.deployment.containers["scheduler"].kill()
        return self.name_of(task)

    @staticmethod
    def name_of(task: dict[str, Any]) -> str:
        return f"{task['dag_id']} {task['task_id']}"


def clock_moved(worker: Container, seconds: int) -> None:
    """Start a program again on a machine whose clock goes wrong by so much."""
    worker.kill()
    worker.more = {
        "LD_PRELOAD": path_of("faketime"),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    worker.start()


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory,
    project: Path,
    made_county: Callable[..., DemoCounty],
    one_airflow: None,
) -> Story:
    top = tmp_path_factory.mktemp("spread")
    counties = {
        key: made_county(
            top / "made" / key, households=300, months=(Month.parse(MONTH),), seed=seed
        )
        for seed, key in enumerate(COUNTIES, start=11)
    }
    told = Story()
    with ways() as out:
        for key, county in counties.items():
            county_folder(top / "counties" / key, project, out.of(key, county.townships))
            county_folder(top / "counties by hand" / key, project)
        here = {"SHOUWANG_COUNTIES": str(top / "counties"), **SETTINGS, **out.settings()}
        deployment = Deployment(top / "deployed", here)
        by_hand = Beside(
            top / "by-hand", {**here, "SHOUWANG_COUNTIES": str(top / "counties by hand")}
        )
        (outbox := deployment.workspace / COUNTIES[0] / "outbox").mkdir(parents=True)
        with ThreadPoolExecutor(1) as beside, small_disk(outbox) as filling:
            undisturbed_too = beside.submit(undisturbed, told, by_hand, counties)
            with deployment:
                disturbed(told, deployment, counties, filling, out)
                runner = f"postgresql+psycopg://shouwang_runner@127.0.0.1:{deployment.database.port}/shouwang"
                line = Beside(deployment.workspace, {**here, "SHOUWANG_DATABASE_URL": runner})
                for key in COUNTIES:
                    told.exports[key] = line.run(key)
                    told.lists[key] = lists_of(deployment.workspace / key)
                    with deployment.connect() as connection:
                        query = f"SELECT file, sent_at IS NOT NULL, problem FROM {key}.dispatch ORDER BY file"
                        told.dispatches[key] = connection.execute(query).fetchall()
                        query = f"SELECT detail ->> 'file' FROM {key}.audit_event WHERE kind = 'sent' ORDER BY 1"
                        told.sendings[key] = connection.execute(query).fetchall()
                    files = [
                        deployment.workspace / key / "outbox" / file
                        for file, *_ in told.dispatches[key]
                    ]
                    told.handed_out[key] = {path.name: path.read_bytes() for path in files}
                    told.arrived[key] = out.arrived(key)
            undisturbed_too.result()
    for worker in deployment.workers:
        for folder in (worker.home, worker.scratch):
            told.left_behind[str(folder)] = [
                str(path) for path in folder.rglob("*") if path.is_file()
            ]
    return told


def logged_in(deployment: Deployment) -> list[str]:
    """The cookies of the admin who logs in by the page, through a proxy that speaks https with the
    browser."""
    said = {
        "X-Forwarded-Proto": "https",
        "Referer": f"{deployment.url.replace('http:', 'https:')}/auth/login/",
    }
    with httpx.Client(base_url=deployment.url, headers=said, trust_env=False) as client:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/auth/login/").text)
        assert token
        who = {
            "username": "admin",
            "password": deployment.password("admin"),
            "csrf_token": token[1],
        }
        return client.post("/auth/login/", data=who).headers.get_list("set-cookie")


def undisturbed(told: Story, line: Beside, counties: dict[str, DemoCounty]) -> None:
    for key, county in counties.items():
        put(county, line.line.home / key / "inbox")
        load = f"registry load {county.registry} --as-of {MONTH}"
        told.undisturbed[key] = line.run(
            key, "init", load, f"run {MONTH}", f"release {MONTH} --by admin"
        )
        told.lists_by_hand[key] = lists_of(line.line.home / key)


def disturbed(
    told: Story, deployment: Deployment, counties: dict[str, DemoCounty], filling: Path, out: Ways
) -> None:
    api = api_of(deployment)
    watched = Tended(api, deployment=deployment)
    faults = Faults(deployment, watched)
    first, second, third = COUNTIES

    def exchanges(key: str) -> list[tuple[str, str]]:
        put(counties[key], deployment.workspace / key / "inbox")
        names = [f"{key}.exchange_{name}" for name in DEPARTMENTS]
        return [(name, api.trigger(name, MONTH)) for name in names]

    watched.wait("DAGs", lambda: len(api.dags()) == len(COUNTIES) * (5 + len(DEPARTMENTS)) + 1)
    registries = [
        (f"{key}.registry", api.trigger(f"{key}.registry", MONTH, {"file": str(county.registry)}))
        for key, county in counties.items()
    ]
    told.health = {
        name: watched.wait(name, lambda name=name: deployment.healthy(name))
        for name in deployment.containers
    }
    told.cookies = logged_in(deployment)
    watched.finish(*registries)

    began = exchanges(first)
    told.struck["a worker killed"] = faults.worker_killed(first)
    began += exchanges(second)
    told.struck["Redis restarted"] = faults.redis_restarted(second)
    began += exchanges(third)
    told.struck["PostgreSQL restarted"] = faults.database_restarted(third)
    told.struck["the scheduler killed"] = faults.scheduler_killed(first)
    watched.finish(*began)

    questions = {key: watched.question(MONTH, f"{key}.release")[0] for key in COUNTIES}
    fill(filling)
    api.answer(f"{first}.release", questions[first], "approve", "Approve")

    def waits_for_room() -> list[str]:
        return [t["task_id"] for t in faults.tasks("up_for_retry") if t["dag_id"].startswith(first)]

    told.struck["the outbox's disk full"] = watched.wait("release without room", waits_for_room)[0]
    filling.unlink()
    for key in (second, third):
        api.answer(f"{key}.release", questions[key], "approve", "Approve")
    for way, line in {"SFTP": out.by_sftp, "mail": out.by_mail}.items():
        told.struck[f"the workers killed, a list on its way by {way}"] = watched.wait(
            f"list on its way by {way}", lambda line=line: line.reached.is_set() and "send"
        )
    for worker in deployment.workers:
        clock_moved(worker, HOUR)
    for line in (out.by_sftp, out.by_mail):
        line.dead.set()
    watched.finish(*((f"{key}.release", run_id) for key, run_id in questions.items()))

    def all_over() -> bool:
        """Whatever is started besides, is over."""
        ids = [f"{key}.{name}" for key in COUNTIES for name in ("screening", "release")]
        return all(run["state"] in OVER for dag_id in ids for run in api.runs(dag_id))

    watched.wait("end of every screening", all_over)
    (told.maintained,) = watched.finish(("maintenance", api.trigger("maintenance")))
    now = dt.datetime.now(dt.UTC)
    for key in COUNTIES:
        for dag_id in (
            f"{key}.{name}"
            for name in ("screening", "release", *map("exchange_{}".format, DEPARTMENTS))
        ):
            for run in api.runs(dag_id):
                told.runs[f"{dag_id} {run['dag_run_id']}"] = run["state"]
                for task in api.tasks(dag_id, run["dag_run_id"]):
                    name = faults.name_of(task)
                    told.tries[name] = max(task["try_number"], told.tries.get(name, 0))
                    if task["start_date"] and dt.datetime.fromisoformat(task["start_date"]) > now:
                        told.ahead.append(name)


def test_every_disturbed_month_says_to_the_byte_what_the_undisturbed_one_says(story: Story) -> None:
    assert story.exports == story.undisturbed
    for exports in story.exports.values():
        assert exports["warnings"].count(b"\n") > 3
        assert exports["matches"].count(b"\n") > 30


def test_every_run_ends_well_by_itself(story: Story) -> None:
    assert set(story.runs.values()) == {"success"}
    exchanges = [name for name in story.runs if ".exchange_" in name]
    assert len(exchanges) == len(COUNTIES) * len(DEPARTMENTS)


def test_every_fault_struck_what_was_under_way(story: Story) -> None:
    assert len(story.struck) == 7
    for fault in ("a worker killed",):
        assert story.tries[story.struck[fault]] > 1, fault
    assert story.struck["the outbox's disk full"] == "release"
    assert story.tries[f"{COUNTIES[0]}.release release"] > 1
    assert story.ahead, "no task ran on a worker whose clock had moved"


def test_every_list_is_what_it_would_have_been_and_went_out_once(story: Story) -> None:
    for key in COUNTIES:
        assert story.lists[key] == story.lists_by_hand[key]
        assert len(story.lists[key]) >= 2
        assert story.dispatches[key]
        assert {(sent, problem) for _, sent, problem in story.dispatches[key]} == {(True, None)}
        assert story.sendings[key] == [(file,) for file, _, _ in story.dispatches[key]]


def test_lists_that_were_on_their_way_when_the_workers_died_arrived_whole_and_once(
    story: Story,
) -> None:
    for key in COUNTIES[1:]:
        assert story.tries[f"{key}.release send"] > 1
        assert story.arrived[key] == sorted(story.handed_out[key].items())


def test_nothing_is_left_on_a_workers_own_disk(story: Story) -> None:
    assert len(story.left_behind) == 4
    assert not any(story.left_behind.values()), story.left_behind


def test_whoever_logs_in_through_a_tls_proxy_gets_a_cookie_that_no_plain_text_carries(
    story: Story,
) -> None:
    (login,) = [cookie for cookie in story.cookies if cookie.startswith("_token=")]
    assert {"Secure", "HttpOnly"} <= set(login.split("; "))


def test_airflows_own_records_and_logs_are_cleaned_as_the_deployments_user(story: Story) -> None:
    assert story.maintained == {"clean_records": "success", "clean_logs": "success"}


def test_the_health_checks_of_the_file_find_every_program_well(story: Story) -> None:
    assert all(story.health.values())
    assert {name.partition(" ")[0] for name in story.health} == {
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
    }
