"""What the tests are run by."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from demo.county import DemoCounty


def test_every_room_has_tests_of_its_own(project: Path) -> None:
    for room in sorted((project / "include" / "shouwang").iterdir()):
        if not (room / "__init__.py").exists():
            continue
        command = [
            "make",
            "--no-print-directory",
            "--eval=say: ; @echo $(ROOM_TESTS)",
            "say",
            f"ROOM={room.name}",
        ]
        said = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
        paths = said.stdout.split()
        assert paths, room.name
        assert [path for path in paths if not (project / path).exists()] == []


def test_what_is_done_to_a_made_county_is_not_done_to_the_next(
    made_county: Callable[..., DemoCounty], tmp_path: Path
) -> None:
    first = made_county(tmp_path / "first", households=20)
    inbox = {path.name: path.read_bytes() for path in first.inbox.rglob("*") if path.is_file()}
    for path in first.inbox.rglob("*.*"):
        path.unlink()
    again = made_county(tmp_path / "again", households=20)
    assert again.folder == tmp_path / "again"
    assert inbox == {
        path.name: path.read_bytes() for path in again.inbox.rglob("*") if path.is_file()
    }
    assert (again.registry.exists(), again.people) == (True, first.people)
