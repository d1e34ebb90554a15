"""By what a form is known again when it comes back renamed, sorted or shortened: its hidden sheet
(名单标识, a part of the template) and the check code of each row."""

from __future__ import annotations

from collections.abc import Callable

from shouwang.core.digests import digest
from shouwang.documents.text import comparable

SHEET = "名单标识"
MARK = "守望名单标识"
HEAD = ("线索编号", "校验码")


def beside(clue_no: str, village: str, head: str) -> str:
    """A clue number with the village and the head of household that stand beside it, made
    comparable."""
    return "|".join(map(comparable, (clue_no, village, head)))


def check_code(keyed: Callable[[str], str], stands: str) -> str:
    """Four characters, under the county's key (``keyed``), of what `beside` says.

    A list that was sorted by some of its columns only shows the right numbers beside the wrong
    families: this is how it is noticed.
    """
    return keyed(digest(f"check {stands}"))[:4].upper()
