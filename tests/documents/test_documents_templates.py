"""Templates in a county's hands: what it may change, and what it is told where it went wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import every_paper
import pytest
from documents_builders import clues, details, notice, release
from docx import Document
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from shouwang.cli.app import app
from shouwang.core.conclusions import CONCLUSIONS, MEASURES, RISKS
from shouwang.core.errors import ConfigError
from shouwang.documents.bulletin_docx import write_docx
from shouwang.documents.filling import fill
from shouwang.documents.notice import write_notice
from shouwang.documents.saving import what_it_says
from shouwang.documents.template import SHIPPED, check_templates, specs
from shouwang.documents.township import write_township_workbook


def edited(folder: Path, change: Callable[[Workbook], object], file: str = "township.xlsx") -> Path:
    """A county's own template: the shipped one, changed and saved."""
    folder.mkdir(exist_ok=True)
    workbook = load_workbook(SHIPPED / file)
    change(workbook)
    workbook.save(folder / file)
    return folder


def test_the_shipped_templates_are_in_order_and_every_paper_has_one(tmp_path: Path) -> None:
    assert check_templates(tmp_path) == []
    assert sorted(path.name for path in SHIPPED.iterdir()) == sorted(specs())


def test_what_is_chosen_from_is_what_is_understood_when_it_comes_back() -> None:
    workbook = load_workbook(SHIPPED / "township.xlsx")
    offered = [cell.value for cell in workbook["选项"]["A"] if cell.value]
    assert offered == [conclusion.choice for conclusion in CONCLUSIONS]
    assert [cell.value for cell in workbook["选项"]["B"] if cell.value] == list(MEASURES)
    rows = list(workbook["填写说明"].iter_rows(values_only=True))
    explained = [row for row in rows if re.fullmatch(r"\d\d", str(row[0]))]
    assert [(row[0], row[1], row[3], row[4]) for row in explained] == [
        (entry.code, entry.text, entry.column or "—", entry.needs) for entry in CONCLUSIONS
    ]
    form = load_workbook(SHIPPED / "case_form.xlsx")
    lists = {check.formula1 for sheet in form for check in sheet.data_validations.dataValidation}
    assert f'"{",".join(RISKS)}"' in lists
    assert f'"{",".join(MEASURES)}"' in lists


def test_a_county_adds_a_column_changes_a_heading_and_a_font(tmp_path: Path) -> None:
    def change(workbook: Workbook) -> None:
        sheet = workbook["预警名单"]
        sheet["C6"], sheet["C7"] = "户编号", "{{ rows.household_id }}"
        sheet["A1"] = "{{ county }}{{ month }}入户核查表"
        sheet["A1"].font = Font(name="楷体", sz=22)
        sheet.column_dimensions["C"].width = 14

    own = edited(tmp_path / "templates", change)
    assert check_templates(own) == []
    listed = clues(2)
    paper = replace(release(), templates=own)
    write_township_workbook(tmp_path / "名单.xlsx", paper, listed, details(listed))
    sheet = load_workbook(tmp_path / "名单.xlsx")["预警名单"]
    assert (sheet["A1"].value, sheet["A1"].font.name) == ("清源县2026年9月入户核查表", "楷体")
    assert "户编号" in [cell.value for row in sheet["C1:C7"] for cell in row]
    assert sheet.column_dimensions["C"].width == 14
    assert {"H00000", "H00001"} <= {cell.value for cell in sheet["C"]}


def _set(cell: str, value: str, name: str = "预警名单") -> Callable[[Workbook], None]:
    def change(workbook: Workbook) -> None:
        workbook[name][cell] = value

    return change


def _join(sheet: Worksheet, area: str) -> None:
    sheet.merge_cells(area)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            _set("B7", "{{ rows.vilage }}"),
            "township.xlsx, sheet 预警名单, cell B7: there is no {{ rows.vilage }}; there is rows.village",
        ),
        (_set("A1", "{{ 县名 }}"), "cell A1: there is no {{ 县名 }}"),
        (_set("A2", "{{ office "), "cell A2: “{{ office” is no placeholder"),
        (_set("A7", "编号"), "sheet 预警名单: “{{ rows.clue_no }}” is missing"),
        (_set("P6", "结论"), "sheet 预警名单: “核查结论” is missing; the paper is read"),
        (_set("A3", "05 没有", "选项"), "sheet 选项: “03 已消除风险，需回退” is missing"),
        (_set("B7", "=A7&C7"), "cell B7: formulas are not filled in"),
        (_set("B7", "{{ details.rule }}"), "row 7: a row is repeated for one table"),
        (
            lambda book: book.remove(book["名单标识"]),
            "the sheet 名单标识 is missing; there are 预警名单",
        ),
        (lambda book: _join(book["线索明细"], "A3:A4"), "sheet 线索明细, cells A3:A4"),
    ],
)
def test_what_is_wrong_is_told_with_file_sheet_and_cell(
    tmp_path: Path, change: Callable[[Workbook], object], told: str
) -> None:
    own = edited(tmp_path / "templates", change)
    assert told in "\n".join(check_templates(own))
    with pytest.raises(ConfigError, match=re.escape(told)):
        write_township_workbook(
            tmp_path / "x.xlsx", replace(release(), templates=own), clues(1), details(clues(1))
        )
    assert not (tmp_path / "x.xlsx").exists()


def test_a_file_that_is_none_and_one_that_no_paper_has_are_named(tmp_path: Path) -> None:
    (tmp_path / "story.xlsx").write_bytes(b"PK no workbook")
    (tmp_path / "bulletin.docx").write_bytes(b"nothing")
    (tmp_path / "townships.xlsx").write_bytes(b"")
    problems = "\n".join(check_templates(tmp_path))
    for file in (
        "story.xlsx: not a workbook",
        "bulletin.docx: not a document",
        "townships.xlsx: no",
    ):
        assert file in problems


def test_config_check_says_what_is_wrong_in_a_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    county = shutil.copytree(SHIPPED.parent, tmp_path / "county")
    edited(county / "templates", _set("B7", "{{ rows.vilage }}"))
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHOUWANG_COUNTY", str(county))
    done = CliRunner().invoke(app, ["config", "check"])
    assert done.exit_code == 1
    assert "sheet 预警名单, cell B7" in str(done.exception)
    edited(county / "templates", lambda workbook: None)
    assert CliRunner().invoke(app, ["config", "check"]).exit_code == 0


def test_a_frame_or_a_value_that_is_lacking_is_no_half_paper(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lack"):
        fill("supervision.xlsx", release(), tmp_path / "x.xlsx", {"addressed": "各乡镇"})
    assert not [*tmp_path.iterdir()]


def test_a_bulletin_in_the_county_s_own_words_and_a_placeholder_cut_into_runs(
    tmp_path: Path,
) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    document = Document(str(SHIPPED / "bulletin.docx"))
    office = document.paragraphs[0]
    office.runs[0].text = "{{ of"
    office.add_run("fice").bold = True
    office.add_run(" }}文件")
    document.save(str(own / "bulletin.docx"))
    assert check_templates(own) == []
    paper = replace(every_paper.bulletin(), templates=own, figures=())
    write_docx(tmp_path / "通报.docx", paper, lambda _: b"")
    written = Document(str(tmp_path / "通报.docx")).paragraphs
    assert written[0].text == "清源县农业农村局文件"
    document.paragraphs[2].runs[0].text = "{{ titel }}"
    document.save(str(own / "bulletin.docx"))
    problems = "\n".join(check_templates(own))
    assert "bulletin.docx, paragraph 3: there is no {{ titel }}; there is title" in problems
    assert "the placeholder {{ title }} is missing" in problems


def test_a_paper_says_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    said = []
    for day, listed in ((12, clues(3)), (13, clues(3)), (13, clues(4))):
        paper = release(made_at=release().made_at.replace(day=day))
        write_township_workbook(tmp_path / "x.xlsx", paper, listed, details(listed))
        said.append(what_it_says((tmp_path / "x.xlsx").read_bytes()))
    assert said[0] == said[1] != said[2]
    assert said[0] is not None


def test_the_fingerprint_of_a_notice_tells_nothing_that_the_notice_hides(tmp_path: Path) -> None:
    said = []
    for listed in (clues(2), clues(2).assign(phone="13900009999", reasons="别的原因")):
        write_notice(tmp_path / "公示.xlsx", notice(), listed)
        said.append(what_it_says((tmp_path / "公示.xlsx").read_bytes()))
    assert said[0] == said[1]
