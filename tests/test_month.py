"""A made-up county's month by the command line: nothing lost, nobody matched wrongly, nothing done
twice.

Most calls happen in this process, through the same `main` and with the same words; a process of its
own is started only where that is the point: exit statuses, help, what stands on standard output.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from demo.county import DemoCounty
from sealed import everybodys_numbers, lying_open, opened
from shouwang.cli import app as cli
from shouwang.core.month import Month

pytestmark = pytest.mark.slow

MONTH = "2026-09"
EXPORTS = ("matches", "rejects", "signals", "warnings", "cases")
SIGNALS = {"CIV-1": 1, "CIV-2": 1, "CIV-3": 1, "EDU-1": 1, "EDU-2": 10, "HOU-1": 4}
SIGNALS |= {"MED-1": 4, "MED-2": 1, "MED-3": 3, "WAT-1": 1, "WAT-3": 1, "WAT-4": 1}
LEVELS = {"红": 4, "黄": 6, "蓝": 16}


@dataclass(frozen=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str


@dataclass(frozen=True)
class Run:
    """One county's workspace in a folder of its own."""

    home: Path
    inbox: Path
    database: str = ""

    @property
    def environment(self) -> dict[str, str]:
        said = {
            "SHOUWANG_HOME": str(self.home),
            "SHOUWANG_INBOX": str(self.inbox),
            "SHOUWANG_TODAY": "2026-10-12",
        }
        return said | ({"SHOUWANG_DATABASE_URL": self.database} if self.database else {})

    def shouwang(self, *words: str, expect: int = 0) -> Said:
        """``shouwang WORDS`` in this process."""
        out, err = io.StringIO(), io.StringIO()
        status: object = 0
        mask = os.umask(0o077)
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                patch.setattr(sys, "argv", ["shouwang", *words])
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    cli.main()
        except SystemExit as ended:
            status = ended.code or 0
        finally:
            os.umask(mask)
        if status != expect:
            pytest.fail(
                f"shouwang {' '.join(words)} ended with {status}:\n{out.getvalue()}{err.getvalue()}"
            )
        return Said(out.getvalue(), err.getvalue())

    def process(self, *words: str, expect: int = 0) -> Said:
        """The same in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "shouwang.cli", *words],
            env=os.environ | self.environment,
            text=True,
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode != expect:
            pytest.fail(
                f"shouwang {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return Said(done.stdout, done.stderr)

    def copy(self, home: Path, inbox: Path | None = None) -> Run:
        """The same workspace as it stands, in another folder."""
        shutil.copytree(self.home, home)
        return replace(self, home=home, inbox=inbox or self.inbox)

    def exports(self, month: str = MONTH) -> dict[str, str]:
        found = {}
        for kind in EXPORTS:
            path = self.home / f"{kind}.csv"
            self.shouwang("export", kind, "--month", month, "--out", str(path))
            found[kind] = path.read_text(encoding="utf-8-sig")
        return found

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        engine = sa.create_engine(self.database or f"sqlite:///{self.home / 'shouwang.db'}")
        with engine.connect() as connection:
            names = sa.inspect(connection).get_table_names()
            rows = {
                name: connection.execute(sa.text(f'SELECT * FROM "{name}"')).fetchall()
                for name in names
            }
        engine.dispose()
        return {name: sorted(tuple(map(str, row)) for row in found) for name, found in rows.items()}


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    folder = tmp_path_factory.mktemp("county")
    return made_county(folder, households=500, months=(Month(2026, 9),), seed=7)


def prepared(home: Path, county: DemoCounty, database: str = "") -> Run:
    run = Run(home, county.inbox, database)
    run.shouwang("init")
    run.shouwang("registry", "load", str(county.registry), "--as-of", MONTH)
    return run


@pytest.fixture(scope="module")
def begun(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A workspace with its registry; tests work on copies of it."""
    return prepared(tmp_path_factory.mktemp("begun"), county)


@pytest.fixture(scope="module")
def undisturbed(begun: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The month after ``run``; tests that change it work on copies."""
    run = begun.copy(tmp_path_factory.mktemp("undisturbed") / "home")
    run.shouwang("run", MONTH)
    return run


@pytest.fixture(scope="module")
def said(undisturbed: Run) -> dict[str, str]:
    """What the undisturbed month exports."""
    return undisturbed.exports()


def rows_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def records(county: DemoCounty) -> pd.DataFrame:
    truth = pd.read_csv(county.truth / "records.csv", dtype=str, keep_default_na=False)
    return truth.astype({"row": int})


def test_every_row_is_accounted_for_and_nobody_is_matched_wrongly(
    county: DemoCounty, said: dict[str, str]
) -> None:
    matches = rows_of(said["matches"]).astype({"row": int})
    both = records(county).merge(
        matches, on=["month", "department", "file", "sheet", "row"], how="outer", indicator=True
    )
    assert (both["_merge"] == "both").all()
    matched = both[both["outcome"] == "matched"]
    assert (matched["household_id"] == matched["household"]).all()
    assert not (both["expect"].isin(["review", "none"]) & (both["outcome"] == "matched")).any()
    assert ((both["expect"] == "reject") == (both["outcome"] == "rejected")).all()
    expected = both[both["expect"] == "match"]
    assert (expected["outcome"] == "matched").mean() >= 0.995


def test_warnings_follow_from_matched_rows_and_are_as_many_as_this_county_has(
    said: dict[str, str],
) -> None:
    """Each rule is held to its golden cases in tests/screening; here nothing is lost between rows
    and warnings."""
    signals, warnings = rows_of(said["signals"]), rows_of(said["warnings"])
    rules = signals.groupby("household_id")["rule"].agg(set).to_dict()
    assert warnings.set_index("household_id")["rules"].str.split().map(set).to_dict() == rules
    matches = rows_of(said["matches"])
    placed = matches.set_index(["department", "file", "sheet", "row"])["household_id"]
    evidence = pd.MultiIndex.from_frame(signals[placed.index.names])
    assert (placed[evidence].to_numpy() == signals["household_id"]).all()
    assert signals["rule"].value_counts().to_dict() == SIGNALS
    assert warnings["level"].value_counts().to_dict() == LEVELS


def test_running_again_changes_nothing(
    undisturbed: Run, said: dict[str, str], tmp_path: Path
) -> None:
    run = undisturbed.copy(tmp_path / "home")
    tables = run.tables()
    run.shouwang("init")
    run.shouwang("run", MONTH)
    run.shouwang("receive", MONTH, "--department", "water")
    assert run.tables() == tables
    assert run.exports() == said


def test_postgresql_says_the_same(
    county: DemoCounty, said: dict[str, str], tmp_path: Path, postgresql_url: str
) -> None:
    run = prepared(tmp_path, county, postgresql_url)
    run.shouwang("run", MONTH)
    assert run.exports() == said
    tables = run.tables()
    run.shouwang("run", MONTH)
    assert run.tables() == tables


def test_a_missing_department_is_said_everywhere(
    begun: Run, county: DemoCounty, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox" / MONTH
    inbox.mkdir(parents=True)
    for folder in (county.inbox / MONTH).iterdir():
        if folder.name != "water":
            (inbox / folder.name).symlink_to(folder)
    run = begun.copy(tmp_path / "home", tmp_path / "inbox")
    done = run.shouwang("run", MONTH, "--json", expect=3)
    assert json.loads(done.stdout)["missing"] == ["水利局"]
    run.shouwang("release", MONTH, "--by", "测试员")
    from python_calamine import CalamineWorkbook

    lists = sorted(run.home.rglob("*预警名单*.xlsx"))
    assert lists
    for path in lists:
        top = (
            CalamineWorkbook.from_filelike(opened(path, run.home))
            .get_sheet_by_name("预警名单")
            .to_python()[:6]
        )
        assert any("水利局" in str(cell) for row in top for cell in row)


def test_a_refused_file_is_reported_and_leaves_the_older_version_in_force(
    begun: Run, county: DemoCounty, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox" / MONTH
    for folder in (county.inbox / MONTH).iterdir():
        (inbox / folder.name).mkdir(parents=True)
        for path in folder.iterdir():
            (inbox / folder.name / path.name).write_bytes(path.read_bytes())
    run = begun.copy(tmp_path / "home", tmp_path / "inbox")
    run.shouwang("receive", MONTH, "--department", "housing", expect=3)
    for path in (inbox / "housing").iterdir():
        path.unlink()
    (inbox / "housing" / "台账.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    done = run.shouwang("receive", MONTH, "--department", "housing", "--json", expect=3)
    housing = next(
        d for d in json.loads(done.stdout)["departments"] if d["department"] == "housing"
    )
    assert housing["status"] == "refused"
    assert "台账.xlsx" in housing["message"]
    assert housing["matched"] > 0
    assert "Traceback" not in done.stderr


def test_what_was_released_is_not_sent_again_and_comes_back(
    undisturbed: Run, said: dict[str, str], tmp_path: Path
) -> None:
    run = undisturbed.copy(tmp_path / "home")
    first = json.loads(run.shouwang("release", MONTH, "--by", "测试员", "--json").stdout)
    assert sum(done["clues"] for done in first["released"]) == len(rows_of(said["warnings"]))
    again = json.loads(run.shouwang("release", MONTH, "--by", "测试员", "--json").stdout)
    assert again["released"] == []
    lists = sorted(map(str, run.home.rglob("*预警名单*.xlsx")))
    answered = json.loads(run.shouwang("feedback", "load", *lists, "--json").stdout)
    assert all(done["taken"] == 0 and not done["problems"] for done in answered)
    assert "not filled in" in run.shouwang("feedback", "load", *lists).stdout


def test_no_person_is_named_in_output_or_file_names(
    begun: Run, county: DemoCounty, tmp_path: Path
) -> None:
    run = begun.copy(tmp_path / "home")
    ran = run.process("run", MONTH)
    freed = run.process("release", MONTH, "--by", "测试员")
    text = ran.stdout + ran.stderr + freed.stdout + freed.stderr
    text += "\n".join(str(path) for path in tmp_path.rglob("*"))
    with (county.truth / "identities.csv").open(encoding="utf-8-sig", newline="") as file:
        people = list(csv.DictReader(file))
    assert people
    for person in people:
        for secret in (person["name"], person["id"], person["phone"]):
            if len(secret.strip()) > 1 and secret not in ("无", "暂无"):
                assert secret not in text


def test_no_number_or_phone_lies_open_below_the_home(
    undisturbed: Run, county: DemoCounty, tmp_path: Path
) -> None:
    """Database, vault, staging, quality pages; what departments and townships read lies in inbox
    and outbox."""
    run = undisturbed.copy(tmp_path / "home")
    run.shouwang("release", MONTH, "--by", "测试员")
    numbers = everybodys_numbers(county)
    handed = [
        path for path in county.inbox.rglob("*") if path.suffix in (".csv", ".tsv", ".txt", ".xls")
    ]
    assert any(lying_open(path.read_bytes(), numbers) for path in handed)
    searched = [
        p for p in run.home.rglob("*") if p.is_file() and not p.is_relative_to(run.home / "outbox")
    ]
    assert {"vault", "work", "shouwang.db"} <= {
        path.relative_to(run.home).parts[0] for path in searched
    }
    assert [
        path.relative_to(run.home) for path in searched if lying_open(path.read_bytes(), numbers)
    ] == []


def test_wrong_words_are_answered_with_a_sentence(tmp_path: Path) -> None:
    run = Run(tmp_path, tmp_path / "inbox")
    for words in (("run", "2026-13"), ("run",), ("nonsense",)):
        assert "Traceback" not in run.process(*words, expect=2).stderr
    assert "shouwang init" in run.process("receive", MONTH, expect=1).stderr
    assert "registry load" in run.process("--help").stdout


FLOORS = {"clean": (1.0, 1.0), "county": (0.995, 0.995)}
SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "sample"


@pytest.mark.parametrize("name", [name for name in FLOORS if (SAMPLES / name).is_dir()])
def test_the_example_counties(name: str, tmp_path: Path) -> None:
    folder = SAMPLES / name
    run = Run(tmp_path, folder / "inbox")
    months = sorted(path.name for path in (folder / "inbox").iterdir())
    run.shouwang("init")
    run.shouwang(
        "registry", "load", str(next((folder / "registry").iterdir())), "--as-of", months[0]
    )
    matches, warnings = [], []
    for month in months:
        run.shouwang("run", month)
        run.exports(month)
        matches.append(pd.read_csv(tmp_path / "matches.csv", dtype=str, keep_default_na=False))
        warnings.append(pd.read_csv(tmp_path / "warnings.csv", dtype=str, keep_default_na=False))
    truth = pd.read_csv(folder / "truth" / "records.csv", dtype=str, keep_default_na=False)
    both = truth.merge(
        pd.concat(matches), on=["month", "department", "file", "sheet", "row"], how="left"
    )
    matched = both["outcome"] == "matched"
    assert both["outcome"].notna().all()
    assert (both.loc[matched, "household_id"] == both.loc[matched, "household"]).all()
    assert not (matched & (both["expect"] == "review")).any()
    assert matched[both["expect"] == "match"].mean() >= FLOORS[name][0]
    assert ((both["expect"] == "reject") == (both["outcome"] == "rejected")).all()
    wanted = pd.read_csv(folder / "truth" / "warnings.csv", dtype=str, keep_default_na=False)
    said = (
        pd.concat(warnings)
        .set_index(["month", "household_id"])["rules"]
        .str.split()
        .map(set)
        .to_dict()
    )
    hits = total = extra = 0
    for month, household, must, may in (
        wanted[["month", "household", "must_rules", "may_rules"]].to_numpy().tolist()
    ):
        rules = said.pop((month, household), set())
        hits, total = hits + len(rules & set(must.split())), total + len(must.split())
        extra += len(rules - set(may.split()))
    assert hits >= FLOORS[name][1] * total
    assert extra == 0
    assert not said
