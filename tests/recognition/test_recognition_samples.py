"""The example counties, where a working copy has them beside it: read as they lie there, and not by
heart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from recognition_builders import World

from shouwang.casework import monthly
from shouwang.cli.exporting import export
from shouwang.core.month import Month
from shouwang.county.contract import Contract
from shouwang.county.settings import County, read_county
from shouwang.recognition.cells import Registered
from shouwang.recognition.reading import read_files
from shouwang.submissions import asking, handover
from shouwang.workspace.workspace import load_workspace

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "sample"
EVERY = sorted(path.name for path in SAMPLES.glob("*") if (path / "truth" / "records.csv").exists())
PLACE = ["month", "department", "file", "sheet", "row"]


@pytest.mark.parametrize("name", [name for name in EVERY if name == "national"])
def test_a_month_in_the_layouts_of_real_systems_is_read_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SAMPLES / name
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHOUWANG_INBOX", str(sample / "inbox"))
    months = sorted(path.name for path in (sample / "inbox").iterdir())
    handover.init()
    [registry] = (sample / "registry").iterdir()
    handover.load_registry(str(registry), months[0])
    for month in months:
        for entry in handover.departments(month):
            handover.receive(month, entry["department"])
        monthly.screen(month)
    assert asking.questions() == []
    truth = pd.read_csv(sample / "truth" / "records.csv", dtype=str, keep_default_na=False)
    with load_workspace().database.read() as connection:
        told = [
            export(connection, kind, Month.parse(m))
            for kind in ("matches", "warnings")
            for m in months
        ]
    matches = pd.concat(told[: len(months)]).astype("str").replace("nan", "")
    rows = truth.merge(matches, on=PLACE, how="left", suffixes=("", "_found"))
    assert rows["outcome"].notna().all()
    matched = rows["outcome"] == "matched"
    assert (rows.loc[matched, "household"] == rows.loc[matched, "household_id"]).all()
    assert not (matched & rows["expect"].isin(["none", "review", "void"])).any()
    assert not (
        rows["expect"].isin(["match", "either", "none", "review"]) & (rows["outcome"] == "rejected")
    ).any()
    assert (matched[rows["expect"] == "match"]).mean() >= 0.99
    assert (rows.loc[rows["expect"] == "void", "outcome"] == "void").all()
    warnings = pd.concat(told[len(months) :]).set_index(["month", "household_id"])
    expected = pd.read_csv(sample / "truth" / "warnings.csv", dtype=str, keep_default_na=False)
    found = [
        set(str(warnings["rules"].get(key, "")).split())
        for key in zip(*(expected[n] for n in ("month", "household")), strict=True)
    ]
    must, may = (expected[name].str.split().map(set) for name in ("must_rules", "may_rules"))
    hit = sum(len(m & f) for m, f in zip(must, found, strict=True))
    assert hit >= 0.98 * sum(map(len, must))
    extra = sum(len(f - m) for f, m in zip(found, may, strict=True))
    assert extra <= 0.01 * sum(map(len, found))


def first_wordings(folder: Path, county: County) -> County:
    """The county with every wording but the first taken out of every contract."""
    shared = yaml.safe_load((county.folder / "wordings.yaml").read_text("utf-8"))
    (folder / "departments").mkdir(parents=True)
    cut = {name: words[:1] for name, words in shared.items()}
    (folder / "wordings.yaml").write_text(yaml.safe_dump(cut, allow_unicode=True), "utf-8")
    for name in ("county.yaml", "vocabulary.yaml"):
        (folder / name).write_text((county.folder / name).read_text("utf-8"), "utf-8")
    for path in [*county.folder.glob("departments/*.yaml"), county.folder / "registry.yaml"]:
        contract = yaml.safe_load(path.read_text("utf-8"))
        for name, column in contract["columns"].items():
            wordings = [] if name in shared else column.get("wordings", [])[:1]
            column["wordings"] = wordings
        target = folder / path.relative_to(county.folder)
        target.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), "utf-8")
    return read_county(folder)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_known_by_heart(name: str, county: County, tmp_path: Path) -> None:
    bare = first_wordings(tmp_path / "bare", county)
    sample = SAMPLES / name
    [registry] = (sample / "registry").iterdir()
    known, again = (read_files([registry], one.registry).table for one in (county, bare))
    pd.testing.assert_frame_equal(known, again)
    people = Registered.of(known)
    for folder in sorted((sample / "inbox").glob("*/*")):
        files = sorted(folder.iterdir())
        by_list, by_words = (
            read_files(files, one.contracts[folder.name], people=lambda: people)
            for one in (county, bare)
        )
        assert not by_words.held, folder
        pd.testing.assert_frame_equal(by_list.table, by_words.table)


def test_rows_taken_back_and_rows_that_contradict_each_other(
    world: World, contracts: dict[str, Contract], county: County
) -> None:
    from shouwang.quality.check import check

    contract = contracts["medical_insurance"]
    columns = {
        name: world.tables["medical_insurance"].get(name, [""] * 6)[:6] for name in contract.columns
    }
    columns["settlement_id"] = ["J1", "J2", "J2", "J3", "J3", "J4"]
    columns["void_flag"], columns["valid_flag"] = ["否"] * 5 + ["是"], ["是"] * 6
    for cells in columns.values():
        cells[4] = cells[3]
    table = _typed(columns, contract)
    verdicts = check(table, contract, load_workspace({}).expectations, Month(2026, 9))
    assert verdicts.verdict.tolist() == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
        "duplicate",
        "void",
    ]
    assert "第 3 行、第 4 行" in verdicts.reason[1]
    assert verdicts.reason[1] == verdicts.reason[2]
    assert verdicts.bad_columns[1] == "settlement_id"
    assert verdicts.reason[4] == "与第 5 行完全相同"


def _typed(columns: dict[str, list[object]], contract: Contract) -> pd.DataFrame:
    from recognition_builders import sheet_of

    from shouwang.recognition.reading import _read_sheet
    from shouwang.recognition.recognise import locate

    sheet = sheet_of(
        [(contract.columns[name].wordings[0], cells) for name, cells in columns.items()]
    )
    header = locate(sheet, contract)
    assert header
    return _read_sheet(sheet, header, contract)[0]
