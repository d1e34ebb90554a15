"""Nothing that leaves the workspace says more than it may: a whole demo month is searched."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from transfer_workspace import MONTH, SECRETS, decoded, enter, filled

from demo.county import DemoCounty
from sealed import opened
from shouwang.casework import monthly
from shouwang.documents.text import starred
from shouwang.matching import deciding
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.statistics import publishing
from shouwang.store.tables import case, feedback, person, signal, warning
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

NUMBER = re.compile(r"(?<![\d*.])\d{15,}[\dXx]?(?![\d*])")
PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
MARKUP_IN_A_WORD = re.compile(
    r"</?(?:w:(?:r|t|rPr|rFonts|sz|szCs|color|b)|r|t|rPr|b|span|tspan)\b[^>]*>"
)
"""Tags that a text may be split by, so that what is read as one word is searched as one."""
OF_A_FONT = re.compile(r"<w:panose1[^>]*>")
"""How a font looks, in twenty digits, which is no number of anybody."""
ACCOUNT, ANOTHER = SECRETS[1], "532999198001010018"
TOLD = f"医保局、住建局、民政局、水利局、教体局登记的人不对，应为 {ANOTHER}，账号 {ACCOUNT}"
"""What a township writes of wrong data, though it is told not to."""
KINDS = {
    "预警名单",
    "公示",
    "督办单",
    "有待核实",
    "核对清单",
    "反馈回执",
    "申报排查表",
    "户情",
    "汇总",
    "数据回执",
    "结果反馈",
    "通报",
}


def texts(path: Path, home: Path) -> str:
    """Everything that a file says, its name too: each part of a packed one, comments and properties
    as well as cells."""
    if path.suffix == ".html":
        said = path.read_text(encoding="utf-8")
    else:
        with ZipFile(opened(path, home)) as parts:
            said = "\n".join(
                parts.read(name).decode("utf-8", "replace") for name in parts.namelist()
            )
        said = unescape(OF_A_FONT.sub("", said))  # openpyxl writes 汉字 as &#27721;
    return f"{path.name}\n{said}\n{MARKUP_IN_A_WORD.sub('', said)}"


@pytest.fixture(scope="module")
def workspace(
    screened: Path, county: DemoCounty, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[Path, str]]]:
    """A month to its end, and the text of every file that leaves: townships answer with numbers in
    their words."""
    home = tmp_path_factory.mktemp("month") / "home"
    shutil.copytree(screened, home)
    with pytest.MonkeyPatch.context() as patch:
        enter(patch, home, county)
        releasing.release(MONTH, "测试员")
        publishing.check_registry(MONTH, "测试员")
        townships = monthly.month_table(MONTH)["townships"]
        for township in (None, *townships):
            deciding.write_review(MONTH, township)
        patch.setenv("SHOUWANG_TODAY", "2026-10-28")
        assert following.supervise("测试员")["overdue"] > 0
        for township in townships:
            for number, conclusion in enumerate((f"拟纳入 {ANOTHER}", "13 部门数据有误")):
                back = home / f"{number}.xlsx"
                back.write_bytes(filled(home, township, 3, conclusion, TOLD))
                done = following.load_feedback(str(back), township)
                assert (done["taken"], len(done["problems"])) == ((0, 3), (3, 0))[number], done
            following.write_case_form(township)
        for department in handover.departments(MONTH):
            publishing.write_results(MONTH, department["department"])
        publishing.write_bulletin(MONTH)
        with load_workspace().database.read() as connection:
            clue = connection.scalar(sa.select(feedback.c.clue_no))
        following.household_story(str(clue), str(home / "outbox" / MONTH / "county"), "测试员")
        yield (
            home,
            {
                path: texts(path, home)
                for path in sorted((home / "outbox").rglob("*"))
                if path.is_file()
            },
        )


@pytest.fixture
def papers(workspace: tuple[Path, dict[Path, str]]) -> dict[Path, str]:
    """Every file that leaves, and all that it says."""
    return workspace[1]


def people_of(township: str | None = None) -> dict[str, set[str]]:
    columns = (person.c.name, person.c.phone, person.c.household_id)
    query = (
        sa.select(*columns)
        if township is None
        else sa.select(*columns).where(person.c.township == township)
    )
    with load_workspace().database.read() as connection:
        names, phones, households = zip(*connection.execute(query), strict=True)
    return {"names": set(names), "phones": set(phones) - {None}, "households": set(households)}


def written_by(county: DemoCounty, department: str) -> set[str]:
    """Every cell that a department wrote, as text."""
    (path,) = (county.inbox / MONTH / department).iterdir()
    if path.suffix == ".csv":
        return {
            cell.strip(' "')
            for line in decoded(path)[0].splitlines()
            for cell in re.split("[,\t]", line)
        }
    return {
        str(v).strip()
        for sheet in load_workbook(path)
        for row in sheet.values
        for v in row
        if v is not None
    }


def test_every_kind_of_paper_is_among_those_searched(papers: dict[Path, str]) -> None:
    assert {path.suffix for path in papers} == {".xlsx", ".docx"}
    assert {word for word in KINDS for path in papers if word in path.name} == KINDS
    assert any("人不对" in text for path, text in papers.items() if "结果反馈" in path.name)
    assert any("人不对" in text for path, text in papers.items() if "户情" in path.name)


def test_no_number_diagnosis_or_account_and_no_phone_of_another_township(
    papers: dict[Path, str], county: DemoCounty
) -> None:
    with (county.truth / "identities.csv").open(encoding="utf-8-sig", newline="") as file:
        numbers = {row["id"] for row in csv.DictReader(file) if len(row["id"]) >= 15}
    for path, text in papers.items():
        if "数据回执" in path.name:
            continue
        assert NUMBER.findall(text) == [], path.name
        assert not any(number in text for number in numbers), path.name
        assert not any(secret in text for secret in SECRETS), path.name
        phones = set(PHONE.findall(text))
        township = path.parent.name
        allowed = (
            people_of(township)["phones"] if "预警" in path.name and township != "county" else set()
        )
        assert phones <= allowed, path.name
        assert phones or "预警名单" not in path.name


def test_a_receipt_holds_the_department_s_own_rows_and_their_numbers_nowhere_else(
    workspace: tuple[Path, dict[Path, str]], county: DemoCounty
) -> None:
    """The one exception: rejected rows go back as the department wrote them, to be corrected."""
    home, papers = workspace
    rows = 0
    for path in (path for path in papers if "数据回执" in path.name):
        book = load_workbook(opened(path, home))
        own = {sheet.title for sheet in book if sheet.title.startswith("退回数据")}
        wrote = written_by(county, path.parent.name)
        for sheet in book:
            for cells in sheet.iter_rows(
                min_row=2, max_col=max(1, sheet.max_column - 2), values_only=True
            ):
                said = [str(value).strip() for value in cells if value is not None]
                if sheet.title in own:
                    assert set(said) <= wrote, (path.name, set(said) - wrote)
                    rows += 1
                else:
                    assert not [text for text in said if NUMBER.search(text)], path.name
    assert rows > 3


def test_what_goes_to_a_township_holds_its_own_households_only(
    workspace: tuple[Path, dict[Path, str]], townships: list[str]
) -> None:
    home, papers = workspace
    with load_workspace().database.read() as connection:
        warned = dict(
            list(connection.execute(sa.select(warning.c.household_id, warning.c.township)))
        )
        clues = dict(list(connection.execute(sa.select(case.c.clue_no, case.c.household_id))))
        signals = connection.execute(sa.select(signal.c.household_id).distinct()).scalars().all()
    listed: set[str] = set()
    for township in townships:
        others = people_of()["households"] - people_of(township)["households"]
        mine = {path: text for path, text in papers.items() if path.parent.name == township}
        for path, text in mine.items():
            assert not any(household in text for household in others if len(household) > 4), (
                path.name
            )
            if "预警名单" in path.name:
                book = load_workbook(opened(path, home))
                for name in ("预警名单", "线索明细", "名单标识"):
                    own = {clues[cell.value] for cell in book[name]["A"] if cell.value in clues}
                    assert {warned[household] for household in own} == {township}
                assert not (listed & own)
                listed |= own
    assert listed == set(warned) == set(signals)


def test_a_notice_shows_no_whole_name_reason_level_or_amount(papers: dict[Path, str]) -> None:
    whole = {name for name in people_of()["names"] if len(name) > 1}
    notices = [path for path in papers if "公示" in path.name]
    assert notices
    for path in notices:
        assert path.read_bytes()[:2] == b"PK"
        (sheet,) = load_workbook(path)
        cells = [
            str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None
        ]
        assert not whole & set(cells)
        text = "\n".join(cells)
        assert not re.search("因病|医保|住院|元|红|黄Ⅱ|蓝|2609-", text)
        starred_names = [cell.value for cell in sheet["D"][4:] if cell.value]
        assert starred_names
        assert all("*" in name for name in starred_names)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=12))
def test_a_starred_name_keeps_at_most_its_first_and_last_character(name: str) -> None:
    shown = starred(name)
    assert "*" in shown
    assert len(shown.replace("*", "")) <= 2
    assert len(shown) <= 4
