"""Identity numbers (公民身份号码) and names as people write them, made comparable (handbook section 4).

The structure comes from GB 11643-1999: six digits of division, eight of birth date, three of sequence (the last of
them odd for men), and a check character by ISO 7064 MOD 11-2.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

VALID, PARTIAL, DAMAGED, MISSING = "valid", "partial", "damaged", "missing"
"""States of a number: whole and sound; some of its 18 places unknown (``*``); not sound; not there."""

UNKNOWN = "*"
EARLIEST_BIRTH = 1890
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECKS = np.frombuffer(b"10X98765432", dtype="S1")
NOTHING = frozenset(
    ["", "-", "--", "—", "——", "/", "\\", "无", "暂无", "空", "不详", "未知", "没有", "NONE", "NULL", "NAN", "N/A", "0"]
)
_INVISIBLE = r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff'\"`‘’“”＇＂]+"
_DOTS = r"[·•・．.。‧∙⋅●｡･﹒]"


def check_characters(first17: pd.Series) -> pd.Series:
    """The 18th character that belongs to each string of exactly 17 digits."""
    digits = _letters(first17, 17) - ord("0")
    return pd.Series(CHECKS[(digits @ WEIGHTS) % 11].astype(str), index=first17.index, dtype="str")


def _letters(texts: pd.Series, width: int) -> npt.NDArray[np.int64]:
    """Texts of equal width in ASCII as a table of character codes, a row each."""
    joined = "".join(texts.tolist()).encode("ascii")
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width).astype(np.int64)


def birth_dates(numbers: pd.Series) -> pd.Series:
    """Birth dates (``datetime64``) written in 18-place numbers; ``NaT`` where there is none or it is impossible."""
    born = pd.to_datetime(numbers.str.slice(6, 14), format="%Y%m%d", errors="coerce")
    return born.where((born >= pd.Timestamp(EARLIEST_BIRTH, 1, 1)) & (born <= pd.Timestamp.now()))


def _is_sound(numbers: pd.Series) -> pd.Series:
    """Whether each 18-character string has digits where they belong, a possible birth date and its check character."""
    sound = numbers.str.fullmatch(r"[0-9]{17}[0-9X]")
    letters = _letters(numbers[sound], 18)
    digits = letters[:, :17] - ord("0")
    year, month, day = (
        digits[:, start:end] @ 10 ** np.arange(end - start)[::-1] for start, end in ((6, 10), (10, 12), (12, 14))
    )
    first = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    days = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    born = first.astype("datetime64[D]") + (day - 1)
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= days)
    possible &= (year >= EARLIEST_BIRTH) & (born <= np.datetime64("today"))
    right = CHECKS.view(np.uint8)[(digits @ WEIGHTS) % 11] == letters[:, 17]
    sound[sound] = possible & right
    return sound


def written_number(value: object) -> str:
    """The text of one cell of an identity column; a number cell keeps the 15 digits that a float can be trusted for."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        if value != value:
            return ""
        whole = f"{value:.0f}"
        return whole if len(whole) <= 15 else whole_digits(value)
    return str(value)


def whole_digits(value: float) -> str:
    """15 significant digits of a large number, the rest unknown: a double would already change the prefix."""
    mantissa, exponent = f"{value:.14e}".split("e")
    return mantissa.replace(".", "").replace("-", "") + UNKNOWN * max(0, int(exponent) - 14)


def clean_numbers(written: pd.Series) -> pd.DataFrame:
    """Make identity numbers comparable; one row each, same index.

    Columns: ``id_number`` (18 places where the state is ``valid`` or ``partial``, ``*`` for an unknown one; what is
    left of it when ``damaged``; null when ``missing``) and ``id_state``.
    """
    text = written.astype("str").fillna("")
    dirty = text[~text.str.fullmatch(r"[0-9]{17}[0-9X]|")]
    if len(dirty):
        dirty = dirty.str.normalize("NFKC").str.replace(_INVISIBLE, "", regex=True).str.upper()
        dirty = dirty.str.removeprefix("=").str.replace(r"\.0$", "", regex=True)
        text.loc[dirty.index] = dirty.mask(dirty.isin(NOTHING), "")
    unusual = text[~text.str.fullmatch(r"[0-9]{17}[0-9X]|")]
    if len(unusual):
        text.loc[unusual.index] = _unusual(unusual)
    state = pd.Series(DAMAGED, index=text.index, dtype="str")
    eighteen = text.str.len() == 18
    state[eighteen & text.str.contains(UNKNOWN, regex=False)] = PARTIAL
    whole = text[eighteen & (state != PARTIAL)]
    state.loc[whole.index[_is_sound(whole)]] = VALID
    state[text == ""] = MISSING
    return pd.DataFrame({"id_number": text.mask(text == "").astype("str"), "id_state": state})


def _unusual(text: pd.Series) -> pd.Series:
    """Floats as text, masks, certificates of 20 or 22 characters and old numbers of 15 digits, brought to 18 places."""
    power = text.str.extract(r"^([0-9])\.?([0-9]*)E\+?([0-9]{2})$")
    known = (power[0] + power[1]).str.slice(0, 15)
    text = text.mask(known.notna() & (power[2] == "17"), known.str.pad(18, side="right", fillchar=UNKNOWN))
    masked = text.str.len().eq(18) & text.str.contains(r"[*?#×XＸ•●]", regex=True)
    body = text.str.slice(0, 17).str.replace(r"[?#×X•●]", UNKNOWN, regex=True) + text.str.slice(17).str.replace(
        r"[?#×•●]", UNKNOWN, regex=True
    )
    text = text.mask(masked, body)
    certificate = text.str.fullmatch(r"[0-9]{17}[0-9X](?:[0-9]{2}|[0-9]{2}B[0-9]|[0-9]{4})")
    text = text.mask(certificate, text.str.slice(0, 18))
    old = text.str.fullmatch(r"[0-9]{15}")
    if old.any():
        fifteen = text[old]
        longer = fifteen.str.slice(0, 6) + "19" + fifteen.str.slice(6)
        eighteen = longer + check_characters(longer)
        possible = birth_dates(eighteen).notna()
        text.loc[fifteen.index] = eighteen.where(possible, fifteen + UNKNOWN * 3)
    return text


def clean_names(written: pd.Series) -> pd.Series:
    """Names without spaces, invisible characters and dots; ``?`` stands for a character lost to an encoding.

    Null where nothing is left or the cell only says that there is nothing (``无``, ``-`` …).
    """
    text = written.astype("str").fillna("")
    for _ in range(2):  # what stood apart may combine once the space between is gone
        text = text.str.normalize("NFKC").str.replace(_INVISIBLE, "", regex=True).str.replace(_DOTS, "", regex=True)
    text = text.str.normalize("NFKC").str.replace(r"[*?\ufffd□]", "?", regex=True)
    return text.mask(text.str.upper().isin(NOTHING)).astype("str")


def mask_number(number: str | None) -> str:
    """First 6 and last 4 places of a number, as far as a list may show it."""
    if not number:
        return ""
    return number[:6] + "*" * (len(number) - 10) + number[-4:] if len(number) > 10 else "*" * len(number)


_LONG = re.compile(r"\d(?:[\s-]{0,3}\d){6,}[Xx]?")
_DAY = r"(?:(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
_DAYS = re.compile(rf"{_DAY}(?:(?:\s-\s|[\s-]){_DAY})*")
_HOUR = re.compile(r"\s\d{1,2}$")


def without_numbers(text: str) -> str:
    """What somebody wrote, without long numbers (of identity, telephone, account); days are none: ``2026-02-01``."""

    def said(found: re.Match[str]) -> str:
        days = _HOUR.sub("", found[0]) if text[found.end() :].startswith((":", "：", "时", "点")) else found[0]
        return found[0] if _DAYS.fullmatch(days) else "（号码略）"

    return _LONG.sub(said, text)
