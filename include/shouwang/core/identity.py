"""Identity numbers (公民身份号码) and names as people write them, made comparable (handbook section
4).

The structure comes from GB 11643-1999: six digits of division, eight of birth date, three of
sequence (the last of them odd for men), and a check character by ISO 7064 MOD 11-2.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

VALID, PARTIAL, DAMAGED, MISSING = "valid", "partial", "damaged", "missing"
"""States of a number: whole and sound; some of its 18 places unknown (``*``); not sound; not
there."""

UNKNOWN = "*"
EARLIEST_BIRTH = 1890
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECKS = np.frombuffer(b"10X98765432", dtype="S1")
NOTHING = frozenset(
    [
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "暂无",
        "空",
        "不详",
        "未知",
        "没有",
        "NONE",
        "NULL",
        "NAN",
        "N/A",
        "0",
    ]
) | {""}
_PLAIN = r"[0-9]{17}[0-9X]|"
_ALONE = re.compile(r"[A-Z]?([0-9]{17}[0-9X])(?:[0-9]{2}(?:[0-9B][0-9])?)?")
_PIECE = r"[0-9*]{1,22}X?"
_OTHER_PAPER = r"[A-Z]{1,2}[0-9]{7,8}|[A-Z]{1,2}[0-9]{6}\([0-9A]\)|[HM][0-9]{10}|[A-Z]{3}[0-9]{12}"
"""Passports, papers of Hong Kong, Macao and Taiwan, the permanent residence of foreigners; those of
18 digits are built like numbers of citizens."""
_HIDES = r"[*?#•●○◯◎⊙◉〇※★☆■□▪▫▲△◆◇×✕✖╳_\ufffd〓某]"
_HIDES_IN_A_ROW = r"X{2,}|([-.~—–−·/\\])\1+"
_NUMERALS = r"[零〇一二三四五六七八九]{6,}"
_NUMERAL = str.maketrans("零〇一二三四五六七八九", "00123456789")
_RUN = re.compile(r"[0-9OQIL|]*[0-9][0-9OQIL|]*")
_LOOKS_LIKE = str.maketrans("OQIL|", "00111")
_UNSEEN = r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff'\"`‘’“”＇＂]+"
_INVISIBLE = r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060\ufeff'\"`‘’“”＇＂]+"
_DOTS = r"[·•・．.。‧∙⋅●｡･﹒]"
_REFERENCE = re.compile(r"&#([xX]?)((?<=[xX])[0-9A-Fa-f]{2,6}|(?<=#)[0-9]{2,7});?")
_HAN = "[\u2e80-\u2fd5\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_SUMMED = rf"[(（\[【]{_HAN}(?:\+{_HAN})+[)）\]】]|{_HAN}(?:\+{_HAN})+"
_COMPOSED = f"[\u2ff0\u2ff1\u2ff4-\u2fff][?{_HAN[1:-1]}]{{2}}|[\u2ff2\u2ff3][?{_HAN[1:-1]}]{{3}}"
"""A character described by its parts: ``(龙+天)``, ``⿰龙天``."""
_LOST = "[*?×\ufffd□■○〓某\ue000-\uf8ff\U000f0000-\U0010fffd]"


def check_characters(first17: pd.Series) -> pd.Series:
    """The 18th character that belongs to each string of exactly 17 digits."""
    digits = _letters(first17, 17) - ord("0")
    return pd.Series(CHECKS[(digits @ WEIGHTS) % 11].astype(str), index=first17.index, dtype="str")


def _letters(texts: pd.Series, width: int) -> npt.NDArray[np.int64]:
    """Texts of equal width in ASCII as a table of character codes, a row each."""
    joined = "".join(texts.tolist()).encode("ascii")
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width).astype(np.int64)


def birth_dates(numbers: pd.Series) -> pd.Series:
    """Birth dates (``datetime64``) written in 18-place numbers; ``NaT`` where there is none or it
    is impossible."""
    born = pd.to_datetime(numbers.str.slice(6, 14), format="%Y%m%d", errors="coerce")
    return born.where((born >= pd.Timestamp(EARLIEST_BIRTH, 1, 1)) & (born <= pd.Timestamp.now()))


def _is_sound(numbers: pd.Series) -> pd.Series:
    """Whether each 18-character string has digits where they belong, a possible birth date and its
    check character."""
    sound = numbers.str.fullmatch(r"[0-9]{17}[0-9X]")
    letters = _letters(numbers[sound], 18)
    digits = letters[:, :17] - ord("0")
    year, month, day = (
        digits[:, start:end] @ 10 ** np.arange(end - start)[::-1]
        for start, end in ((6, 10), (10, 12), (12, 14))
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
    """The text of one cell of an identity column; a number cell keeps the 15 digits that a float
    can be trusted for."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        if value != value:
            return ""
        whole = f"{value:.0f}"
        return whole if len(whole) <= 15 else whole_digits(value)
    return str(value)


def whole_digits(value: float) -> str:
    """15 significant digits of a large number, the rest unknown: a double would already change the
    prefix."""
    mantissa, exponent = f"{value:.14e}".split("e")
    return mantissa.replace(".", "").replace("-", "") + UNKNOWN * max(0, int(exponent) - 14)


def sound_number(text: str) -> str:
    """The sound number that stands alone in a text, whatever signs are around it; else an empty text.

    For a quick look at many columns; `clean_numbers` reads the other ways of writing one as well.
    """
    found = _ALONE.fullmatch(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).upper()))
    if not found or not ("01" <= found[1][10:12] <= "12" and "01" <= found[1][12:14] <= "31"):
        return ""
    digits = np.frombuffer(found[1][:17].encode(), dtype=np.uint8) - ord("0")
    return found[1] if CHECKS[(digits @ WEIGHTS) % 11].decode() == found[1][17] else ""


def clean_numbers(written: pd.Series) -> pd.DataFrame:
    """Make identity numbers comparable; one row each, same index.

    Columns: ``id_number`` (18 places where the state is ``valid`` or ``partial``, ``*`` for an
    unknown one; the text of another paper where that is ``valid``; what is left of it when
    ``damaged``; null when ``missing``) and ``id_state``.
    """
    text = written.astype("str").fillna("")
    dirty = text[~text.str.fullmatch(_PLAIN)]
    if len(dirty):
        dirty = dirty.str.normalize("NFKC").str.replace(_UNSEEN, "", regex=True).str.upper()
        dirty = dirty.str.replace(r"\s+", " ", regex=True).str.strip()
        dirty = dirty.str.lstrip("= ").str.replace(r"(\.0)+$", "", regex=True)
        text.loc[dirty.index] = dirty.mask(dirty.isin(NOTHING), "")
    unusual = text[~text.str.fullmatch(_PLAIN)]
    if len(unusual):
        text.loc[unusual.index] = _unusual(unusual)
    state = pd.Series(DAMAGED, index=text.index, dtype="str")
    state[text.str.fullmatch(r"[0-9*]{17}[0-9X*]") & text.str.contains(UNKNOWN, regex=False)] = (
        PARTIAL
    )
    whole = text[(text.str.len() == 18) & (state != PARTIAL)]
    state.loc[whole.index[_is_sound(whole)]] = VALID
    state[text.str.fullmatch(_OTHER_PAPER)] = VALID
    state[text == ""] = MISSING
    return pd.DataFrame({"id_number": text.mask(text == "").astype("str"), "id_state": state})


def _unusual(text: pd.Series) -> pd.Series:
    """Floats as text, masks, certificates, old numbers and numbers among words, brought to 18
    places where possible."""
    text = _with_stars(text.str.replace(_NUMERALS, _figures, regex=True))
    together = text.str.replace(" ", "", regex=False)
    power = together.str.extract(r"^([0-9])\.?([0-9]*)E\+?([0-9]{2})$")
    known = (power[0] + power[1]).str.slice(0, 15)
    together = together.mask(
        known.notna() & (power[2] == "17"), known.str.pad(18, side="right", fillchar=UNKNOWN)
    )
    together = _regular(together)
    alone = together.str.fullmatch(_PIECE) | together.str.fullmatch(_OTHER_PAPER)
    text = text.mask(alone, together)
    among = text[~alone & text.str.contains("[0-9]")]
    if len(among):
        text.loc[among.index] = _among_words(among)
    return text.mask(text.str.fullmatch(r"[* ]+"), "")


def _with_stars(text: pd.Series) -> pd.Series:
    """Every sign that hides a digit as ``*``; an ``X`` hides one before the 18th place, or beside
    another."""
    text = text.str.replace(_HIDES, UNKNOWN, regex=True).str.replace(
        _HIDES_IN_A_ROW, _stars, regex=True
    )
    eighteen = text.str.fullmatch(r"[0-9X*]{18}")
    body = text.str.slice(0, 17).str.replace("X", UNKNOWN, regex=False) + text.str.slice(17)
    return text.mask(eighteen, body)


def _figures(run: re.Match[str]) -> str:
    return run[0].translate(_NUMERAL)


def _stars(run: re.Match[str]) -> str:
    return UNKNOWN * len(run[0])


def _regular(text: pd.Series) -> pd.Series:
    """Pieces of digits and masks brought to the 18 places that they stand for.

    A mask of any length stands for whatever is hidden; a certificate of a disability (20 or 22
    characters) begins with the number; 15 digits are an old number or the first fifteen.
    """
    masked = text[(text.str.len() != 18) & text.str.fullmatch(r"[0-9]*\*+[0-9]*X?")]
    if len(masked):
        text = text.copy()
        text.loc[masked.index] = [
            _eighteen(start, end) for start, end in zip(*_ends(masked), strict=True)
        ]
    certificate = text.str.fullmatch(r"[0-9]{17}[0-9X](?:[0-9]{2}|[0-9]{2}B[0-9]|[0-9]{4})")
    text = text.mask(certificate, text.str.slice(0, 18))
    old = text.str.fullmatch(r"[0-9]{15}")
    if old.any():
        fifteen = text[old]
        longer = fifteen.str.slice(0, 6) + "19" + fifteen.str.slice(6)
        eighteen = longer + check_characters(longer)
        possible = birth_dates(eighteen).notna()
        text = text.copy()
        text.loc[fifteen.index] = eighteen.where(possible, fifteen + UNKNOWN * 3)
    return text


def _ends(masked: pd.Series) -> tuple[pd.Series, pd.Series]:
    """What stands before and after the one mask of each text."""
    return masked.str.partition(UNKNOWN)[0], masked.str.rpartition(UNKNOWN)[2]


def _eighteen(start: str, end: str) -> str:
    return start + UNKNOWN * (18 - len(start) - len(end)) + end


def _among_words(text: pd.Series) -> pd.Series:
    """The number in a cell that holds other things as well: the one sound one, else the only piece
    that may be one.

    A cell with two stays as it is: what is legible of both has to agree with whoever is meant.
    """
    pieces = text.map(_pieces).explode().astype("str")
    as_written = pd.Series(pieces.to_numpy(), dtype="str")
    read = _regular(as_written)
    sound = (read.str.len() == 18) & ~read.str.contains(UNKNOWN, regex=False)
    sound[sound] = _is_sound(read[sound])
    listed = pd.DataFrame(
        {"cell": pieces.index, "number": read, "sound": sound, "long": as_written.str.len() >= 13}
    )
    listed["possible"] = sound | listed["long"] | as_written.str.contains(UNKNOWN, regex=False)
    found = listed[listed["possible"]].drop_duplicates(["cell", "number"])
    found = found[found.groupby("cell")["number"].transform("size") == 1]
    return text.mask(
        text.index.isin(found["cell"]), found.set_index("cell")["number"].reindex(text.index)
    )


def _pieces(text: str) -> list[str]:
    """What may be numbers in a text: digits written as letters put right, groups of one number put
    together."""
    text = re.sub(r"(?<=[0-9]) ?[-./] ?(?=[0-9])", " ", text)
    words = _RUN.sub(lambda run: run[0].strip("OQIL|").translate(_LOOKS_LIKE), text)
    found: list[str] = []
    for run in re.findall(r"[0-9*]+X?(?: [0-9*]+X?)*", words):
        groups = run.split(" ")
        while groups:
            end = next((n for n in range(len(groups), 0, -1) if len("".join(groups[:n])) == 18), 1)
            found += _without_phone("".join(groups[:end]))
            groups = groups[end:]
    return [piece for piece in found if piece]


def _without_phone(digits: str) -> list[str]:
    """A number and a mobile phone that stand together without anything between."""
    both = re.fullmatch(r"(?:1[3-9][0-9]{9})?([0-9]{17}[0-9X])(?:1[3-9][0-9]{9})?", digits)
    return [both[1] if both else digits]


def clean_names(written: pd.Series) -> pd.Series:
    """Names without spaces, invisible characters and dots; ``?`` stands for a character lost to an
    encoding.

    So does whatever a rare character was replaced by: ``〓``, a font's own character, a description
    of its parts. Null where nothing is left or the cell only says that there is nothing (``无``,
    ``-`` …).
    """
    text = written.astype("str").fillna("")
    text = text.str.replace(_REFERENCE, _referred, regex=True).str.replace(_SUMMED, "?", regex=True)
    while (described := text.str.contains(_COMPOSED)).any():  # the innermost first
        text = text.mask(described, text.str.replace(_COMPOSED, "?", regex=True))
    for _ in range(2):  # what stood apart may combine once the space between is gone
        text = (
            text.str.normalize("NFKC")
            .str.replace(_INVISIBLE, "", regex=True)
            .str.replace(_DOTS, "", regex=True)
        )
    text = text.str.normalize("NFKC").str.replace(_LOST, "?", regex=True)
    return text.mask(text.str.upper().isin(NOTHING)).astype("str")


def _referred(found: re.Match[str]) -> str:
    """The character that a browser wrote as a number (``&#134071;``)."""
    code = int(found[2], 16) if found[1] else int(found[2])
    return chr(code) if 0x20 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "?"


def mask_number(number: str | None) -> str:
    """First 6 and last 4 places of a number, as far as a list may show it."""
    number = number or ""
    hidden = "*" * (len(number) - 10)
    return number[:6] + hidden + number[-4:] if hidden else "*" * len(number)


_LONG = re.compile(r"\d(?:[\s-]{0,3}\d){6,}[Xx]?")
_WITH_HYPHENS = r"(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])"
_DAY = rf"(?:{_WITH_HYPHENS}|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
_DAYS = re.compile(rf"{_DAY}(?:(?:\s-\s|[\s-]){_DAY})*")
_HOUR = re.compile(r"\s\d{1,2}$")


def without_numbers(text: str) -> str:
    """What somebody wrote, without long numbers (of identity, telephone, account); days are none:
    ``2026-02-01``."""

    def said(found: re.Match[str]) -> str:
        days = (
            _HOUR.sub("", found[0])
            if text[found.end() :].startswith((":", "：", "时", "点"))
            else found[0]
        )
        return found[0] if _DAYS.fullmatch(days) else "（号码略）"

    return _LONG.sub(said, text)
