"""Fixtures of the tests of submissions and their versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from water_department import MONTH, NAMES, REGISTRY, Water

from shouwang.submissions import handover


@pytest.fixture
def water(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Water:
    for name in [
        name for name in os.environ if name.startswith("SHOUWANG_") and name != "SHOUWANG_KEYS"
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHOUWANG_HOME", str(tmp_path))
    handover.init()
    people = [
        f"H{n:03d},大河镇,上河村,1组,{name},,男,1970-01-01,户主,汉族,一般农户,,9000,健康,普通劳动力,"
        for n, name in enumerate(NAMES)
    ]
    registry = tmp_path / "农户信息表.csv"
    registry.write_text("\n".join([REGISTRY, *people]), encoding="utf-8")
    handover.load_registry(str(registry), MONTH)
    return Water(tmp_path)
