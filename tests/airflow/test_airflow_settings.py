"""What docker-compose.yaml and the Helm values tell Airflow: settings that it has, and the same in
both."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import chart

KNOWN = """
import json
from airflow.configuration import conf
from airflow.providers_manager import ProvidersManager
ProvidersManager().initialize_providers_configuration()
print("RESULT" + json.dumps({s: sorted(d["options"]) for s, d in conf.configuration_description.items()}))
"""


@pytest.fixture(scope="module")
def known(airflow_environment: dict[str, str]) -> dict[str, list[str]]:
    """Airflow's sections and their options, those of its providers too."""
    done = subprocess.run(
        [sys.executable, "-c", KNOWN],
        env=airflow_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout.rsplit("RESULT", 1)[1])
    return found


@pytest.fixture(scope="module")
def compose(project: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(
        (project / "docker-compose.yaml").read_text(encoding="utf-8")
    )
    return told


@pytest.fixture(scope="module")
def values(project: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(
        (project / "docker" / "helm" / "values.yaml").read_text(encoding="utf-8")
    )
    return told


@pytest.fixture(scope="module")
def job(project: Path) -> dict[str, Any]:
    """The pod that prepares the database in a cluster."""
    documents = yaml.safe_load_all(
        (project / "docker" / "helm" / "prepare.yaml").read_text(encoding="utf-8")
    )
    (found,) = (each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Job")
    return dict(found)


def settings_of(compose: dict[str, Any]) -> dict[tuple[str, str], str]:
    """What the file tells Airflow, by section and option; a variable's default for the variable."""
    told = {}
    for key, value in compose["services"]["worker"]["environment"].items():
        if found := re.fullmatch("AIRFLOW__([A-Z_]+?)__([A-Z_]+)", key):
            told[found[1].lower(), found[2].lower()] = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
    return told


def test_every_setting_of_the_compose_file_is_one_of_airflows(compose, known) -> None:
    told = settings_of(compose)
    assert len(told) > 10
    assert [
        (section, option) for section, option in told if option not in known.get(section, ())
    ] == []


def test_every_setting_of_the_helm_values_is_one_of_airflows(values, known) -> None:
    told = [
        (section, option) for section, options in values["config"].items() for option in options
    ]
    assert len(told) > 10
    assert [
        (section, option) for section, option in told if option not in known.get(section, ())
    ] == []


def test_both_deployments_tell_airflow_the_same(compose, values) -> None:
    by_compose = settings_of(compose)
    by_helm = {
        (section, option): v
        for section, options in values["config"].items()
        for option, v in options.items()
    }
    different = {
        key for key in by_compose.keys() & by_helm.keys() if by_compose[key] != by_helm[key]
    }
    assert different == {
        ("api", "base_url"),
        ("core", "parallelism"),  # slots of workers, pods
        ("fab", "cookie_secure"),  # there is an ingress with TLS
    }
    assert by_compose.keys() - by_helm.keys() == {
        ("core", "executor"),  # the chart's own key
        ("core", "execution_api_server_url"),  # the chart knows its services' names
        ("scheduler", "enable_health_check"),
        ("scheduler", "task_queued_timeout"),  # a pod may take its time to start
        ("fab", "enable_proxy_fix"),  # the chart sets it
        ("celery", "extra_celery_config"),  # there a pod runs one task
        ("celery_broker_transport_options", "visibility_timeout"),  # nor is there a broker
    }
    assert values["executor"] == "KubernetesExecutor"


def test_image_places_and_environment_are_the_same_in_both(
    compose, values, job, project: Path
) -> None:
    worker = compose["services"]["worker"]
    image = values["images"]["airflow"]
    assert worker["image"] == f"shouwang:${{SHOUWANG_VERSION:-{image['tag']}}}"
    assert job["containers"][0]["image"] == f"{image['repository']}:{image['tag']}"
    assert worker["user"] == f"{values['uid']}:{values['gid']}"
    by_helm = {each["name"]: each["value"] for each in values["env"]}
    for name in ("SHOUWANG_HOME", "SHOUWANG_COUNTY"):
        assert by_helm[name] == worker["environment"][name]
        assert {each["name"]: each.get("value") for each in job["containers"][0]["env"]}[
            name
        ] == by_helm[name]
    places = {volume.rpartition(":ro")[0] or volume for volume in worker["volumes"]}
    mounted = {place.rpartition(":")[2] for place in places}
    assert {mount["mountPath"] for mount in values["volumeMounts"]} == mounted - {
        "/opt/airflow/logs"
    }
    assert values["volumeMounts"] == job["containers"][0]["volumeMounts"]
    assert values["logs"]["persistence"]["enabled"]
    assert (
        f"apache-airflow=={values['airflowVersion']}\n" in (project / "requirements.in").read_text()
    )


def test_the_chart_makes_no_user_with_a_password_that_everybody_knows(values) -> None:
    assert values["createUserJob"] == {"enabled": False}


def test_every_claim_that_the_values_name_may_be_used_on_several_machines(
    values, project: Path
) -> None:
    documents = yaml.safe_load_all(
        (project / "docker" / "helm" / "prepare.yaml").read_text(encoding="utf-8")
    )
    claims = {
        d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == "PersistentVolumeClaim"
    }
    named = {volume["persistentVolumeClaim"]["claimName"] for volume in values["volumes"]}
    assert named | {"shouwang-backups"} | {values["logs"]["persistence"]["existingClaim"]} == set(
        claims
    )
    assert all(spec["accessModes"] == ["ReadWriteMany"] for spec in claims.values())


def test_the_image_can_run_the_executor_of_either_deployment(
    compose, values, airflow_environment
) -> None:
    names = [
        compose["services"]["worker"]["environment"]["AIRFLOW__CORE__EXECUTOR"],
        values["executor"],
    ]
    code = (
        "import sys; from airflow._shared.module_loading import import_string\n"
        "from airflow.executors.executor_loader import ExecutorLoader\n"
        "for name in sys.argv[1:]: import_string(ExecutorLoader.executors[name])"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, *names]
    done = subprocess.run(
        command, env=airflow_environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


PARSED = """
import json, sys
from airflow.cli.cli_parser import get_parser
for words in json.loads(sys.argv[1]):
    get_parser().parse_args(words)
"""


def test_airflow_has_every_command_that_the_chart_calls_with_its_options(
    values, airflow_environment
) -> None:
    words = [
        [re.sub(r"\$\(date .*\)", "2026-01-01T00:00:00Z", word) for word in chart.inner(command)]
        for command in chart.called(values).values()
    ]
    start = [one.index("airflow") if "airflow" in one else None for one in words]
    commands = [one[at + 1 :] for one, at in zip(words, start, strict=True) if at is not None]
    assert len(commands) > 8
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PARSED, json.dumps(commands)],
        env=airflow_environment | {"AIRFLOW__CORE__EXECUTOR": values["executor"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    module = next(one[2] for one in words if one[:2] == ["python", "-m"])
    assert importlib.util.find_spec(module)


def test_without_files_of_secrets_the_entrypoint_only_runs_its_command(
    project: Path, tmp_path: Path
) -> None:
    """As in a cluster, where the chart's environment says everything."""
    command = [project / "docker" / "entrypoint.sh", "env"]
    for folder in ({}, {"SECRETS": str(tmp_path)}):
        done = subprocess.run(
            command,
            env={"PATH": "/usr/bin:/bin"} | folder,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "SHOUWANG_DATABASE_URL" not in done.stdout
