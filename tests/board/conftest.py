"""A county on the board."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from board_story import MARKUP, TODAY, Story

from shouwang.submissions import handover
from shouwang.workspace.workspace import Workspace, load_workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in [
        name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_KEYS"
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    monkeypatch.setenv("SHOUWANG_TODAY", TODAY)
    handover.init()
    return load_workspace()


@pytest.fixture
def story(workspace: Workspace) -> Story:
    return Story(workspace)


@pytest.fixture
def september(story: Story) -> Story:
    """One department in force, corrected and late; one with a newer file refused; one refused; one
    late; one missing."""
    mark = story.came("2026-08", "water", "2026-09-04")
    story.screened("2026-08", [mark], 蓝=2)
    story.sent("2026-08", "大河镇", ["A", "B"], "2026-09-11", "2026-09-18")
    story.answered("A", "2026-08")
    story.answered("B", "2026-08")
    story.came("2026-09", "water", "2026-10-12", in_force=False)
    second = story.came(
        "2026-09", "water", "2026-10-20", version=2, warnings=[f"“{MARKUP}”合计偏大"]
    )
    medical = story.came("2026-09", "medical_insurance", "2026-10-06")
    story.came("2026-09", "medical_insurance", "2026-10-15", version=2, refusal="表头不全")
    story.came("2026-09", "housing", "2026-10-06", refusal=f"工作表“{MARKUP}”缺少必需的列")
    story.declared_late("2026-09", "civil_affairs")
    story.screened("2026-09", [mark, medical, second], 红=1, 黄=2, 蓝=3)
    story.sent("2026-09", "大河镇", ["C", "D", "B"], "2026-10-12", "2026-10-19")
    story.sent("2026-09", "大河镇", ["E"], "2026-10-20", "2026-10-27", version=2)
    story.sent("2026-09", "小河乡", ["F"], "2026-10-12", "2026-10-19")
    story.answered("C", "2026-09", "01")
    story.answered("F", "2026-09")
    return story
