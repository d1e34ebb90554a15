"""Who sends is who sealed the file or in whose folder it lay: whatever else says otherwise, nothing
is accepted."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from casework_mistreated import Book
from casework_township import AUGUST, SEPTEMBER, Township, at

from shouwang.casework.cases import Policy
from shouwang.casework.folding import clue_number
from shouwang.core.month import Month
from shouwang.documents.manifest import SHEET
from shouwang.documents.sealing import sealed
from shouwang.intake.secrets import USUAL
from shouwang.responses import following
from shouwang.responses.collecting import held
from shouwang.store.tables import audit_event
from shouwang.transfer import passwords
from shouwang.workspace.workspace import load_workspace

pytestmark = pytest.mark.slow

DAY = "2026-10-16"
NOT_THEIRS, NOBODY_KNOWS = "应由", "不知道是哪个乡镇报回的"


@dataclass(frozen=True)
class Scene:
    """Lists of two townships, with the passwords of both and of the county."""

    township: Township
    other: str
    secrets: dict[str, str]


@pytest.fixture(scope="module")
def scene(handed_out: Township, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    township = handed_out.copy(tmp_path_factory.mktemp("senders") / "home")
    names = set(township.table("release")["township"]) - {township.name}
    other = sorted(names)[0]
    with at(township.home, DAY):
        workspace = load_workspace()
        secrets = {
            name: passwords.add(workspace, name).text
            for name in (township.name, other, passwords.COUNTY)
        }
    return Scene(township, other, secrets)


def as_it_is(book: Book, other: str) -> bytes:
    return book.save().read_bytes()


def without_the_hidden_sheet(book: Book, other: str) -> bytes:
    del book.workbook[SHEET]
    return book.save().read_bytes()


def _edited(book: Book, label: str, value: str) -> bytes:
    for row in book.workbook[SHEET].iter_rows(max_row=8):
        if row[0].value == label:
            row[1].value = value
    return book.save().read_bytes()


def with_the_other_in_the_hidden_sheet(book: Book, other: str) -> bytes:
    return _edited(book, "乡镇", other)


def with_another_month_in_the_hidden_sheet(book: Book, other: str) -> bytes:
    return _edited(book, "批次", "2026-01")


def with_another_version_in_the_hidden_sheet(book: Book, other: str) -> bytes:
    return _edited(book, "版本", "99")


def with_the_other_in_every_cell(book: Book, other: str) -> bytes:
    own = book.path.parent.name
    for sheet in book.workbook:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and own in cell.value:
                    cell.value = cell.value.replace(own, other)
    return book.save().read_bytes()


def _table(book: Book) -> str:
    out = io.StringIO()
    rows = book.sheet.iter_rows(book.head, book.last, values_only=True)
    csv.writer(out).writerows(
        [["" if value is None else str(value) for value in row] for row in rows]
    )
    return out.getvalue()


def as_csv(book: Book, other: str) -> bytes:
    return _table(book).encode("utf-8-sig")


def as_csv_of_an_old_program(book: Book, other: str) -> bytes:
    return _table(book).encode("gb18030")


def as_a_new_workbook(book: Book, other: str) -> bytes:
    new = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(_table(book))):
        new.active.append(row)
    out = io.BytesIO()
    new.save(out)
    return out.getvalue()


def _cut(book: Book, *headings: str) -> bytes:
    for heading in headings:
        for row in range(book.head, book.last + 1):
            book.sheet.cell(row, book.columns[heading]).value = None
    return book.save().read_bytes()


def without_village_and_head(book: Book, other: str) -> bytes:
    return _cut(book, "村", "户主")


def without_the_other_sheets(book: Book, other: str) -> bytes:
    for sheet in [sheet for sheet in book.workbook if sheet.title not in (book.sheet.title, SHEET)]:
        del book.workbook[sheet.title]
    return book.save().read_bytes()


def as_a_sheet_of_another_name(book: Book, other: str) -> bytes:
    book.sheet.title = f"{other}预警名单"
    return book.save().read_bytes()


def in_an_archive(book: Book, other: str) -> bytes:
    return _packed({"名单.xlsx": book.save().read_bytes()})


def _packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


DRESSES = [
    as_it_is,
    without_the_hidden_sheet,
    with_the_other_in_the_hidden_sheet,
    with_another_month_in_the_hidden_sheet,
    with_another_version_in_the_hidden_sheet,
    with_the_other_in_every_cell,
    as_csv,
    as_csv_of_an_old_program,
    as_a_new_workbook,
    without_village_and_head,
    without_the_other_sheets,
    as_a_sheet_of_another_name,
    in_an_archive,
]
WAYS: dict[str, tuple[str | None, str | None, str]] = {
    "lies in nobody's folder": (None, None, NOBODY_KNOWS),
    "lies in the other's folder": ("other", None, NOT_THEIRS),
    "is under the other's password": (None, "other", NOT_THEIRS),
    "is under the other's password in the other's folder": ("other", "other", NOT_THEIRS),
    "is under the other's password in its own folder": ("own", "other", "请核实是谁报的"),
    "is under its own password in the other's folder": ("other", "own", "请核实是谁报的"),
    "is under the county's password": (None, "county", NOBODY_KNOWS),
    "is under the password that everybody's program knows": (None, "usual", NOBODY_KNOWS),
}
"""In whose folder it lies, under whose password it is, and what is said."""
DRESSED_UP = ("lies in nobody's folder", "lies in the other's folder")
ATTACKS = [
    pytest.param(way, dress, id=f"{dress.__name__} {way}")
    for way in WAYS
    for dress in (DRESSES if way in DRESSED_UP else DRESSES[:2])
]
"""However it is dressed up where the folder decides; with and without its hidden sheet where the
password does, which is looked at first."""


def unharmed(scene: Scene, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do it; nothing is accepted and no case has changed."""
    tables = ("feedback", "removal", "report", "case", "case_event")
    before = {name: scene.township.table(name) for name in tables}
    done = work()
    assert done["taken"] == 0
    assert all(scene.township.table(name).equals(before[name]) for name in tables)
    return done


def load(
    scene: Scene, content: bytes, name: str, folder: Path, sender: str | None
) -> dict[str, Any]:
    path = folder / name
    path.write_bytes(content)
    with at(scene.township.home, DAY):
        return following.load_feedback(str(path), sender)


@pytest.mark.parametrize(("way", "dress"), ATTACKS)
def test_a_list_from_the_wrong_sender_is_not_accepted(
    scene: Scene, way: str, dress: Callable[[Book, str], bytes], tmp_path: Path
) -> None:
    folder, secret, said = WAYS[way]
    names = {"own": scene.township.name, "other": scene.other, "county": passwords.COUNTY}
    content = dress(scene.township.book(tmp_path), scene.other)
    if secret:
        content = sealed(content, USUAL if secret == "usual" else scene.secrets[names[secret]])
    name = f"{scene.township.name}预警名单" + (
        ".csv" if dress.__name__.startswith("as_csv") else ".xlsx"
    )
    done = unharmed(
        scene, lambda: load(scene, content, name, tmp_path, names[folder] if folder else None)
    )
    if said == NOT_THEIRS:
        assert len(done["problems"]) == 8
        assert all(NOT_THEIRS in entry["problem"] for entry in done["problems"])
    else:
        assert done["held"]
        assert said in done["refused"]


def test_what_another_sealed_is_not_opened_out_of_a_township_s_archive(
    scene: Scene, tmp_path: Path
) -> None:
    answered = scene.township.book(tmp_path).save().read_bytes()
    content = _packed({"名单.xlsx": sealed(answered, scene.secrets[scene.other])})
    done = unharmed(scene, lambda: load(scene, content, "报回.zip", tmp_path, scene.township.name))
    assert "打不开" in done["refused"]


def test_a_list_stolen_sealed_and_packed_beside_a_forged_one_is_held(
    scene: Scene, tmp_path: Path
) -> None:
    stolen = sealed(
        scene.township.lists[SEPTEMBER].read_bytes(), scene.secrets[scene.township.name]
    )
    forged = scene.township.book(tmp_path).save().read_bytes()
    content = _packed({"原件.xlsx": stolen, "填好.xlsx": forged})
    done = unharmed(scene, lambda: load(scene, content, "报回.zip", tmp_path, None))
    assert NOBODY_KNOWS in done["refused"]


@pytest.mark.parametrize(
    "forged", ["another's number", "a number computed without the key", "a number that is not out"]
)
def test_a_forged_clue_in_one_s_own_list_is_turned_down(
    scene: Scene, forged: str, tmp_path: Path
) -> None:
    book = scene.township.book(tmp_path)
    items = scene.township.table("release_item")
    number = {
        "another's number": items.loc[items["township"] == scene.other, "clue_no"].iloc[0],
        "a number computed without the key": clue_number(
            Policy("532900", lambda digest: digest),
            Month.parse(SEPTEMBER),
            str(items["household_id"].iloc[0]),
        ),
        "a number that is not out": "2609-00000000",
    }[forged]
    for place in range(1, 9):
        book.put(place, "线索编号", number)
        for header in (
            ("核查结论", "原因说明", "核查日期", "核查人", "人均纯收入", "拟帮扶措施")
            if place > 1
            else ()
        ):
            book.put(place, header, None)
    done = unharmed(
        scene,
        lambda: load(scene, book.save().read_bytes(), "名单.xlsx", tmp_path, scene.township.name),
    )
    assert len(done["problems"]) == 1


def test_the_month_of_the_hidden_sheet_counts_only_where_the_clue_was_on_that_list(
    township: Township, tmp_path: Path
) -> None:
    book = township.book(tmp_path)
    path = tmp_path / "名单.xlsx"
    path.write_bytes(_edited(book, "批次", AUGUST))
    assert township.load(path)["taken"] == 8
    answers, items = township.table("feedback"), township.table("release_item")
    on = set(zip(items["clue_no"], items["month"], strict=True))
    assert set(zip(answers["clue_no"], answers["list_month"], strict=True)) <= on


def test_a_held_file_is_seen_and_taken_in_once_a_clerk_says_whose_it_is(
    township: Township, tmp_path: Path
) -> None:
    path = township.home / "returns" / "谁的.xlsx"
    path.parent.mkdir()
    path.write_bytes(township.book(tmp_path).save().read_bytes())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with at(township.home, DAY):
        (done,) = following.collect_returns()["files"]
        assert done["held"]
        assert following.collect_returns()["files"] == [], "it is not asked about every morning"
        with load_workspace().database.read() as connection:
            assert [(entry["file"], entry["township"]) for entry in held(connection)] == [
                ("谁的.xlsx", "")
            ]
            kinds = set(connection.scalars(sa.select(audit_event.c.kind)))
    assert "held" in kinds
    (receipt,) = (township.home / "outbox").glob("*/county/*反馈回执*.xlsx")
    said = "".join(
        str(c.value or "")
        for row in openpyxl.load_workbook(receipt).active.iter_rows()
        for c in row
    )
    assert "整份待县里核实，未采纳任何一行" in said
    assert township.load(path)["taken"] == 8
    with at(township.home, DAY), load_workspace().database.read() as connection:
        assert held(connection) == []


def test_what_another_put_into_its_folder_does_not_keep_the_true_sender_s_out(
    township: Township, tmp_path: Path
) -> None:
    content = township.book(tmp_path).save().read_bytes()
    other = sorted(set(township.table("release")["township"]) - {township.name})[0]
    results = []
    for name in (other, township.name):
        path = township.home / "returns" / name / "名单.xlsx"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        with at(township.home, DAY):
            results += [done["taken"] for done in following.collect_returns()["files"]]
    assert results == [0, 8]
    with at(township.home, DAY):
        assert following.collect_returns()["files"] == []


@pytest.mark.parametrize(
    "saved",
    [
        "the same bytes",
        "saved again",
        "as csv",
        "with another reason",
        "without the income",
        "with another visitor",
    ],
)
def test_an_older_answer_that_is_sent_again_overrules_no_later_word(
    township: Township, tmp_path: Path, saved: str
) -> None:
    book = township.book(tmp_path)
    older = book.save().read_bytes()
    (tmp_path / "一.xlsx").write_bytes(older)
    township.load(tmp_path / "一.xlsx", "2026-10-16")
    for place in range(1, 9):
        book.put(place, "核查结论", "05")
        book.put(place, "原因说明", "再次入户，未发现风险")
        book.put(place, "核查日期", "2026-10-18")
        book.put(place, "核查人", "赵某")
    assert township.load(book.save(), "2026-10-20")["taken"] == 8
    states = township.states()
    (tmp_path / "again").mkdir()
    again = Book(tmp_path / "一.xlsx", tmp_path / "again" / "一.xlsx")
    for place in range(1, 9):
        if saved == "with another reason" and place not in (1, 3):
            again.put(place, "原因说明", f"{again.get(place, '原因说明') or ''}，补充说明")
        if saved == "without the income":
            again.put(place, "人均纯收入", None)
        if saved == "with another visitor":
            again.put(place, "核查人", "钱某")
    path = again.save()
    if saved == "the same bytes":
        path.write_bytes(older)
    elif saved == "as csv":
        path = path.with_suffix(".csv")
        path.write_bytes(as_csv(again, ""))
    done = township.load(path, "2026-10-25")
    assert (done["taken"], done["known_already"]) == (0, 8)
    assert township.states() == states


def test_a_new_visit_may_find_what_an_older_one_found(township: Township, tmp_path: Path) -> None:
    book = township.book(tmp_path)
    township.load(book.save(), "2026-10-16")
    for day, code in (("2026-10-18", "01"), ("2026-10-19", "05")):
        book.put(4, "核查结论", code)
        book.put(4, "原因说明", "再次入户，应为突发严重困难户")
        book.put(4, "核查日期", day)
        assert township.load(book.save(), "2026-10-20")["taken"] == 1
    assert township.states()[book.numbers[3]] == "无风险"


def test_a_report_about_another_township_s_household_is_turned_down(
    scene: Scene, tmp_path: Path
) -> None:
    with at(scene.township.home, DAY):
        path = Path(following.write_case_form(scene.township.name)["file"])
        from shouwang.registry.history import people_as_of

        with load_workspace().database.read() as connection:
            people = people_as_of(connection, Month.parse(SEPTEMBER))
    whole = people["id_number"].str.fullmatch(r"\d{17}[\dX]") & (people["township"] == scene.other)
    person = people[whole & (people["relation"] == "户主")].iloc[0]
    book = openpyxl.load_workbook(path)
    said = (
        "干部排查",
        scene.township.name,
        person["village"],
        person["name"],
        person["id_number"],
        "因灾",
        "房屋进水",
        "2026-09-28",
        "王某",
    )
    for column, value in enumerate(said, start=1):
        book["申报排查"].cell(4, column).value = value
    book.save(tmp_path / "申报.xlsx")
    content = (tmp_path / "申报.xlsx").read_bytes()
    done = unharmed(scene, lambda: load(scene, content, "报.xlsx", tmp_path, scene.township.name))
    assert f"该户登记在{scene.other}" in done["problems"][0]["problem"]
