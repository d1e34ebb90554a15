"""What is left of a damaged identity number, and whether it can be a registered one.

Numbers are compared as matrices of small integers, one row each, padded with `BLANK`. A *zone* is a
set of places; two numbers with one fault agree in at least one of `ZONES`, so that candidates are
looked up there and only then compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Digits = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

PLACES: Final = 18
WIDTH: Final = 24
X, STAR, OTHER, BLANK = 10, 11, 12, 13
SHORTEST, LONGEST = 14, 22
"""Lengths between which a damaged number still says whose it is."""

ENOUGH: Final = 3.3
"""Decimal digits of evidence beyond the division code from which a part of a number is worth a
match: a full birth date has 4.4, with the first digit of the day 3.4; the last four places 4.0, a
year and month 2.9."""
EVIDENCE: Final = np.array(
    [0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.7, 0.8, 0.3, 0.78, 0.5, 0.98, 1, 1, 1, 1.04]
)

ALPHABET: Final = np.full(256, OTHER, dtype=np.uint8)
ALPHABET[np.frombuffer(b"0123456789X*\0", dtype=np.uint8)] = [*range(10), X, STAR, BLANK]


@dataclass(frozen=True)
class Zone:
    """Places counted from the start, then places counted from the end (negative)."""

    places: tuple[int, ...]

    @classmethod
    def of(cls, *spans: range) -> Zone:
        """The places of several ranges."""
        return cls(tuple(place for span in spans for place in span))


ZONES: Final = (
    Zone.of(range(-7, -1)),  # the fault lies in the first eleven places
    Zone.of(range(10), range(-4, -1)),  # … in the eleventh to the fourteenth
    Zone.of(range(13)),  # … in the last five
)
NAMELESS_ZONES: Final = (
    Zone.of(range(-7, 0)),
    Zone.of(range(10), range(-4, 0)),
    Zone.of(range(13), range(-3, 0)),
    Zone.of(range(14), range(-2, 0)),
    Zone.of(range(15)),
)
"""The same where no name narrows the choice: each says enough for few people to share it."""
FIRST_15: Final = Zone.of(range(15))


def digit_matrix(numbers: pd.Series) -> tuple[Digits, npt.NDArray[np.int64]]:
    """Texts as a matrix of `WIDTH` columns, and their lengths; a text that is longer or not ASCII
    counts as empty."""
    text = numbers.fillna("").astype("str")
    usable = text.str.fullmatch(rf"[\x01-\x7f]{{1,{WIDTH}}}")
    raw = text.where(usable, "").to_numpy(dtype=f"S{WIDTH}")
    matrix = ALPHABET[np.frombuffer(raw.tobytes(), dtype=np.uint8).reshape(-1, WIDTH)]
    return matrix, (matrix != BLANK).sum(axis=1)


def are_whole(matrix: Digits, lengths: npt.NDArray[np.int64]) -> Mask:
    """Which numbers have all of their 18 places, sound or not."""
    digits = (matrix[:, :17] < X).all(axis=1) & (matrix[:, 17] <= X)
    return np.asarray((lengths == PLACES) & digits)


def whole_keys(matrix: Digits) -> Keys:
    """An exact key of each of some whole numbers."""
    keys = np.zeros(len(matrix), dtype=np.uint64)
    for place in range(PLACES):
        keys = keys * np.uint64(11) + matrix[:, place]
    return keys


def zone_keys(matrix: Digits, lengths: npt.NDArray[np.int64], zone: Zone) -> Keys:
    """A key of what stands in a zone; unequal parts may share one (they are compared
    afterwards)."""
    keys = np.zeros(len(matrix), dtype=np.uint64)
    rows = np.arange(len(matrix))
    for place in zone.places:
        column = matrix[:, place] if place >= 0 else matrix[rows, np.maximum(lengths + place, 0)]
        keys = keys * np.uint64(1_000_003) + column + np.uint64(1)
    return keys


def mixed(keys: Keys, codes: npt.NDArray[np.int64]) -> Keys:
    """Keys that belong to one code (of a name, say) only."""
    return keys ^ ((codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))


def visible_zone(visible: Mask) -> Zone:
    """The places that a mask leaves to be seen."""
    return Zone(tuple(int(place) for place in np.flatnonzero(visible[:PLACES])))


def is_usual_mask(visible: Mask) -> bool:
    """Whether the unknown places are one run, as masks and floats leave them; of these there are
    few kinds."""
    return int(np.abs(np.diff(visible[:PLACES].astype(np.int8), prepend=1, append=1)).sum()) == 2


def evidence(matrix: Digits, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Decimal digits of evidence in what is left of each number."""
    places = matrix[:, :PLACES]
    seen = np.where(places <= X, EVIDENCE, 0.0).sum(axis=1)
    readable = (places <= X).sum(axis=1)
    odd = np.where(
        (lengths >= SHORTEST) & (lengths <= LONGEST) & (readable >= SHORTEST - 1),
        EVIDENCE.sum(),
        0.0,
    )
    return np.where(lengths == PLACES, seen, odd)


_BIRTH = slice(6, 14)


def legible_fits(written: str, registered: str) -> bool:
    """Whether all that is legible of a number that is none of 18 places agrees with a registered
    one.

    What stands before and after masks are the first and the last places, what stands between two
    masks lies between. A piece among words is the beginning or the end of the number, or the
    beginning of the birth date.
    """
    if len(registered) != PLACES or "*" in registered:
        return False
    if "*" in written and re.fullmatch(r"[0-9*]+X?", written):
        between = ".*".join(re.escape(piece) for piece in re.split(r"\*+", written))
        return re.fullmatch(between, registered) is not None
    born = registered[_BIRTH]
    return all(
        registered.startswith(piece)
        or registered.endswith(piece)
        or (len(piece) >= 4 and born.startswith(piece))
        for piece in re.findall(r"[0-9]+X?", written)
    )


NEAR, ONE_DIGIT, SWAPPED, DIGITS, FLOAT, MASKED, SAME = range(1, 8)
"""How two numbers differ; 0 is: in too much."""


def faults(
    left: Digits, left_lengths: npt.NDArray[np.int64], right: Digits
) -> npt.NDArray[np.int64]:
    """How each number of ``left`` can have become of the 18-place (perhaps masked) number beside it
    in ``right``."""
    a, b = left[:, :PLACES], right[:, :PLACES]
    full = left_lengths == PLACES
    known = (a != STAR) & (b != STAR)
    differs = (a != b) & known
    wrong = differs.sum(axis=1)
    visible = np.where(known & ~differs, EVIDENCE, 0.0).sum(axis=1)
    prefix = _common(a == b)
    suffix = _common(_from_end(left, left_lengths) == b[:, ::-1])
    fault = np.zeros(len(a), dtype=np.int64)
    near = full & (wrong <= 2)
    fault[near & known.all(axis=1)] = NEAR
    lost = ~full & (prefix + suffix >= np.minimum(left_lengths, PLACES))
    fault[lost & (left_lengths >= SHORTEST) & (left_lengths <= LONGEST)] = DIGITS
    fault[full & known.all(axis=1) & (wrong == 1)] = ONE_DIGIT
    at = np.minimum(prefix, PLACES - 2)
    rows = np.arange(len(a))
    crossed = (a[rows, at] == b[rows, at + 1]) & (a[rows, at + 1] == b[rows, at])
    fault[full & (wrong == 2) & (prefix + suffix >= PLACES - 2) & crossed & known.all(axis=1)] = (
        SWAPPED
    )
    fault[full & ~known.all(axis=1) & (wrong == 0) & (visible >= ENOUGH)] = MASKED
    fault[full & _is_float_of(a, b)] = FLOAT
    fault[full & known.all(axis=1) & (wrong == 0)] = SAME
    return fault


def _common(equal: Mask) -> npt.NDArray[np.int64]:
    """How many places agree from the start on."""
    return np.asarray(np.cumprod(equal, axis=1, dtype=np.int64).sum(axis=1))


def _from_end(matrix: Digits, lengths: npt.NDArray[np.int64]) -> Digits:
    """The last 18 places, read backwards."""
    places = lengths[:, None] - 1 - np.arange(PLACES)
    last = np.take_along_axis(matrix, np.maximum(places, 0), axis=1)
    return np.where(places >= 0, last, np.uint8(BLANK)).astype(np.uint8)


def _as_integer(places: Digits, count: int = PLACES) -> npt.NDArray[np.int64]:
    """The first places as an integer, ``X`` and unknown ones as nought."""
    powers = 10 ** np.arange(count - 1, -1, -1, dtype=np.int64)
    return np.where(places[:, :count] < X, places[:, :count], 0).astype(np.int64) @ powers


def float_prefix(matrix: Digits, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The 15 digits that a spreadsheet's float has kept of each number; -1 where it does not look
    like one.

    A float shows as a number whose tail is unknown or noughts, or as the nearest value that a
    binary double can hold: above 2**58 these lie 64 apart, below it 32, above 2**59 128.
    """
    places = matrix[:, :PLACES]
    first15 = (lengths == PLACES) & (places[:, :15] < X).all(axis=1)
    starred = first15 & (places[:, 15:] == STAR).all(axis=1)
    digits = first15 & (places[:, 15:] < X).all(axis=1)
    value = _as_integer(places)
    binary = digits & (value.astype(np.float64).astype(np.int64) == value)
    return np.where(
        starred,
        value // 1000,
        np.where(binary | (digits & (value % 1000 == 0)), (value + 500) // 1000, -1),
    )


def _is_float_of(a: Digits, b: Digits) -> Mask:
    """Whether ``a`` is what a float makes of ``b``: cut or rounded after 15 digits, or rounded to a
    binary double."""
    kept = float_prefix(a, np.full(len(a), PLACES))
    original, readable = _as_integer(b), (b[:, :15] < X).all(axis=1) & (b[:, 15:] <= X).all(axis=1)
    cut, rounded = original // 1000 == kept, (original + 500) // 1000 == kept
    value = _as_integer(a)
    starred = (a[:, 15:] == STAR).all(axis=1)
    double = ~starred & (
        np.abs(value - original) <= np.where(value < 2**58, 16, np.where(value < 2**59, 32, 64))
    )
    decimal = starred | (np.abs(value - kept * 1000) <= 64)
    return np.asarray((kept >= 0) & readable & (((cut | rounded) & decimal) | double))


def shortened_to_15(matrix: Digits, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The first 15 digits of a number that lost its last three and was then taken for an old one of
    15 digits.

    ``532999200503071`` may be somebody born in 1920 — or the beginning of somebody born in March
    2005; -1 where the second cannot be.
    """
    places = matrix[:, :PLACES]
    century = (places[:, 6] == 1) & (places[:, 7] == 9)
    again = ((places[:, 8] == 1) & (places[:, 9] == 9)) | (
        (places[:, 8] == 2) & (places[:, 9] == 0)
    )
    value = _as_integer(np.concatenate([places[:, :6], places[:, 8:17]], axis=1), 15)
    return np.where(
        (lengths == PLACES) & century & again & (places[:, :17] < X).all(axis=1), value, -1
    )


def with_first_15(values: npt.NDArray[np.int64]) -> Digits:
    """A matrix of which the first 15 places are given and the last three unknown."""
    matrix = np.full((len(values), WIDTH), BLANK, dtype=np.uint8)
    matrix[:, 15:PLACES] = STAR
    for place in range(15):
        matrix[:, 14 - place] = values // 10**place % 10
    return matrix


def first_15(matrix: Digits) -> npt.NDArray[np.int64]:
    """The first 15 places of whole numbers."""
    return _as_integer(matrix[:, :PLACES], 15)
