"""Many counties in one deployment: each has its own places, database and configuration, and nobody
else's trouble."""

from __future__ import annotations

import concurrent.futures
import shutil
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from shouwang.cli import app as cli
from shouwang.core.errors import ConfigError, UsageError
from shouwang.store.audit import audit
from shouwang.store.tables import audit_event
from shouwang.submissions import handover
from shouwang.workspace.counties import serve, serving
from shouwang.workspace.workspace import Workspace, load_workspace

TODAY = "2026-10-12"


@pytest.fixture
def two(project, tmp_path, monkeypatch):
    """A deployment with two counties, on SQLite."""
    for key in ("qingyuan", "lixi"):
        shutil.copytree(project / "include" / "county", tmp_path / "counties" / key)
    monkeypatch.setenv("SHOUWANG_COUNTIES", str(tmp_path / "counties"))
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHOUWANG_TODAY", TODAY)
    return tmp_path


def house_of(key: str) -> Workspace:
    with serving(key):
        return load_workspace()


def test_each_county_lives_below_what_is_configured(two, monkeypatch):
    monkeypatch.setenv("SHOUWANG_INBOX", str(two / "in"))
    monkeypatch.setenv("SHOUWANG_OUTBOX", "sftp://box@10.0.0.1/out/")
    monkeypatch.setenv("SHOUWANG_RETURNS", "s3://bucket/returns")
    monkeypatch.setenv("SHOUWANG_SECRETS", str(two / "secrets"))
    workspace = house_of("lixi")
    assert workspace.home == two / "home" / "lixi"
    assert workspace.county_folder == two / "counties" / "lixi"
    assert workspace.inbox == two / "in" / "lixi"
    assert workspace.secrets == two / "secrets" / "lixi"
    assert workspace.far_outbox
    assert workspace.far_outbox.address == "sftp://box@10.0.0.1/out/lixi"
    assert workspace.far_returns
    assert workspace.far_returns.address == "s3://bucket/returns/lixi"
    assert workspace.database_url == f"sqlite:///{two / 'home' / 'lixi' / 'shouwang.db'}"
    assert workspace.dag_id("screening") == "lixi.screening"


def test_a_county_may_bring_its_own_expectations(two, project):
    assert house_of("lixi").expectations == project / "expectations"
    (two / "counties" / "lixi" / "expectations").mkdir()
    assert house_of("lixi").expectations == two / "counties" / "lixi" / "expectations"
    assert house_of("qingyuan").expectations == project / "expectations"


def test_a_deployment_with_one_county_is_as_it_was(tmp_path):
    workspace = load_workspace({"SHOUWANG_HOME": str(tmp_path)})
    assert (workspace.home, workspace.key, workspace.dag_id("screening")) == (
        tmp_path,
        "",
        "screening",
    )
    with serving("lixi"), pytest.raises(UsageError, match="holds one county"):
        load_workspace({"SHOUWANG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("key", "words"),
    [("", r"several counties \(lixi, qingyuan\); name one"), ("nowhere", "no county “nowhere”")],
)
def test_the_county_meant_has_to_be_named(two, key, words):
    with pytest.raises(UsageError, match=words):
        house_of(key)


def test_a_folder_whose_name_is_no_key_is_told(two):
    (two / "counties" / "Li Xi").mkdir()
    with pytest.raises(ConfigError, match="name the folder with a-z"):
        house_of("Li Xi")


def test_one_file_of_sqlite_for_all_is_refused(two, monkeypatch):
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", f"sqlite:///{two / 'all.db'}")
    with pytest.raises(ConfigError, match="one file for all counties"):
        house_of("lixi")


def test_workers_threads_serve_a_county_each(two):
    def homes(key: str) -> set[Path]:
        serve(key)
        return {load_workspace().home for _ in range(200)}

    with (
        concurrent.futures.ThreadPoolExecutor(1) as one,
        concurrent.futures.ThreadPoolExecutor(1) as other,
    ):
        asked = one.submit(homes, "lixi"), other.submit(homes, "qingyuan")
    assert [job.result() for job in asked] == [{two / "home" / "lixi"}, {two / "home" / "qingyuan"}]


@pytest.fixture
def shouwang(monkeypatch):
    """``shouwang WORDS`` in this process; how it ends."""

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["shouwang", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    return run


def test_the_command_line_is_told_which_county(two, shouwang, capsys):
    assert shouwang("init") == 2
    assert "name one: shouwang --county KEY" in " ".join(capsys.readouterr().err.split())
    assert shouwang("--county", "lixi", "init") == 0
    assert (two / "home" / "lixi" / "shouwang.db").exists()
    assert not (two / "home" / "qingyuan").exists()
    assert shouwang("init") == 2  # the county of the command before is forgotten


def test_counties_share_a_postgresql_and_nothing_in_it(two, monkeypatch, postgresql_url):
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", postgresql_url)
    for key in ("lixi", "qingyuan"):
        with serving(key):
            handover.init()
            handover.init()
    with house_of("lixi").database.write() as connection:
        audit(connection, "release", "红土镇", "张三")
    with house_of("qingyuan").database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(audit_event)).scalar() == 0
        assert connection.execute(sa.text("SELECT current_schema()")).scalar() == "qingyuan"
    engine = sa.create_engine(postgresql_url)
    with engine.connect() as connection:
        versions = sa.text("SELECT schemaname FROM pg_tables WHERE tablename = 'alembic_version'")
        assert set(connection.execute(versions).scalars()) >= {"lixi", "qingyuan"}
    engine.dispose()


@pytest.mark.slow
def test_one_county_s_trouble_never_touches_another(
    two, shouwang, monkeypatch, tmp_path, made_county
):
    county = made_county(tmp_path / "made", households=150, seed=11)
    month, registry = "2026-09", str(county.registry)
    shutil.copytree(two / "counties" / "qingyuan", two / "counties" / "mengla")
    for key in ("lixi", "mengla", "qingyuan"):
        shutil.copytree(county.inbox, two / "in" / key)
    monkeypatch.setenv("SHOUWANG_INBOX", str(two / "in"))

    def exported(*whose: str) -> dict[str, bytes]:
        assert shouwang(*whose, "init") == 0
        assert shouwang(*whose, "registry", "load", registry, "--as-of", month) == 0
        assert shouwang(*whose, "run", month) in (0, 3)
        assert shouwang(*whose, "release", month, "--by", "张三") == 0
        files = {
            kind: tmp_path / f"{kind}.csv"
            for kind in ("matches", "rejects", "signals", "warnings", "cases")
        }
        for kind, file in files.items():
            assert shouwang(*whose, "export", kind, "--month", month, "--out", str(file)) == 0
        return {kind: file.read_bytes() for kind, file in files.items()}

    contract = two / "counties" / "lixi" / "departments" / "water.yaml"
    contract.write_text(contract.read_text("utf-8").replace("type: name", "type: nmae"), "utf-8")
    (two / "home" / "mengla").mkdir(parents=True)
    (two / "home" / "mengla" / "shouwang.db").write_bytes(b"not a database" * 999)
    for key in ("lixi", "mengla"):
        assert shouwang("--county", key, "init") == 1, key
        assert shouwang("--county", key, "run", month) == 1, key
    among_others = exported("--county", "qingyuan")
    assert shouwang("counties") == 0

    monkeypatch.delenv("SHOUWANG_COUNTIES")
    monkeypatch.setenv("SHOUWANG_HOME", str(two / "alone"))
    monkeypatch.setenv("SHOUWANG_INBOX", str(county.inbox))
    assert exported() == among_others
    assert all(among_others.values())
