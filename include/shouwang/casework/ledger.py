"""The ledger (台账), replayed household by household from facts (handbook section 8; decisions 0002
and 0006).

One open case a household. A warning of a household with an open case joins it and is not sent
again, unless the level rises, a new risk type joins, or what a rule measures has grown by half
since it was last sent. A household whose case was closed by an answer stays silent for the same
rules for six months, unless its evidence grows likewise. A household whose risk was removed and
which is warned of again gets a new case, marked 回退.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shouwang.casework import states
from shouwang.casework.conclusions import CONCLUSIONS
from shouwang.casework.entries import Case, Event, Ledger, Policy, months_later, why_not_removed
from shouwang.casework.facts import NO_FIGURE, Answer, Fact, Released, Removal, Warned
from shouwang.casework.states import TABLE
from shouwang.core.month import Month

NEW, REPEATED, SUPPLEMENT = "new", "repeated", "supplement"
LEVELS = {"蓝": 1, "黄": 2, "红": 3}
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that a pencil confuses


def clue_number(policy: Policy, month: Month, household_id: str, before: str = "") -> str:
    """A case's number, the same whatever was opened before it: ``2609-K7QX3M9T`` (month, then 40
    bits of a keyed digest).

    ``before``: the number that another case has already.
    """
    said = hashlib.sha256(f"{before or policy.county}|{month}|{household_id}".encode()).digest()
    return _number(month, int(policy.keyed(said.hex())[:10], 16))


def unkeyed_number(county: str, month: Month, household_id: str) -> str:
    """The number that a case had before there were keys; what went out under it keeps it."""
    said = hashlib.sha256(f"{county}|{month}|{household_id}".encode()).digest()
    return _number(month, int.from_bytes(said[:5], "big"))


def _number(month: Month, digest: int) -> str:
    letters = "".join(_LETTERS[(digest >> shift) & 31] for shift in range(35, -1, -5))
    return f"{month.year % 100:02d}{month.number:02d}-{letters}"


def replay(policy: Policy, facts: Iterable[Fact]) -> Ledger:
    """Fold the facts into the ledger: in whatever order they come, it is the same."""
    by_household: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_household[fact.household_id].append(fact)
    told = [
        _Story(policy, household).tell(by_household[household])
        for household in sorted(by_household)
    ]
    return Ledger(
        tuple(case for story in told for case in story.cases),
        tuple(event for story in told for event in story.history()),
        {
            key: (outcome, case.clue_no)
            for story in told
            for key, (outcome, case) in story.outcomes.items()
        },
    )


def _placed(facts: Iterable[Fact]) -> Iterator[tuple[tuple[Any, ...], Fact]]:
    """Every fact with its place; of several answers to a clue of a list, the one received last
    stands last."""
    latest: dict[tuple[Month, str], tuple[Any, ...]] = {}
    for answer in sorted((f for f in facts if isinstance(f, Answer)), key=lambda a: a.word):
        clue = answer.list_month, answer.clue_no
        place = latest[clue] = max(answer.when[:3], latest.get(clue, answer.when[:3]))
        yield (*place, *answer.word), answer
    yield from ((fact.when, fact) for fact in facts if not isinstance(fact, Answer))


class _Story:
    """The fold over one household's facts."""

    def __init__(self, policy: Policy, household_id: str) -> None:
        self.policy, self.household_id = policy, household_id
        self.growth = 1 + policy.grown_by
        self.cases: list[Case] = []
        self.by_number: dict[str, Case] = {}
        self.listed: dict[tuple[Month, str], Case] = {}
        self.events: list[tuple[Case, Event]] = []
        self.outcomes: dict[tuple[Month, str], tuple[str, Case]] = {}
        self.told: set[str] = set()

    def number(self, month: Month) -> str:
        """The number of a case of a month; one that went out keeps the number under which it
        did."""
        old = unkeyed_number(self.policy.county, month, self.household_id)
        return old if old in self.told else clue_number(self.policy, month, self.household_id)

    def tell(self, facts: list[Fact]) -> _Story:
        self.told = {fact.clue_no for fact in facts if isinstance(fact, Released)}
        for when, fact in sorted(_placed(facts), key=lambda placed: placed[0]):
            day: dt.date = when[0]
            match fact:
                case Warned():
                    self.warn(fact, day)
                case Released():
                    self.release(fact, day)
                case Answer():
                    self.answer(fact, day)
                case Removal():
                    self.remove(fact, day)
        return self

    def history(self) -> list[Event]:
        return [replace(event, clue_no=case.clue_no) for case, event in self.events]

    @property
    def latest(self) -> Case | None:
        return self.cases[-1] if self.cases else None

    def note(
        self, case: Case, day: dt.date, month: Month, kind: str, rules: Iterable[str], **detail: Any
    ) -> None:
        said = {key: value for key, value in detail.items() if value not in (None, "", [], {})}
        self.events.append(
            (
                case,
                Event("", day, month, kind, case.state, case.level, " ".join(sorted(rules)), said),
            )
        )

    def move(self, case: Case, event: str) -> bool:
        step = TABLE.get((case.state, event))
        if step:
            case.state = step.target
        return step is not None

    def open(self, case: Case, event: str) -> Case:
        while case.clue_no in self.by_number:
            case.clue_no = clue_number(
                self.policy, case.opened_month, self.household_id, case.clue_no
            )
        self.move(case, event)
        self.cases.append(case)
        self.by_number[case.clue_no] = case
        return case

    def warn(self, w: Warned, day: dt.date) -> None:
        case, why = self.latest, dict[str, Any]()
        if case is None or not (case.open or self.silent_until(case, w)):
            returned = case is not None and case.state == states.REMOVED
            kind = states.RETURNED if returned else states.OPENED
            case = self.open(
                Case(
                    self.number(w.month),
                    w.household_id,
                    w.month,
                    w.level,
                    w.category,
                    w.risks,
                    dict(w.evidence),
                    w.township,
                    w.month,
                    states.UNBORN,
                    returned,
                ),
                kind,
            )
            outcome = NEW
        elif not case.open:
            outcome, kind = REPEATED, states.SILENCED
            why = {"until": str(self.silent_until(case, w)), "conclusion": case.conclusion}
        else:
            grown = self.growths(case, w)
            outcome, kind = (
                (SUPPLEMENT, states.SUPPLEMENT) if grown else (REPEATED, states.REPEATED)
            )
            why = {"grown": grown, "under": case.state}
        amounts = {
            rule: [*case.sent.get(rule, NO_FIGURE), *now]
            for rule, now in w.evidence.items()
            if any(now)
        }
        self.note_warning(case, w, day, kind, why | {"amounts": amounts})
        self.outcomes[w.month, w.household_id] = (outcome, case)

    def note_warning(
        self, case: Case, w: Warned, day: dt.date, kind: str, why: Mapping[str, Any]
    ) -> None:
        before = case.category
        if kind == states.SUPPLEMENT:
            self.move(case, states.SUPPLEMENT)
            case.level = max(case.level, w.level, key=LEVELS.__getitem__)
            case.risks |= w.risks
            case.sent.update(w.evidence)
        elif kind == states.REPEATED:
            unknown = {
                rule: amount
                for rule, amount in w.evidence.items()
                if not any(case.sent.get(rule, NO_FIGURE))
            }
            case.sent.update(unknown)
        if case.open:
            case.township, case.last_month = w.township or case.township, w.month
            if case.recognised_on is None:
                case.category = w.category
        self.note(case, day, w.month, kind, w.evidence, **why)
        self.note_category(case, day, w.month, before, w.category)

    def note_category(
        self, case: Case, day: dt.date, month: Month, before: str | None, now: str | None
    ) -> None:
        """类型变更: told when a known category becomes another one."""
        if before and now and case.category == now != before:
            self.note(case, day, month, states.RETYPED, case.sent, before=before, now=now)

    def growths(self, case: Case, w: Warned) -> list[str]:
        """What of a warning is more than what was sent: ``level``, risk types, rules."""
        found = ["level"] if LEVELS[w.level] > LEVELS[case.level] else []
        found += sorted(w.risks - case.risks)
        return found + sorted(
            r
            for r, amount in w.evidence.items()
            if amount.grown(case.sent.get(r, NO_FIGURE), self.growth)
        )

    def silent_until(self, case: Case, w: Warned) -> Month | None:
        """The month until which (not included) a closed case keeps this warning silent; null if it
        does not."""
        until = self.silence_of(case)
        covered = set(w.evidence) <= set(case.sent) and not self.growths(case, w)
        return until if until and covered and w.month < until else None

    def silence_of(self, case: Case) -> Month | None:
        if case.concluded_month is None or case.state == states.REMOVED:
            return None
        return case.concluded_month + self.policy.silence_months

    def release(self, r: Released, day: dt.date) -> None:
        """A list went out. Where no warning is left of it, the data were corrected since: what was
        sent stays a case."""
        case = self.latest
        if case is None or not (case.open or r.clue_no in (case.clue_no, *case.numbers)):
            until = self.silence_of(case) if case else None
            case = case if case and until and r.month < until else self.keep(r.clue_no, r.month, r)
        self.name(case, r)
        if self.move(case, states.RELEASED) and case.turns_on is None:
            case.due, case.turns_on = r.due, r.late_from
        self.note(
            case, day, r.month, states.RELEASED, r.rules.split() or case.sent, due=r.due, **r.detail
        )

    def name(self, case: Case, r: Released) -> None:
        if r.clue_no not in case.numbers:
            case.numbers.append(r.clue_no)
        self.by_number.setdefault(r.clue_no, case)
        self.listed[r.month, r.clue_no] = case

    def keep(self, clue_no: str, month: Month, r: Released | None = None) -> Case:
        """Open a case for what was told though no warning is left of it; what its rules measured is
        not known."""
        case = Case(
            clue_no,
            self.household_id,
            month,
            "蓝",
            None,
            frozenset(),
            {},
            None,
            month,
            states.UNBORN,
        )
        case.returned = self.latest is not None and self.latest.state == states.REMOVED
        if r is not None:
            case.level, case.category, case.risks, case.township = (
                r.level,
                r.category,
                r.risks,
                r.township,
            )
            case.sent = dict.fromkeys(r.rules.split(), NO_FIGURE)
        self.open(case, states.RETURNED if case.returned else states.OPENED)
        self.note(case, (month + 1).first, month, states.KEPT, case.sent)
        return case

    def find(self, clue_no: str, month: Month) -> Case:
        """The case that a number on a month's list means; one that no other fact knows is kept for
        what was said."""
        return (
            self.listed.get((month, clue_no))
            or self.by_number.get(clue_no)
            or self.latest
            or self.keep(clue_no, month)
        )

    def answer(self, a: Answer, day: dt.date) -> None:
        case = self.find(a.clue_no, a.list_month)
        conclusion = CONCLUSIONS[a.conclusion]
        said = {"conclusion": a.conclusion, "measure": a.measure, "visited": a.visited, **a.detail}
        monitored = a.monitored_since is not None or case.recognised_on is not None
        event = states.EXPULSION if a.conclusion == "12" and monitored else a.conclusion
        visited = a.visited or a.received.date()
        if a.conclusion == "03" and case is self.latest and case.state == states.REMOVED:
            case = self.relapse(case, a, day)
        month = max(Month.of(day), case.opened_month + 1)
        if case is not self.latest or (case.state, event) not in TABLE:
            self.note(case, day, month, states.LATE_WORD, case.sent, **said)
            return
        if (
            case.turns_on
            and states.state_on(case.state, case.turns_on, a.received.date()) == states.SUPERVISED
        ):
            self.note(case, day, month, states.TIME, case.sent, due=case.due, since=case.turns_on)
        self.move(case, event)
        before = case.category
        case.conclusion, case.turns_on, case.due, case.next_visit = (
            a.conclusion,
            None,
            None,
            a.next_visit,
        )
        case.concluded_month = month
        case.category = a.category or case.category
        case.risks |= a.risks
        if conclusion.recognises:
            case.recognised_on = min(filter(None, (case.recognised_on, a.monitored_since, visited)))
            case.returned |= a.conclusion == "03"
        else:
            case.recognised_on = None if not conclusion.stays_open else case.recognised_on
        self.note(case, day, month, states.FEEDBACK, case.sent, **said)
        if a.measure and conclusion.recognises:
            case.measures.append(a.measure)
            if self.move(case, states.MEASURE):
                self.note(case, day, month, states.MEASURE, case.sent, measure=a.measure)
        self.note_category(case, day, month, before, a.category)

    def relapse(self, before: Case, a: Answer, day: dt.date) -> Case:
        """The township finds that a removed risk is there again (回退): a new case, which answers
        to the same number."""
        month = Month.of(day)
        case = Case(
            self.number(month),
            self.household_id,
            month,
            before.level,
            before.category,
            before.risks,
            dict(before.sent),
            before.township,
            month,
            states.UNBORN,
            True,
        )
        self.open(case, states.RETURNED)
        case.numbers.append(a.clue_no)
        self.listed[a.list_month, a.clue_no] = self.by_number[a.clue_no] = case
        self.note(case, day, month, states.RELAPSED, case.sent)
        return case

    def remove(self, r: Removal, day: dt.date) -> None:
        month = Month.of(r.on)
        case = self.find(r.clue_no, month)
        refused = (
            why_not_removed(case, r.on, r.measure) if case is self.latest else "该户已有新的线索"
        )
        if refused:
            self.note(case, day, month, states.REMOVAL_REFUSED, case.sent, why=refused, **r.detail)
            return
        self.move(case, states.REMOVAL)
        case.measures += [r.measure] if r.measure else []
        case.turns_on = months_later(r.on, self.policy.silence_months)
        self.note(
            case, day, month, states.REMOVAL, case.sent, on=r.on, measure=r.measure, **r.detail
        )
