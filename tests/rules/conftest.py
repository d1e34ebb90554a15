"""A small workspace with two months of one department, for tests of the ``rules`` commands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from rules_house import answer

from shouwang.casework import monthly
from shouwang.release import releasing
from shouwang.submissions import handover
from shouwang.workspace.workspace import Workspace, load_workspace

PROJECT = Path(__file__).resolve().parents[2]
REGISTRY = "户编号,乡镇,行政村,村民小组,姓名,证件号码,性别,出生日期,与户主关系,民族,户类型,风险是否消除,人均纯收入,健康状况,劳动能力,联系电话"
HEADINGS = "乡镇,行政村,户主姓名,人均日用水量,水质是否达标,取水往返时间,停水天数,备注"
NAMES = [a + b for a in "赵钱孙李周吴郑王冯陈" for b in ("建国", "秀英")]
MONTHS = ("2026-08", "2026-09")


def minutes(number: int) -> int:
    """How long household ``number`` fetches water: 12 up to 31 minutes, one more for each."""
    return 12 + number


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty households; those from H009 on fetch water for longer than 20 minutes, and H001 has
    bad water in September.

    August went out; the township confirmed H009 and found no risk at H010.
    """
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        settle_in(home, patch)
        handover.init()
        registry = home / "农户信息表.csv"
        people = [
            f"H{n:03d},大河镇,上河村,1组,{name},,男,1970-01-01,户主,汉族,一般农户,,9000,健康,普通劳动力,"
            for n, name in enumerate(NAMES)
        ]
        registry.write_text("\n".join([REGISTRY, *people]), encoding="utf-8")
        handover.load_registry(str(registry), MONTHS[0])
        for month in MONTHS:
            take_in(home, month)
        answer({"H009": "01", "H010": "05"})
    return home


@pytest.fixture
def county(lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of that workspace."""
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    settle_in(tmp_path, monkeypatch)
    return load_workspace()


def settle_in(home: Path, patch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_KEYS"
    ]:
        patch.delenv(name)
    patch.setenv("SHOUWANG_HOME", str(home))
    patch.setenv("SHOUWANG_TODAY", "2026-10-12")


def take_in(home: Path, month: str) -> None:
    """Receive and screen a month; the first one goes out."""
    bad = {1} if month == MONTHS[1] else set()
    rows = [
        f"大河镇,上河村,{name},60,{'不达标' if n in bad else '达标'},{minutes(n)},0,"
        for n, name in enumerate(NAMES)
    ]
    inbox = home / "inbox" / month / "water"
    inbox.mkdir(parents=True)
    (inbox / "台账.csv").write_text("\n".join([HEADINGS, *rows]) + "\n", encoding="utf-8")
    handover.receive(month, "water")
    monthly.screen(month)
    if month == MONTHS[0]:
        releasing.release(month, "测试员")
