"""Programs of the machine that tests run beside themselves, each private, on a free port, gone at
the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Program:
    """A program (or module: it does not run) under its names, where it hides, and the Debian
    package that brings it."""

    names: tuple[str, ...]
    package: str
    hidden: tuple[str, ...] = ()
    runs: bool = True

    def find(self) -> str | None:
        """Its path, if this machine has it and we may use it."""
        for name in self.names:
            if found := shutil.which(name):
                return found
        folders = [
            folder
            for pattern in self.hidden
            for folder in sorted(Path("/").glob(pattern), reverse=True)
        ]
        paths = [folder / name for folder in folders for name in self.names]
        return next(
            (str(path) for path in paths if os.access(path, os.X_OK if self.runs else os.R_OK)),
            None,
        )


PROGRAMS = {
    "postgresql": Program(
        ("initdb",), "postgresql", ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
    ),
    "libreoffice": Program(("soffice", "libreoffice"), "libreoffice-calc"),
    "writer": Program(
        ("libswlo.so",), "libreoffice-writer", ("usr/lib/libreoffice/program",), runs=False
    ),
    "uno": Program(("uno.py",), "python3-uno", ("usr/lib*/python3*/*-packages",), runs=False),
    "poppler": Program(("pdftoppm",), "poppler-utils"),
    "fontconfig": Program(("fc-list",), "fontconfig"),
    "sshd": Program(("sshd",), "openssh-server", ("usr/sbin",)),
    "sftp-server": Program(
        ("sftp-server",),
        "openssh-sftp-server",
        ("usr/lib/openssh", "usr/libexec/openssh", "usr/lib/ssh"),
    ),
    "chromium": Program(("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "redis": Program(("redis-server",), "redis-server"),
    "faketime": Program(("libfaketime.so.1",), "faketime", ("usr/lib/*/faketime",), runs=False),
    "rsync": Program(("rsync",), "rsync"),
    "unshare": Program(("unshare",), "util-linux"),
    "mount": Program(("mount",), "mount"),
    "shellcheck": Program(("shellcheck",), "shellcheck"),
    "docker-compose": Program(("docker-compose",), "docker-compose"),
}
"""What a test may ask for with ``@pytest.mark.needs(…)``; ``.ci/run`` installs the packages."""


def path_of(program: str) -> str:
    """Where a program lies; a sentence for the person at the machine if it does not."""
    if found := PROGRAMS[program].find():
        return found
    raise FileNotFoundError(
        f"{program} is not on this machine: apt-get install {PROGRAMS[program].package}"
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged() -> dict[str, Any]:
    """Who runs a server that refuses to be root: ourselves, or ``postgres`` or ``nobody`` when we
    are root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    who = known.get("postgres") or known["nobody"]
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


class PostgreSQL:
    """A PostgreSQL of our own in a folder, which may be ended and started again; its superuser is
    ``shouwang``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._initdb, self._who = Path(path_of("postgresql")).resolve(), _unprivileged()
        if self._who:
            os.chown(folder, self._who["user"], self._who["group"])
        options = [
            "--username=shouwang",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        made = subprocess.run(
            [str(self._initdb), "--pgdata=data", *options],
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._quiet,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}")

    @property
    def url(self) -> str:
        """Its SQLAlchemy URL, ``postgresql+psycopg://…``."""
        return f"postgresql+psycopg://shouwang@127.0.0.1:{self.port}/postgres"

    @property
    def _quiet(self) -> dict[str, Any]:
        return {"cwd": self.folder, "stdin": subprocess.DEVNULL, **self._who}

    def start(self, **more: object) -> None:
        """Start it and wait until it answers; ``more`` are settings of its."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 50,
            **more,
        }
        words = [f"-c{key}={value}" for key, value in settings.items()]
        log = self.folder / "log"
        with log.open("a") as told:
            command = [str(self._initdb.with_name("postgres")), "-Ddata", *words]
            self._server = subprocess.Popen(
                command, stdout=told, stderr=subprocess.STDOUT, **self._quiet
            )
        _wait_for(
            f"host=127.0.0.1 port={self.port} user=shouwang dbname=postgres", self._server, log
        )

    def stop(self, patience: float = 5) -> None:
        """End it, first asking; whoever is connected loses the connection."""
        self._server.send_signal(signal.SIGINT)  # "fast": transactions are rolled back
        try:
            self._server.wait(patience)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own; gives its SQLAlchemy URL, ``postgresql+psycopg://…``."""
    folder = Path(tempfile.mkdtemp(prefix="shouwang-postgresql-"))
    try:
        server = PostgreSQL(folder)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str, server: subprocess.Popen[Any], log: Path) -> None:
    import psycopg

    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    server.kill()
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


@contextmanager
def small_disk(folder: Path, megabytes: int = 16) -> Iterator[Path]:
    """A disk of its own for a folder, which can be filled without harm to anybody; gives the file
    that `fill` fills."""
    subprocess.run(
        [path_of("mount"), "-t", "tmpfs", "-o", f"size={megabytes}m", "shouwang", folder],
        check=True,
    )
    try:
        yield folder / ".filling"
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass


@dataclass(frozen=True)
class Sftp:
    """An SFTP server of our own: its address without a path, what it serves, and what a client
    needs to know."""

    address: str
    folder: Path
    known_hosts: Path
    key: Path
    log: Path


@contextmanager
def sftp() -> Iterator[Sftp]:
    """An OpenSSH server that serves a folder by SFTP to whoever has the key."""
    folder = Path(tempfile.mkdtemp(prefix="shouwang-sftp-"))
    port, user = free_port(), pwd.getpwuid(os.geteuid()).pw_name
    for name in ("host", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    (folder / "served").mkdir()
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "PidFile": folder / "sshd.pid",
        "AuthorizedKeysFile": folder / "key.pub",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "Subsystem": f"sftp {path_of('sftp-server')} -e -l INFO 2>> {folder / 'transfers'}",
    }
    (folder / "sshd_config").write_text(
        "\n".join(f"{name} {value}" for name, value in settings.items()) + "\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    command = [path_of("sshd"), "-D", "-e", "-f", str(folder / "sshd_config")]
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    try:
        _wait_for_port(port, process)
        yield Sftp(
            f"sftp://{user}@127.0.0.1:{port}{folder / 'served'}",
            folder / "served",
            known,
            folder / "key",
            folder / "transfers",
        )
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nobody listens on port {port}")


def at_libreoffice(folder: Path, script: Path, *words: str | Path, orders: str = "") -> str:
    """What a script of the system's Python says that drives a LibreOffice of its own; it ends the
    LibreOffice itself."""
    pipe = f"shouwang-{folder.parent.name}-{folder.name}"
    options = ["--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"]
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    office = subprocess.Popen([path_of("libreoffice"), profile, *options])
    try:
        done = subprocess.run(
            ["/usr/bin/python3", script, pipe, *words],
            input=orders,
            text=True,
            stdout=subprocess.PIPE,
            check=True,
            timeout=300,
            env={"PYTHONPATH": str(Path(__file__).parent), "PATH": os.environ["PATH"]},
        )
        return done.stdout
    finally:
        try:
            office.wait(30)
        except subprocess.TimeoutExpired:
            office.terminate()
            office.wait(30)


def scratch(server: str, name: str, options: str = "") -> str:
    """A database of its own on a server, dropped first if it is there; ``options``: as in ``OWNER
    keeper``. Its URL."""
    import psycopg
    import sqlalchemy as sa

    url = sa.make_url(server)
    admin = url.set(drivername="postgresql", database="postgres").render_as_string(
        hide_password=False
    )
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" {options}')
    return url.set(database=name).render_as_string(hide_password=False)
