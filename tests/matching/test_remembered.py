"""A clerk's decision stands, whatever the ladder would now say; two namesakes' rows are two
questions."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any

import harsh_county
import pandas as pd
import pytest
from matching_builders import matched, number, people, rows

from shouwang.matching.remembered import apply_decisions, options, written_identities

Person = dict[str, Any]


def keyed(digests: pd.Series) -> pd.Series:
    """Digests of digests: what a key makes of them does not matter here."""
    return digests.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16]).astype("str")


def person(name: str, home: str, born: str, **more: str) -> Person:
    who = {"person_id": name, "household_id": home, "id_number": number("532999", born, 123)}
    return who | ROW | more


ROW = {"name": "张伟", "township": "马登镇", "village": "松林村"}
A, B, C = (
    person("a", "甲户", "19700101"),
    person("b", "乙户", "19800202"),
    person("c", "丙户", "19900303"),
)


def placed(*written: dict[str, Any]) -> pd.DataFrame:
    """Accepted rows with the places of one submission."""
    frame = rows(*written)
    return frame.assign(
        submission_id="d1", file="台账.xlsx", sheet="", row=range(2, len(frame) + 2)
    )


def decide(
    registry: pd.DataFrame, accepted: pd.DataFrame, chosen: dict[int, str | None]
) -> pd.DataFrame:
    """What a clerk puts on record for some rows, each with one person or nobody."""
    found = matched(registry, accepted)
    shown = options(found["candidates"], registry, keyed)
    identity = written_identities(accepted, keyed)
    made = []
    for row, who in chosen.items():
        mine = shown[shown["row"] == row]
        key = None if who is None else mine.set_index("person_id").loc[who, "key"]
        made.append({"identity": identity[row], "chosen": key, "candidates": mine["key"].tolist()})
    return pd.DataFrame(made).drop_duplicates("identity", keep="last")


def ends(
    registry: pd.DataFrame, accepted: pd.DataFrame, decisions: pd.DataFrame
) -> list[tuple[str, Any]]:
    """Outcome and person of each row, with the decisions in force."""
    found = apply_decisions(matched(registry, accepted), accepted, decisions, registry, keyed)
    persons = found["person_id"].astype(object).where(found["person_id"].notna(), None)
    return list(zip(found["outcome"], persons, strict=True))


@pytest.mark.parametrize(
    ("chosen", "now", "outcome"),
    [
        ("a", [A, B], ("matched", "a")),
        ("a", [A], ("matched", "a")),
        ("a", [B], ("review", None)),
        ("a", [B, C], ("review", None)),
        ("a", [A, B, C], ("review", None)),
        ("a", [A | {"village": "东山村"}, B], ("review", None)),
        ("a", [A | {"name": "张小伟"}, B], ("review", None)),
        ("a", [], ("unmatched", None)),
        (None, [A, B], ("unmatched", None)),
        (None, [B], ("unmatched", None)),
        (None, [], ("unmatched", None)),
        (None, [B | {"household_id": "丁户"}], ("review", None)),
        (None, [A, B, C], ("review", None)),
        (None, [C], ("review", None)),
    ],
)
def test_a_decision_outlives_the_other_candidates(
    chosen: str | None, now: list[Person], outcome: tuple[str, str | None]
) -> None:
    accepted = placed(ROW)
    decisions = decide(people(A, B), accepted, {0: chosen})
    assert ends(people(*now), accepted, decisions) == [outcome]


def test_a_review_that_a_decision_asks_for_shows_who_is_left() -> None:
    accepted = placed(ROW)
    decisions = decide(people(A, B), accepted, {0: "a"})
    found = apply_decisions(
        matched(people(B), accepted), accepted, decisions, people(B), keyed
    ).iloc[0]
    assert (found["method"], found["candidates"]) == ("decided_before", ["b"])
    again = decide(people(A, B), accepted, {0: "b"})
    assert ends(people(B), accepted, again) == [("matched", "b")]


def test_the_rows_of_two_namesakes_are_two_questions() -> None:
    registry, accepted = people(A, B), placed(ROW, ROW)
    identity = written_identities(accepted, keyed)
    assert identity[0] != identity[1]
    one = decide(registry, accepted, {0: "a"})
    assert ends(registry, accepted, one) == [("matched", "a"), ("review", None)]
    both = decide(registry, accepted, {0: "a", 1: "b"})
    assert ends(registry, accepted, both) == [("matched", "a"), ("matched", "b")]


def test_a_decision_of_one_row_says_nothing_of_two_that_come_later() -> None:
    registry = people(A, B)
    decisions = decide(registry, placed(ROW), {0: "a"})
    assert ends(registry, placed(ROW, ROW), decisions) == [("review", None)] * 2
    apart = decide(registry, placed(ROW, ROW), {0: "a", 1: "b"})
    other_submission = placed(ROW, ROW).assign(submission_id="d2")
    assert ends(registry, other_submission, apart) == [("review", None)] * 2


def test_rows_with_the_same_damaged_number_are_one_question() -> None:
    written = ROW | {"id_number": A["id_number"][:12] + "**" + A["id_number"][14:]}
    accepted = placed(written, written)
    identity = written_identities(accepted, keyed)
    assert identity[0] == identity[1]


@pytest.mark.parametrize("seed", range(4))
def test_no_registry_turns_a_decision_around(seed: int) -> None:
    """Whoever dies, comes or moves: a row goes to the person chosen, or to nobody without a
    question."""
    chance = Random(seed)
    made = harsh_county.build(seed, households=150)
    accepted = made.rows.assign(submission_id="d", file="f", sheet="", row=range(len(made.rows)))
    found = matched(made.people, accepted)
    waiting = found.index[found["outcome"] == "review"]
    chosen: dict[int, str | None] = {
        row: chance.choice([*found.loc[row, "candidates"], None]) for row in waiting.tolist()
    }
    decisions = decide(made.people, accepted, chosen)
    assert len(decisions) >= 20
    identity = written_identities(accepted, keyed)
    meant = dict(zip(identity[list(chosen)], chosen.values(), strict=True))
    ruled_out = {
        identity[row]: set(found.loc[row, "candidates"]) - {who} for row, who in chosen.items()
    }
    for _ in range(3):
        changed = made.people.sample(
            frac=chance.choice([0.5, 0.8, 0.97]), random_state=chance.randrange(99)
        )
        moves = changed.sample(frac=0.1, random_state=1).index
        changed.loc[moves, "household_id"] += "'"
        later = apply_decisions(matched(changed, accepted), accepted, decisions, changed, keyed)
        for row, who in later.loc[later["outcome"] == "matched", "person_id"].items():
            if identity[row] in meant:
                assert who == meant[identity[row]]
                assert who not in ruled_out[identity[row]]
