"""The ledger (handbook section 8), told month by month."""

from __future__ import annotations

from shouwang.casework.ledger import Answer, Warned, clue_number, replay
from shouwang.month import Month

COUNTY, HOUSE = "532900", "532900000001"


def warned(month: str, level: str = "蓝", risks: str = "因病", **evidence: float) -> Warned:
    return Warned(Month.parse(month), HOUSE, level, None, frozenset(risks.split()), evidence or {"MED-1": 1.0}, "东乡")


def outcomes(warnings: list[Warned], answers: list[Answer] | None = None) -> list[str]:
    ledger = replay(COUNTY, warnings, answers or [], [], 6, 0.5)
    return [ledger.outcomes[w.month, w.household_id][0] for w in sorted(warnings, key=lambda w: w.month)]


def found_nothing(opened: str, month: str) -> Answer:
    return Answer(clue_number(COUNTY, Month.parse(opened), HOUSE), "05", Month.parse(month), {})


def test_a_household_with_an_open_case_is_not_sent_again() -> None:
    assert outcomes([warned("2026-07"), warned("2026-08"), warned("2026-09")]) == ["new", "repeated", "repeated"]


def test_it_is_sent_again_when_the_level_rises_a_risk_joins_or_the_evidence_grows_by_half() -> None:
    assert outcomes([warned("2026-07"), warned("2026-08", level="黄")]) == ["new", "supplement"]
    assert outcomes([warned("2026-07"), warned("2026-08", risks="因病 住房")]) == ["new", "supplement"]
    grown = [warned("2026-07", **{"MED-1": 1.0}), warned("2026-08", **{"MED-1": 1.5})]
    assert outcomes(grown) == ["new", "supplement"]
    almost = [warned("2026-07", **{"MED-1": 1.0}), warned("2026-08", **{"MED-1": 1.49})]
    assert outcomes(almost) == ["new", "repeated"]


def test_found_without_risk_stays_silent_for_six_months() -> None:
    answers = [found_nothing("2026-01", "2026-02")]
    assert outcomes([warned("2026-01"), warned("2026-07")], answers) == ["new", "repeated"]
    assert outcomes([warned("2026-01"), warned("2026-08")], answers) == ["new", "new"]
    other = [warned("2026-01"), warned("2026-03", risks="住房", **{"HOU-1": 0.0})]
    assert outcomes(other, answers) == ["new", "new"]


def test_the_order_in_which_the_facts_came_does_not_matter() -> None:
    facts = [warned("2026-07"), warned("2026-08", level="红"), warned("2026-09")]
    answers = [found_nothing("2026-07", "2026-08")]
    assert replay(COUNTY, facts, answers, [], 6, 0.5) == replay(COUNTY, facts[::-1], answers, [], 6, 0.5)


def test_a_clue_number_never_depends_on_other_households() -> None:
    assert clue_number(COUNTY, Month(2026, 9), HOUSE) == clue_number(COUNTY, Month(2026, 9), HOUSE)
    assert clue_number(COUNTY, Month(2026, 9), HOUSE).startswith("2609-")
