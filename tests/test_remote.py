"""Inbox and outbox on other machines: a real OpenSSH server, and a server that speaks S3."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from demo.county import DemoCounty
from services import Sftp, sftp
from shouwang.casework import monthly
from shouwang.core.errors import ConfigError, MachineFault, Unreachable
from shouwang.core.month import Month
from shouwang.release import releasing
from shouwang.submissions import handover
from shouwang.workspace.remote import Remote, delete_for_good
from shouwang.workspace.workspace import load_workspace

MONTH = "2026-09"
DEPARTMENTS = ("civil_affairs", "housing")
needs_sshd = pytest.mark.needs("sshd")


@pytest.fixture(scope="module")
def county(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> DemoCounty:
    folder = tmp_path_factory.mktemp("county")
    return made_county(folder, households=60, months=(Month(2026, 9),), seed=3)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    with sftp() as running:
        monkeypatch.setenv("SHOUWANG_KNOWN_HOSTS", str(running.known_hosts))
        monkeypatch.setenv("SHOUWANG_SSH_KEY", str(running.key))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        yield running


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="county")
    yield "county"
    running.stop()


def month(
    county: DemoCounty, home: Path, patch: pytest.MonkeyPatch, inbox: str, outbox: str
) -> None:
    """A month of two departments, released."""
    for name, value in {
        "SHOUWANG_HOME": str(home),
        "SHOUWANG_INBOX": inbox,
        "SHOUWANG_OUTBOX": outbox,
        "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_DATABASE_URL": f"sqlite:///{home / 'shouwang.db'}",
    }.items():
        patch.setenv(name, value)
    home.mkdir()
    handover.init()
    handover.load_registry(str(county.registry), MONTH)
    for department in DEPARTMENTS:
        handover.receive(MONTH, department)
    monthly.screen(MONTH)
    releasing.release(MONTH, "测试员")


def files(folder: Path) -> dict[str, bytes]:
    """What lies below a folder, hidden files too."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def by_folder(county: DemoCounty, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a month leaves in an outbox that is a folder."""
    home = tmp_path_factory.mktemp("folder") / "home"
    with pytest.MonkeyPatch.context() as patch:
        month(county, home, patch, str(county.inbox), str(home / "outbox"))
    return files(home / "outbox")


@needs_sshd
def test_a_month_by_sftp_is_the_month_by_folders(
    county: DemoCounty,
    server: Sftp,
    by_folder: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(county.inbox, server.folder / "inbox")
    (server.folder / "inbox" / MONTH / "housing" / ".hidden").write_text("not a submission")
    month(
        county,
        tmp_path / "home",
        monkeypatch,
        f"{server.address}/inbox",
        f"{server.address}/outbox",
    )
    assert by_folder
    assert files(server.folder / "outbox").keys() == by_folder.keys()
    lists = [name for name in by_folder if "townships" in name]
    assert lists
    sent = files(server.folder / "outbox")
    assert all(sent[name] == by_folder[name] for name in lists if "公示" in name)
    assert all(sent[name] == (tmp_path / "home" / "outbox" / name).read_bytes() for name in lists)
    before = {path: path.stat().st_mtime_ns for path in (server.folder / "outbox").rglob("*")}
    releasing.summarise(MONTH)
    assert {
        path: path.stat().st_mtime_ns for path in (server.folder / "outbox").rglob("*")
    } == before


def test_a_month_by_s3_is_the_month_by_folders(
    county: DemoCounty,
    bucket: str,
    by_folder: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = boto3.client("s3")
    for name, content in files(county.inbox).items():
        client.put_object(Bucket=bucket, Key=f"in/{name}", Body=content)
    month(county, tmp_path / "home", monkeypatch, f"s3://{bucket}/in", f"s3://{bucket}/out")
    listed = client.list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]
    assert {entry["Key"].removeprefix("out/") for entry in listed} == by_folder.keys()


@needs_sshd
def test_the_copy_follows_the_inbox(server: Sftp, tmp_path: Path) -> None:
    folder, copy = server.folder / MONTH / "water", tmp_path / MONTH / "water"
    remote = Remote(server.address, tmp_path)
    remote.fetch(copy)
    assert list(copy.iterdir()) == []
    folder.mkdir(parents=True)
    (folder / "甲.csv").write_text("1")
    (folder / "乙.csv").write_text("2")
    remote.fetch(copy)
    assert files(copy) == files(folder)
    (folder / "甲.csv").unlink()
    (folder / "乙.csv").write_text("22")
    remote.fetch(copy)
    assert files(copy) == files(folder) == {"乙.csv": b"22"}
    assert (copy / "乙.csv").stat().st_mtime == int((folder / "乙.csv").stat().st_mtime)


@needs_sshd
def test_folders_within_are_followed_too(server: Sftp, tmp_path: Path) -> None:
    (server.folder / "甲乡" / "十月").mkdir(parents=True)
    (server.folder / "甲乡" / "十月" / "名单.csv").write_text("1")
    (tmp_path / "乙乡").mkdir()
    (tmp_path / "乙乡" / "名单.csv").write_text("of a server of its own")
    remote = Remote(server.address, tmp_path)
    remote.fetch(tmp_path, shared=True)
    remote.fetch(tmp_path, shared=True)
    assert files(tmp_path).keys() == {"甲乡/十月/名单.csv", "乙乡/名单.csv"}
    remote.fetch(tmp_path)
    assert files(tmp_path) == {"甲乡/十月/名单.csv": b"1"}
    shutil.rmtree(server.folder / "甲乡" / "十月")
    remote.fetch(tmp_path)
    assert files(tmp_path) == {}


@needs_sshd
def test_what_this_machine_cannot_read_or_write_is_not_blamed_on_the_other(
    server: Sftp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "甲.csv").write_text("1")
    remote = Remote(server.address, tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(remote.files), "get_file", full)
        with pytest.raises(MachineFault, match="No space left"):
            remote.fetch(tmp_path)
    (tmp_path / "名单.xlsx").mkdir()
    with pytest.raises(MachineFault, match="Is a directory"):
        remote.send(tmp_path / "名单.xlsx")
    with pytest.raises(MachineFault, match="No such file"):
        remote.send(tmp_path / "gone.xlsx")


@needs_sshd
def test_what_was_deleted_for_good_is_not_fetched_again_until_it_changes(
    server: Sftp, tmp_path: Path
) -> None:
    there, here = server.folder / "名单.csv", tmp_path / "名单.csv"
    there.write_text("1")
    remote = Remote(server.address, tmp_path)
    remote.fetch(tmp_path)
    delete_for_good(here)
    remote.fetch(tmp_path)
    assert not here.exists()
    there.write_text("22")
    remote.fetch(tmp_path)
    assert here.read_text() == "22"


@needs_sshd
def test_of_two_who_fetch_at_once_the_second_waits(server: Sftp, tmp_path: Path) -> None:
    for number in range(6):
        (server.folder / f"{number}.csv").write_bytes(os.urandom(100))
    both = [Remote(server.address, tmp_path) for _ in range(2)]
    for remote in both:
        get = remote.files.get_file

        def slowly(there: str, here: str, get: Any = get) -> None:
            get(there, here)
            time.sleep(0.1)

        remote.files.get_file = slowly
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda remote: remote.fetch(tmp_path), both))
    assert files(tmp_path) == files(server.folder)


@needs_sshd
def test_a_host_that_is_not_known_or_not_itself_is_refused(server: Sftp, tmp_path: Path) -> None:
    (tmp_path / "名单.xlsx").write_bytes(b"secret")
    remote = Remote(server.address, tmp_path)
    known = server.known_hosts.read_text()
    server.known_hosts.write_text("")
    with pytest.raises(Unreachable, match="not known"):
        remote.send(tmp_path / "名单.xlsx")
    server.known_hosts.write_text(
        known.replace(known.split()[2], server.key.with_suffix(".pub").read_text().split()[1])
    )
    with pytest.raises(Unreachable, match="another host key"):
        Remote(server.address, tmp_path).send(tmp_path / "名单.xlsx")
    assert files(server.folder) == {}


@needs_sshd
def test_a_connection_that_is_lost_leaves_nothing_half_and_the_next_try_heals(
    server: Sftp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "名单.xlsx").write_bytes(content)
    remote = Remote(server.address, tmp_path)
    put = type(remote.files).put_file

    def cut(self: object, local: str, there: str, **more: object) -> None:
        with remote.files.ftp.open(there, "w") as file:
            file.write(content[:1_000_000])
        remote.files.client.close()
        put(self, local, there, **more)

    with monkeypatch.context() as patch:
        patch.setattr(type(remote.files), "put_file", cut)
        with pytest.raises(Unreachable, match="run this step again") as told:
            remote.send(tmp_path / "名单.xlsx")
    assert str(server.folder) not in str(told.value)
    assert "名单.xlsx" not in files(server.folder)
    remote.send(tmp_path / "名单.xlsx")
    assert files(server.folder) == {"名单.xlsx": content}


def test_an_address_that_cannot_be_meant_is_refused_without_repeating_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("ftp://host/inbox", "sftp://user:geheim@host/inbox", "s3://"):
        monkeypatch.setenv("SHOUWANG_INBOX", address)
        with pytest.raises(ConfigError) as told:
            load_workspace()
        assert "geheim" not in str(told.value)
