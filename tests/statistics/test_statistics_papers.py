"""The papers of a month as they leave: no person in the bulletin, no number anywhere, nothing that
a program would run."""

from __future__ import annotations

import base64
import re
from collections import Counter
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
import sqlalchemy as sa
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook
from statistics_builders import TITLES, TODAY, Told, bulletin, cells, departments, facts, figure

from shouwang.core.errors import NotThereYet, UsageError
from shouwang.core.month import Month
from shouwang.documents.bulletin import CountTable, Figure, Section
from shouwang.documents.bulletin_docx import write_docx
from shouwang.documents.charts import chart, to_svg
from shouwang.documents.sealing import open_sealed
from shouwang.screening.hit_rates import COLUMNS as RATES
from shouwang.statistics import papers, publishing
from shouwang.statistics.bulletin_annex import figures
from shouwang.statistics.counts import count
from shouwang.store.tables import dispatch
from shouwang.transfer.passwords import COUNTY, current

SEPTEMBER = Month(2026, 9)
RISKS = pd.DataFrame({"风险": ["因病", "因学"], "户": [3, 2]})
FORMULA, MARKUP = '=cmd|"/C calc"!A0', "<script>alert(1)</script>"


def drawn(_: object) -> bytes:
    """A picture of one point, where a test is not about charts."""
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )


def text_of_docx(path: Path) -> str:
    with ZipFile(path) as parts:
        return "\n".join(
            parts.read(n).decode() for n in parts.namelist() if n.endswith((".xml", ".rels"))
        )


def text_of_xlsx(path: Path, *passwords: str) -> str:
    with ZipFile(open_sealed(path, *passwords)) as parts:
        return unescape("\n".join(parts.read(n).decode() for n in parts.namelist()))


@pytest.fixture(scope="module")
def written(told: Told) -> dict[str, list[Path]]:
    """Every paper of the month: bulletins, results, registry lists."""
    month = SEPTEMBER
    bulletins = [
        file
        for length in (1, 2)
        for file in papers.bulletin(told.workspace, month, length)["files"]
    ]
    results = [
        papers.results(told.workspace, month, name) for name in told.workspace.county.contracts
    ]
    papers.check_registry(told.workspace, month, "张某")
    return {
        "bulletins": [Path(file) for file in bulletins],
        "results": [Path(done["file"]) for done in results if done["status"] == "written"],
        "registry": [*told.workspace.outbox.rglob("*农户信息核对清单*")],
    }


def words_in(said: str, words: set[str]) -> set[str]:
    """Which of many words stand in a text, wherever."""
    return words & {
        said[n : n + length] for length in set(map(len, words)) for n in range(len(said))
    }


def numbers_of(told: Told) -> set[str]:
    people = told.people
    return {n for column in ("id_number", "phone") for n in people[column].dropna() if len(n) > 6}


def test_no_person_is_in_a_bulletin_or_in_what_departments_get(
    told: Told, written: dict[str, list[Path]]
) -> None:
    names = {name for name in told.people["name"] if len(name) > 2}
    assert len(names) > 500
    for path in [*written["bulletins"], *written["results"]]:
        said = {".docx": text_of_docx, ".xlsx": text_of_xlsx}[path.suffix](path)
        assert len(said) > 2000
        assert words_in(said, names | numbers_of(told)) == set(), path.name


def test_no_number_or_phone_is_in_any_paper_and_each_township_has_its_households_only(
    told: Told, written: dict[str, list[Path]]
) -> None:
    homes = told.people.drop_duplicates("household_id").set_index("household_id")["township"]
    assert len(written["registry"]) == 1 + homes.nunique()
    numbers = numbers_of(told)
    for path in written["registry"]:
        in_township = "townships" in path.parts
        said = text_of_xlsx(
            path, current(told.workspace, path.parent.name if in_township else COUNTY)[0]
        )
        assert words_in(said, numbers) == set()
        listed = {h for h in re.findall(r"\d{12}", said) if h in homes.index}
        if in_township:
            assert set(homes[list(listed)]) <= {path.parent.name}
        else:
            assert len(listed) > 5


def test_a_registry_list_that_says_nothing_new_is_not_sent_again(
    told: Told, written: dict[str, list[Path]]
) -> None:
    with told.workspace.database.read() as connection:
        prepared = set(connection.scalars(sa.select(dispatch.c.file)))
    assert papers.check_registry(told.workspace, SEPTEMBER, "张某")["findings"] > 0
    with told.workspace.database.read() as connection:
        assert set(connection.scalars(sa.select(dispatch.c.file))) == prepared
    assert sorted(told.workspace.outbox.rglob("*农户信息核对清单*")) == sorted(written["registry"])


def test_departments_get_their_rows_only_and_rude_words_stay_words(
    written: dict[str, list[Path]],
) -> None:
    for path in written["results"]:
        book = load_workbook(path)
        details = [[c.value for c in row] for row in book["线索明细"].iter_rows(min_row=3)]
        files = {row[1] for row in details}
        assert all("年" in name for name in files)
        for row in book["线索明细"].iter_rows(min_row=3):
            assert {c.data_type for c in row if isinstance(c.value, str)} <= {"s"}
            assert all(c.quotePrefix for c in row if str(c.value).startswith("="))
        assert all(c.hyperlink is None for sheet in book for row in sheet for c in row)
    wrong = {path.parent.name: cells(path).count("evil.example") for path in written["results"]}
    assert wrong["medical_insurance"] > 0
    assert wrong["housing"] > 0
    assert wrong["education"] == 0


def test_what_townships_say_is_wrong_stands_on_the_scorecard(
    told: Told, written: dict[str, list[Path]], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUWANG_HOME", str(told.workspace.home))
        card = publishing.scorecard(out=str(tmp_path / "card.xlsx"))
    told_wrong = Counter(dict.fromkeys(told.workspace.county.contracts, 0))
    for line in card:
        told_wrong[line["department"]] += line["wrong_on_foot"]
    assert told_wrong["medical_insurance"] > 0
    assert told_wrong["housing"] > 0
    heads = [c.value for c in load_workbook(tmp_path / "card.xlsx")["医保局"][3]]
    assert "实地有误" in heads


def test_the_document_says_what_the_bulletin_says(tmp_path: Path) -> None:
    paper = bulletin(figures=(figure(chart("risks", RISKS)),))
    write_docx(tmp_path / "b.docx", paper, drawn)
    document = Document(str(tmp_path / "b.docx"))
    assert [p.text for p in document.paragraphs] == [
        "清源县农业农村局",
        "月度通报　2026年第9期　　2026年10月28日",
        "关于2026年9月的通报",
        "各乡镇：",
        "一、总体情况",
        "第一段。",
        "第二段。",
        "清源县农业农村局",
        "2026年10月28日",
        "附件：统计表和统计图",
        "表1　各乡镇",
        "注：一户计一次。",
        "图1　各类风险",
        "",
    ]
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert rows == [["乡镇", "户"], ["大河镇", "1,234"], ["合计", "1,234"]]


def test_chinese_is_set_in_chinese_fonts_on_a4(tmp_path: Path) -> None:
    write_docx(tmp_path / "b.docx", bulletin(), drawn)
    document = Document(str(tmp_path / "b.docx"))
    page = document.sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    paragraphs = [*document.paragraphs]
    paragraphs += [p for row in document.tables[0].rows for c in row.cells for p in c.paragraphs]
    fonts = {p.style.element.rPr.rFonts.get(qn("w:eastAsia")) for p in paragraphs}
    assert fonts == {"黑体", "仿宋", "宋体"}
    assert {lang.get(qn("w:eastAsia")) for lang in document.styles.element.iter(qn("w:lang"))} == {
        "zh-CN"
    }


def test_hostile_words_stay_words_in_the_document(tmp_path: Path) -> None:
    table = CountTable(MARKUP, ("乡镇", "户"), [[FORMULA + "\x00", 1], [MARKUP, 2]])
    paper = bulletin(
        title=MARKUP,
        sections=(Section(MARKUP, (FORMULA + "\x07",)),),
        tables=(table,),
        figures=(Figure(MARKUP, chart("risks", RISKS.assign(风险=[MARKUP, FORMULA])), MARKUP),),
    )
    write_docx(tmp_path / "b.docx", paper, drawn)
    document = Document(str(tmp_path / "b.docx"))
    assert document.tables[0].rows[1].cells[0].text == FORMULA
    assert document.paragraphs[5].text == FORMULA
    said = text_of_docx(tmp_path / "b.docx")
    assert re.findall(r'<w:fldSimple w:instr="([^"]*)"', said) == ["PAGE"]
    assert not re.search(
        "<w:(instrText|fldChar|hyperlink|object|altChunk|sdt)\\b|TargetMode=.External|<script", said
    )
    assert document.inline_shapes[0]._inline.docPr.get("descr") == MARKUP
    assert document.core_properties.title == MARKUP


def test_every_chart_is_drawn_and_says_its_figures() -> None:
    known = facts()
    counts = count(known, [SEPTEMBER], TODAY, 10, known.townships)
    rates = pd.DataFrame([("MED-1", "单次住院自付", 40, 30, 6, 0.2, 0.1, 0.37)], columns=RATES)
    found = figures(counts, departments(), rates)
    assert [f.title for f in found] == [
        "各乡镇预警户数（按等级）",
        "各类风险预警户数",
        "预警、下发、核查和确认的逐月变化",
        "部门数据报送及时性和质量",
        "各规则命中率",
    ]
    said = [to_svg(f.chart) for f in found]
    assert "双龙镇" in said[0]
    assert "因病" in said[1]
    assert "2026-07" in said[2]
    assert all(title in said[3] for title in TITLES.values())
    assert "6/30" in said[4]


def test_a_bulletin_of_three_months_or_of_an_unscreened_month_is_refused(told: Told) -> None:
    with pytest.raises(UsageError, match="one month or two"):
        papers.bulletin(told.workspace, SEPTEMBER, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUWANG_HOME", str(told.workspace.home))
        with pytest.raises(NotThereYet, match="2027-01"):
            publishing.write_bulletin("2027-01")
