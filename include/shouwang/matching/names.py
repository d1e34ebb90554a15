"""How far a written name agrees with a registered one; both cleaned by `identity.clean_names`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

import pandas as pd

from shouwang.core.identity import NOTHING, clean_names
from shouwang.matching.pronunciation import readings, sound_alike

LOST_CHARACTER = "?"
_SOUND = re.compile("[a-z]+")
_HAN = "[\u3400-\u9fff\U00020000-\U0003ffff]"
_TOKEN = re.compile(r"[a-z]+|\?+|[^a-z?]+")


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
    if written == registered and LOST_CHARACTER not in written:
        return Agreement.EQUAL
    if has_gap(written) or has_gap(registered):
        return Agreement.LOST if _fits_pattern(written, registered) else Agreement.NONE
    if sound_alike(written, registered):
        return Agreement.SOUND
    if _described(written, registered) or _described(registered, written):
        return Agreement.LOST
    if len(written) == len(registered) >= 3 and sum(map(str.__ne__, written, registered)) == 1:
        return Agreement.ONE_CHARACTER
    return Agreement.NONE


def has_gap(name: str) -> bool:
    """Whether a character of a Chinese name is lost, or only its sound is written (``方yan``)."""
    return LOST_CHARACTER in name or (
        _SOUND.search(name) is not None and _SOUND.sub("", name) != ""
    )


def _fits_pattern(one: str, other: str) -> bool:
    """A lost character stands for any one, a sound for any that is read so.

    Two lost side by side may have been the two bytes of one; one between the halves of a long name
    may have been the dot.
    """
    if has_gap(one) and has_gap(other):
        return (
            len(one) == len(other)
            and any(a == b != LOST_CHARACTER for a, b in zip(one, other, strict=True))
            and all(a == b or LOST_CHARACTER in (a, b) for a, b in zip(one, other, strict=True))
        )
    pattern, whole = (one, other) if has_gap(one) else (other, one)
    if not pattern.strip(LOST_CHARACTER):
        return False
    expression, at = "", 0
    for part in _TOKEN.findall(pattern):
        ends = at >= 2 and len(pattern) - at - len(part) >= 2
        if part.startswith(LOST_CHARACTER):
            expression += f".{{{0 if ends else 1},{len(part)}}}"
        else:
            expression += "(.)" if _SOUND.fullmatch(part) else re.escape(part)
        at += len(part)
    found = re.fullmatch(expression, whole)
    return found is not None and all(map(_reads, _SOUND.findall(pattern), found.groups()))


def _reads(sound: str, character: str) -> bool:
    """Whether a character may be read so; nobody knows how some of the rarest are read."""
    known = readings(character)
    return sound in known or known == {character}


def is_rare(character: str) -> bool:
    """Whether the usual encoding of Chinese (GBK) lacks a character, so that systems replace it."""
    return character > "\xff" and not character.encode("gbk", errors="ignore")


def _described(written: str, registered: str) -> bool:
    """Whether a rare character of a name was left out, or written as the two or three that it
    consists of."""
    if (
        len(registered) < 3
        or abs(len(written) - len(registered)) not in (1, 2)
        or not any(map(is_rare, registered))
    ):
        return False
    expression = "".join(
        "(?:|.{2,3})" if is_rare(character) else re.escape(character) for character in registered
    )
    return sum(map(is_rare, registered)) == 1 and re.fullmatch(expression, written) is not None


def tidy_names(written: pd.Series) -> pd.Series:
    """`clean_names`, without going over the names that are plainly written (nearly all)."""
    text = written.astype("str")
    plain = text.str.fullmatch("[\u4e00-\u9fa5]{2,4}").fillna(False).astype(bool)
    unusual = text[~plain | text.isin(NOTHING)]
    if len(unusual):
        text = text.copy()
        text.loc[unusual.index] = clean_names(unusual)
    return text


@dataclass(frozen=True)
class Spoken:
    """The names in a cell, the likeliest first, and whether what stands beside it says nothing of
    another person."""

    names: tuple[str, ...]
    harmless: bool


_PLAIN = re.compile("[\u4e00-\u9fa5?]+")
_BRACKETS = re.compile(r"[(\[{<【〔《「](.*?)(?:[)\]}>】〕》」]|$)")
_BETWEEN = re.compile(
    r"[、,;/\\|+&:\-—()\[\]{}<>【】〔〕《》「」\n]|(?<=[\u4e00-\u9fa5]{2})[和及](?=[\u4e00-\u9fa5]{2})"
)
_LABEL = re.compile(
    "^(?:户主姓名|户主|姓名|申请人|本人|学名|大名|本名|真名|身份证名)+|(?:户主|本人|先生|女士|同志)+$"
)
_ALSO_CALLED = re.compile("(?:小名|乳名|绰号|外号|又名|别名|曾用名|原名|化名|人称).*$")
_OF_ANOTHER = re.compile("[代替]|之[子女妻夫父母孙]|的")
_RELATION = re.compile(
    "^(?:妻子|丈夫|儿子|女儿|父亲|母亲|长子|次子|儿媳)|(?:已故|已?死亡|已?去世|病故|家|户)$"
)
_LAST = re.compile("[0-9]+号?$|(?<![a-zA-Z])[a-zA-Z]$")


def spoken(name: str) -> Spoken | None:
    """The names in a cell with more than a name (``甘建林（小名狗蛋）``, ``户主：费文华``,
    ``方YAN``); None where there is no more."""
    words = (_LABEL, _ALSO_CALLED, _RELATION)
    if _PLAIN.fullmatch(name) and not any(word.search(name) for word in words):
        return None
    aside = _BRACKETS.findall(name)
    parts = [part for text in (_BRACKETS.sub("、", name), *aside) for part in _BETWEEN.split(text)]
    names: list[str] = []
    harmless = not _OF_ANOTHER.search(name[1:])
    for part in parts:
        if names:
            part = part.lstrip("代替由")
        called = _ALSO_CALLED.sub("", _LABEL.sub("", _sounds(part)))
        kept = _LAST.sub("", _RELATION.sub("", called))
        harmless &= kept == called and not (names and kept)
        if kept not in names and len(_SOUND.sub("?", kept)) >= 2:
            names.append(kept)
    return Spoken(tuple(names), harmless) if names and names != [name] else None


def _sounds(name: str) -> str:
    """Sounds among characters without capitals, tones and the numbers of tones; a lone letter is a
    lost character."""
    name = re.sub(f"(?<={_HAN})[A-Za-z](?={_HAN})", LOST_CHARACTER, name)
    bare = "".join(
        sign for sign in unicodedata.normalize("NFD", name) if not unicodedata.combining(sign)
    )
    if not re.search(_HAN, name) or not re.search("[A-Za-z]{2}", bare):
        return name
    return re.sub("([A-Za-z]{2,6})[1-5]?", lambda found: found[1].lower(), bare)
