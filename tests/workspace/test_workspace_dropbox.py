"""The drop box as it is deployed: its scripts and settings, an account a department and a township,
each locked in.

Runs in a mount namespace of its own, where the accounts can be made without touching this
machine's.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from services import free_port

pytestmark = [
    pytest.mark.needs("sshd", "rsync", "unshare"),
    pytest.mark.root,
    pytest.mark.timeout(120),
]

ACCOUNTS = {
    "water": "department water",
    "housing": "department housing",
    "hekou": "township 河口镇",
}
HOUSE = 50000
MONTH = "2026-09"


@dataclass
class Box:
    """The drop box: where it listens, its folder, the workspace's, the accounts' keys."""

    port: int
    top: Path
    log: Path

    @property
    def workspace(self) -> Path:
        return self.top / "workspace"

    def key(self, account: str) -> Path:
        return self.top / "keys-of-people" / account

    def log_in(self, account: str, key: str = "") -> paramiko.SFTPClient:
        transport = paramiko.Transport(("127.0.0.1", self.port))
        transport.connect(
            username=account,
            pkey=paramiko.Ed25519Key.from_private_key_file(str(self.key(key or account))),
        )
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        return client

    def await_(self, what: Callable[[], object]) -> None:
        """Wait until something is so."""
        until = time.monotonic() + 30
        while not what():
            assert time.monotonic() < until, self.log.read_text(errors="replace")
            time.sleep(0.05)


@pytest.fixture(scope="module")
def box(project: Path) -> Iterator[Box]:
    top = Path(
        tempfile.mkdtemp(prefix="shouwang-dropbox-")
    )  # the porter is nobody special: pytest's own it may not enter
    top.chmod(0o755)
    made = Box(free_port(), top, top / "log")
    for folder in ("box", "workspace/outbox", "keys-of-people", "etc", "keys", "tmp"):
        (top / folder).mkdir(parents=True)
    lines = ["# who may use the drop box", ""]
    for account, what in ACCOUNTS.items():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made.key(account)], check=True
        )
        lines.append(
            f"{account}  {what}  {made.key(account).with_suffix('.pub').read_text().strip()}"
        )
    (top / "dropbox_accounts").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", top / "etc" / name)
    settings = (project / "docker" / "sshd_config").read_text()
    replaced = {
        "Port 2222": f"Port {made.port}\nListenAddress 127.0.0.1",
        "/etc/ssh/keys": "/mnt/keys",
        "/run/keys": "/mnt/keys",
        "/srv/box": "/mnt/box",
    }
    for theirs, ours in replaced.items():
        assert theirs in settings
        settings = settings.replace(theirs, ours)
    (top / "sshd_config").write_text(settings)
    environment = {
        "PATH": os.environ["PATH"],
        "SECRETS": str(top),
        "BOX": str(top / "box"),
        "SHOUWANG_HOME": str(made.workspace),
        "PASSWD": "/etc/passwd",
        "GROUP": "/etc/group",
        "KEYS": "/mnt/keys",
        "HOST_KEY": "/mnt/keys/ed25519",
        "SSHD_CONFIG": "/mnt/sshd_config",
        "SECONDS_BETWEEN": "0.2",
        "TMPDIR": str(top / "tmp"),
    }
    # sshd locks nobody into a folder below one that all may write to, as /tmp is.
    binds = {f"{top}/etc/passwd": "/etc/passwd", f"{top}/etc/group": "/etc/group", str(top): "/mnt"}
    own = (
        "".join(f"mount --bind {ours} {theirs} && " for ours, theirs in binds.items())
        + "BOX=/mnt/box exec"
    )
    script = project / "docker" / "dropbox.sh"
    shutil.chown(made.workspace, HOUSE, HOUSE)
    shutil.chown(made.workspace / "outbox", HOUSE, HOUSE)
    shutil.chown(top / "tmp", HOUSE, HOUSE)
    with made.log.open("wb") as log:
        told = {
            "env": environment,
            "stdout": log,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
        }
        server = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", f"{own} {script} dropbox"], **told
        )
        try:
            made.await_(lambda: "listening on" in made.log.read_text(errors="replace"))
            porter = subprocess.Popen(
                [script, "porter"], user=HOUSE, group=HOUSE, extra_groups=[], **told
            )
            try:
                yield made
            finally:
                os.killpg(porter.pid, signal.SIGKILL)
                porter.wait()
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            shutil.rmtree(top, ignore_errors=True)
            server.wait()


def test_a_departments_file_comes_into_the_house_and_its_receipt_comes_back(box: Box) -> None:
    client = box.log_in("water")
    assert sorted(client.listdir("/")) == ["inbox", "receipts"]
    client.mkdir(f"/inbox/{MONTH}")
    with client.open(f"/inbox/{MONTH}/供水台账.csv", "w") as file:
        file.write("姓名".encode())
    client.utime(f"/inbox/{MONTH}/供水台账.csv", (1_700_000_000, 1_700_000_000))
    here = box.workspace / "inbox" / MONTH / "water" / "供水台账.csv"
    box.await_(lambda: here.exists() and here.stat().st_mtime == 1_700_000_000)
    assert here.read_text(encoding="utf-8") == "姓名"
    assert (here.stat().st_uid, here.stat().st_mode & 0o777) == (HOUSE, 0o640)

    client.remove(f"/inbox/{MONTH}/供水台账.csv")  # handed over by mistake
    box.await_(lambda: not here.exists())

    put(box, f"{MONTH}/departments/water/回执.xlsx", "receipt")
    put(box, f"{MONTH}/departments/housing/回执.xlsx", "of others")
    box.await_(
        lambda: (
            client.listdir("/receipts") == [MONTH]
            and client.listdir(f"/receipts/{MONTH}") == ["回执.xlsx"]
        )
    )
    with client.open(f"/receipts/{MONTH}/回执.xlsx") as file:
        assert file.read() == b"receipt"


def test_what_somebody_else_put_into_the_house_stays_whatever_the_department_does(box: Box) -> None:
    """A clerk files what came by mail: it is the workspace's, and no later round of the porter takes it
    away."""
    month = "2026-07"
    client, inbox = box.log_in("housing"), box.workspace / "inbox" / month / "housing"
    client.mkdir(f"/inbox/{month}")
    upload(client, f"/inbox/{month}/#房屋 一.csv", b"theirs", mtime=1_700_000_000)
    box.await_((inbox / "#房屋 一.csv").exists)
    for name in ("byhand.xlsx", "both.csv", "both newer.csv"):
        (inbox / name).write_text("a clerk's")
        os.utime(inbox / name, (1_700_000_000, 1_700_000_000))
        shutil.chown(inbox / name, HOUSE, HOUSE)
    upload(client, f"/inbox/{month}/both.csv", b"older", mtime=1_600_000_000)
    upload(client, f"/inbox/{month}/both newer.csv", b"newer", mtime=1_750_000_000)
    box.await_(lambda: (inbox / "both newer.csv").read_text() == "newer")
    upload(
        client, f"/inbox/{month}/#房屋 一.csv", b"again, with an older clock", mtime=1_500_000_000
    )
    box.await_(lambda: (inbox / "#房屋 一.csv").read_text() == "again, with an older clock")
    for name in client.listdir(f"/inbox/{month}"):
        client.remove(f"/inbox/{month}/{name}")
    box.await_(lambda: not (inbox / "#房屋 一.csv").exists())
    upload(client, f"/inbox/{month}/last.csv", b"last")
    box.await_((inbox / "last.csv").exists)
    assert {path.name: path.read_text() for path in inbox.iterdir()} == {
        "byhand.xlsx": "a clerk's",
        "both.csv": "a clerk's",
        "last.csv": "last",
    }


def test_a_townships_list_goes_out_and_what_it_sends_back_comes_in(box: Box) -> None:
    client = box.log_in("hekou")
    assert sorted(client.listdir("/")) == ["lists", "returns"]
    put(box, f"{MONTH}/townships/河口镇/名单.xlsx", "list")
    put(box, f"{MONTH}/townships/青山镇/名单.xlsx", "of others")
    box.await_(
        lambda: (
            client.listdir("/lists") == [MONTH]
            and client.listdir(f"/lists/{MONTH}") == ["名单.xlsx"]
        )
    )
    with client.open("/returns/已核查.xlsx", "w") as file:
        file.write(b"filled in")
    here = box.workspace / "returns" / "河口镇" / "已核查.xlsx"
    box.await_(lambda: here.exists() and here.read_bytes() == b"filled in")


@pytest.mark.parametrize(
    ("account", "act"),
    [
        ("water", lambda client: client.open("/receipts/forged.xlsx", "w")),
        ("water", lambda client: client.open("/more", "w")),
        ("water", lambda client: client.mkdir("/outside")),
        ("water", lambda client: client.symlink("/etc", "/inbox/2026-08")),
        ("water", lambda client: client.rename("/receipts", "/inbox/receipts")),
        ("water", lambda client: client.open("/../../etc/passwd")),
        ("water", lambda client: client.listdir("/../hekou")),
        ("water", lambda client: client.chown("/inbox", 0, 0)),
        ("hekou", lambda client: client.open("/lists/forged.xlsx", "w")),
        ("hekou", lambda client: client.listdir("/inbox")),
    ],
)
def test_an_account_can_do_nothing_else(
    box: Box, account: str, act: Callable[[paramiko.SFTPClient], object]
) -> None:
    with pytest.raises(OSError):
        act(box.log_in(account))


@pytest.mark.parametrize(
    ("account", "key"), [("water", "housing"), ("root", "water"), ("workspace", "water")]
)
def test_nobody_comes_in_as_another(box: Box, account: str, key: str) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        box.log_in(account, key)


@pytest.mark.parametrize("asked", ["exec", "shell", "forward"])
def test_an_account_has_files_only(box: Box, asked: str) -> None:
    transport = box.log_in("water").get_channel().get_transport()
    if asked == "forward":
        with pytest.raises(paramiko.SSHException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", box.port), ("127.0.0.1", 0))
        return
    session = transport.open_session()
    if asked == "exec":
        session.exec_command("cat /etc/passwd")  # the server starts its own SFTP instead
        session.shutdown_write()
        assert b"root:" not in session.makefile().read()
    else:
        with pytest.raises(paramiko.SSHException):
            session.get_pty()


def test_a_month_that_the_house_has_deleted_goes_from_the_box(box: Box) -> None:
    put(box, "2024-01/departments/housing/回执.xlsx", "old")
    client = box.log_in("housing")
    box.await_(lambda: "2024-01" in client.listdir("/receipts"))
    shutil.rmtree(box.workspace / "outbox" / "2024-01")
    box.await_(lambda: "2024-01" not in client.listdir("/receipts"))


@pytest.mark.parametrize(
    "line",
    [
        "water department ../secrets ssh-ed25519 AAAA",
        "water mayor water ssh-ed25519 AAAA",
        "Water department water ssh-ed25519 AAAA",
        "water department water",
        "../water department water ssh-ed25519 AAAA",
        "housing department housing ssh-ed25519 AAAA",
    ],
)
def test_a_line_that_is_not_understood_opens_nothing(
    tmp_path: Path, project: Path, line: str
) -> None:
    (tmp_path / "dropbox_accounts").write_text(
        f"housing department housing ssh-ed25519 AAAA\n{line}\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SECRETS": str(tmp_path),
        "BOX": str(tmp_path / "box"),
        "KEYS": str(tmp_path / "keys"),
        "PASSWD": str(tmp_path / "passwd"),
        "GROUP": str(tmp_path / "group"),
        "HOST_KEY": sys.executable,
        "SSHD_CONFIG": "/dev/null",
    }
    done = subprocess.run(
        [project / "docker" / "dropbox.sh", "dropbox"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert re.search("dropbox_accounts, line 2: write <account>", done.stderr)
    assert not (tmp_path / "box").exists()


def put(box: Box, name: str, content: str) -> None:
    """The workspace writes a file of its outbox."""
    path = box.workspace / "outbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for folder in (path, *path.parents):
        if folder == box.workspace:
            break
        shutil.chown(folder, HOUSE, HOUSE)


def upload(
    client: paramiko.SFTPClient, path: str, content: bytes, mtime: int | None = None
) -> None:
    """A department puts a file into its box, whole at once and with the time that it says."""
    client.chdir(None)
    with client.open(f"{path}.part", "w") as file:
        file.write(content)
    client.utime(f"{path}.part", (mtime, mtime) if mtime else None)
    client.posix_rename(f"{path}.part", path)
