"""A month by hand: every command of it prints what it did, and ends as it should."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo.county import make_county
from shouwang.cli.app import app
from shouwang.core.month import Month

MONTH = "2026-09"
RULES = "include/county/rules.yaml"
COMMANDS = f"""
init
registry load {{registry}} --as-of {MONTH}
counties
config check
contract check include/county/departments/water.yaml
contract check {{water}} --department water
contract learn water
rules check
rules show MED-1
run {MONTH}
rules try {{rules}} --months {MONTH} --out {{home}}/trial.xlsx --chart {{home}}/trial.svg
rules score
questions
match report {MONTH}
review write {MONTH}
review list
versions list {MONTH} water
scorecard
secrets make
secrets rotate --township 双河镇
secrets show --township 双河镇 --by 测试员
release {MONTH} --by 测试员 --hold-back 鹿鸣镇 --reason 试
release {MONTH} --by 测试员
send {MONTH}
sent {MONTH}
case list
case list --on 2027-01-05 --overdue
case show 532900000107
papers story 532900000107 --by 测试员 --out {{home}}
overdue --on 2027-01-05
overdue --due
case form --township 双河镇
returns collect
returns held
papers supervision --by 测试员
results {MONTH}
bulletin {MONTH}
registry check {MONTH} --by 测试员
export warnings --month {MONTH} --out {{home}}/warnings.csv
audit check
audit export --out {{home}}/audit.csv
keys list
backup {{home}}/backup.zip --keys {{home}}/keys.zip
expire --dry-run
runs
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory, project: Path) -> dict[str, str]:
    """What each command printed."""
    home = tmp_path_factory.mktemp("month")
    county = make_county(
        home / "county", households=120, months=(Month.parse(MONTH),), seed=5, dirt=False
    )
    named = {
        "home": home,
        "registry": county.registry,
        "rules": project / RULES,
        "water": next(path for path in (county.inbox / MONTH / "water").iterdir()),
    }
    done = {}
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()):
        patch.chdir(project)
        patch.setenv("SHOUWANG_HOME", str(home / "home"))
        patch.setenv("SHOUWANG_INBOX", str(county.inbox))
        patch.setenv("SHOUWANG_TODAY", "2026-10-12")
        for words in COMMANDS.strip().splitlines():
            ended = CliRunner().invoke(app, [word.format(**named) for word in words.split()])
            assert ended.exit_code == 0, f"{words}: {ended.output} {ended.exception!r}"
            done[words.split(" {")[0]] = ended.stdout
    return done


def test_every_command_of_a_month_prints_something(printed: dict[str, str]):
    silent = [words for words, text in printed.items() if not text.strip()]
    assert silent == []
