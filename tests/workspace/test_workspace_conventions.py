"""The Makefile, CI, checks and deployment files are what the documents say."""

from __future__ import annotations

import os
import re
import subprocess
import time

import pytest
import yaml

import chart
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
    "image-check",
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
    assert sorted(calls) == [
        ("", "test-root"),
        ("as_user ", "lint"),
        ("as_user ", "test"),
        ("as_user ", "venv"),
    ]
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
        assert all(
            "--hash=sha256:" in block for block in re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
        )


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
        "tools",
        "dropbox",
        "porter",
    }
    assert [name for name, service in services.items() if "healthcheck" not in service] == [
        "prepare",
        "tools",
    ]
    assert services["tools"]["profiles"] == ["tools"]  # only when asked for
    assert services["scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


def test_every_base_image_is_a_release_line_whose_digest_the_operator_writes_down(compose, project):
    """What there is no registry for here cannot be pinned here; docker/renew.sh does, in every
    place that builds."""
    told = dict(
        re.findall(r"^(\w+_IMAGE)=(\S+)$", (project / ".env.example").read_text(), flags=re.M)
    )
    assert all(re.search(r":\d+(\.\d+)?-\w+", image) for image in told.values())
    dockerfile = (project / "Dockerfile").read_text()
    built = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, flags=re.M))
    assert re.findall(r"^FROM \$\{(\w+)\} ", dockerfile, flags=re.M) == list(built)
    asked = {}
    for service in compose["services"].values():
        asked |= service.get("build", {}).get("args", {})
        if found := re.fullmatch(r"\$\{(\w+_IMAGE):-.*\}", service["image"]):
            asked[found[1]] = service["image"]
        else:
            assert re.fullmatch(
                r"shouwang[\w-]*:\$\{SHOUWANG_VERSION:-\d+\.\d+\.\d+\}", service["image"]
            )
    assert asked == {name: f"${{{name}:-{image}}}" for name, image in told.items()}
    assert built == {name: image for name, image in told.items() if name in built}


def test_the_operator_renews_the_base_images_by_one_script(project, tmp_path):
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(
        '#!/bin/sh\ncase $1 in image) echo "${5%%:*}@sha256:$(echo "$5" | cksum | tr -d " ")" ;; esac\n'
    )
    docker.chmod(0o755)
    (tmp_path / "docker").mkdir()
    for name in (".env.example", "docker/renew.sh"):
        (tmp_path / name).write_text((project / name).read_text())
    (tmp_path / ".env").write_text("PORT=1\nPYTHON_IMAGE=python:old\n")
    command = ["sh", tmp_path / "docker" / "renew.sh"]
    for _ in range(2):
        subprocess.run(
            command, env={"PATH": f"{docker.parent}:/usr/bin:/bin"}, check=True, capture_output=True
        )
        written = (tmp_path / ".env").read_text().splitlines()
        assert written[0] == "PORT=1"
        assert len(written) == 5
        assert all(
            re.fullmatch(r"[A-Z]+_IMAGE=[a-z]+:[\d.]+-\S+@sha256:\d+", line) for line in written[1:]
        )


def test_the_image_holds_what_runs_and_nothing_of_this_place(project):
    everything, *kept = [
        line for line in (project / ".dockerignore").read_text().splitlines() if line[:1] not in "#"
    ]
    assert everything == "*"
    named = {line.removeprefix("!") for line in kept if line.startswith("!")}
    assert all((project / name).exists() for name in named)
    assert (
        not {".env", "secrets", ".ci", "docs", "tests", "include", "include/county", ".git"} & named
    )
    assert {"dags", "plugins", "include/shouwang", "expectations", "docker"} <= named
    dockerfile = (project / "Dockerfile").read_text()
    assert "pip install --no-deps --no-build-isolation -e ." in dockerfile
    assert re.search(r"^setuptools==", (project / "requirements.txt").read_text(), flags=re.M)


def test_whatever_the_chart_for_kubernetes_calls_is_in_the_image(project):
    text = (project / "docker" / "helm" / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    assert len(values) == len(re.findall(r"^\w+:", text, flags=re.M)), "a key stands there twice"
    dockerfile = (project / "Dockerfile").read_text().replace("\\\n", " ")
    linked = dict(re.findall(r"ln -s /opt/shouwang/(\S+) (/\S+)", dockerfile))
    in_image = {place: project / ours for ours, place in linked.items()}
    programs = {"python", "airflow", "sh", "bash", "date"}  # the base's; by requirements.txt
    commands = chart.called(values)
    for words in [*commands.values(), *map(chart.inner, commands.values())]:
        paths = [word for word in words if word.startswith("/")]
        assert words[0] in programs | set(paths), words
        for path in paths:
            assert in_image[path].stat().st_mode & 0o111, path
            subprocess.run(["sh", "-n", in_image[path]], check=True)
    switched_on = {
        name for name, said in values.items() if isinstance(said, dict) and said.get("enabled")
    }
    assert switched_on == {"databaseCleanup", "cleanup", "dagProcessor", "triggerer"}
    for part in ("scheduler", "dagProcessor", "triggerer"):
        own = {key for key in values[part] if key in ("command", "args", "livenessProbe")}
        assert not own, "the list of what the chart calls does not know it"
        assert values[part]["logGroomerSidecar"] == {"retentionDays": 200}  # logs of half a year
    for path in re.findall(r"/opt/shouwang/(\w+)", text):
        assert path in (project / ".dockerignore").read_text()


def test_a_pod_that_is_given_nothing_runs_its_command_by_the_image_s_entrypoint(project, tmp_path):
    """As a log groomer of the chart, without a secret and without our environment."""
    old = tmp_path / "logs" / "dag_id=a" / "old.log"
    old.parent.mkdir(parents=True)
    old.touch()
    os.utime(old, (then := time.time() - 201 * 86_400, then))
    script = project / "docker" / "clean-logs.sh"
    command = [project / "docker" / "entrypoint.sh", "bash", script, "once"]
    environment = {"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not old.exists()


def test_old_logs_go_and_young_ones_stay(project, tmp_path):
    old, young, empty = (
        tmp_path / "logs" / name for name in ("dag_id=a/old.log", "dag_id=b/young.log", "dag_id=c")
    )
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.touch()
    empty.mkdir()
    for path, days in ((old, 201), (young, 199), (empty, 2)):
        os.utime(path, (then := time.time() - days * 86_400, then))
    command = [project / "docker" / "clean-logs.sh", "once"]
    subprocess.run(
        command, env={"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=True
    )
    assert sorted(path.name for path in (tmp_path / "logs").rglob("*")) == [
        "dag_id=a",
        "dag_id=b",
        "young.log",
    ]


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
        f"{key}={value}"
        for s in compose["services"].values()
        for key, value in s.get("environment", {}).items()
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
    assert (
        as_root
        == {name for name, service in compose["services"].items() if "cap_add" in service}
        == {"dropbox"}
    )


def test_only_preparation_and_tools_have_the_owners_password_and_the_drop_box_is_alone(compose):
    holders = {
        name
        for name, s in compose["services"].items()
        if "shouwang_owner_password" in s.get("secrets", ())
    }
    assert holders == {"postgres", "prepare", "tools"}
    assert not [
        volume
        for volume in compose["services"]["dropbox"]["volumes"]
        if volume.startswith("workspace:")
    ]
    assert compose["services"]["porter"]["network_mode"] == "none"
    assert [name for name, service in compose["services"].items() if "networks" in service] == [
        "dropbox"
    ]


def test_health_checks_are_cheap(compose):
    """A minute apart, and none starts Airflow: five seconds of processor each."""
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        check = compose["services"][name]["healthcheck"]
        assert check["test"] == ["CMD", "python", "-I", "/opt/shouwang/docker/healthy.py", name]
        assert check["interval"] == "60s"


def test_no_service_can_take_the_machine(compose):
    for name, service in compose["services"].items():
        assert service["mem_limit"], name
        assert service["logging"] == {
            "driver": "local",
            "options": {"max-size": "20m", "max-file": "5"},
        }, name
        assert service["init"], name


def test_what_is_handed_out_is_taken_at_once(project):
    told = dict(re.findall(r"^(\w+)=(\d+)$", (project / ".env.example").read_text(), flags=re.M))
    assert told["PARALLELISM"] == told["WORKER_CONCURRENCY"]  # one worker


def test_no_password_is_an_argument_of_a_program(project):
    assert not [
        path for path in (project / "docker").glob("*.sh") if "--password" in path.read_text()
    ]


@pytest.mark.needs("shellcheck")
def test_the_scripts_of_the_deployment_have_no_known_mistakes(project):
    scripts = [*(project / "docker").glob("*.sh"), project / ".ci" / "run"]
    assert len(scripts) > 4
    done = subprocess.run(
        [path_of("shellcheck"), *scripts], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("docker-compose")
def test_docker_compose_understands_the_deployment(project):
    command = [path_of("docker-compose"), "--env-file", ".env.example", "config", "-q"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
