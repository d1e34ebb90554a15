"""An officer in LibreOffice opens every paper with its password, fills a list in, and sends it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sending_house import MONTH

from services import at_libreoffice
from shouwang import passwords, steps
from shouwang.house import open_house
from shouwang.store.tables import case

OFFICER = Path(__file__).with_name("officer.py")
ANSWERS = [
    [("核查结论", "05 未发现风险"), ("原因说明", "=1+1"), ("核查日期", "2026-10-14"), ("核查人", "王某")],
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
        *[("核查结论", "01 拟纳入监测"), ("核查日期", "2026-10-16"), ("核查人", "王某"), ("人均纯收入", 7650)],
    ],
]
REFUSED = [
    ["核查结论", "没有这一项", "not offered"],
    ["核查日期", "前天", "no such value"],
    ["人均纯收入", "很多", "no such value"],
    ["人均纯收入", "-1", "no such value"],
    ["户主", "别人", "locked"],
]


@pytest.mark.needs("libreoffice", "uno")
def test_every_paper_opens_with_its_password_and_a_list_that_was_filled_in_reads_back(
    home: Path, townships: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.release(MONTH, "测试员")
    steps.write_review(MONTH)
    monkeypatch.setenv("SHOUWANG_TODAY", "2026-10-28")
    steps.supervise("测试员")
    with open_house().database.read() as connection:
        clue = str(connection.scalar(sa.select(case.c.clue_no)))
    steps.household_story(clue, str(home / "outbox" / MONTH / "county"), "测试员")
    papers = sorted(p for kind in ("townships", "county") for p in (home / "outbox" / MONTH / kind).rglob("*.xlsx"))
    returned = home / "returns" / townships[0]
    returned.mkdir(parents=True)
    orders = []
    for number, path in enumerate(papers):
        sealed = path.parent.parent.name == "townships" and "公示" not in path.name
        order: dict[str, Any] = {
            "file": str(path),
            "password": passwords.every(open_house(), path.name)[0] if sealed else "",
            "saves": [str(tmp_path / f"{number}{suffix}") for suffix in (".pdf", ".xlsx", ".xls")],
        }
        if "预警名单" in path.name and townships[0] in path.name:
            order["saves"] = [str(returned / f"填好{suffix}") for suffix in (".xlsx", ".xls")]
            order["fill"] = {
                "sheet": "预警名单", "heading": "线索编号", "list": "核查结论", "rows": ANSWERS, "filter": ["预警等级", "蓝Ⅲ"],
            }  # fmt: skip
        orders.append(order)
    said = json.loads(at_libreoffice(tmp_path, OFFICER, orders=json.dumps(orders)))
    assert [entry["opened"] for entry in said] == ["yes"] * len(papers)
    assert len(papers) >= 2 * 3 + 4
    (filled,) = [entry for entry in said if entry.get("offered")]
    assert len(filled["offered"]) == 11
    assert filled["refused"] == REFUSED
    assert set(filled["left"]) == {"蓝Ⅲ"}
    assert all(Path(name).stat().st_size > 0 for order in orders for name in order["saves"])
    for suffix in (".xlsx", ".xls"):
        answered = steps.load_feedback(str(returned / f"填好{suffix}"))
        assert answered["problems"] == []
        assert (answered["taken"], answered["known_already"]) == ((3, 0) if suffix == ".xlsx" else (0, 3))
