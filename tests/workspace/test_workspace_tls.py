"""The database on another machine: encrypted, and known by its certificate (docs/deployment.md,
TLS)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services import PostgreSQL

pytestmark = pytest.mark.needs("postgresql")
SECRETS = (
    "shouwang_owner_password",
    "shouwang_runner_password",
    "airflow_password",
    "redis_password",
    "fernet_key",
    "api_secret_key",
    "jwt_secret",
)
LOOK = """
import os, sqlalchemy as sa
for name in ("SHOUWANG_DATABASE_URL", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
    with sa.create_engine(os.environ[name]).connect() as connection:
        query = "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        print(*connection.execute(sa.text(query)).one())
"""


def certificate(folder: Path, name: str) -> Path:
    """A certificate of 127.0.0.1 signed by itself, ``<name>.pem``; its key is ``<name>.key``."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = (
        made.serial_number(1)
        .not_valid_before(now - dt.timedelta(1))
        .not_valid_after(now + dt.timedelta(1))
    )
    made = made.add_extension(address, critical=False)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )
    plain = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / f"{name}.key").write_bytes(key.private_bytes(*plain))
    (folder / f"{name}.key").chmod(0o600)
    path = folder / f"{name}.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Server:
    """A database server that speaks to nobody in plain text, and what a service's container
    holds."""

    port: int
    authority: Path
    another: Path
    secrets: Path
    project: Path

    def seen(self, tls: str) -> subprocess.CompletedProcess[str]:
        """What the databases of both say to a service whose ``POSTGRES_TLS`` is this."""
        there = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.port), "POSTGRES_TLS": tls}
        environment = {**os.environ, **there, "SECRETS": str(self.secrets)}
        command = [str(self.project / "docker" / "entrypoint.sh"), sys.executable, "-c", LOOK]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Server]:
    kept = tmp_path_factory.mktemp("tls")
    for name in SECRETS:
        (kept / name).write_text(f"geheim-{name}")
    folder = Path(tempfile.mkdtemp(prefix="shouwang-postgresql-"))
    running = PostgreSQL(folder)
    authority = certificate(folder, "server")
    shutil.copy(authority, kept / "ca.pem")
    owner = (folder / "data").stat()
    for path in folder.glob("server.*"):
        os.chown(path, owner.st_uid, owner.st_gid)
    running.start()
    there = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(running.port),
        "POSTGRES_USER": "shouwang",
        "SECRETS": str(kept),
    }
    subprocess.run(
        [project / "docker" / "databases.sh"],
        env={**os.environ, **there},
        check=True,
        capture_output=True,
    )
    running.stop()
    (folder / "data" / "pg_hba.conf").write_text(
        "hostssl all shouwang 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    )
    running.start(ssl="on", ssl_cert_file=authority, ssl_key_file=folder / "server.key")
    try:
        yield Server(running.port, kept / "ca.pem", certificate(kept, "another"), kept, project)
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_the_services_speak_to_a_database_elsewhere_that_shows_its_certificate(
    server: Server,
) -> None:
    told = server.seen(f"sslmode=verify-full&sslrootcert={server.authority}")
    assert told.stdout.split("\n")[:2] == ["shouwang_runner True", "airflow True"], told.stderr


@pytest.mark.parametrize("tls", ["sslmode=disable", "sslmode=verify-full&sslrootcert={another}"])
def test_they_speak_neither_in_plain_text_nor_to_another(server: Server, tls: str) -> None:
    told = server.seen(tls.format(another=server.another))
    assert told.returncode != 0
    assert told.stdout == ""
    assert "certificate verify failed" in told.stderr or "no encryption" in told.stderr
