"""What a heading says: its plain text, and how far its words speak for a canonical column."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from shouwang.county.contract import Column, Contract

_BEHIND_STROKE = re.compile(
    r"/(?:每)?(?:人民币)?(?:[亿万千百]?元|升|分钟?|小时|天|日|米|km|m|人|户|次|吨)(?:/.*)?$"
)
_BRACKET = re.compile(r"[(\[【{〔].*?[)\]】}〕]")
_STARS = re.compile(r"^[*※★☆●#]+|[*※★☆●]+$")
SAYS, DOUBTFUL = 0.55, 0.5
"""What words are worth that fit a column; and that part of it where they name somebody else the row
may be about."""


def plain(text: object) -> str:
    """A heading or wording without spaces, width differences and the stars of import templates, in
    lower case."""
    return _plain("" if text is None else str(text))


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    text = re.sub(r"[\s\u200b-\u200f\ufeff]+", "", unicodedata.normalize("NFKC", text)).lower()
    return _STARS.sub("", text) or text


def without_unit(text: str) -> str:
    """A plain heading without what stands in brackets, and without a unit behind a stroke."""
    return _BEHIND_STROKE.sub("", _BRACKET.sub("", text))


class Wording:
    """The words of a contract: how far a heading speaks for each of its columns."""

    def __init__(self, contract: Contract) -> None:
        self.known: dict[str, str] = {}
        for strip in (False, True):  # in full wins over without brackets
            for name, column in contract.columns.items():
                for wording in column.wordings:
                    text = without_unit(plain(wording)) if strip else plain(wording)
                    self.known.setdefault(text, name)
        self._columns = {
            name: _Words(column, contract) for name, column in contract.columns.items()
        }
        self._scores: dict[str, dict[str, float]] = {}

    def listed(self, heading: str) -> str | None:
        """The column whose contract lists this heading."""
        text = plain(heading).rstrip(":")
        return self.known.get(text) or self.known.get(without_unit(text))

    def doubtful(self, heading: str, name: str) -> bool:
        """Whether a heading names somebody whom the column is not about."""
        words = self._columns[name]
        text = plain(heading)
        return bool(words.doubts(text) or words.excludes(text))

    def hint(self, heading: str, name: str) -> float:
        """What share of a column's lines of words a heading has; 0 where a word rules it out."""
        return self._columns[name].hint(plain(heading))

    def scores(self, heading: str) -> dict[str, float]:
        """For each column that a heading may be: 0 (ruled out) to 1 (all of it says so); those it
        says nothing of lack."""
        text = plain(heading)
        if text not in self._scores:
            scored = ((name, words.score(text)) for name, words in self._columns.items())
            self._scores[text] = {name: score for name, score in scored if score is not None}
        return self._scores[text]


class _Words:
    def __init__(self, column: Column, contract: Contract) -> None:
        self.lines = [[plain(word) for word in line] for line in column.says]
        self.ruled_out = [plain(word) for word in column.excludes]
        self.doubted = [plain(word) for word in column.doubts]
        spoken = {word for line in self.lines for word in line}
        subjects = sorted(map(plain, contract.subjects), key=len, reverse=True)
        self.subjects = re.compile("|".join(map(re.escape, subjects)) or r"\Z.")
        spoken |= {*subjects, *map(plain, contract.empty)}
        longest_first = sorted(spoken, key=len, reverse=True)
        self.covered = re.compile("|".join(map(re.escape, longest_first)) or r"\Z.")

    def excludes(self, text: str) -> bool:
        """Whether a word rules the column out; one within the name of whom the rows are about does
        not (``病人``)."""
        text = self.subjects.sub("", text)
        return any(word in text for word in self.ruled_out)

    def doubts(self, text: str) -> bool:
        return any(word in text for word in self.doubted)

    def hint(self, text: str) -> float:
        if not self.lines or self.excludes(without_unit(text)):
            return 0.0
        return sum(any(word in text for word in line) for line in self.lines) / len(self.lines)

    def score(self, text: str) -> float | None:
        if not self.lines or not text or len(text) > 40:
            return None
        bare = without_unit(text) or text
        if self.excludes(bare):
            return 0.0
        if not all(any(word in text for word in line) for line in self.lines):
            return None
        bare = re.sub(r"[\W_]", "", bare) or bare
        covered = sum(map(len, self.covered.findall(bare))) / len(bare)
        score = SAYS + (1 - SAYS) * covered
        return score * DOUBTFUL if self.doubts(text) else score
