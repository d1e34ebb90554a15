"""The plugin's folder, and waiting for files that have settled."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import subprocess
import sys

LIST_PLUGINS = """
import json, sys
from airflow import plugins_manager
from airflow._shared.module_loading import find_path_from_directory
files = [path for path in find_path_from_directory(sys.argv[1], ".airflowignore", "glob") if path.endswith(".py")]
print("RESULT" + json.dumps({
    "files": files,
    "timetables": list(plugins_manager.get_timetables_plugins()),
    "errors": plugins_manager.get_import_errors(),
}))
"""


def test_airflow_scans_one_file_and_it_shadows_nothing(airflow_environment, project):
    done = subprocess.run(
        [sys.executable, "-c", LIST_PLUGINS, str(project / "plugins")],
        env=airflow_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.rsplit("RESULT", 1)[1])
    assert [path.rpartition("/")[2] for path in seen["files"]] == ["shouwang_plugin.py"]
    assert seen["timetables"] == ["shouwang_plugin.HandoverTimetable"]
    assert seen["errors"] == {}


def wait_for(plugin, folder, seconds: float, known: str = "", touch=None) -> str:
    """What the trigger fires with."""

    async def run() -> str:
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
        trigger = plugin.SettledFolderTrigger(
            folder=str(folder), until=until.isoformat(), known=known, seconds=0.02
        )
        look, looks = trigger.look, []
        if touch:
            trigger.look = lambda: (looks.append(touch(len(looks))), look())[1]
        return await anext(event.payload async for event in trigger.run())

    return asyncio.run(run())


def test_files_that_stand_still_end_the_waiting(plugin, tmp_path):
    (tmp_path / "台账.xlsx").write_text("all of it")
    assert wait_for(plugin, tmp_path, 30)


def test_a_file_that_still_grows_is_waited_for(plugin, tmp_path):
    file = tmp_path / "台账.csv"

    def copy_on(look: int) -> None:
        if look < 5:
            file.write_text("x" * (look + 1))

    assert wait_for(plugin, tmp_path, 30, touch=copy_on)
    assert file.read_text() == "x" * 5


def test_the_waiting_ends_at_the_deadline(plugin, tmp_path):
    assert wait_for(plugin, tmp_path / "no such folder", 0.1) == ""


def test_what_was_judged_already_does_not_count(plugin, tmp_path):
    (tmp_path / "note.docx").write_text("not an export")
    seen = wait_for(plugin, tmp_path, 30)
    assert wait_for(plugin, tmp_path, 0.3, known=seen) == ""
    (tmp_path / "台账.csv").write_text("an export")
    assert wait_for(plugin, tmp_path, 30, known=seen)


def test_the_trigger_survives_being_stored(plugin):
    trigger = plugin.SettledFolderTrigger(
        folder="inbox", until="2026-10-10T23:59:59+08:00", known="a", seconds=3.0
    )
    path, words = trigger.serialize()
    assert path == "shouwang_plugin.SettledFolderTrigger"
    assert plugin.SettledFolderTrigger(**json.loads(json.dumps(words))).serialize() == (path, words)
