"""How far a written name agrees with a registered one; both cleaned by `identity.clean_names`."""

from __future__ import annotations

import re
from enum import IntEnum

import pandas as pd

from shouwang.identity import NOTHING, clean_names
from shouwang.matching.pronunciation import sound_alike

LOST_CHARACTER = "?"


class Agreement(IntEnum):
    """From none to equal, in order of strength."""

    NONE = 0
    ONE_CHARACTER = 1
    SOUND = 2
    LOST = 3
    EQUAL = 4


def agreement(written: str, registered: str) -> Agreement:
    """The strongest way in which two names agree."""
    if not written or not registered:
        return Agreement.NONE
    if LOST_CHARACTER in written or LOST_CHARACTER in registered:
        return Agreement.LOST if _fits_pattern(written, registered) else Agreement.NONE
    if written == registered:
        return Agreement.EQUAL
    if sound_alike(written, registered):
        return Agreement.SOUND
    if len(written) == len(registered) >= 3 and sum(map(str.__ne__, written, registered)) == 1:
        return Agreement.ONE_CHARACTER
    return Agreement.NONE


def _fits_pattern(one: str, other: str) -> bool:
    """A lost character stands for any one; two lost side by side may have been the two bytes of one."""
    if LOST_CHARACTER in one and LOST_CHARACTER in other:
        return (
            len(one) == len(other)
            and any(a == b != LOST_CHARACTER for a, b in zip(one, other, strict=True))
            and all(a == b or LOST_CHARACTER in (a, b) for a, b in zip(one, other, strict=True))
        )
    pattern, whole = (one, other) if LOST_CHARACTER in one else (other, one)
    if not pattern.strip(LOST_CHARACTER):
        return False
    expression = "".join(
        f".{{1,{len(part)}}}" if part.startswith(LOST_CHARACTER) else re.escape(part)
        for part in re.findall(r"\?+|[^?]+", pattern)
    )
    return re.fullmatch(expression, whole) is not None


def tidy_names(written: pd.Series) -> pd.Series:
    """`clean_names`, without going over the names that are plainly written (nearly all)."""
    text = written.astype("str")
    plain = text.str.fullmatch("[\u4e00-\u9fa5]{2,4}").fillna(False).astype(bool)
    unusual = text[~plain | text.isin(NOTHING)]
    text = text.copy()
    text.loc[unusual.index] = clean_names(unusual)
    return text
