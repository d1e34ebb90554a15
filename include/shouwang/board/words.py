"""The words of the board in one language (`words.yaml` has them side by side)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("zh", "en")


@cache
def words(language: str) -> dict[str, str]:
    """The board's words in one language."""
    text = Path(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    place = LANGUAGES.index(language)
    return {key: sides[place] for key, sides in yaml.safe_load(text).items()}
