"""What every command has: a message, a page of the documentation, help without waiting."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
import yaml

from shouwang.cli import rooms
from shouwang.cli.app import app
from shouwang.cli.terminal import MESSAGES, show

PROJECT = Path(__file__).resolve().parents[2]


def paths(command: click.Command, words: str = "") -> Iterator[str]:
    for name, child in getattr(command, "commands", {}).items():
        yield from paths(child, f"{words} {name}".strip())
    if not hasattr(command, "commands"):
        yield words


def test_every_command_has_a_message_and_every_message_a_command():
    messages = yaml.safe_load(MESSAGES.read_text(encoding="utf-8"))
    assert sorted(paths(typer.main.get_command(app))) == sorted(messages)


def test_generated_pages_are_what_the_program_says():
    place = PROJECT / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", place)
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for path, text in generate.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"run `make docs`: {path.name}"


def test_help_loads_nothing_that_takes_long():
    code = (
        "import sys; from shouwang.cli.app import app; import typer;"
        "typer.main.get_command(app).get_help; "
        "print([n for n in ('pandas','sqlalchemy','yaml','pydantic','jinja2') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_room_s_module_is_found_under_the_name_that_types_are_checked_by():
    tree = ast.parse(Path(rooms.__file__).read_text(encoding="utf-8"))
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    assert len(imports) > 10
    for each in (each for each in imports if each.module.startswith("shouwang.")):
        for alias in each.names:
            module = getattr(rooms, alias.asname or alias.name)
            assert module.__name__ == f"{each.module}.{alias.name}"


def test_what_departments_wrote_is_no_markup(capsys: pytest.CaptureFixture[str]):
    name = "[red]水利局[/red] [/] :smile: \\"
    show("review write", {"reviews": 1200, "file": name})
    show("results", [{"department": name, "status": "written"}])
    printed = capsys.readouterr().out
    assert printed.count(name) == 2
    assert printed.startswith("1200 to decide")


def test_a_row_of_a_table_may_lack_what_another_has(capsys: pytest.CaptureFixture[str]):
    show("results", [{"department": "water", "status": "nothing"}, {"department": "x", "rows": 3}])
    assert "None" not in capsys.readouterr().out
