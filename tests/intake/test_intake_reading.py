"""What the refusal of a file says, and what it must not."""

from __future__ import annotations

import pytest

from shouwang.core.errors import FileRefused
from shouwang.recognition.reading import read_files
from shouwang.workspace.workspace import load_workspace


def test_a_file_without_a_header_is_refused_without_quoting_the_people_in_it(tmp_path):
    file = tmp_path / "台账.csv"
    file.write_text(
        "甲小明,532999197006084662,水磨乡\n乙小红,532999196107208682,水磨乡\n", encoding="utf-8"
    )
    with pytest.raises(FileRefused) as refusal:
        read_files([file], load_workspace({}).county.contracts["water"])
    assert "没有找到《农村饮水安全台账》的表头" in str(refusal.value)
    for secret in ("甲小明", "532999197006084662", "乙小红"):
        assert secret not in str(refusal.value)
