"""One person's data are found and deleted on a lawful request; what others are in stays as it
was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from demo.county import make_county
from shouwang.casework import monthly
from shouwang.cli.app import app
from shouwang.cli.exporting import export
from shouwang.compliance import persons, trail
from shouwang.core.errors import UsageError
from shouwang.core.month import Month
from shouwang.documents.sealing import sealed
from shouwang.release import releasing
from shouwang.store.tables import audit_event, feedback, person, signal, submission_row
from shouwang.submissions import handover
from shouwang.transfer import fetching
from shouwang.workspace.workspace import Workspace, load_workspace

MONTH = "2026-09"
ROW = ["month", "department", "file", "sheet", "row"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month that has gone out."""
    folder = tmp_path_factory.mktemp("person")
    county = make_county(folder / "county", households=120, months=(Month(2026, 9),), seed=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUWANG_HOME", str(folder / "home"))
        patch.setenv("SHOUWANG_TODAY", "2026-10-12")
        shutil.copytree(county.inbox, folder / "home" / "inbox")
        handover.init()
        handover.load_registry(str(county.registry), MONTH)
        for known in handover.departments(MONTH):
            handover.receive(MONTH, known["department"])
        monthly.screen(MONTH)
        releasing.release(MONTH, "测试员")
    return folder / "home"


@pytest.fixture
def workspace(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    shutil.copytree(begun, tmp_path / "home")
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-12")
    return load_workspace()


def exports(workspace: Workspace) -> dict[str, pd.DataFrame]:
    kinds = ("matches", "rejects", "signals", "warnings", "cases")
    with workspace.database.read() as connection:
        return {
            kind: export(connection, kind, Month.parse(MONTH)).astype("str").fillna("")
            for kind in kinds
        }


def somebody(workspace: Workspace, alone: bool) -> tuple[str, str]:
    """Number and household of one with a signal, who lives alone or does not."""
    size = (
        sa.select(person.c.household_id, sa.func.count().label("size"))
        .group_by(person.c.household_id)
        .subquery()
    )
    query = (
        sa.select(person.c.id_number, person.c.household_id)
        .join(signal, signal.c.person_id == person.c.person_id)
        .join(size, size.c.household_id == person.c.household_id)
        .where(size.c.size == 1 if alone else size.c.size > 1)
        .order_by(person.c.person_id)
    )
    with workspace.database.read() as connection:
        number, household = connection.execute(query).first() or pytest.fail(
            "the made-up county has nobody like that"
        )
    return str(number), str(household)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with others"])
def test_one_persons_data_go_and_what_others_are_in_stays(
    workspace: Workspace, alone: bool
) -> None:
    number, household = somebody(workspace, alone)
    before = exports(workspace)
    with workspace.database.read() as connection:
        told = persons.find(workspace, connection, number).told()
    held = persons.purge(workspace, number, "张三")
    assert held.told() | {"departments_files": told["departments_files"]} == told
    assert held.rows["person"] == 1
    assert held.rows["signal"] >= 1
    assert held.places
    after = exports(workspace)

    mine = pd.DataFrame(held.places).assign(row=lambda rows: rows["row"].astype("str"))[ROW]
    merged = before["matches"].merge(mine, on=ROW, how="left", indicator=True)
    others = merged["_merge"].eq("left_only").to_numpy()
    pd.testing.assert_frame_equal(after["matches"][others], before["matches"][others])
    assert set(after["matches"][~others]["household_id"]) == {""}
    pd.testing.assert_frame_equal(after["rejects"], before["rejects"])
    for kind in ("signals", "warnings", "cases"):
        rest = [
            table[table["household_id"] != household].reset_index(drop=True)
            for table in (before[kind], after[kind])
        ]
        pd.testing.assert_frame_equal(*rest)
    assert (household in set(after["warnings"]["household_id"])) is not alone

    with workspace.database.write() as connection:
        assert persons.find(workspace, connection, number).told()["rows"] == dict.fromkeys(
            persons.find(workspace, connection, number).rows, 0
        )
        for table in (submission_row, signal):
            ids = (
                sa.select(sa.func.count()).select_from(table).where(table.c.person_id.in_(held.ids))
            )
            assert connection.scalar(ids) == 0
        kinds = connection.execute(
            sa.select(audit_event.c.kind, audit_event.c.subject, audit_event.c.detail)
        ).all()
    assert [row.subject for row in kinds if row.kind == "purged"] == ["person"]
    assert not any(number in str(row) for row in kinds)
    assert held.copies
    assert not any(path.exists() for path in held.copies)
    assert all(path.exists() for path in held.exports)
    assert trail.check(workspace)["faults"] == []
    assert fetching.look(workspace) == 0


def test_an_answer_that_names_the_person_loses_its_words_only(workspace: Workspace) -> None:
    number, household = somebody(workspace, alone=False)
    with workspace.database.write() as connection:
        name = connection.scalar(sa.select(person.c.name).where(person.c.id_number == number))
        answer = {
            "clue_no": "1",
            "conclusion": "05",
            "received_at": sa.func.now(),
            "file": "f.xlsx",
            "row": 3,
        }
        texts = {"a": f"{name}在外务工", "b": f"号码{number}", "c": "入户看过"}
        for content, reason in texts.items():
            connection.execute(
                feedback.insert().values(
                    content=content, reason=reason, household_id=household, **answer
                )
            )
    persons.purge(workspace, number, "张三")
    with workspace.database.read() as connection:
        left = dict(connection.execute(sa.select(feedback.c.content, feedback.c.reason)).all())
    assert left == {"a": None, "b": None, "c": "入户看过"}


def test_the_number_is_read_from_standard_input_and_said_nowhere(workspace: Workspace) -> None:
    number, _ = somebody(workspace, alone=False)
    said = []
    for words in (["find"], ["purge", "--yes"], ["find", "--json"]):
        done = CliRunner().invoke(app, ["person", *words, "--by", "张三"], input=f"{number}\n")
        assert done.exit_code == 0, done.stderr
        said.append(done.stdout + done.stderr)
    assert "rows of person held" in said[0]
    assert "rows of person deleted" in said[1]
    assert '"places": []' in said[2]
    assert number not in "".join(said)


def test_a_row_that_was_rejected_is_in_no_table_and_goes_with_receipt_and_original(
    workspace: Workspace,
) -> None:
    number = "532999198506037605"
    (workspace.inbox / MONTH / "housing" / "补报.csv").write_text(
        f"姓名,身份证号,乡镇,行政村,鉴定等级,是否唯一住房,改造状态\n郭某,{number},大河镇,下寨村,#N/A,是,未改造\n",
        encoding="utf-8",
    )
    assert handover.receive(MONTH, "housing")["version"] == 2
    (receipt,) = (workspace.outbox / MONTH / "departments" / "housing").glob("*第2版*")
    protected = receipt.with_name("旧回执.xlsx")
    protected.write_bytes(sealed(receipt.read_bytes(), "nobody knows it"))

    def told(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(
            app, ["person", *words, "--json", "--by", "张三"], input=f"{number}\n"
        )
        assert done.exit_code == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    gone = told("purge", "--yes")
    assert gone["closed_files"] == [str(protected)]
    assert "backups" in gone["not_reached"]
    assert gone["departments_files"] == [str(workspace.inbox / MONTH / "housing" / "补报.csv")]
    assert not any(gone["rows"].values())
    assert not receipt.exists()
    assert receipt.with_name(receipt.name.replace("第2版", "第1版")).exists()
    assert len(list((workspace.home / "vault" / MONTH / "housing").iterdir())) == 1
    left = told("find")
    assert left["copies"] == 0
    assert left["departments_files"] == gone["departments_files"]
    assert fetching.look(workspace) == 0


def test_what_is_no_whole_number_is_not_looked_up(workspace: Workspace) -> None:
    for text in ("", "张三", "53299919800101", "532999198001010019"):
        with (
            workspace.database.read() as connection,
            pytest.raises(UsageError, match="no whole identity number"),
        ):
            persons.find(workspace, connection, text)
