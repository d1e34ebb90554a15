"""Whatever legible part of a number is written, in any dress, nobody whom it contradicts is
matched.

The oracle knows nothing of matching: a dress says which places of the number it lets be read, and
in whose place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import harsh_county
import pandas as pd
import pytest
from matching_builders import matched, number, rows

Shown = dict[int, str]
Dress = Callable[[Random, str], tuple[str, Shown]]
SIGNS = "*＊○●◯※★☆■□▲△◆#?？×xX_"
EVERY = range(18)
PHONE = "13900000071"
NUMERALS = str.maketrans("0123456789", "〇一二三四五六七八九")


def shown(text: str, places: range | list[int] = EVERY) -> Shown:
    return {place: text[place] for place in places}


def worded(chance: Random, text: str) -> tuple[str, Shown]:
    """Words, a name, a phone before or after."""
    forms = (
        "{}（本人）",
        "身份证号：{}",
        "王小芳{}",
        "{}王小芳",
        "{}\n" + PHONE,
        PHONE + " {}",
        "{}/" + PHONE,
        "第1代证 {}",
        "{}（2人）",
    )
    return chance.choice(forms).format(text), shown(text)


def spaced(chance: Random, text: str) -> tuple[str, Shown]:
    """Groups, full width, a school's letter before it, letters that look like digits."""
    sign = chance.choice([" ", "-", ".", " - "])
    forms = (
        text[:6] + sign + text[6:14] + sign + text[14:],
        "".join(chr(ord(c) + 0xFEE0) for c in text),
        "G" + text,
        text[:17].replace("0", "O").replace("1", "l") + text[17],
        text + PHONE if text[17] != "X" else text,
    )
    return chance.choice(forms), shown(text)


def hidden(chance: Random, text: str) -> tuple[str, Shown]:
    """A mask of any sign and any length, with the first and the last places left, alone or among
    words."""
    start, end = chance.choice(
        [
            (6, 4),
            (4, 4),
            (3, 4),
            (0, 4),
            (6, 0),
            (10, 0),
            (14, 0),
            (6, 3),
            (1, 1),
            (2, 2),
            (10, 4),
            (0, 6),
        ]
    )
    length = chance.choice([18 - start - end, 3, 4, 5, 8, 12])
    mask = chance.choice(SIGNS) * max(2, length)
    if mask[0] in "xX" and end == 0:
        mask = "*" * len(mask)
    form = chance.choice(["{}", "{}（本人）", "证号{}", "{} " + PHONE])
    places = [*range(start), *range(18 - end, 18)]
    return form.format(text[:start] + mask + text[18 - end :]), shown(text, places)


def in_runs(chance: Random, text: str) -> tuple[str, Shown]:
    """Two masks, the birth year between them."""
    gap = chance.choice(["*", "**", "****"])
    return text[:3] + gap + text[6:10] + gap + text[14:], shown(text, [0, 1, 2, *range(14, 18)])


def cut(chance: Random, text: str) -> tuple[str, Shown]:
    """Only the beginning, or only the end."""
    if chance.random() < 0.5:
        kept = chance.randint(6, 16)
        return text[:kept], shown(text, range(kept))
    kept = chance.randint(3, 8)
    form = chance.choice(["{}", "尾号{}", "后几位{}", "***{}", "…{}"])
    return form.format(text[-kept:]), shown(text, range(18 - kept, 18))


def lengthened(chance: Random, text: str) -> tuple[str, Shown]:
    """More digits at the end: of a certificate, or by mistake."""
    more = chance.choice(["1", "61", "123", "6112", "61B1"])
    return text + more, shown(text)


def doubled(chance: Random, text: str) -> tuple[str, Shown]:
    """Another number beside it: nobody may be matched."""
    other = number(
        "530999",
        f"19{chance.randint(40, 99)}0{chance.randint(1, 9)}1{chance.randint(0, 9)}",
        chance.randrange(999),
    )
    sign = chance.choice(["、", "/", " ", "\n", "和"])
    both = [text, other] if chance.random() < 0.5 else [other, text]
    return sign.join(both), dict.fromkeys(EVERY, "-")


def misdated(chance: Random, text: str) -> tuple[str, Shown]:
    """Another year of birth, in full or all that is seen of the birth date."""
    year = str(int(text[6:10]) + chance.choice([1, 2, 11, -1]))
    wrong = text[:6] + year + text[10:]
    if chance.random() < 0.5:
        return wrong, shown(wrong)
    return wrong[:10] + "*" * 8, shown(wrong, range(10))


def in_numerals(_chance: Random, text: str) -> tuple[str, Shown]:
    """Digits in Chinese."""
    return text.translate(NUMERALS), shown(text)


DRESSES: dict[str, Dress] = {
    dress.__name__: dress
    for dress in (worded, spaced, hidden, in_runs, cut, lengthened, doubled, misdated, in_numerals)
}


@cache
def written(seed: int) -> pd.DataFrame:
    """Rows of one person's name and village, with the number of another one, or of the same, in
    some dress."""
    chance = Random(seed)
    made = harsh_county.build(seed, households=250)
    persons = made.people.to_dict("records")
    by_name: dict[str, list[dict[str, Any]]] = {}
    for person in persons:
        by_name.setdefault(person["name"], []).append(person)
    cases = []
    for _ in range(900):
        named = chance.choice(persons)
        stranger = number(
            "530999",
            f"{chance.randint(1940, 2019)}0{chance.randint(1, 9)}15",
            chance.randrange(1000),
        )
        meant = chance.choice(
            [
                named["id_number"],
                chance.choice(persons)["id_number"],
                stranger,
                chance.choice(by_name[named["name"]])["id_number"],
            ]
        )
        kind = chance.choice(list(DRESSES))
        text, seen = DRESSES[kind](chance, meant)
        row = {name: named[name] for name in ("name", "township", "village")} | {"id_number": text}
        cases.append(
            {**row, "kind": kind, "meant": meant, "own": meant == named["id_number"], "shown": seen}
        )
    table = pd.DataFrame(cases)
    accepted = rows(*table[["name", "township", "village", "id_number"]].to_dict("records"))
    found = matched(made.people, accepted)
    numbers = made.people.set_index("person_id")["id_number"]
    homes = made.people.groupby("household_id")["id_number"].agg(set)
    ends = {
        "theirs": found["person_id"].map(numbers),
        "household": found["household_id"].map(homes),
    }
    return table.join(found[["outcome", "method"]]).assign(**ends)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_matched_whom_a_legible_place_contradicts(seed: int) -> None:
    hits = written(seed)
    hits = hits[hits["outcome"] == "matched"]
    assert len(hits) > 150
    assert set(hits["kind"]) == set(DRESSES) - {"doubled"}
    for hit in hits.itertuples():
        relative = (
            hit.method == "number_of_relative" and hit.meant in hit.household
        )  # handbook 6, second line
        agrees = all(hit.theirs[place] == sign for place, sign in hit.shown.items())
        assert hit.theirs == hit.meant or agrees or relative


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_number_is_read_in_every_dress(seed: int) -> None:
    own = written(seed)
    own = own[own["own"]]
    whole = own[own["kind"].isin(["worded", "spaced", "lengthened", "in_numerals"])]
    assert len(whole) > 80
    assert (whole["outcome"] == "matched").all()
    part = own[own["kind"].isin(["hidden", "cut", "in_runs"])]
    assert not (part["outcome"] == "unmatched").any()
    assert (part["outcome"] == "matched").mean() > 0.8
