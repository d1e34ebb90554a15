"""Roles and pools of counties as docker-compose makes them, in a scratch Airflow with FAB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RIGHTS = ("see", "see runs", "start", "approve", "switch off")


@pytest.fixture(scope="module")
def told(airflow_environment, tmp_path_factory, project):
    """What people may do, and which pools there are, after `docker/counties.sh`."""
    top = tmp_path_factory.mktemp("fab")
    for key in ("qingyuan", "lixi"):
        shutil.copytree(project / "include" / "county", top / "counties" / key)
    (top / "counties" / "lixi" / "registry.yaml").write_text(
        "columns: ["
    )  # one county's trouble stops no preparation
    shutil.copytree(top / "counties" / "qingyuan", top / "counties" / "mengla")
    environment = {
        **airflow_environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AIRFLOW_HOME": str(top / "airflow"),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "SHOUWANG_COUNTIES": str(top / "counties"),
        "SHOUWANG_HOME": str(top / "home"),
        "SHOUWANG_POOL_SLOTS": "3",
    }

    def run(*words: str | Path) -> str:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}:\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    run("airflow", "db", "migrate")
    assert "lixi: not prepared" in run(project / "docker" / "counties.sh")
    assert (top / "home" / "mengla" / "shouwang.db").exists()
    return json.loads(
        run(sys.executable, Path(__file__).with_name("permissions.py"))
        .split("RESULT")[1]
        .splitlines()[0]
    )


def test_a_clerk_sees_and_approves_only_his_county_s(told):
    clerk = told["clerk"]
    assert {right for right in RIGHTS if clerk[f"{right} qingyuan.release"]} == set(RIGHTS)
    assert not any(clerk[f"{right} lixi.release"] for right in RIGHTS)


def test_a_viewer_of_a_county_only_looks(told):
    assert {right for right in RIGHTS if told["viewer"][f"{right} qingyuan.release"]} == {
        "see",
        "see runs",
    }
    assert not any(told["viewer"][f"{right} lixi.release"] for right in RIGHTS)


def test_who_has_no_county_sees_none(told):
    assert not any(allowed for allowed in told["stranger"].values())


def test_each_county_has_a_pool(told):
    assert {
        key: slots for key, slots in told["pools"].items() if key != "default_pool"
    } == dict.fromkeys(("lixi", "mengla", "qingyuan"), 3)
