"""What the tests of sending share: a workspace to enter, a list that is filled in, a process that is
killed."""

from __future__ import annotations

import io
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo.county import DemoCounty
from sealed import opened
from shouwang.documents.sealing import sealed
from shouwang.transfer import passwords
from shouwang.workspace.workspace import load_workspace

MONTH = "2026-09"
SECRETS = ("恶性肿瘤化疗", "6222021234567890123")
"""A diagnosis and an account that stand in every row of the medical export."""


def enter(patch: pytest.MonkeyPatch, home: Path, county: DemoCounty) -> None:
    for name, value in {
        "SHOUWANG_HOME": home,
        "SHOUWANG_INBOX": county.inbox,
        "SHOUWANG_TODAY": "2026-10-12",
        "SHOUWANG_DATABASE_URL": f"sqlite:///{home / 'shouwang.db'}",
    }.items():
        patch.setenv(name, str(value))
    for name in (
        "SHOUWANG_OUTBOX",
        "SHOUWANG_SECRETS",
        "SHOUWANG_COUNTY",
        "SHOUWANG_RETURNS",
        "SSH_AUTH_SOCK",
    ):
        patch.delenv(name, raising=False)


def filled(
    home: Path,
    township: str,
    rows: int = 2,
    conclusion: str = "05 未发现风险",
    reason: str = "入户核实",
) -> bytes:
    """The township's list with its first rows answered, sealed as it came."""
    path = next((home / "outbox" / MONTH / "townships" / township).glob("*预警名单*.xlsx"))
    book = load_workbook(opened(path, home))
    sheet = book["预警名单"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "线索编号")
    titles = {cell.value: cell.column for cell in head}
    for row in range(head[0].row + 1, head[0].row + 1 + rows):
        answers = {
            "核查结论": conclusion,
            "原因说明": reason,
            "核查日期": "2026-10-12",
            "核查人": "王某",
            "人均纯收入": 9000,
        }
        for title, value in answers.items():
            sheet.cell(row, titles[title], value)
    out = io.BytesIO()
    book.save(out)
    return sealed(out.getvalue(), passwords.every(load_workspace(), township)[0])


def die(*_: object, **__: object) -> None:
    """kill -9, of oneself."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Any) -> int:
    """Do work in a forked process that is meant to be killed; how it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def decoded(path: Path) -> tuple[str, str]:
    """A department's csv as text, and how it is encoded."""
    data = path.read_bytes()
    for encoding in (
        ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    ):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    raise AssertionError(f"{path.name} is in no encoding that departments use")


def plant_secrets(county: DemoCounty) -> None:
    """Put `SECRETS` into two further columns of the medical export."""
    (path,) = (county.inbox / MONTH / "medical_insurance").glob("*.csv")
    text, encoding = decoded(path)
    lines = text.splitlines()
    head = next(number for number, line in enumerate(lines) if "自付" in line or "个人负担" in line)
    mark = "\t" if "\t" in lines[head] else ","
    for number, more in enumerate(
        [("出院诊断", "银行卡号"), *[SECRETS] * (len(lines) - head - 1)], start=head
    ):
        lines[number] += mark + mark.join(more)
    path.write_bytes("\r\n".join(lines).encode(encoding))
