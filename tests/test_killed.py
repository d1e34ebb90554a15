"""Every step killed at every moment that matters, then run again: nothing is lost and nothing
happens twice.

Steps run in forked children. A *moment* is just before and just after a transaction takes effect, a
file appears under its name or a folder goes, before a statement that writes, and in the midst of
writing a file. A child is killed with SIGKILL at one of them. Whatever file then lies under its
name is whole; the same step is run again, and must leave what it leaves undisturbed: the same rows
in every table, the same files.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import importlib
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from demo.county import DemoCounty
from letting_go import let_go
from sealed import everybodys_numbers, lying_open, opened
from services import fill, scratch, small_disk
from shouwang.casework import monthly
from shouwang.cli.exporting import KINDS, export
from shouwang.compliance import key_rotation, trail
from shouwang.core.errors import Busy, ConfigError
from shouwang.core.month import Month
from shouwang.documents.saving import save
from shouwang.documents.sealing import unsealed
from shouwang.quality.suites import load_suite, suite_path
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.store import resealing
from shouwang.store.records import record_table
from shouwang.store.tables import metadata
from shouwang.submissions import handover
from shouwang.transfer import passwords
from shouwang.workspace.workspace import Workspace, load_workspace

pytestmark = pytest.mark.slow

MONTH = "2026-09"
DEPARTMENTS = ("civil_affairs", "housing")
CORRECTED = "housing"
"""Its receipt comes back with one row corrected, alone in the inbox."""
REFUSED = "medical_insurance"
MISSING = ("education", "water")
ON_POSTGRESQL = ("load housing", "screen", "release 0")
PROJECT = Path(__file__).resolve().parents[1]
SEALING = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Place:
    """One workspace: its home folder and database."""

    home: Path
    inbox: Path
    database: str

    def enter(self) -> None:
        """Let this process live there."""
        os.environ |= {
            "SHOUWANG_HOME": str(self.home),
            "SHOUWANG_INBOX": str(self.inbox),
            "SHOUWANG_TODAY": "2026-10-12",
            "SHOUWANG_DATABASE_URL": self.database,
        }

    def note(self, name: str) -> Path:
        """Where the result of a step is kept for the next."""
        return self.home / "notes" / f"{name}.json"


Step = Callable[[Place], Any]


def _reference(place: Place, department: str, step: str) -> Any:
    return json.loads(place.note(f"{step} {department}").read_text())


def story(county: DemoCounty) -> dict[str, Step]:
    """The steps of the month in order, by name."""
    found: dict[str, Step] = {
        "init": lambda _: handover.init(),
        "load_registry": lambda _: handover.load_registry(str(county.registry), MONTH),
    }
    for who in (*DEPARTMENTS, "corrected"):
        department = CORRECTED if who == "corrected" else who
        found[f"take_in {who}"] = lambda _, d=department: handover.take_in(MONTH, d)
        before = "take_in"
        for name in ("validate", "match", "load"):
            found[f"{name} {who}"] = lambda place, w=who, n=name, b=before: getattr(handover, n)(
                _reference(place, w, b)
            )
            before = name
    found[f"take_in {REFUSED}"] = lambda _: handover.take_in(MONTH, REFUSED)
    for department in MISSING:
        found[f"declare_late {department}"] = lambda _, d=department: handover.declare_late(
            MONTH, d
        )
    found["screen"] = lambda _: monthly.screen(MONTH)
    for number, township in enumerate(county.townships[:2]):  # this county's have warnings in both
        found[f"release {number}"] = lambda _, t=township: let_go(MONTH, t)
        found[f"send {number}"] = lambda _, t=township: releasing.send_township(MONTH, t)
    found["summarise"] = lambda _: releasing.summarise(MONTH)
    found["load_feedback"] = lambda place: following.load_feedback(
        str(answered(place)), who_answers(place)
    )
    found["collect"] = lambda place: following.collect_returns() if come_back(place) else None
    return found


def who_answers(place: Place) -> str:
    """The township whose list comes back."""
    return sorted((place.home / "outbox").rglob("*预警名单*.xlsx"))[0].parent.name


def answered(place: Place) -> Path:
    """A township's list with the first household found without risk, as the township sends it
    back."""
    path = place.home / "notes" / "名单回来.xlsx"
    if not path.exists():
        book = openpyxl.load_workbook(
            opened(sorted((place.home / "outbox").rglob("*预警名单*.xlsx"))[0], place.home)
        )
        book.properties.description = None  # the newest seal of the audit trail: it says when
        sheet = book["预警名单"]
        head = next(
            row for row in sheet.iter_rows() if any(cell.value == "线索编号" for cell in row)
        )
        titles = {str(cell.value).replace("\n", ""): cell.column for cell in head}
        first = head[0].row + 1
        for title, value in (
            ("核查结论", "05 无返贫致贫风险"),
            ("核查日期", "2026-10-14"),
            ("核查人", "测试员"),
        ):
            column = next(c for t, c in titles.items() if t.startswith(title))
            sheet.cell(first, column, value)
        save(
            book, path, when=dt.date(2026, 10, 14), title="名单", creator="乡镇"
        )  # the same bytes for the same answers
    return path


def come_back(place: Place) -> Path:
    """The same workbook, in the folder where townships put what they send back, since long ago."""
    path = place.home / "returns" / who_answers(place) / "名单.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(answered(place), path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def returned(place: Place) -> Path:
    """An inbox with the receipt of `CORRECTED` alone: its first rejected row as it should be, saved
    as csv."""
    inbox = place.home / "notes" / "inbox"
    path = inbox / MONTH / CORRECTED / "改好了.csv"
    if not path.exists():
        (receipt,) = (place.home / "outbox" / MONTH / "departments" / CORRECTED).glob("*第1版.xlsx")
        head, *rows = openpyxl.load_workbook(receipt)["退回数据"].iter_rows(values_only=True)
        place_of = next(n for n, title in enumerate(head) if str(title) in ("鉴定日期", "鉴定时间"))
        first = next(n for n, row in enumerate(rows) if row[place_of] in ("待定", "去年"))
        rows[first] = (*rows[first][:place_of], "2024-05-06", *rows[first][place_of + 1 :])
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
    return inbox


def in_child(place: Place, work: Callable[[], Any]) -> tuple[int, Any]:
    """Run in a forked process that lives there; how it ended, and what it gave."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            place.enter()
            Workspace.now = lambda workspace: dt.datetime.combine(workspace.today(), dt.time(9))  # type: ignore[method-assign]
            known = set(sys.modules)
            said = json.dumps(
                [work(), sorted(set(sys.modules) - known)], default=str, ensure_ascii=False
            ).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(said)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, ended = os.waitpid(child, 0)
    given, imported = json.loads(said) if said else (None, ())
    with warnings.catch_warnings(action="ignore"):
        for name in imported:  # once here, not in every child
            with suppress(ImportError):
                importlib.import_module(name)
    return ended, given


@contextmanager
def moments(kill_at: int | None) -> Iterator[list[str]]:
    """Count the moments that matter; be killed at the one with that number."""
    seen: list[str] = []

    def moment(what: str) -> None:
        seen.append(what)
        if len(seen) - 1 == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*words: Any, **more: Any) -> Any:
            moment(f"before {what}")
            given = function(*words, **more)
            moment(f"after {what}")
            return given

        return wrapped

    def torn(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(path: Path, *words: Any, **more: Any) -> Any:
            seen.append(f"in the midst of {function.__name__}")
            given = function(path, *words, **more)
            if len(seen) - 1 == kill_at:
                os.truncate(path, path.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return given

        return wrapped

    patch = pytest.MonkeyPatch()
    for name in ("write_text", "write_bytes"):
        patch.setattr(Path, name, torn(getattr(Path, name)))
    patch.setattr(
        zipfile.ZipFile, "writestr", around("part of a workbook", zipfile.ZipFile.writestr)
    )
    for holder, name in ((os, "replace"), (os, "rename"), (shutil, "rmtree")):
        patch.setattr(holder, name, around(name, getattr(holder, name)))
    dialect = sa.engine.default.DefaultDialect
    patch.setattr(dialect, "do_commit", around("commit", dialect.do_commit))

    def statement(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        if text.lstrip().split(maxsplit=1)[0].upper() in ("INSERT", "UPDATE", "DELETE", "CREATE"):
            moment(f"statement {text.split()[0]} {text.split()[2][:20]}")

    event.listen(sa.Engine, "before_cursor_execute", statement)
    try:
        yield seen
    finally:
        event.remove(sa.Engine, "before_cursor_execute", statement)
        patch.undo()


def perform(
    place: Place, name: str, step: Step, kill_at: int | None = None
) -> tuple[int, list[str]]:
    """Run a step in a child, perhaps to its death; how it ended and the moments it went through."""

    def work() -> Any:
        if name == "load_feedback":
            answered(place)  # what a township does is no moment of ours
        if name.endswith("corrected"):
            os.environ["SHOUWANG_INBOX"] = str(returned(place))
        with moments(kill_at) as seen:
            result = step(place)
        return {"result": result, "moments": seen}

    ended, said = in_child(place, work)
    if ended == 0:
        place.note(name).parent.mkdir(parents=True, exist_ok=True)
        place.note(name).write_text(json.dumps(said["result"], ensure_ascii=False))
    return ended, said["moments"] if said else []


def state(place: Place) -> dict[str, Any]:
    """Every row of every table without moments of time, and every file; workbooks by what is packed
    in them.

    Fingerprints of sealed files are left out: no two sealings are alike.

    The running number of audit events is left out on PostgreSQL, whose sequences do not go back
    with a transaction.
    """
    engine = sa.create_engine(place.database)
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            columns = [
                c for c in timeless(table) if engine.name == "sqlite" or c.name != "event_id"
            ]
            rows = connection.execute(sa.select(*columns)).fetchall()
            found[f"table {name}"] = sorted(
                tuple(SEALING.sub("…", str(value)) for value in row) for row in rows
            )
    engine.dispose()
    return found | files(place)


def timeless(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if not isinstance(column.type, sa.DateTime)]


def files(place: Place) -> dict[str, Any]:
    """Every file of the workspace; workbooks by what is packed in them."""
    found: dict[str, Any] = {}
    for path in sorted(place.home.rglob("*")):
        inside = path.relative_to(place.home)
        if (
            path.is_dir()
            or inside.parts[0] in ("notes", "secrets", "locks")
            or inside.name.startswith("shouwang.db")
        ):
            continue
        hidden = any(part.startswith(".") for part in inside.parts)
        found[str(inside)] = (
            path.read_bytes() if hidden else unpacked(path.read_bytes(), path.name, place.home)
        )
    return found


@lru_cache(maxsize=500)
def unpacked(content: bytes, name: str, home: Path) -> Any:
    """What a file holds: of a workbook, sealed or not, each part's fingerprint."""
    plain = io.BytesIO(
        unsealed(content, passwords.every(load_workspace({"SHOUWANG_HOME": str(home)}), name))
    )
    if not zipfile.is_zipfile(plain):
        return content
    with zipfile.ZipFile(plain) as packed:
        # a list's properties hold the newest seal of the audit trail, which says when
        return [(e.filename, e.CRC) for e in packed.infolist() if e.filename != "docProps/core.xml"]


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    folder = tmp_path_factory.mktemp("county")
    return made_county(folder, households=150, months=(Month(2026, 9),), seed=4)


@pytest.fixture(scope="module")
def inbox(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two departments' files as they came, and one that cannot be read; the others have handed over
    nothing."""
    inbox = tmp_path_factory.mktemp("inbox")
    for department in DEPARTMENTS:
        shutil.copytree(county.inbox / MONTH / department, inbox / MONTH / department)
    (inbox / MONTH / REFUSED).mkdir()
    (inbox / MONTH / REFUSED / "结算.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    for path in inbox.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    load_suite(
        suite_path(PROJECT / "expectations", "civil_affairs.assistance")
    )  # the import is paid once
    return inbox


Undisturbed = dict[str, tuple[Place, list[str]]]
"""The month without a disturbance: for each step, the place before it and its moments; at last
``""``."""


@pytest.fixture(scope="module")
def undisturbed(
    county: DemoCounty, inbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    place = on_sqlite(tmp_path_factory.mktemp("undisturbed") / "home", inbox)
    place.home.mkdir()
    found = {}
    for name, step in story(county).items():
        before = copied(place, on_sqlite(tmp_path_factory.mktemp("before") / "home", inbox))
        ended, seen = perform(place, name, step)
        assert ended == 0, f"{name} failed"
        found[name] = (before, seen)
    found[""] = (place, [])
    return found


def on_sqlite(home: Path, inbox: Path) -> Place:
    return Place(home, inbox, f"sqlite:///{home / 'shouwang.db'}")


def copied(place: Place, to: Place) -> Place:
    """Make the second workspace as the first one is: its folder, and on PostgreSQL its database."""
    shutil.rmtree(to.home, ignore_errors=True)
    shutil.copytree(place.home, to.home)
    here, there = sa.make_url(place.database), sa.make_url(to.database)
    if here.get_backend_name() == "postgresql":
        scratch(to.database, str(there.database), f'TEMPLATE "{here.database}"')
    return to


NAMES = [
    "init",
    "load_registry",
    *(
        f"{step} {d}"
        for d in (*DEPARTMENTS, "corrected")
        for step in ("take_in", "validate", "match", "load")
    ),
    f"take_in {REFUSED}",
    *(f"declare_late {d}" for d in MISSING),
    "screen",
    "release 0",
    "send 0",
    "release 1",
    "send 1",
    "summarise",
    "load_feedback",
    "collect",
]
KILLED = [
    name
    for name in NAMES
    if name.split()[-1] not in (DEPARTMENTS[0], MISSING[0], "1")  # as the other one
]


def lies_open(place: Place, numbers: frozenset[bytes]) -> list[str]:
    """Files with somebody's number or phone in them that were not handed in so; workbooks are
    looked into."""
    found = []
    for path in sorted(place.home.rglob("*")):
        inside = path.relative_to(place.home).parts
        if path.is_dir() or inside[0] in ("notes", "secrets", "returns") or "departments" in inside:
            continue
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                contents = [packed.read(name) for name in packed.namelist()]
        if any(lying_open(content, numbers) for content in contents):
            found.append("/".join(inside))
    return found


def passes(place: Place, file: str) -> bool:
    """Whether a file is a frame left for a later part of the step, which clears it away: whole."""
    if not file.startswith("work/"):
        return False
    keys = os.environ["SHOUWANG_KEYS"]
    workspace = load_workspace({"SHOUWANG_HOME": str(place.home), "SHOUWANG_KEYS": keys})
    with suppress(ConfigError):  # the seal of a torn one does not open
        return bool(workspace.keys.open_file((place.home / file).read_bytes()))
    return False


def outlives_every_kill(
    step: Step,
    name: str,
    before: Place,
    seen: list[str],
    after: Place,
    scratch: Place,
    numbers: frozenset[bytes],
) -> None:
    """Kill the step at each of its moments, beginning afresh each time, and run it again."""
    old, wanted = files(before), state(after)
    assert seen, "the step does nothing that could be lost"
    for number, what in enumerate(seen):
        if what.startswith(("statement", "before part", "after part")) and number % 5:
            continue  # the statements of one transaction, the parts of one workbook are much alike
        place = copied(before, scratch)
        ended, _ = perform(place, name, step, kill_at=number)
        assert os.WIFSIGNALED(ended), what
        assert os.WTERMSIG(ended) == signal.SIGKILL
        for file, content in files(place).items():
            hidden = any(part.startswith(".") for part in Path(file).parts)
            whole = hidden or content in (old.get(file), wanted.get(file)) or passes(place, file)
            assert whole, f"{name}, killed {what}, leaves a torn {file}"
        assert lies_open(place, numbers) == [], f"{name}, killed {what}"
        ended, _ = perform(place, name, step)
        assert ended == 0, f"{name}, killed {what}, cannot be run again"
        got = state(place)
        assert got.keys() == wanted.keys(), f"{name}, killed {what}"
        assert [key for key in wanted if got[key] != wanted[key]] == [], f"{name}, killed {what}"


@pytest.mark.parametrize("name", KILLED)
def test_a_step_that_is_killed_and_run_again_leaves_what_it_leaves_undisturbed(
    county: DemoCounty, inbox: Path, undisturbed: Undisturbed, name: str, tmp_path: Path
) -> None:
    plan = story(county)
    assert list(plan) == NAMES
    (before, seen), (after, _) = undisturbed[name], undisturbed[[*NAMES, ""][NAMES.index(name) + 1]]
    outlives_every_kill(
        plan[name],
        name,
        before,
        seen,
        after,
        on_sqlite(tmp_path / "home", inbox),
        everybodys_numbers(county),
    )


def test_so_it_is_on_postgresql(
    county: DemoCounty, inbox: Path, tmp_path: Path, postgresql_url: str
) -> None:
    def place(name: str) -> Place:
        url = sa.make_url(postgresql_url).set(database=f"killed_{name}")
        return Place(tmp_path / name, inbox, url.render_as_string(hide_password=False))

    empty = Place(
        tmp_path / "empty", inbox, str(sa.make_url(postgresql_url).set(database="template1"))
    )
    empty.home.mkdir()
    living = copied(empty, place("living"))
    for name, step in story(county).items():
        before = copied(living, place("before")) if name in ON_POSTGRESQL else None
        ended, seen = perform(living, name, step)
        assert ended == 0, f"{name} failed"
        if before:
            assert {"before commit", "after commit"} <= set(seen)
            outlives_every_kill(
                step, name, before, seen, living, place("scratch"), everybodys_numbers(county)
            )


def with_keys_of_its_own(place: Place) -> Place:
    """Give a workspace its keys in a file, so that they are its own to change."""
    keys = place.home / "secrets" / "keys"
    keys.parent.mkdir(exist_ok=True)
    keys.write_text(os.environ["SHOUWANG_KEYS"].replace(" ", "\n"), encoding="utf-8")
    keys.chmod(0o600)
    return place


def rotate(place: Place, kill_at: int | None = None) -> Any:
    """Change the keys in a child, a few rows at a time, perhaps to its death."""

    def work() -> Any:
        os.environ["SHOUWANG_KEYS"] = ""
        resealing.BATCH = 200
        with moments(kill_at) as seen:
            key_rotation.rotate_keys("测试员")
        return seen

    return in_child(place, work)


def with_the_newest_key_alone(place: Place) -> dict[str, str]:
    """Take every other key away; then a fingerprint of every table, every sealed file and every
    export, opened."""

    def work() -> Any:
        os.environ["SHOUWANG_KEYS"] = ""
        workspace = load_workspace()
        for old in [
            name for name in workspace.keys.ring.ciphers if name != workspace.keys.ring.newest
        ]:
            key_rotation.drop_key(old, "测试员")
        assert len(workspace.keys.ring.ciphers) == 1
        records = map(record_table, workspace.county.contracts.values())
        with workspace.database.read() as connection:
            said: dict[str, Any] = {
                table.name: sorted(map(repr, connection.execute(sa.select(*timeless(table)))))
                for table in (*metadata.tables.values(), *records)
                if table.name not in ("sealing_key", "audit_event")
            }
            said |= {kind: export(connection, kind, Month.parse(MONTH)).to_csv() for kind in KINDS}
        assert trail.check(workspace)["faults"] == []
        files = (
            path
            for folder in workspace.sealed_folders
            for path in folder.rglob("*")
            if path.is_file()
        )
        said |= {
            str(path.relative_to(place.home)): workspace.keys.open_file(path.read_bytes())
            for path in files
        }
        return {
            name: hashlib.sha256(repr(content).encode()).hexdigest()
            for name, content in said.items()
        }

    ended, said = in_child(place, work)
    assert ended == 0
    found: dict[str, str] = said
    return found


@pytest.fixture(scope="module")
def with_old_keys(
    inbox: Path, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    home = tmp_path_factory.mktemp("keys") / "home"
    return with_keys_of_its_own(copied(undisturbed[""][0], on_sqlite(home, inbox)))


def test_a_change_of_keys_that_is_killed_goes_on_and_the_new_key_alone_opens_everything(
    with_old_keys: Place, inbox: Path, tmp_path: Path
) -> None:
    place = copied(with_old_keys, on_sqlite(tmp_path / "home", inbox))
    wanted = with_the_newest_key_alone(place)
    _, seen = rotate(copied(with_old_keys, place))
    assert with_the_newest_key_alone(place) == wanted
    written = [n for n, what in enumerate(seen) if what.startswith("statement UPDATE")]
    assert len(written) > 3
    filed = [
        n
        for n, what in enumerate(seen)
        if what.startswith("in the midst") or what.endswith("replace")
    ]
    last = range(len(seen) - 4, len(seen))
    for number in [*range(8), *written[:2], written[-1], *filed[3:6], *filed[-3:], *last]:
        ended, _ = rotate(copied(with_old_keys, place), kill_at=number)
        assert os.WIFSIGNALED(ended)
        assert os.WTERMSIG(ended) == signal.SIGKILL
        assert rotate(place)[0] == 0, f"killed {seen[number]}, cannot be run again"
        assert with_the_newest_key_alone(place) == wanted, f"killed {seen[number]}"
        assert not list(place.home.rglob("*.part")), f"killed {seen[number]}"


def test_keys_are_not_changed_while_a_step_is_at_work(with_old_keys: Place, tmp_path: Path) -> None:
    place = copied(with_old_keys, on_sqlite(tmp_path / "home", tmp_path / "no inbox"))

    def work() -> Any:
        os.environ["SHOUWANG_KEYS"] = ""
        workspace = load_workspace()
        with workspace.turn("2026-09 water"):
            for change in (key_rotation.rotate_keys, partial(key_rotation.drop_key, "k1")):
                with pytest.raises(Busy, match="Stop Airflow"):
                    change("测试员")
        return [*workspace.keys.ring.ciphers]

    assert in_child(place, work) == (0, ["k1"])


@pytest.mark.root
@pytest.mark.needs("mount")
@pytest.mark.parametrize("name", ["release 0", "send 0", "take_in housing"])
def test_a_step_whose_disk_is_full_leaves_nothing_by_halves_and_does_its_work_when_there_is_room(
    county: DemoCounty, inbox: Path, undisturbed: Undisturbed, tmp_path: Path, name: str
) -> None:
    (before, _), (after, _) = undisturbed[name], undisturbed[[*NAMES, ""][NAMES.index(name) + 1]]
    place, kept = copied(before, on_sqlite(tmp_path / "home", inbox)), tmp_path / "kept"
    folder = place.home / ("vault" if name.startswith("take_in") else "outbox")
    folder.mkdir(exist_ok=True)
    shutil.copytree(folder, kept)
    with small_disk(folder) as filling:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        fill(filling)
        old = files(place)
        ended, _ = perform(place, name, story(county)[name])
        if name != "send 0":  # which finds its paper where it lies
            assert ended != 0, "there was room after all"
            assert {k: v for k, v in files(place).items() if old.get(k) != v} == {}
        filling.unlink()
        assert perform(place, name, story(county)[name])[0] == 0
        assert state(place) == state(after)


def test_each_step_may_run_on_another_machine_with_a_disk_of_its_own(
    county: DemoCounty, inbox: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """What is shared is the workspace; home and temporary folder are new for every step, and empty
    after it."""
    place = on_sqlite(tmp_path / "home", inbox)
    place.home.mkdir()
    for number, (name, step) in enumerate(story(county).items()):
        worker = tmp_path / f"worker-{number}"
        own = {"HOME": worker / "home", "TMPDIR": worker / "tmp"}
        for folder in own.values():
            folder.mkdir(parents=True)

        def there(place: Place, step: Step = step, own: dict[str, Path] = own) -> Any:
            os.environ |= {key: str(folder) for key, folder in own.items()}
            tempfile.tempdir = None
            return step(place)

        assert perform(place, name, there)[0] == 0, name
        assert [path for folder in own.values() for path in folder.rglob("*")] == [], name
        shutil.rmtree(worker)
    assert state(place) == state(undisturbed[""][0])


def test_a_step_that_runs_twice_changes_nothing(
    county: DemoCounty, inbox: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    place = copied(undisturbed[""][0], on_sqlite(tmp_path / "home", inbox))
    wanted = state(place)
    for name, step in story(county).items():
        if name.startswith(("take_in", "validate", "match")) and REFUSED not in name:
            continue  # they leave frames for `load`, which clears them away
        if name == f"load {CORRECTED}":
            continue  # a version that another has replaced since
        ended, _ = perform(place, name, step)
        assert ended == 0, name
        assert state(place) == wanted, name
    assert set(metadata.tables) <= {key.removeprefix("table ") for key in wanted}
