"""An officer in LibreOffice opens every paper with its password, fills a list in, and sends it
back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from transfer_workspace import MONTH

from services import at_libreoffice
from shouwang.matching import deciding
from shouwang.release import releasing
from shouwang.responses import following
from shouwang.statistics import publishing
from shouwang.store.tables import case
from shouwang.submissions import handover
from shouwang.transfer import passwords
from shouwang.workspace.workspace import load_workspace

SECRET = "fang-2026-lou"
OFFICER = Path(__file__).with_name("officer.py")
ANSWERS = [
    [
        ("核查结论", "05 未发现风险"),
        ("原因说明", "=1+1"),
        ("核查日期", "2026-10-14"),
        ("核查人", "王某"),
    ],
    [
        ("核查结论", "02 已是监测对象，补充措施"),
        ("核查日期", "2026-10-15"),
        ("核查人", "李某"),
        ("拟帮扶措施", "健康帮扶"),
    ],
    [
        *[
            ("核查结论", "没有这一项"),
            ("核查日期", "前天"),
            ("人均纯收入", "很多"),
            ("人均纯收入", "-1"),
            ("户主", "别人"),
        ],
        *[
            ("核查结论", "01 拟纳入监测"),
            ("核查日期", "2026-10-16"),
            ("核查人", "王某"),
            ("人均纯收入", 7650),
        ],
    ],
]
REFUSED = [
    ["核查结论", "没有这一项", "not offered"],
    ["核查日期", "前天", "no such value"],
    ["人均纯收入", "很多", "no such value"],
    ["人均纯收入", "-1", "no such value"],
    ["户主", "别人", "locked"],
]


REVIEWED = [[("认定结果", "候选9"), ("备注", "=1+1"), ("认定结果", "都不是")]]
FILLED: dict[str, dict[str, Any]] = {
    "预警名单": {
        "sheet": "预警名单",
        "heading": "线索编号",
        "list": "核查结论",
        "rows": ANSWERS,
        "filter": ["预警等级", "蓝Ⅲ"],
    },
    "有待核实": {
        "sheet": "有待核实",
        "heading": "核实编号",
        "list": "认定结果",
        "rows": REVIEWED,
        "filter": ["来文姓名", ""],
    },
    "农户信息核对清单": {
        "sheet": "核对清单",
        "heading": "乡镇",
        "list": "核实结果",
        "filter": ["核实结果", "已更正"],
        "rows": [
            [("核实结果", "随便"), ("户主", "别人"), ("核实结果", "已更正"), ("说明", "已改")]
        ],
    },
}
"""Whose drop-downs are filled in: the first paper with these words in its name."""


def password_of(path: Path) -> str:
    """What whoever gets a paper types to open it; nothing for what is open."""
    kind, whose = path.parent.parent.name, path.parent.name
    if path.suffix != ".xlsx" or "公示" in path.name or kind == "departments":
        return SECRET if whose == "housing" and "结果反馈" in path.name else ""
    return passwords.current(load_workspace(), passwords.COUNTY if whose == "county" else whose)[0]


@pytest.mark.needs("libreoffice", "writer", "uno")
@pytest.mark.timeout(600)
def test_every_paper_opens_with_its_password_and_what_is_filled_in_reads_back(
    home: Path, townships: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = home / "secrets" / "departments" / "housing"
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text(SECRET)
    secret.chmod(0o600)
    releasing.release(MONTH, "测试员")
    deciding.write_review(MONTH)
    publishing.check_registry(MONTH, "测试员")
    publishing.write_bulletin(MONTH)
    for known in handover.departments(MONTH):
        publishing.write_results(MONTH, known["department"])
    following.write_case_form(townships[0])
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-28")
    following.supervise("测试员")
    with load_workspace().database.read() as connection:
        clue = str(connection.scalar(sa.select(case.c.clue_no)))
    following.household_story(clue, str(home / "outbox" / MONTH / "county"), "测试员")
    papers = sorted(p for p in (home / "outbox").rglob("*") if p.suffix in (".xlsx", ".docx"))
    orders, waiting = [], dict(FILLED)
    for number, path in enumerate(papers):
        kinds = (".pdf", ".docx") if path.suffix == ".docx" else (".pdf", ".xlsx", ".xls")
        order: dict[str, Any] = {
            "file": str(path),
            "password": password_of(path),
            "saves": [str(tmp_path / f"{number}{kind}") for kind in kinds],
        }
        if words := next((words for words in waiting if words in path.name), None):
            order |= {"fill": waiting.pop(words), "words": words}
        orders.append(order)
    said = json.loads(at_libreoffice(tmp_path, OFFICER, orders=json.dumps(orders)))
    assert [entry["opened"] for entry in said] == ["yes"] * len(papers)
    assert all(Path(name).stat().st_size > 0 for order in orders for name in order["saves"])
    (bulletin,) = [entry["text"] for entry in said if entry["text"]]
    assert "关于2026年9月防止返贫致贫监测预警工作情况的通报" in bulletin
    sealed = {path.name for path, order in zip(papers, orders, strict=True) if order["password"]}
    assert not [p.name for p in papers if p.name in sealed and p.read_bytes()[:2] == b"PK"]
    for words in (
        "预警名单",
        "督办单",
        "汇总",
        "有待核实",
        "核对清单",
        "户情",
        "申报排查表",
        "住建局结果反馈",
    ):
        assert any(words in name for name in sealed), words
    told = {
        order["words"]: (entry, order["saves"])
        for entry, order in zip(said, orders, strict=True)
        if "fill" in order
    }
    assert told.keys() == FILLED.keys()
    listed, saves = told["预警名单"]
    assert len(listed["offered"]) == 11
    assert listed["refused"] == REFUSED
    assert set(listed["left"]) == {"蓝Ⅲ"}
    own = next(
        Path(order["file"]).parent.name for order in orders if order.get("words") == "预警名单"
    )
    for place, path in enumerate(saves[1:]):
        answered = following.load_feedback(path, own)
        assert answered["problems"] == []
        assert (answered["taken"], answered["known_already"]) == ((3, 0) if place == 0 else (0, 3))
    reviewed, saves = told["有待核实"]
    assert reviewed["refused"] == [["认定结果", "候选9", "not offered"]]
    assert [deciding.load_review(path, "测试员")["taken"] for path in saves[1:]] == [1, 0]
    settled, _ = told["农户信息核对清单"]
    assert settled["refused"] == [["核实结果", "随便", "not offered"], ["户主", "别人", "locked"]]
    assert settled["left"] == ["已更正"]
