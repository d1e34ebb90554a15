"""A county made to be hard to match: few names, relatives side by side, all kinds of dirt,
strangers with namesakes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matching_builders import number, people, rows

SURNAMES = "王李张刘陈杨赵黄周吴"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红健建辉慧岚兰玲铃贞珍莉"
SOUNDS = {
    "健": "建",
    "辉": "晖",
    "慧": "惠",
    "岚": "兰",
    "铃": "玲",
    "贞": "珍",
    "莉": "丽",
    "艳": "燕",
    "红": "虹",
}
PLACES = [
    (township, village)
    for township in ("马登镇", "石宝乡")
    for village in ("东山村", "松林村", "龙门村", "新华村")
]


@dataclass(frozen=True)
class County:
    """``truth`` has one entry a row: the person meant (none for strangers) and what was done to the
    row."""

    people: pd.DataFrame
    rows: pd.DataFrame
    truth: pd.DataFrame


def typo(chance: random.Random, text: str) -> str:
    """One digit wrong."""
    at = chance.randrange(len(text))
    return text[:at] + chance.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def swap(chance: random.Random, text: str) -> str:
    """Two unequal neighbours exchanged."""
    at = chance.choice([k for k in range(len(text) - 1) if text[k] != text[k + 1]])
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def lose(chance: random.Random, text: str) -> str:
    """One digit lost."""
    at = chance.randrange(len(text))
    return text[:at] + text[at + 1 :]


def doubled(chance: random.Random, text: str) -> str:
    """One digit typed twice."""
    at = chance.randrange(len(text))
    return text[:at] + text[at] + text[at:]


def excel(chance: random.Random, text: str) -> str:
    """What spreadsheets make of a number: 15 digits, cut or rounded, noughts, a power of ten or a
    binary double."""
    if text.endswith("X"):
        return text
    cut, rounded = (
        int(text) // 1000 * 1000,
        int(f"{float(text):.14e}".split("e")[0].replace(".", "")) * 1000,
    )
    return chance.choice(
        [str(cut), str(int(float(cut))), str(int(float(text))), f"{cut:.14E}", f"{rounded:.14E}"]
    )


def masked(chance: random.Random, text: str) -> str:
    """A part hidden."""
    return chance.choice(
        [text[:6] + "*" * 8 + text[14:], text[:14] + "****", text[:10] + "****" + text[14:]]
    )


DAMAGE = {
    "typo": typo,
    "swap": swap,
    "lost": lose,
    "doubled": doubled,
    "excel": excel,
    "masked": masked,
}


def homophone(chance: random.Random, name: str) -> str:
    """The same sound, another character, where there is one."""
    return "".join(SOUNDS.get(character, character) for character in name)


def build(seed: int, households: int = 400) -> County:
    """A county of some households and about two rows a household."""
    chance = random.Random(seed)
    persons: list[dict[str, Any]] = []
    for home in range(households):
        township, village = chance.choice(PLACES)
        family, generation = chance.choice(SURNAMES), chance.choice(GIVEN)
        for member in range(chance.randint(1, 6)):
            given = (
                chance.choice(GIVEN) if chance.random() < 0.4 else generation + chance.choice(GIVEN)
            )
            born = f"{chance.randint(1940, 2020)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
            persons.append(
                {
                    "person_id": f"p{home}-{member}",
                    "household_id": f"h{home}",
                    "township": township,
                    "village": village,
                    "name": family + given,
                    "id_number": number(
                        chance.choice(["532999", "513999"]), born, chance.randrange(1000)
                    ),
                    "phone": f"138{home:04d}{chance.randrange(10):04d}",
                }
            )
    written, truth = [], []
    for _ in range(households * 2):
        person = chance.choice(persons)
        row, done = _write(chance, person, persons)
        written.append(row)
        truth.append(
            {"person": None if done.startswith("stranger") else person["person_id"], "done": done}
        )
    return County(people(*persons), rows(*written), pd.DataFrame(truth))


def _write(
    chance: random.Random, person: dict[str, Any], persons: list[dict[str, Any]]
) -> tuple[dict[str, Any], str]:
    """One row about a person, and what is wrong with it."""
    row = {key: person[key] for key in ("name", "township", "village", "phone", "id_number")}
    if chance.random() < 0.5:
        row["village"] = None
    if chance.random() < 0.5:
        row["phone"] = None
    kind = chance.choice(
        [
            "clean",
            *DAMAGE,
            *DAMAGE,
            "relative",
            "homophone",
            "one character",
            "no number",
            "stranger",
        ]
    )
    if kind in DAMAGE:
        row["id_number"] = DAMAGE[kind](chance, row["id_number"])
        if chance.random() < 0.2:
            kind += " twice"
            again = chance.choice([typo, swap, lose])
            row["id_number"] = again(chance, row["id_number"])
    elif kind == "relative":
        members = [other for other in persons if other["household_id"] == person["household_id"]]
        row["id_number"] = chance.choice(members)["id_number"]
    elif kind == "homophone":
        row["name"] = homophone(chance, row["name"])
    elif kind == "one character":
        row["name"] = row["name"][:-1] + chance.choice(GIVEN)
    elif kind == "no number":
        row["id_number"] = None
    elif kind == "stranger":
        return _stranger(chance, row)
    return row, kind


def _stranger(chance: random.Random, row: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Somebody from elsewhere who bears a name of the county and, perhaps, a damaged number of
    their own."""
    born = f"{chance.randint(1940, 2020)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    row["id_number"] = number("532999", born, chance.randrange(1000))
    row["phone"] = None
    if chance.random() < 0.5:
        return row, "stranger"
    kind = chance.choice(list(DAMAGE))
    row["id_number"] = DAMAGE[kind](chance, row["id_number"])
    return row, f"stranger, {kind}"
