"""Spoilt things are read or refused in words; what longer hunts found stays mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz_making import MONTH, exports, spoilt_file
from fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.county import DemoCounty
from shouwang.casework import monthly
from shouwang.core.errors import ConfigError, FileRefused
from shouwang.county.settings import read_county
from shouwang.county.yamls import read_yaml
from shouwang.intake.cells import read_column
from shouwang.intake.worker import open_file
from shouwang.matching import deciding
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.submissions import handover
from shouwang.workspace.workspace import PROJECT, load_workspace


@pytest.fixture(scope="module")
def folder(
    made_county: Callable[..., DemoCounty], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A small county's month, released, with a review list, receipts and forms."""
    folder = tmp_path_factory.mktemp("fuzz")
    county = made_county(folder / "county", households=60, months=(MONTH,), seed=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOUWANG_HOME", str(folder / "home"))
        patch.setenv("SHOUWANG_INBOX", str(county.inbox))
        patch.setenv("SHOUWANG_TODAY", "2026-10-12")
        handover.init()
        handover.load_registry(str(county.registry), str(MONTH))
        for due in handover.departments(str(MONTH)):
            handover.receive(str(MONTH), due["department"])
        monthly.screen(str(MONTH))
        releasing.release(str(MONTH), "测试员")
        deciding.write_review(str(MONTH))
        for path in (folder / "home/outbox/2026-09/townships").iterdir():
            following.write_case_form(path.name)
        yield folder


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_read_or_refused_in_words(
    name: str, folder: Path, pytestconfig: pytest.Config
) -> None:
    """``pytest --nightly tests/fuzz`` draws other examples each time, and many."""
    attempt, nightly = TARGETS[name](folder), pytestconfig.getoption("nightly")

    @settings(
        max_examples=2000 if nightly else 20,
        derandomize=not nightly,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def throw(data: st.DataObject) -> None:
        attempt(data)

    throw()


@pytest.mark.parametrize(
    ("name", "edits"),
    [
        (
            "xls.xls",
            [("cut", 0.5, 1, b""), ("cut", 0.5, 113, b""), ("cut", 0.5, 399, b"")],
        ),  # calamine panics
        ("加密.xlsx", [("put", 0.04296875, 0, b"\0\0\0\0\x17")]),  # msoffcrypto runs out of bytes
    ],
)
def test_a_library_that_gives_up_has_the_file_refused_as_damaged(
    name: str, edits: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(spoilt_file(dict(exports(tmp_path))[name], 0.0, edits))
    with pytest.raises(FileRefused, match=r"打不开|读不出来") as refused:
        open_file(path)
    assert refused.value.code == "unreadable"


def test_a_nul_in_an_identity_number_is_left_out() -> None:
    column = load_workspace({}).county.registry.columns["id_number"]
    read, _ = read_column(["5329\0", "\0"], column)
    assert read.tolist() == ["5329", ""]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("wordings.yaml", ""),
        ("wordings.yaml", "name: 1"),
        ("departments/water.yaml", "department: water\ncolumns: [1.0]"),
        ("departments/water.yaml", "department: water\ncolumns: {name: {wordings: 1}}"),
    ],
)
def test_configuration_of_the_wrong_kind_is_a_mistake_with_its_place(
    name: str, content: str, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT / "include" / "county", tmp_path / "county")
    (tmp_path / "county" / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=Path(name).name):
        read_county(tmp_path / "county")


@pytest.mark.parametrize("content", ["\0", "a: \x07", "[" * 5000, "a: 2026-02-30"])
def test_yaml_that_is_none_is_a_mistake_of_the_file(content: str, tmp_path: Path) -> None:
    path = tmp_path / "county.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"county\.yaml"):
        read_yaml(path)
