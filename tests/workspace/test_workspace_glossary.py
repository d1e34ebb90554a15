"""The glossary says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TERM = re.compile(r"^\| ([a-z][^|]*) \| [^|]+ \|", re.M)


def terms(project: Path) -> list[str]:
    text = (project / "docs" / "glossary.md").read_text(encoding="utf-8")
    return sorted({word.strip() for row in TERM.findall(text) for word in row.split(",")})


@pytest.fixture(scope="module")
def code(project: Path) -> str:
    """Names, docstrings and messages of the program, words parted by single spaces."""
    files = sorted((project / "include" / "shouwang").rglob("*.py"))
    text = " ".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r"[\W_]+", " ", text).lower()


def test_every_word_of_the_glossary_is_a_word_of_the_code(project: Path, code: str) -> None:
    missing = [
        term
        for term in terms(project)
        if not re.search(rf"\b{re.sub(r'[^a-z]+', ' ', term.lower())}", code)
    ]
    assert not missing
