"""What a heading says: its plain text, and how far its words speak for a canonical column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from shouwang.county.contract import BY_CELLS, Column, Contract
from shouwang.intake.cells import CodeReader

_BEHIND_STROKE = re.compile(
    r"/(?:每)?(?:人民币)?(?:[亿万千百]?元|升|分钟?|小时|天|日|米|km|m|人|户|次|吨)(?:/.*)?$"
)
_BRACKET = re.compile(r"[(\[【{〔].*?[)\]】}〕]")
_STARS = re.compile(r"^[*※★☆●#]+|[*※★☆●]+$")
SAYS, DOUBTFUL, ASKED, LEFT_TO_CELLS = 0.55, 0.5, 0.2, 0.8
"""What words are worth that fit a column; and that part of it where they name somebody else the row
may be about, leave it to a question, or leave what kind of thing it is to the cells."""


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

    def left_to_cells(self, headings: Iterable[str], name: str) -> bool:
        """Whether each of some headings lacks a line of a column's words: cells must say it."""
        return all(self._columns[name].lacks(plain(heading)) for heading in headings)

    def hint(self, heading: str, name: str) -> float:
        """What share of a column's lines of words a heading has; half where a word rules it out."""
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
        self.lines = [[plain(word) for word in line if word != BY_CELLS] for line in column.says]
        self.by_cells = [BY_CELLS in line for line in column.says]
        self.codes = CodeReader(column) if column.values else None
        self.asked_last = [plain(word) for word in contract.asked_last]
        self.ruled_out = [plain(word) for word in column.excludes]
        about_people = column.type in ("name", "identity", "phone")
        self.doubtful = DOUBTFUL if about_people else ASKED
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
        text = self.subjects.sub(" ", text)  # what stood before and after it is no word together
        return any(word in text for word in self.ruled_out)

    def doubts(self, text: str) -> bool:
        return any(word in text for word in self.doubted)

    def lacks(self, text: str) -> list[int]:
        """The lines of which a text holds no word."""
        return [
            number
            for number, line in enumerate(self.lines)
            if not any(word in text for word in line)
        ]

    def names_codes(self, text: str) -> bool:
        """Whether a heading names what the cells may be (``脱贫户/一般户``; not ``是/否``)."""
        pieces = re.split(r"[/、或]", text)
        if self.codes is None or len(text) <= 2 * len(pieces):
            return False
        try:
            return len({self.codes.read(piece) for piece in pieces}) > 1
        except ValueError:
            return False

    def hint(self, text: str) -> float:
        if not self.lines:
            return 0.0
        share = 1.0 - len(self.lacks(text)) / len(self.lines) + 0.1 * self.says_of(text)
        if any(word in text for word in self.asked_last):
            return share * 0.2
        return share * 0.5 if self.excludes(without_unit(text)) else share

    def says_of(self, text: str) -> float:
        """What share of a text its words and those that say nothing are."""
        bare = re.sub(r"[\W_]", "", text) or text
        return sum(map(len, self.covered.findall(bare))) / max(1, len(bare))

    def score(self, text: str) -> float | None:
        if not self.lines or not text or len(text) > 40:
            return None
        bare = without_unit(text) or text
        if self.names_codes(text):
            return SAYS
        if self.excludes(bare):
            return 0.0
        lacking = self.lacks(text)
        if len(lacking) == len(self.lines) or not all(self.by_cells[line] for line in lacking):
            return None
        score = (SAYS + (1 - SAYS) * self.says_of(bare)) * (LEFT_TO_CELLS if lacking else 1.0)
        return score * self.doubtful if self.doubts(text) else score
