from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from services import postgresql

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.needs("postgresql")
def test_a_postgresql_of_our_own_answers_and_is_gone_afterwards():
    with postgresql() as url:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            (encoding,) = connection.execute("show server_encoding").fetchone()
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        assert encoding == "UTF8"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


TESTS = """
    import pytest

    def test_that_runs(): pass

    @pytest.mark.needs("unicorn")
    def test_that_needs_what_is_not_here(): pass

    def test_that_skips(): pytest.skip("a whim")

    @pytest.mark.root
    def test_that_is_about_root(): pass
"""


BESIDE = """
from services import Program

PROGRAMS["unicorn"] = Program(("unicorn",), "horses")
os.geteuid = lambda: {who}
"""


def run_tests(folder: Path, *words: str, who: int = 0, **env: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST.read_text() + BESIDE.format(who=who))
    (folder / "test_it.py").write_text(textwrap.dedent(TESTS))
    kept = {
        key: value
        for key, value in os.environ.items()
        if key != "CI" and not key.startswith("PYTEST")
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            *words,
            str(folder),
            "--rootdir",
            folder,
        ],
        env={**kept, "PYTHONPATH": str(CONFTEST.parent), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_on_a_developers_machine_what_needs_a_missing_program_is_left_out_and_said(tmp_path):
    said = run_tests(tmp_path)
    assert "unicorn (apt-get install horses)" in said
    assert "2 passed, 1 skipped, 1 deselected" in said


def test_in_ci_nothing_is_skipped(tmp_path):
    said = run_tests(tmp_path, CI="true")
    assert "needs unicorn; install it: apt-get install horses" in said
    assert "nothing may be skipped in CI" in said
    assert "2 passed" in said
    assert "skipped," not in said


@pytest.mark.parametrize("ci", ["", "true"])
def test_an_ordinary_user_leaves_out_what_is_about_root_and_says_so(tmp_path, ci):
    ran, by_root = tmp_path / "ran", tmp_path / "by-root"
    said = run_tests(tmp_path, "--ran", str(ran), who=1000, CI=ci)
    assert "the tests that are about root are left out (make test-root)" in said
    run_tests(tmp_path, "--ran", str(by_root), "-m", "root", CI=ci)
    assert by_root.read_text() == "test_it.py::test_that_is_about_root\n"
    names = {line.rpartition("::")[2] for line in ran.read_text().splitlines()}
    assert names == {
        "test_that_runs",
        "test_that_skips",
        *(["test_that_needs_what_is_not_here"] if ci else []),
    }
