"""What a county edits, misspelt: the sentence names the file, the line and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from shouwang.core.errors import ConfigError
from shouwang.county.settings import read_county


@pytest.mark.parametrize(
    ("file", "written", "instead", "key", "hint"),
    [
        ("county.yaml", "office:", "ofice:", "ofice", "did you mean “office”"),
        ("county.yaml", 'code: "', 'code: "x', "code", "pattern"),
        (
            "departments/water.yaml",
            "required: true",
            "required: maybe",
            "columns.name.required",
            "“maybe”",
        ),
        (
            "departments/water.yaml",
            "dataset_title: ",
            "dataset_title: ]",
            "",
            "cannot be read as YAML",
        ),
        ("registry.yaml", "title: 乡村振兴局", "title: x\ntitle: y", "", "a second time"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(
    project: Path, tmp_path: Path, file: str, written: str, instead: str, key: str, hint: str
) -> None:
    county_folder = project / "include" / "county"
    for path in county_folder.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(county_folder)
        copy.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if str(path.relative_to(county_folder)) == file:
            assert written in text
            line = text[: text.index(written)].count("\n") + 1 + instead.count("\n")
            text = text.replace(written, instead, 1)
        copy.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_county(tmp_path)
    said = str(refused.value)
    assert f"{Path(file).name}, line {line}" in said
    assert key in said
    assert hint in said
