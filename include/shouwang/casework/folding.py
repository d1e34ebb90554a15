"""The ledger (台账), folded household by household from events (handbook section 8; decisions 0002
and 0006).

One open case a household. A warning of a household with an open case joins it and is not sent
again, unless the level rises, a new risk type joins, or what a rule measures has grown by half
since it was last sent. A household whose case was closed by an answer stays silent for the same
rules for six months, unless its evidence grows likewise. A household whose risk was removed and
which is warned of again gets a new case, marked 回退 (`relapsed`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from shouwang.casework import states
from shouwang.casework.cases import (
    Case,
    HistoryEntry,
    Ledger,
    Policy,
    months_later,
    why_not_removed,
)
from shouwang.casework.events import (
    NO_FIGURE,
    Amount,
    Event,
    ListReleased,
    Place,
    ResponseReceived,
    RiskRemoved,
    WarningRaised,
)
from shouwang.casework.states import TABLE
from shouwang.core.conclusions import BY_CODE
from shouwang.core.digests import digest
from shouwang.core.month import Month
from shouwang.core.terms import LEVELS

NEW, REPEATED, SUPPLEMENT = "new", "repeated", "supplement"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that a pencil confuses


def clue_number(policy: Policy, month: Month, household_id: str, before: str = "") -> str:
    """A case's number, the same whatever was opened before it: ``2609-K7QX3M9T`` (month, then 40
    bits of a keyed digest).

    ``before``: the number that another case has already.
    """
    text = f"{before or policy.county}|{month}|{household_id}"
    number = int(policy.keyed(digest(text))[:10], 16)
    letters = "".join(_LETTERS[(number >> shift) & 31] for shift in range(35, -1, -5))
    return f"{month.year % 100:02d}{month.number:02d}-{letters}"


def fold_events(policy: Policy, events: Iterable[Event]) -> Ledger:
    """Fold the events into the ledger: in whatever order they come, it is the same."""
    by_household: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_household[event.household_id].append(event)
    folds = [_Fold(policy, household) for household in sorted(by_household)]
    for fold in folds:
        for place, event in sorted(_placed(by_household[fold.household_id]), key=lambda p: p[0]):
            fold.apply(event, place[0])
    return Ledger(
        tuple(case for fold in folds for case in fold.cases),
        tuple(replace(e, clue_no=case.clue_no) for fold in folds for case, e in fold.history),
        {
            key: (outcome, case.clue_no)
            for fold in folds
            for key, (outcome, case) in fold.outcomes.items()
        },
    )


def _placed(events: Iterable[Event]) -> Iterator[tuple[Place, Event]]:
    """Every event with its place; of several responses to a clue of a list, the one received last
    stands last."""
    latest: dict[tuple[Month, str], tuple[dt.date, Month, int]] = {}
    responses = [event for event in events if isinstance(event, ResponseReceived)]
    for response in sorted(responses, key=lambda each: each.word):
        clue = response.list_month, response.clue_no
        place = latest[clue] = max(response.when[:3], latest.get(clue, response.when[:3]))
        yield (*place, *response.word), response
    yield from ((e.when, e) for e in events if not isinstance(e, ResponseReceived))


class _Fold:
    """The fold over one household's events."""

    def __init__(self, policy: Policy, household_id: str) -> None:
        self.policy, self.household_id = policy, household_id
        self.growth = 1 + policy.grown_by
        self.cases: list[Case] = []
        self.by_number: dict[str, Case] = {}
        self.listed: dict[tuple[Month, str], Case] = {}
        self.history: list[tuple[Case, HistoryEntry]] = []
        self.outcomes: dict[tuple[Month, str], tuple[str, Case]] = {}

    def apply(self, event: Event, day: dt.date) -> None:
        match event:
            case WarningRaised():
                self.warn(event, day)
            case ListReleased():
                self.release(event, day)
            case ResponseReceived():
                self.respond(event, day)
            case RiskRemoved():
                self.remove(event, day)

    @property
    def latest(self) -> Case | None:
        return self.cases[-1] if self.cases else None

    def note(self, case: Case, day: dt.date, month: Month, kind: str, **detail: Any) -> None:
        rules = detail.pop("rules", case.sent)
        detail = {key: value for key, value in detail.items() if value not in (None, "", [], {})}
        rules = " ".join(sorted(rules))
        entry = HistoryEntry("", day, month, kind, case.state, case.level, rules, detail)
        self.history.append((case, entry))

    def move(self, case: Case, event: str) -> bool:
        target = TABLE.get((case.state, event))
        case.state = case.state if target is None else target
        return target is not None

    def open(
        self,
        month: Month,
        source: WarningRaised | ListReleased | Case | None,
        sent: dict[str, Amount],
        number: str = "",
    ) -> Case:
        """Put a new case on the ledger, which says what its source does; its number is another one
        where some case has it."""
        number = number or clue_number(self.policy, month, self.household_id)
        while number in self.by_number:
            number = clue_number(self.policy, month, self.household_id, number)
        relapsed = self.latest is not None and self.latest.state == states.REMOVED
        case = Case(number, self.household_id, month, sent, month, relapsed)
        if source is not None:
            case.level, case.category = source.level, source.category
            case.risks, case.township = source.risks, source.township
        self.move(case, states.RELAPSED if relapsed else states.OPENED)
        self.cases.append(case)
        self.by_number[number] = case
        return case

    def warn(self, w: WarningRaised, day: dt.date) -> None:
        case, why = self.latest, dict[str, Any]()
        if case is None or not (case.open or self.silent_until(case, w)):
            case = self.open(w.month, w, dict(w.evidence))
            kind, outcome = states.RELAPSED if case.relapsed else states.OPENED, NEW
        elif not case.open:
            kind, outcome = states.SILENCED, REPEATED
            why = {"until": str(self.silent_until(case, w)), "conclusion": case.conclusion}
        else:
            grown = self.growths(case, w)
            kind, outcome = (
                (states.SUPPLEMENT, SUPPLEMENT) if grown else (states.REPEATED, REPEATED)
            )
            why = {"grown": grown, "under": case.state}
        why["amounts"] = {
            rule: [*case.sent.get(rule, NO_FIGURE), *now]
            for rule, now in w.evidence.items()
            if any(now)
        }
        before = case.category
        self.join(case, w, kind)
        self.note(case, day, w.month, kind, rules=w.evidence, **why)
        self.note_category(case, day, w.month, before, w.category)
        self.outcomes[w.month, w.household_id] = (outcome, case)

    def join(self, case: Case, w: WarningRaised, kind: str) -> None:
        """What a case is after a warning that it has joined."""
        if kind == states.SUPPLEMENT:
            self.move(case, states.SUPPLEMENT)
            case.level = min(case.level, w.level, key=LEVELS.index)
            case.risks |= w.risks
            case.sent.update(w.evidence)
        elif kind == states.REPEATED:
            unknown = {r for r in w.evidence if not any(case.sent.get(r, NO_FIGURE))}
            case.sent.update({rule: w.evidence[rule] for rule in unknown})
        if case.open:
            case.township, case.last_month = w.township or case.township, w.month
            if case.recognised_on is None:
                case.category = w.category

    def note_category(
        self, case: Case, day: dt.date, month: Month, before: str | None, now: str | None
    ) -> None:
        """类型变更: told when a known category becomes another one."""
        if before and now and case.category == now != before:
            self.note(case, day, month, states.RETYPED, before=before, now=now)

    def growths(self, case: Case, w: WarningRaised) -> list[str]:
        """What of a warning is more than what was sent: ``level``, risk types, rules."""
        level = ["level"] if LEVELS.index(w.level) < LEVELS.index(case.level) else []
        rules = (
            rule
            for rule, amount in w.evidence.items()
            if amount.grown(case.sent.get(rule, NO_FIGURE), self.growth)
        )
        return [*level, *sorted(w.risks - case.risks), *sorted(rules)]

    def silent_until(self, case: Case, w: WarningRaised) -> Month | None:
        """The month until which (not included) a closed case keeps this warning silent; null if it
        does not."""
        until = self.silence_of(case)
        covered = set(w.evidence) <= set(case.sent) and not self.growths(case, w)
        return until if until and covered and w.month < until else None

    def silence_of(self, case: Case) -> Month | None:
        if case.concluded_month is None or case.state == states.REMOVED:
            return None
        return case.concluded_month + self.policy.silence_months

    def release(self, r: ListReleased, day: dt.date) -> None:
        """A list went out. Where no warning is left of it, the data were corrected since: what was
        sent stays a case."""
        case = self.latest
        if case is None or not (case.open or r.clue_no in (case.clue_no, *case.numbers)):
            until = self.silence_of(case) if case else None
            if case is None or until is None or r.month >= until:
                case = self.keep(r.clue_no, r.month, r)
        if r.clue_no not in case.numbers:
            case.numbers.append(r.clue_no)
        self.by_number.setdefault(r.clue_no, case)
        self.listed[r.month, r.clue_no] = case
        if self.move(case, states.RELEASED) and case.turns_on is None:
            case.due, case.turns_on = r.due, r.late_from
        rules = r.rules.split() or case.sent
        self.note(case, day, r.month, states.RELEASED, rules=rules, due=r.due, **r.detail)

    def keep(self, clue_no: str, month: Month, r: ListReleased | None = None) -> Case:
        """Open a case for what was told though no warning is left of it; what its rules measured is
        not known."""
        sent = dict.fromkeys(r.rules.split() if r else (), NO_FIGURE)
        case = self.open(month, r, sent, clue_no)
        self.note(case, (month + 1).first, month, states.KEPT)
        return case

    def find(self, clue_no: str, month: Month) -> Case:
        """The case that a number on a month's list means; one that no other event knows is kept for
        what was said."""
        listed = self.listed.get((month, clue_no)) or self.by_number.get(clue_no)
        return listed or self.latest or self.keep(clue_no, month)

    def respond(self, a: ResponseReceived, day: dt.date) -> None:
        """A township's answer: the case's conclusion, or the history's alone where a newer case has
        taken its place."""
        case, conclusion = self.find(a.clue_no, a.list_month), BY_CODE[a.conclusion]
        answer = {
            "conclusion": a.conclusion,
            "measure": a.measure,
            "visited": a.visited,
            **a.detail,
        }
        monitored = a.monitored_since is not None or case.recognised_on is not None
        event = states.EXPULSION if a.conclusion == "12" and monitored else a.conclusion
        if a.conclusion == "03" and case is self.latest and case.state == states.REMOVED:
            case = self.relapse(case, a, day)
        month = max(Month.of(day), case.opened_month + 1)
        if case is not self.latest or (case.state, event) not in TABLE:
            self.note(case, day, month, states.LATE_WORD, **answer)
            return
        if states.state_on(case.state, case.turns_on, a.received_at.date()) == states.SUPERVISED:
            self.note(case, day, month, states.TIME, due=case.due, since=case.turns_on)
        self.move(case, event)
        before = case.category
        case.conclusion, case.concluded_month = a.conclusion, month
        case.due = case.turns_on = None
        case.next_visit = a.next_visit
        case.category = a.category or case.category
        case.risks |= a.risks
        if conclusion.recognises:
            visited = a.visited or a.received_at.date()
            case.recognised_on = min(filter(None, (case.recognised_on, a.monitored_since, visited)))
            case.relapsed |= a.conclusion == "03"
        elif not conclusion.stays_open:
            case.recognised_on = None
        self.note(case, day, month, states.FEEDBACK, **answer)
        if a.measure and conclusion.recognises:
            case.measures.append(a.measure)
            if self.move(case, states.MEASURE):
                self.note(case, day, month, states.MEASURE, measure=a.measure)
        self.note_category(case, day, month, before, a.category)

    def relapse(self, before: Case, a: ResponseReceived, day: dt.date) -> Case:
        """The township finds that a removed risk is there again (回退): a new case, which answers
        to the same number."""
        month = Month.of(day)
        case = self.open(month, before, dict(before.sent))
        case.numbers.append(a.clue_no)
        self.listed[a.list_month, a.clue_no] = self.by_number[a.clue_no] = case
        self.note(case, day, month, states.RELAPSE_FOUND)
        return case

    def remove(self, r: RiskRemoved, day: dt.date) -> None:
        month = Month.of(r.removed_on)
        case = self.find(r.clue_no, month)
        why: str | None = "该户已有新的线索"
        if case is self.latest:
            why = why_not_removed(case, r.removed_on, r.measure)
        if why:
            self.note(case, day, month, states.REMOVAL_REFUSED, why=why, **r.detail)
            return
        self.move(case, states.REMOVAL)
        case.measures += [r.measure] if r.measure else []
        case.turns_on = months_later(r.removed_on, self.policy.silence_months)
        self.note(case, day, month, states.REMOVAL, on=r.removed_on, measure=r.measure, **r.detail)
