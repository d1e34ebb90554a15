"""Our conventions for DAGs, and what they look like; the picture is ``dags.txt``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

EXPECTED = {
    "exchange_civil_affairs": "exchange.py",
    "exchange_education": "exchange.py",
    "exchange_housing": "exchange.py",
    "exchange_medical_insurance": "exchange.py",
    "exchange_water": "exchange.py",
    "followup": "followup.py",
    "papers": "papers.py",
    "registry": "registry.py",
    "release": "release.py",
    "screening": "screening.py",
}
HEAVY = {
    "pandas",
    "numpy",
    "pyarrow",
    "openpyxl",
    "xlsxwriter",
    "great_expectations",
    "python_calamine",
    "duckdb",
}


def picture(dags: dict) -> str:
    """Every DAG with its schedule, tasks and edges as text."""
    lines = []
    for dag_id, tasks in sorted(dags["tasks"].items()):
        timetable = dags["dags"][dag_id]["timetable"]
        settings = timetable["__var"]
        month_days = (
            f" day {settings['day']} months {settings['months'] or 'all'}"
            if "day" in settings
            else ""
        )
        lines.append(f"{dag_id}  [{timetable['__type'].rpartition('.')[2]}{month_days}]")
        for task_id, task in tasks.items():
            marks = [task["rule"]] if task["rule"] != "all_success" else []
            marks += ["mapped"] if task["mapped"] else []
            marks += [f"emits {name}" for name in task["outlets"]]
            note = f"  ({', '.join(marks)})" if marks else ""
            lines.append(
                f"    {task_id}{note}" + (f" -> {', '.join(task['down'])}" if task["down"] else "")
            )
    return "\n".join(lines) + "\n"


def test_every_file_is_read_without_error(dags):
    assert dags["errors"] == {}
    assert {dag_id: Path(path).name for dag_id, path in dags["files"].items()} == EXPECTED


@pytest.fixture(scope="module")
def deployed(read_dags, tmp_path_factory):
    """The DAG files as a deployment reads them whose secrets are files."""
    secrets = tmp_path_factory.mktemp("secrets")
    (secrets / "airflow_password").touch()
    return read_dags(SECRETS=str(secrets))


def test_a_deployment_looks_after_airflow_too(deployed, dags):
    assert deployed["errors"] == {}
    assert set(deployed["dags"]) - set(dags["dags"]) == {"maintenance"}
    dag = deployed["dags"]["maintenance"]
    assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
    assert all(
        heading in dag["doc_md"] for heading in ("**What.**", "**When.**", "**If it fails.**")
    )
    for task in deployed["tasks"]["maintenance"].values():
        assert (task["owner"], task["retries"], task["timeout"]) == ("shouwang", 3, 3600)


def test_the_picture_of_the_dags_is_the_one_we_know(deployed):
    known = Path(__file__).with_name("dags.txt")
    assert picture(deployed) == known.read_text(encoding="utf-8"), (
        f"if this is meant, write it to {known}"
    )


def test_reading_the_dags_imports_nothing_heavy(dags):
    assert HEAVY.isdisjoint(dags["imported"])
    assert (
        dags["seconds"] < 5
    )  # the budget is 1 s a file on a quiet machine; the benchmark holds it


@pytest.mark.parametrize("dag_id", EXPECTED)
def test_every_dag_is_said_and_explained(dags, dag_id):
    dag = dags["dags"][dag_id]
    assert dag["catchup"] is False
    assert dag["max_active_runs"] in (1, 4, 200)  # those of `release` wait for people
    assert "shouwang" in dag["tags"]
    assert len(dag["tags"]) > 1  # what kind of DAG it is, so that the list can be filtered
    for heading in ("**What.**", "**When.**", "**If it fails.**"):
        assert heading in dag["doc_md"]


def test_every_asset_says_what_its_event_means_whose_it_is_and_what_its_partitions_are(dags):
    assert set(dags["assets"]) == {"month_settled", "month_screened", "registry"}
    for extra in dags["assets"].values():
        assert re.search(r"[\u4e00-\u9fff]", extra["description"])
        assert extra["owner"] == "示范县乡村振兴局"
        assert extra["partition"] == "data month (批次), YYYY-MM"


@pytest.mark.parametrize("dag_id", EXPECTED)
def test_every_task_is_tried_again_with_growing_patience(dags, dag_id):
    for task_id, task in dags["tasks"][dag_id].items():
        assert task["owner"] == "shouwang"
        assert task["retries"] == 3
        assert task["backoff"] == 2.0
        assert task["timeout"] == (
            None if task_id == "approve" else 3600
        )  # a person takes the time that it takes


def test_dags_say_what_is_in_force_instead_of_leaving_it_to_airflow():
    for path in (Path(__file__).resolve().parents[2] / "dags").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("@dag(") == text.count("catchup=") == text.count("max_active_runs=")


def test_a_department_is_added_by_its_contract_alone(read_dags, tmp_path, project):
    folder = tmp_path / "county"
    shutil.copytree(project / "include" / "county", folder)
    settings = folder / "county.yaml"
    text = settings.read_text("utf-8").replace("handover_day: 5", "handover_day: 8")
    settings.write_text(text.replace("holidays: {}", "holidays: {2027-01-08: true}"), "utf-8")
    for path in (folder / "departments").iterdir():
        path.unlink()
    (folder / "departments" / "disaster.yaml").write_text(
        "department: disaster\ntitle: 应急局\ndataset: losses\ndataset_title: 灾损\ncadence: {months: [6, 7]}\n"
        "columns: {name: {type: name, required: true}, village: {type: text}}\n"
    )
    read = read_dags(SHOUWANG_COUNTY=str(folder))
    assert read["errors"] == {}
    assert [dag_id for dag_id in read["dags"] if dag_id.startswith("exchange")] == [
        "exchange_disaster"
    ]
    settings = read["dags"]["exchange_disaster"]["timetable"]["__var"]
    assert (settings["day"], settings["months"], settings["days_off"]) == (
        8,
        [6, 7],
        {"2027-01-08": True},
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory, project):
    """Configuration of three counties: one is sound, one has a slip in a contract, one a name that
    cannot be."""
    top = tmp_path_factory.mktemp("counties")
    for key in ("qingyuan", "lixi", "No Key"):
        shutil.copytree(project / "include" / "county", top / key)
    broken = top / "lixi" / "departments" / "water.yaml"
    broken.write_text(broken.read_text("utf-8") + "\ncolumns: [\n", encoding="utf-8")
    return top


@pytest.fixture(scope="module")
def many(read_dags, three):
    return read_dags(
        SHOUWANG_COUNTIES=str(three), SHOUWANG_POOL_SLOTS="4", AIRFLOW__CORE__AUTH_MANAGER=FAB
    )


FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


def test_a_county_of_many_has_its_own_dags_with_its_tag_pool_role_and_asset(many):
    assert many["errors"] == {}
    own = {dag_id: dag for dag_id, dag in many["dags"].items() if dag_id.startswith("qingyuan.")}
    assert set(own) == {f"qingyuan.{name}" for name in EXPECTED}
    for dag in own.values():
        assert "qingyuan" in dag["tags"]
        assert {each["__var"]["pool"] for each in dag["tasks"] if "pool" in each["__var"]} <= {
            "qingyuan"
        }
        assert set(dag["access_control"]["__var"]) == {"qingyuan", "qingyuan_viewer"}
    assert many["tasks"]["qingyuan.exchange_water"]["settle"]["outlets"] == [
        "qingyuan.month_settled"
    ]
    assert "x-shouwang://qingyuan/month/settled" in str(own["qingyuan.screening"]["timetable"])


def test_a_county_that_cannot_be_read_says_what_to_mend_and_takes_nobody_else_s_dags(many):
    assert {dag_id for dag_id in many["dags"] if not dag_id.startswith("qingyuan.")} == {
        "lixi.unsound",
        "No_Key.unsound",
    }
    told = many["dags"]["lixi.unsound"]["doc_md"]
    assert re.search(r"water\.yaml, line \d+: .*Look at the indentation", told)
    assert "is no key of a county" in many["dags"]["No_Key.unsound"]["doc_md"]


def test_a_county_s_mistake_of_any_kind_costs_that_county_one_dag_that_says_so(
    read_dags, project, tmp_path
):
    """Months that are none, text that is no text, a folder in a file's place, a cron's zone."""

    def in_file(key: str, name: str, old: bytes, new: bytes) -> None:
        path = tmp_path / key / name
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))

    counties = ("sound", "months", "bytes", "folder", "zone")
    for key in counties:
        shutil.copytree(project / "include" / "county", tmp_path / key)
    in_file("months", "departments/education.yaml", b"months: [3, 9]", b"months: [3, 13]")
    in_file("bytes", "departments/water.yaml", "水利局".encode(), b"\xff\xfe")
    (tmp_path / "folder" / "county.yaml").unlink()
    (tmp_path / "folder" / "county.yaml").mkdir()
    in_file("zone", "county.yaml", b"Asia/Shanghai", b"Asia/Nowhere")
    read = read_dags(SHOUWANG_COUNTIES=str(tmp_path))
    assert read["errors"] == {}
    assert set(read["dags"]) == {
        *(f"sound.{name}" for name in EXPECTED),
        *(f"{key}.unsound" for key in counties if key != "sound"),
    }
    for key, word in (("months", "13"), ("bytes", "water.yaml"), ("folder", "county.yaml")):
        assert word in read["dags"][f"{key}.unsound"]["doc_md"]


def test_many_counties_read_twice_are_the_same(many, read_dags, three):
    again = read_dags(
        SHOUWANG_COUNTIES=str(three),
        SHOUWANG_POOL_SLOTS="4",
        AIRFLOW__CORE__AUTH_MANAGER=FAB,
        PYTHONHASHSEED="2",
    )
    assert again["dags"] == many["dags"]
