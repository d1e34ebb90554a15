"""The ledger (台账), replayed month by month from warnings, releases and feedback (handbook section 8).

One open case a household. A warning of a household with an open case joins it and is not sent again, unless the level
rises, a new risk type joins, or the evidence of a rule has grown by half since it was last sent. A household found
without risk stays silent for the same rules for six months, unless its evidence grows likewise.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shouwang.casework.conclusions import CONCLUSIONS, SILENT, WAITING_FOR_RELEASE, WAITING_FOR_VISIT
from shouwang.month import Month

NEW, REPEATED, SUPPLEMENT = "new", "repeated", "supplement"
LEVELS = {"蓝": 1, "黄": 2, "红": 3}
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that a pencil confuses


@dataclass(frozen=True)
class Warned:
    """What a month's screening says of one household; ``evidence`` is how far each rule's value is over its threshold."""

    month: Month
    household_id: str
    level: str
    category: str | None
    risks: frozenset[str]
    evidence: Mapping[str, float]
    township: str | None


@dataclass(frozen=True)
class Answer:
    """What a township found at one case; ``month`` is the first data month whose screening it precedes."""

    clue_no: str
    conclusion: str
    month: Month
    detail: Mapping[str, Any]


@dataclass
class Case:
    """One case as it stands."""

    clue_no: str
    household_id: str
    opened_month: Month
    level: str
    category: str | None
    risks: frozenset[str]
    sent: dict[str, float]
    township: str | None
    last_month: Month
    state: str = WAITING_FOR_RELEASE
    open: bool = True
    conclusion: str | None = None
    concluded_month: Month | None = None


@dataclass(frozen=True)
class Event:
    """One change of a case, with what it was then."""

    clue_no: str
    month: Month
    kind: str
    state: str
    level: str
    rules: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """Every case, its history, and what each warning came to: ``outcomes[month, household]`` is (state, clue number)."""

    cases: tuple[Case, ...]
    events: tuple[Event, ...]
    outcomes: Mapping[tuple[Month, str], tuple[str, str]]


def clue_number(county: str, month: Month, household_id: str) -> str:
    """A case's number, the same whatever was opened before it: ``2609-K7QX3M9T`` (month, then 40 bits of a digest)."""
    digest = int.from_bytes(hashlib.sha256(f"{county}|{month}|{household_id}".encode()).digest()[:5], "big")
    letters = "".join(_LETTERS[(digest >> shift) & 31] for shift in range(35, -1, -5))
    return f"{month.year % 100:02d}{month.number:02d}-{letters}"


def replay(
    county: str,
    warned: Iterable[Warned],
    answers: Iterable[Answer],
    released: Iterable[tuple[Month, str]],
    silence_months: int,
    grown_by: float,
) -> Ledger:
    """Fold the facts into the ledger. ``released`` are (month, clue number) pairs that went out."""
    months: dict[Month, list[Warned]] = defaultdict(list)
    for warning in warned:
        months[warning.month].append(warning)
    by_month: dict[Month, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_month[answer.month].append(answer)
    went_out = defaultdict(set)
    for month, clue_no in released:
        went_out[month].add(clue_no)
    teller = _Teller(county, silence_months, 1 + grown_by)
    for month in sorted({*months, *by_month, *went_out}):
        for answer in by_month[month]:
            teller.answer(answer)
        for warning in sorted(months[month], key=lambda w: w.household_id):
            teller.warn(warning)
        for clue_no in sorted(went_out[month]):
            teller.release(month, clue_no)
    return Ledger(tuple(teller.cases.values()), tuple(teller.events), teller.outcomes)


class _Teller:
    """The state of the fold."""

    def __init__(self, county: str, silence_months: int, growth: float) -> None:
        self.county, self.silence_months, self.growth = county, silence_months, growth
        self.cases: dict[str, Case] = {}
        self.latest: dict[str, Case] = {}
        self.events: list[Event] = []
        self.outcomes: dict[tuple[Month, str], tuple[str, str]] = {}

    def note(
        self, case: Case, month: Month, kind: str, rules: Iterable[str], detail: Mapping[str, Any] | None = None
    ) -> None:
        self.events.append(
            Event(case.clue_no, month, kind, case.state, case.level, " ".join(sorted(rules)), detail or {})
        )

    def warn(self, w: Warned) -> None:
        case = self.latest.get(w.household_id)
        if case is None or not (case.open or self._silenced(case, w)):
            case = Case(
                clue_number(self.county, w.month, w.household_id), w.household_id, w.month, w.level, w.category,
                w.risks, dict(w.evidence), w.township, w.month,
            )  # fmt: skip
            self.cases[case.clue_no] = self.latest[w.household_id] = case
            outcome, kind = NEW, "opened"
        elif not case.open:
            outcome, kind = REPEATED, "silenced"
        elif self._grown(case, w):
            outcome = kind = SUPPLEMENT
            case.state = WAITING_FOR_RELEASE if case.conclusion is None else case.state
            case.level = max(case.level, w.level, key=LEVELS.__getitem__)
            case.risks |= w.risks
            case.sent.update(w.evidence)
        else:
            outcome = kind = REPEATED
            for rule, evidence in w.evidence.items():
                case.sent.setdefault(rule, evidence)
        if case.open:
            case.category, case.township, case.last_month = w.category, w.township, w.month
        self.outcomes[w.month, w.household_id] = (outcome, case.clue_no)
        self.note(case, w.month, kind, w.evidence)

    def _grown(self, case: Case, w: Warned) -> bool:
        return (
            LEVELS[w.level] > LEVELS[case.level]
            or bool(w.risks - case.risks)
            or any(e >= self.growth * case.sent[r] for r, e in w.evidence.items() if case.sent.get(r, 0) > 0)
        )

    def _silenced(self, case: Case, w: Warned) -> bool:
        return (
            case.conclusion == SILENT
            and case.concluded_month is not None
            and w.month - case.concluded_month < self.silence_months
            and set(w.evidence) <= set(case.sent)
            and not self._grown(case, w)
        )

    def release(self, month: Month, clue_no: str) -> None:
        case = self.cases.get(clue_no)
        if case is None:
            return
        if case.state == WAITING_FOR_RELEASE:
            case.state = WAITING_FOR_VISIT
        self.note(case, month, "released", case.sent)

    def answer(self, answer: Answer) -> None:
        case = self.cases.get(answer.clue_no)
        if case is None:
            return
        conclusion = CONCLUSIONS[answer.conclusion]
        case.state, case.open, case.conclusion = conclusion.state, conclusion.stays_open, conclusion.code
        case.concluded_month = answer.month
        self.note(case, answer.month, "feedback", case.sent, answer.detail)
