"""How a character may be read, tones aside (读音, 含多音字)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from itertools import islice, product

MOST_READINGS = 32
"""A name of many polyphones has more combinations than are worth looking up."""


@cache
def readings(character: str) -> frozenset[str]:
    """All readings of one character without tones; a character that pypinyin does not know reads as
    itself."""
    # Single characters need no dictionary of phrases, and loading it takes longer than matching a
    # department.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin

    return frozenset(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


def sound_alike(one: str, other: str) -> bool:
    """Whether two names can be read the same, character by character."""
    return len(one) == len(other) and all(
        a == b or not readings(a).isdisjoint(readings(b)) for a, b in zip(one, other, strict=True)
    )


def spellings(name: str) -> Iterator[str]:
    """Every way to read a name aloud, one string each."""
    ways = product(*(sorted(readings(character)) for character in name))
    return (" ".join(way) for way in islice(ways, MOST_READINGS))
