"""What a clerk is shown before lists go out: what this release is, and nothing else."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

PLAN: dict[str, Any] = {
    "month": "2026-09",
    "content": "0123456789abcdef",
    "lists": [
        {
            "township": "青石镇",
            "version": 2,
            "kind": "补充名单",
            "new": 3,
            "supplement": 1,
            "levels": {"红": 1, "蓝": 3},
            "content": "aa",
        },
        {
            "township": "红岩乡",
            "version": 1,
            "kind": "名单",
            "new": 26,
            "supplement": 0,
            "levels": {"黄": 26},
            "content": "bb",
        },
    ],
    "held": [
        {
            "township": "红岩乡",
            "by": "李主任",
            "reason": "等红岩乡核实",
            "since": "2026-10-07",
            "month": "2026-09",
        }
    ],
    "sent": 98,
    "causes": ["水利局第2版"],
    "asked": {},
    "question": "",
    "rejected": False,
}
FIGURES: dict[str, Any] = {
    "month": "2026-09",
    "levels": {"红": 4, "黄": 60, "蓝": 61},
    "repeated": 300,
    "missing": ["教育体育局"],
    "refused": [],
    "warnings": [],
    "before": {"month": "2026-08", "levels": {"红": 5, "黄": 70, "蓝": 40}},
}


@pytest.fixture
def note(plugin: Any, project: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(str(project / "plugins"))
    for name in ("shouwang_dags", "shouwang_approval"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("shouwang_approval").release_note(
        {"plan": PLAN, "figures": FIGURES}
    )


def test_the_note_counts_this_release_not_the_month(note: str) -> None:
    first = note.splitlines()[0]
    assert first == (
        "**2026-09** 本次下发 2 个乡镇 30 户：新增 29 户，补充 1 户；本月此前已下发 98 户，重复不再下发 300 户。"
    )
    assert "| 青石镇 | 补充名单 第2版 | 3 | 1 | 1 | 0 | 3 | 4 |" in note
    assert "| 红岩乡 | 名单 第1版 | 26 | 0 | 0 | 26 | 0 | 26 |" in note


def test_the_note_names_who_is_held_back_and_why_and_what_came(note: str) -> None:
    assert "- 红岩乡：李主任 自 2026-10-07 起（2026-09 名单），原因：等红岩乡核实" in note
    assert "**起因：** 上次下发后收到水利局第2版。" in note
    assert "**未报送部门：** 教育体育局。" in note
    assert "编号 0123456789abcdef" in note
