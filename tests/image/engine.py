"""A stand-in for `docker` beside images that were built without it: `docker compose build, up, run,
exec, cp, stop`.

It does as docker-compose.yaml says, read through `docker-compose config`: each service of our image
runs in the image's root file system, which nobody can write to, as its user and without
capabilities, with its environment, secrets, volumes and temporary file systems. All are on one
network, in which their names are known; PostgreSQL and Redis are this machine's. The drop box is
left to tests/workspace/test_workspace_dropbox.py. ``IMAGE_CHECK`` names the folder where everything
lies, made by docker/image-check.sh.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from services import path_of

OURS = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
PATIENCE = 300
MOUNTED = """set -eu
root=$1
shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  [ -e "$root$2" ] || mkdir -p "$root$2"
  if [ "$1" = tmpfs ]; then mount -t tmpfs tmpfs "$root$2" -o "$3"
  else mount --bind "$1" "$root$2"; fi
  if [ "$3" = ro ]; then mount -o remount,ro,bind "$root$2"; fi
  shift 3
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,ro,bind "$root"
if touch "$root/written" 2>/dev/null; then
  echo "The root file system can be written to." >&2
  exit 1
fi
exec chroot "$@"
"""


@dataclass
class Engine:
    """The services of a project's folder; volumes, logs and numbers of processes lie in ``top``."""

    top: Path
    project: Path

    @cached_property
    def services(self) -> dict[str, Any]:
        """What the file says of each service, with the variables of .env."""
        command = ["docker-compose", "--env-file", ".env", "config"]
        printed = subprocess.run(
            command, cwd=self.project, capture_output=True, text=True, check=True
        )
        return dict(yaml.safe_load(printed.stdout)["services"])

    @property
    def image(self) -> tuple[Path, dict[str, Any]]:
        """The root file system of the image that was built last, and its configuration."""
        built = self.top / "built"
        config: dict[str, Any] = json.loads((built / "config.json").read_text())
        return (built / "root").resolve(), config

    def volume(self, line: str) -> tuple[Path, str, str]:
        """A line of ``volumes``: the folder of this machine, the place in the container, ``ro`` or
        ``rw``."""
        source, place, how = f"{line}:rw".split(":")[:3]
        if source.startswith("/"):
            return Path(source), place, how
        folder = self.top / "volumes" / source
        if not folder.exists():  # a new volume is like the image's own folder
            folder.mkdir(parents=True)
            like = (self.image[0] / place.lstrip("/")).stat()
            os.chown(folder, like.st_uid, like.st_gid)
            folder.chmod(like.st_mode)
        return folder, place, how

    def contained(self, name: str, command: Sequence[str], bare: bool = False) -> list[str]:
        """The words that run a command as that service does; ``bare``: without its secrets and its
        environment."""
        service, (root, config) = self.services[name], self.image
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        secrets = self.top / "containers" / name / ("bare" if bare else "secrets")
        secrets.mkdir(parents=True, exist_ok=True)
        for secret in () if bare else service["secrets"]:
            shutil.copy(self.project / "secrets" / secret["source"], secrets)
        mounts = [
            (str(secrets), "/run/secrets", "ro"),
            (str(self.top / "hosts"), "/etc/hosts", "ro"),
        ]
        mounts += [
            ("tmpfs", place, how or "rw")
            for place, _, how in (one.partition(":") for one in service["tmpfs"])
        ]
        mounts += [
            (str(source), place, how) for source, place, how in map(self.volume, service["volumes"])
        ]
        words = [word for mount in sorted(mounts, key=lambda mount: mount[1]) for word in mount]
        user, group = service["user"].split(":")
        rights = ["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        said = [*config["Env"], "HOME=/home/shouwang"]
        said += [] if bare else [f"{key}={value}" for key, value in service["environment"].items()]
        return [
            "unshare",
            "--mount",
            "bash",
            "-c",
            MOUNTED,
            name,
            str(root),
            *words,
            "--",
            str(root),
            "setpriv",
            "--reuid",
            user,
            "--regid",
            group,
            *rights,
            "env",
            "-i",
            *said,
            "sh",
            "-c",
            'cd "$0" && exec "$@"',
            config["WorkingDir"],
            *command,
        ]

    def main_of(self, name: str, command: Sequence[str] = ()) -> list[str]:
        """The words that run a service, or another command in its place."""
        if name == "redis":
            shell = (
                self.services[name]["command"][-1]
                .replace("$$", "$")
                .replace("/run/secrets", f"{self.project}/secrets")
            )
            return ["sh", "-c", shell.replace("/data", str(self._folder("redis")))]
        if name == "postgres":
            settings = (
                "listen_addresses=127.0.0.1",
                f"unix_socket_directories={self._folder('socket')}",
            )
            data = f"-D{self._folder('postgres')}"
            return [
                self.program("postgres"),
                data,
                *(word for setting in settings for word in ("-c", setting)),
            ]
        return self.contained(
            name, [*self.image[1]["Entrypoint"], *(command or self.services[name]["command"])]
        )

    def _folder(self, name: str) -> Path:
        folder = self.top / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def program(self, name: str) -> str:
        """One of PostgreSQL's programs."""
        return str(Path(path_of("postgresql")).resolve().with_name(name))

    def running(self, name: str) -> int | None:
        """The number of a service's process."""
        note = self.top / "containers" / name / "pid"
        if note.exists() and Path(f"/proc/{note.read_text()}/root").exists():
            return int(note.read_text())
        return None

    def start(self, name: str) -> None:
        """Start a service in a session of its own, unless it runs."""
        if self.running(name):
            return
        folder = self.top / "containers" / name
        folder.mkdir(parents=True, exist_ok=True)
        who: dict[str, Any] = {}
        if name == "postgres":
            postgres = pwd.getpwnam("postgres")
            who = {
                "user": postgres.pw_uid,
                "group": postgres.pw_gid,
                "extra_groups": [],
                "cwd": "/",
            }
            for volume in ("postgres", "socket"):
                os.chown(self._folder(volume), postgres.pw_uid, postgres.pw_gid)
            self._folder("postgres").chmod(0o700)
        fresh = name == "postgres" and not any(self._folder("postgres").iterdir())
        if fresh:
            made = [
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--username=postgres",
                "--encoding=UTF8",
            ]
            command = [
                self.program("initdb"),
                f"--pgdata={self._folder('postgres')}",
                "--locale=C.UTF-8",
                *made,
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **who)
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                self.main_of(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **who,
            )
        (folder / "pid").write_text(str(process.pid))
        if name in ("postgres", "redis"):
            wait_for(f"{name} to listen", lambda: listens(5432 if name == "postgres" else 6379))
        if fresh:  # as its image does it
            scripts = [
                one.partition(":")[0] for one in self.services[name]["volumes"] if "initdb.d" in one
            ]
            environment = self.beside_postgres | {"SECRETS": str(self.project / "secrets")}
            subprocess.run(scripts, env=environment, check=True)

    @property
    def beside_postgres(self) -> dict[str, str]:
        """The environment of a program in the container of the database."""
        path = f"{Path(self.program('psql')).parent}:/usr/bin:/bin"
        return {"PATH": path, "PGHOST": str(self._folder("socket")), "LANG": "C.UTF-8"}

    def up(self, names: Sequence[str]) -> None:
        """Start what is asked for, or everything, and wait until it is well."""
        for name in [name for name in ("postgres", "redis") if name in names or not names]:
            self.start(name)
        if names:
            return
        subprocess.run(self.main_of("prepare"), check=True)
        for name in OURS:
            self.start(name)
        for name in OURS:
            wait_for(f"{name} to be well", lambda name=name: self.well(name))

    def well(self, name: str) -> bool:
        """Whether the file's own health check finds a service well."""
        assert self.running(name), f"{name} has ended: {self.top}/containers/{name}/log"
        _, *words = self.services[name]["healthcheck"]["test"]
        return (
            subprocess.run(self.contained(name, words), capture_output=True, check=False).returncode
            == 0
        )

    def stop(self, names: Sequence[str]) -> None:
        """Ask services to end, and end them when they have had their time."""
        for name in names:
            if number := self.running(name):
                os.kill(number, signal.SIGINT if name == "postgres" else signal.SIGTERM)
        for name in names:
            until = time.monotonic() + (120 if name == "worker" else 30)
            while (number := self.running(name)) and time.monotonic() < until:
                time.sleep(0.2)
            if number:
                os.killpg(number, signal.SIGKILL)

    def build(self) -> None:
        """Take the image that was built of this commit before."""
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=self.project,
            capture_output=True,
            text=True,
            check=True,
        )
        (self.top / "built").unlink(missing_ok=True)
        (self.top / "built").symlink_to(self.top / "images" / commit.stdout.strip())

    def copy(self, source: str, target: str) -> None:
        """Copy a file or a folder into a container, as `docker cp` does: it is root's there."""
        name, _, place = target.partition(":")
        for line in self.services[name]["volumes"]:
            folder, mounted, _ = self.volume(line)
            if place.startswith(f"{mounted}/"):
                inside = folder / place.removeprefix(f"{mounted}/")
                assert inside.is_dir(), f"{target} is not there"
                subprocess.run(["cp", "--recursive", source, inside], check=True)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(what: str, so: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < until, f"waited {PATIENCE} s for {what} in vain"
        time.sleep(1)


def main(words: list[str]) -> None:
    """One command line of `docker`."""
    if words[0] == "pull":
        return
    if words[:2] == ["image", "inspect"]:  # of docker/renew.sh
        print(f"{words[-1]}@sha256:{0:064}")
        return
    engine = Engine(Path(os.environ["IMAGE_CHECK"]), Path.cwd())
    verb, *words = words[1:]
    while words and words[0].startswith("-"):
        del words[0]
    if verb == "build":
        engine.build()
    elif verb == "up":
        engine.up(words)
    elif verb == "stop":
        engine.stop([name for name in words if name in OURS])
    elif verb == "cp":
        engine.copy(*words)
    elif verb == "exec" and words[0] == "postgres":
        command = [engine.program(words[1]), *words[2:]]
        sys.exit(subprocess.run(command, env=engine.beside_postgres, check=False).returncode)
    elif verb in ("run", "exec"):
        command = (
            engine.main_of(*words[:1], words[1:])
            if verb == "run"
            else engine.contained(words[0], words[1:])
        )
        sys.exit(subprocess.run(command, check=False).returncode)
    else:
        sys.exit(f"docker compose {verb} is not tried here")


if __name__ == "__main__":
    main(sys.argv[1:])
