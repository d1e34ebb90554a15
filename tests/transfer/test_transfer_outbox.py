"""What lies in the outbox: nothing open even for a moment, nothing written twice, nobody's in
another's place."""

from __future__ import annotations

import datetime as dt
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from transfer_workspace import MONTH, killed
from typer.testing import CliRunner

from demo.county import DemoCounty
from letting_go import let_go
from sealed import everybodys_numbers, lying_open, opened
from shouwang.cli.app import app
from shouwang.release import releasing
from shouwang.store.tables import audit_event
from shouwang.transfer import handout, passwords
from shouwang.transfer.channels import Item, letter
from shouwang.workspace.workspace import Workspace, load_workspace, safe_name

ALIKE = [
    "a/b",
    "a:b",
    "a?b",
    "a_b",
    "a\\b",
    ".a",
    "_a",
    "乡" * 61,
    "乡" * 62,
    "甲\u2028乡",
    "甲\u2029乡",
    "甲\u200b乡",
    "",
]


def test_a_paper_that_is_made_again_and_says_the_same_stays_as_it_is(
    home: Path, townships: list[str]
) -> None:
    releasing.release(MONTH, "测试员")

    def state() -> tuple[dict[str, bytes], int]:
        with load_workspace().database.read() as connection:
            query = sa.select(sa.func.count()).where(audit_event.c.kind == "written")
            count = connection.scalar(query) or 0
        return {str(path): path.read_bytes() for path in (home / "outbox").rglob("*.xlsx")}, count

    before = state()
    now = Workspace.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Workspace, "now", lambda workspace: now(workspace) + dt.timedelta(days=1, minutes=1)
        )
        releasing.summarise(MONTH)
    assert state() == before


@pytest.mark.parametrize(
    "moment", ["before it is sealed", "before it is written", "before it has its name"]
)
def test_whoever_is_killed_leaves_no_open_paper_in_the_outbox(
    home: Path, townships: list[str], county: DemoCounty, moment: str
) -> None:
    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        where = {
            "before it is sealed": (handout, "sealed"),
            "before it has its name": (Path, "replace"),
        }
        holder, name = where.get(moment, (Path, "write_bytes"))
        setattr(holder, name, die)
        let_go(MONTH, townships[0])

    numbers, inbox = everybodys_numbers(county), Path(os.environ["SHOUWANG_INBOX"])
    assert os.WTERMSIG(killed(work)) == signal.SIGKILL
    own = home / "outbox" / MONTH / "departments"  # a department's rows in its own receipt
    left = [
        p
        for p in home.rglob("*")
        if p.is_file() and not (p.is_relative_to(inbox) or p.is_relative_to(own))
    ]
    outbox = [path for path in left if path.is_relative_to(home / "outbox")]
    assert not any(path.read_bytes()[:2] == b"PK" for path in outbox)
    assert {path: found for path in left if (found := lying_open(path.read_bytes(), numbers))} == {}
    assert let_go(MONTH, townships[0])["status"] == "released"


def test_names_that_look_alike_when_made_safe_share_neither_file_nor_password(home: Path) -> None:
    names = {name: safe_name(name) for name in ALIKE}
    assert len({text.casefold() for text in names.values()}) == len(names)
    assert names["a_b"] == "a_b"
    assert all(
        len(text.splitlines()) == 1 and "/" not in text and not text.startswith(".")
        for text in names.values()
    )
    workspace = load_workspace()
    made = {name: passwords.add(workspace, name).text for name in ALIKE}
    assert {name: passwords.current(workspace, name)[0] for name in ALIKE} == made
    assert len({workspace.lists_of(MONTH, name) for name in ALIKE}) == len(ALIKE)


def test_a_line_end_in_a_township_s_name_does_not_stop_its_mail(
    home: Path, configure: Any, tmp_path: Path
) -> None:
    configure(delivery={"mail_from": "fangpin@county.example.org"})
    name = "甲\u2028乡"
    path = tmp_path / f"{safe_name(name)}预警名单.xlsx"
    path.write_bytes(b"sealed")
    mail = letter(
        load_workspace(),
        Item(path, MONTH, name, "f" * 64, load_workspace().now()),
        "xiang@example.org",
    )
    assert mail.as_bytes()


def test_a_department_never_gets_what_is_no_password_of_a_workbook(home: Path) -> None:
    secrets = load_workspace().secrets
    for name in ("keys", "smtp", "departments/keys", "departments/medical_insurance"):
        (secrets / name).parent.mkdir(exist_ok=True, mode=0o700)
        (secrets / name).touch(0o600)
        (secrets / name).write_text(f"secret of {name}\n")
    names = ("keys", "smtp", "townships", "departments", "medical_insurance")
    assert [load_workspace().passwords_of(name) for name in names] == [
        ("secret of departments/keys",),
        (),
        (),
        (),
        ("secret of departments/medical_insurance",),
    ]
    assert load_workspace().secret("smtp") == ("secret of smtp",)


@pytest.mark.parametrize(
    "words", [["release", MONTH], ["secrets", "make"], ["papers", "supervision"]]
)
@pytest.mark.parametrize("by", ["", "  "])
def test_nobody_acts_without_a_name(home: Path, words: list[str], by: str) -> None:
    done = CliRunner().invoke(app, [*words, "--by", by])
    assert done.exit_code == 2
    assert "say who" in done.stderr
    assert not list((home / "outbox").rglob("*预警名单*"))


def test_a_list_that_left_proves_entries_that_were_deleted_with_their_anchors(
    home: Path, townships: list[str]
) -> None:
    releasing.release(MONTH, "测试员")
    path = next((home / "outbox" / MONTH / "townships" / townships[0]).glob("*预警名单*.xlsx"))
    noted = load_workbook(opened(path, home)).properties.description
    assert noted.startswith("审计锚点 ")
    run = CliRunner()
    assert run.invoke(app, ["audit", "check", "--anchor", noted]).exit_code == 0
    with load_workspace().database.engine.begin() as connection:
        number = int(noted.split()[1].split(":")[0])
        connection.execute(audit_event.delete().where(audit_event.c.event_id >= number))
    (home / "audit.anchors").unlink()
    assert run.invoke(app, ["audit", "check"]).exit_code == 0, "nothing inside the workspace knows"
    done = run.invoke(app, ["audit", "check", "--anchor", noted])
    assert done.exit_code == 1
    assert f"entry {number} is gone" in done.stderr
    assert run.invoke(app, ["audit", "check", "--anchor", "none"]).exit_code in (1, 2)
