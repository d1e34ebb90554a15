"""The ledger (handbook section 8), told month by month."""

from __future__ import annotations

import datetime as dt

import pytest
from casework_builders import (
    COUNTY,
    HOUSE,
    POLICY,
    answered,
    kinds,
    number,
    outcomes,
    released,
    removed,
    told,
    warned,
)
from hypothesis import given
from hypothesis import strategies as st

from shouwang.casework import states
from shouwang.casework.cases import Policy, months_later
from shouwang.casework.events import Event
from shouwang.casework.folding import clue_number
from shouwang.casework.states import state_on
from shouwang.core.conclusions import BY_CODE, CONCLUSIONS
from shouwang.core.month import Month


def test_a_household_with_an_open_case_is_not_sent_again() -> None:
    assert outcomes(warned("2026-07"), warned("2026-08"), warned("2026-09")) == [
        "new",
        "repeated",
        "repeated",
    ]


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        (warned("2026-08", level="黄"), "supplement"),
        (warned("2026-08", risks="因病 住房"), "supplement"),
        (warned("2026-08", **{"MED-1": 15000.0}), "supplement"),
        (warned("2026-08", **{"MED-1": 14900.0}), "repeated"),
        (warned("2026-08", **{"MED-1": (16000.0, 8000.0)}), "supplement"),
        (warned("2026-08", **{"MED-2": 1.5}), "repeated"),
    ],
)
def test_it_is_sent_again_when_the_level_rises_a_risk_joins_or_the_amount_grows_by_half(
    later, outcome
) -> None:
    assert outcomes(warned("2026-07"), later) == ["new", outcome]


def test_growth_is_counted_from_what_was_sent_last() -> None:
    months = [
        warned(f"2026-0{m}", **{"MED-1": amount})
        for m, amount in ((1, 8000.0), (2, 11000.0), (3, 12000.0), (4, 17000.0), (5, 18000.0))
    ]
    assert outcomes(*months) == ["new", "repeated", "supplement", "repeated", "supplement"]


@pytest.mark.parametrize("code", [c.code for c in CONCLUSIONS if not c.stays_open])
def test_a_case_closed_by_an_answer_keeps_its_rules_silent_for_six_months(code: str) -> None:
    found = answered("2026-01", code, "2026-02-16")
    assert outcomes(warned("2026-01"), found, warned("2026-07")) == ["new", "repeated"]
    assert outcomes(warned("2026-01"), found, warned("2026-08")) == ["new", "new"]
    assert outcomes(warned("2026-01"), found, warned("2026-03", **{"MED-1": 15000.0})) == [
        "new",
        "new",
    ]
    assert outcomes(warned("2026-01"), found, warned("2026-03", level="红")) == ["new", "new"]
    assert outcomes(
        warned("2026-01"), found, warned("2026-03", risks="住房", **{"HOU-1": 0.0})
    ) == ["new", "new"]


def test_the_states_follow_the_table() -> None:
    story = [warned("2026-01"), released("2026-01")]
    assert told(*story[:1]).cases[0].state == "待发布"
    (case,) = told(*story).cases
    assert (case.state, case.due) == ("待核查", dt.date(2026, 2, 18))
    assert [state_on(case.state, case.turns_on, dt.date(2026, 2, day)) for day in (22, 23)] == [
        "待核查",
        "督办",
    ]
    for code, conclusion in BY_CODE.items():
        (case,) = told(*story, answered("2026-01", code, "2026-02-16")).cases
        assert (case.state, case.open, case.turns_on) == (
            conclusion.state,
            conclusion.stays_open,
            None,
        )


def test_a_late_answer_leaves_the_supervision_in_the_history() -> None:
    ledger = told(warned("2026-01"), released("2026-01"), answered("2026-01", "05", "2026-02-25"))
    assert kinds(ledger) == ["opened", "released", "time", "feedback"]
    assert ledger.history[2].detail["since"] == dt.date(2026, 2, 23)


def test_the_last_word_wins_and_the_earlier_stays_in_the_history() -> None:
    first, second = answered("2026-01", "05", "2026-02-16"), answered("2026-01", "01", "2026-02-20")
    for facts in ([first, second], [second, first]):
        ledger = told(warned("2026-01"), released("2026-01"), *facts)
        assert ledger.cases[0].state == "拟纳入监测"
        assert [e.detail["conclusion"] for e in ledger.history if e.kind == "feedback"] == [
            "05",
            "01",
        ]


def test_measures_lead_to_help_and_help_to_removal_after_six_months() -> None:
    story = [
        warned("2026-01"),
        released("2026-01"),
        answered("2026-01", "01", "2026-02-16", measure="健康帮扶"),
    ]
    assert told(*story).cases[0].state == "帮扶中"
    early = told(*story, removed("2026-01", "2026-08-15"))
    assert (early.cases[0].state, early.history[-1].kind) == ("帮扶中", "removal_refused")
    assert "最早 2026-08-16" in early.history[-1].detail["why"]
    (case,) = told(*story, removed("2026-01", "2026-08-16")).cases
    assert (case.state, case.open) == ("风险消除", False)
    assert state_on(case.state, case.turns_on, dt.date(2027, 2, 16)) == "结案"


def test_a_risk_is_not_removed_without_a_measure() -> None:
    story = [warned("2026-01"), answered("2026-01", "01", "2026-02-16")]
    assert (
        "没有帮扶措施" in told(*story, removed("2026-01", "2026-10-01")).history[-1].detail["why"]
    )
    assert told(*story, removed("2026-01", "2026-10-01", "临时救助")).cases[0].state == "风险消除"
    unanswered = told(warned("2026-01"), removed("2026-01", "2026-10-01", "临时救助"))
    assert "只有" in unanswered.history[-1].detail["why"]


def test_a_removed_risk_that_returns_is_a_new_case_marked_so() -> None:
    story = [
        warned("2026-01"),
        answered("2026-01", "02", "2026-02-16", measure="就业帮扶"),
        removed("2026-01", "2026-09-01"),
    ]
    ledger = told(*story, warned("2026-10"))
    assert [(c.state, c.relapsed) for c in ledger.cases] == [("风险消除", False), ("待发布", True)]
    assert ledger.history[-1].kind == "relapsed"
    back = told(*story, answered("2026-01", "03", "2026-10-16"))
    assert [(c.state, c.relapsed) for c in back.cases] == [("风险消除", False), ("风险回退", True)]
    assert kinds(back)[-2:] == ["relapse_found", "feedback"], "no warning: there is nothing to send"
    assert number("2026-01") in back.cases[1].numbers, (
        "it is answered under the number that went out"
    )
    helped = told(
        *story,
        answered("2026-01", "03", "2026-10-16"),
        answered("2026-01", "02", "2026-10-20", measure="低保"),
    )
    assert [(c.state, c.relapsed) for c in helped.cases] == [("风险消除", False), ("帮扶中", True)]
    sent = told(*story, released("2026-10"))
    assert [(c.state, c.relapsed) for c in sent.cases] == [("风险消除", False), ("待核查", True)]


def test_a_monitored_household_that_does_not_qualify_is_cleared_out() -> None:
    known = answered("2026-01", "12", "2026-02-16", monitored_since=dt.date(2025, 6, 1))
    assert told(warned("2026-01"), known).cases[0].state == "清退"
    entered = [answered("2026-01", "01", "2026-02-16"), answered("2026-01", "12", "2026-03-16")]
    assert told(warned("2026-01"), *entered).cases[0].state == "清退"
    assert (
        told(warned("2026-01"), answered("2026-01", "12", "2026-02-16")).cases[0].state
        == "不符合条件"
    )


def test_a_change_of_category_is_told() -> None:
    suggested = told(
        warned("2026-01", category="边缘易致贫户"), warned("2026-02", category="突发严重困难户")
    )
    assert suggested.history[-1].kind == "retyped"
    found = answered("2026-01", "01", "2026-02-16", category="突发严重困难户")
    ledger = told(
        warned("2026-01", category="边缘易致贫户"),
        found,
        warned("2026-02", category="边缘易致贫户"),
    )
    assert kinds(ledger) == ["opened", "feedback", "retyped", "repeated"]
    assert ledger.cases[0].category == "突发严重困难户"


def test_a_supplement_is_to_be_answered_anew() -> None:
    story = [
        warned("2026-01"),
        released("2026-01"),
        answered("2026-01", "02", "2026-02-16", measure="低保"),
        warned("2026-02", level="红"),
    ]
    assert told(*story).cases[0].state == "待发布"
    (case,) = told(*story, released("2026-02", opened="2026-01")).cases
    assert (case.state, case.due, case.measures) == ("待核查", dt.date(2026, 3, 18), ["低保"])
    unanswered = [story[0], story[1], story[3], released("2026-02", opened="2026-01")]
    assert told(*unanswered).cases[0].due == dt.date(2026, 2, 18), (
        "a supplement does not put off what is overdue"
    )


def test_what_went_out_stays_a_case_though_its_data_were_corrected() -> None:
    ledger = told(released("2026-01"), answered("2026-01", "01", "2026-02-16"))
    assert [(c.clue_no, c.state) for c in ledger.cases] == [(number("2026-01"), "拟纳入监测")]


def test_a_list_that_corrected_data_would_not_have_sent_changes_nothing_but_its_answer_does() -> (
    None
):
    facts = [
        warned("2026-01"),
        answered("2026-01", "05", "2026-02-16"),
        warned("2026-03"),
        released("2026-03"),
    ]
    assert [(c.state, c.numbers) for c in told(*facts).cases] == [("无风险", [number("2026-03")])]
    assert told(*facts, answered("2026-03", "01", "2026-04-16")).cases[0].state == "拟纳入监测"


def test_a_finding_is_not_sent_again_where_a_list_went_out_of_which_a_correction_left_no_warning() -> (
    None
):
    """The township has it and is to visit: one open case, to which the next month's signal is
    added."""
    phantom = released("2026-01", risks=frozenset({"因病"}), rules="MED-1")
    assert [(c.clue_no, c.state) for c in told(phantom).cases] == [(number("2026-01"), "待核查")]
    story = [phantom, warned("2026-02")]
    assert outcomes(*story) == ["repeated"]
    assert [(c.clue_no, c.numbers) for c in told(*story).cases] == [
        (number("2026-01"), [number("2026-01")])
    ]
    assert outcomes(phantom, warned("2026-02", level="黄")) == ["supplement"]
    assert outcomes(phantom, warned("2026-02", risks="因病 住房")) == ["supplement"]
    assert outcomes(*story, warned("2026-03", **{"MED-1": 15000.0})) == ["repeated", "supplement"]
    closed = answered("2026-01", "05", "2026-02-16")
    assert outcomes(phantom, closed, warned("2026-02")) == ["repeated"]
    assert outcomes(phantom, closed, warned("2026-08")) == ["new"]
    ended = [warned("2025-01"), answered("2025-01", "05", "2025-02-16")]
    assert outcomes(*ended, *story) == ["new", "repeated"], (
        "a case that was closed long ago does not hide it"
    )
    assert [c.clue_no for c in told(*ended, *story).cases] == [number("2025-01"), number("2026-01")]


def test_a_late_file_of_an_older_month_leaves_one_case_that_answers_to_both_numbers() -> None:
    facts = [warned("2026-08"), released("2026-08"), answered("2026-08", "01", "2026-09-16")]
    (case,) = told(*facts, warned("2026-07")).cases
    assert (case.clue_no, case.numbers, case.state) == (
        number("2026-07"),
        [number("2026-08")],
        "拟纳入监测",
    )


def test_a_late_answer_divides_what_it_came_too_late_for() -> None:
    """Found without risk in February, which is known in May only: the new risk of March was a clue
    of its own."""
    facts = [
        warned("2026-01"),
        released("2026-01"),
        warned("2026-03", risks="住房", **{"HOU-1": 0.0}),
    ]
    facts.append(released("2026-03", opened="2026-01"))
    late = answered("2026-01", "05", "2026-05-01", visited=dt.date(2026, 2, 16))
    own = answered("2026-01", "01", "2026-04-20", listed="2026-03")
    cases = told(*facts, late, own).cases
    assert [(c.state, str(c.opened_month)) for c in cases] == [
        ("无风险", "2026-01"),
        ("拟纳入监测", "2026-03"),
    ]


def test_the_last_word_is_what_was_received_last_though_the_visit_was_earlier() -> None:
    first = answered("2026-01", "05", "2026-02-20")
    later = answered("2026-01", "01", "2026-02-25", visited=dt.date(2026, 2, 16))
    assert told(warned("2026-01"), first, later).cases[0].state == "拟纳入监测"


def test_a_late_answer_to_a_case_that_a_newer_one_followed_does_not_open_it_again() -> None:
    facts = [
        warned("2026-01"),
        answered("2026-01", "05", "2026-02-16"),
        warned("2026-03", level="红"),
    ]
    ledger = told(*facts, answered("2026-01", "01", "2026-05-01"))
    assert [c.open for c in ledger.cases] == [False, True]
    assert ledger.history[-1].kind == "late_word"


def test_a_clue_number_never_depends_on_other_households() -> None:
    assert clue_number(POLICY, Month(2026, 9), HOUSE).startswith("2609-")
    assert clue_number(POLICY, Month(2026, 9), HOUSE) != clue_number(
        POLICY, Month(2026, 9), "532900000002"
    )


def test_nobody_computes_a_clue_number_without_the_key() -> None:
    others = Policy(COUNTY, lambda digest: digest)
    assert clue_number(POLICY, Month(2026, 9), HOUSE) != clue_number(others, Month(2026, 9), HOUSE)


def test_six_months_later_is_the_same_day_or_the_months_last() -> None:
    assert months_later(dt.date(2026, 8, 31), 6) == dt.date(2027, 2, 28)


MONTHS = [f"2026-{n:02d}" for n in range(1, 13)]
month, amount = st.sampled_from(MONTHS), st.integers(1, 40).map(lambda n: n * 1000.0)
warnings = st.builds(
    lambda m, level, risks, **e: warned(m, level, risks, **{"MED-1": e["a"]}),
    month,
    st.sampled_from("蓝黄红"),
    st.sampled_from(["因病", "因病 住房"]),
    a=amount,
)
releases = st.builds(released, month, st.none() | month, st.integers(6, 28))
answers = st.builds(
    lambda opened, code, m, day, measure: answered(opened, code, f"{m}-{day:02d}", measure=measure),
    month,
    st.sampled_from(list(BY_CODE)),
    month,
    st.integers(1, 28),
    st.none() | st.just("健康帮扶"),
)
removals = st.builds(
    removed, month, month.map(lambda m: f"{m}-28"), st.none() | st.just("就业帮扶")
)


@st.composite
def facts_in_two_orders(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    warned_of = draw(st.lists(warnings, max_size=10, unique_by=lambda w: w.month))
    others = draw(st.lists(releases | answers | removals, max_size=14, unique_by=lambda f: f.when))
    facts = [*warned_of, *others]
    return facts, draw(st.permutations(facts))


@given(facts_in_two_orders())
def test_facts_in_any_order_of_arrival_give_the_same_ledger(
    orders: tuple[list[Event], list[Event]],
) -> None:
    one, other = told(*orders[0]), told(*orders[1])
    assert list(map(vars, one.cases)) == list(map(vars, other.cases))
    assert (one.history, one.outcomes) == (other.history, other.outcomes)
    assert sum(case.open for case in one.cases) <= 1
    assert len({case.clue_no for case in one.cases}) == len(one.cases)
    assert set(one.outcomes) == {
        (fact.month, HOUSE) for fact in orders[0] if hasattr(fact, "evidence")
    }
    said = [f for f in orders[0] if hasattr(f, "conclusion")]
    assert sum(kind in (states.FEEDBACK, states.LATE_WORD) for kind in kinds(one)) == len(said)
    assert all(case.state in (*states.ANY, states.REMOVED) for case in one.cases)
