"""The Makefile, CI, checks and deployment files are what the documents say."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from services import PROGRAMS, path_of

TARGETS = [
    "help",
    "venv",
    "demo",
    "up",
    "down",
    "test",
    "test-root",
    "lint",
    "bench",
    "docs",
    "pictures",
    "sbom",
    "lock",
    "clean",
]


def test_make_alone_lists_its_targets(project):
    said = subprocess.run(["make"], cwd=project, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([\w-]+) +\S", said, flags=re.M) == TARGETS


def test_ci_installs_what_tests_need(project):
    script = (project / ".ci" / "run").read_text()
    subprocess.run(["bash", "-n", project / ".ci" / "run"], check=True)
    for program in PROGRAMS.values():
        assert f"need {program.package} " in script
    assert "set -euo pipefail" in script


def test_ci_tests_as_an_ordinary_user_and_sees_that_every_test_ran_once(project):
    script = (project / ".ci" / "run").read_text()
    calls = re.findall(r"^(as_user )?make ([\w-]+)", script, flags=re.M)
    assert calls == [("as_user ", "venv"), ("as_user ", "lint"), ("as_user ", "test"), ("", "test-root")]
    assert "--bounding-set=-all" in script
    assert "--no-new-privs" in script
    assert 'diff "$top/all" "$top/ran"' in script


def test_pre_commit_runs_the_same_checks_as_make_lint(project):
    settings = yaml.safe_load((project / ".pre-commit-config.yaml").read_text())
    entries = " ".join(hook["entry"] for repo in settings["repos"] for hook in repo["hooks"])
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert f".venv/bin/{tool}" in entries
        assert tool in (project / "Makefile").read_text()


def test_requirements_are_locked_with_hashes_and_without_addresses(project):
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (project / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        pinned = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==[^\s;]+", text, flags=re.M)
        assert len(pinned) > 100
        assert len(re.findall(r"^[a-z0-9]", text, flags=re.M)) == len(pinned)
        assert all("--hash=sha256:" in block for block in re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:])


@pytest.fixture(scope="module")
def compose(project):
    return yaml.safe_load((project / "docker-compose.yaml").read_text())


def test_a_deployment_has_all_its_parts_and_each_says_whether_it_is_well(compose):
    services = compose["services"]
    assert set(services) == {
        "postgres",
        "redis",
        "prepare",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
        "dropbox",
        "porter",
    }
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["prepare"]  # runs once
    assert services["scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


def test_versions_are_pinned(compose, project):
    bases = re.findall(r"^FROM (\S+)", (project / "Dockerfile").read_text(), flags=re.M)
    images = [service["image"] for service in compose["services"].values()]
    for image in [*bases, *images]:
        assert re.search(r":\S*\d+\.\d+", image), image


def test_only_this_machine_sees_the_ports_unless_told_otherwise(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(re.match(r"\$\{\w*BIND:-127\.0\.0\.1\}:", port) for port in ports)


def test_no_secret_is_in_the_repository(compose, project):
    ignored = (project / ".gitignore").read_text().split()
    assert {"secrets/", ".env"} <= set(ignored)
    example = (project / ".env.example").read_text()
    for name, secret in compose["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        assert name in example
    settings = [
        f"{key}={value}" for s in compose["services"].values() for key, value in s.get("environment", {}).items()
    ]
    secretive = [line for line in settings if re.search("PASSWORD|KEY|SECRET", line.split("=")[0])]
    assert all(line.split("=", 1)[1].startswith("/run/secrets/") for line in secretive)


def test_every_variable_of_the_deployment_has_a_default_and_is_explained(project):
    used = set(re.findall(r"(?<!\$)\$\{(\w+):-", (project / "docker-compose.yaml").read_text()))
    bare = re.findall(r"(?<!\$)\$\{(\w+)\}", (project / "docker-compose.yaml").read_text())
    told = set(re.findall(r"^(\w+)=", (project / ".env.example").read_text(), flags=re.M))
    assert bare == []
    assert used == told - {"COMPOSE_PROJECT_NAME"}


def test_no_service_can_do_more_than_it_must(compose):
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    as_root = {name for name, service in compose["services"].items() if "user" not in service}
    assert as_root == {name for name, service in compose["services"].items() if "cap_add" in service} == {"dropbox"}


def test_only_the_preparation_has_the_owners_password_and_the_drop_box_does_not_see_the_house(compose):
    holders = {name for name, s in compose["services"].items() if "shouwang_owner_password" in s.get("secrets", ())}
    assert holders == {"postgres", "prepare"}
    assert not [volume for volume in compose["services"]["dropbox"]["volumes"] if volume.startswith("house:")]
    assert compose["services"]["porter"]["network_mode"] == "none"


def test_health_checks_that_need_a_secret_get_it_from_the_entrypoint(compose):
    """A health check is a program beside the service's: it has nothing of what the entrypoint exported."""
    for name in ("dag-processor", "triggerer", "worker"):
        assert compose["services"][name]["healthcheck"]["test"][1].startswith("/opt/shouwang/docker/entrypoint.sh ")


@pytest.mark.needs("shellcheck")
def test_the_scripts_of_the_deployment_have_no_known_mistakes(project):
    scripts = [*(project / "docker").glob("*.sh"), project / ".ci" / "run"]
    assert len(scripts) > 4
    done = subprocess.run([path_of("shellcheck"), *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("docker-compose")
def test_docker_compose_understands_the_deployment(project):
    command = [path_of("docker-compose"), "--env-file", ".env.example", "config", "-q"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
