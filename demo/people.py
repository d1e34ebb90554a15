"""Who lives in the made-up county: villages, households and people, as a registry would hold them
(农户信息表)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from demo import names
from shouwang.core.identity import check_characters

Array = npt.NDArray[Any]
Generator = np.random.Generator

FAMILIES = {
    "H": 0.067,
    "HS": 0.110,
    "HM": 0.014,
    "HC": 0.020,
    "HSC": 0.140,
    "HSM": 0.033,
    "HSCC": 0.150,
    "HSCM": 0.060,
    "HSND": 0.025,
    "HSCCM": 0.110,
    "HSCCC": 0.035,
    "HSCFM": 0.020,
    "HSNDG": 0.040,
    "HSCCFM": 0.060,
    "HSNDGG": 0.060,
    "HSNDGGM": 0.056,
}
"""Kinds of families with their shares: Head, Spouse, Child, married soN, Daughter-in-law,
Grandchild, Mother, Father."""

TYPES = {"脱贫户": 0.18, "脱贫不稳定户": 0.007, "边缘易致贫户": 0.005, "突发严重困难户": 0.003}
"""Shares of the household types; the rest are 一般农户. Together 600 monitored households of
40,000."""

DOTTED = {
    "哈萨克族": (names.LISTS["kazakh_men"], names.LISTS["kazakh_women"]),
    "维吾尔族": (names.LISTS["uyghur_men"], names.LISTS["uyghur_women"]),
}
"""Peoples whose names are written with a dot: given names of men and of women."""

MONITORED = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
PHONES = np.array(
    [
        130,
        131,
        133,
        135,
        136,
        137,
        138,
        139,
        150,
        151,
        152,
        157,
        158,
        159,
        177,
        181,
        182,
        187,
        188,
        189,
    ]
)


def make_people(households: int, seed: int, as_of: dt.date) -> pd.DataFrame:
    """One row a person, sorted by household.

    Columns: ``household`` and ``place`` (running numbers of household and village), ``household_id,
    township, village, village_group, name, id_number, sex, birth_date, relation, ethnicity,
    household_type, risk_removed, income`` (yuan a head and year), ``health, labour, phone``.
    """
    rng = np.random.default_rng([seed, 1])
    homes = _households(households, rng)
    kinds = np.array([list(kind.ljust(7)) for kind in FAMILIES])
    shares = np.array(list(FAMILIES.values()))
    family = rng.choice(len(kinds), households, p=shares / shares.sum())
    roles = kinds[family]
    age = _ages(roles, rng)
    male = _sexes(roles, homes, rng)
    there = roles != " "
    household, column = np.nonzero(there)
    name = _names(roles, male, homes, rng)
    people = homes.iloc[household].reset_index(drop=True)
    people["household"] = household
    people["name"] = name[there]
    people["sex"] = np.where(male[there], "男", "女")
    days = age[there] * 365.25 + rng.integers(1, 364, len(people))
    born = np.datetime64(as_of, "D") - days.astype(np.int64).astype("timedelta64[D]")
    people["birth_date"] = pd.Series(born.astype("datetime64[ms]"))
    people["relation"] = _relations(roles[household, column], male[there])
    people["id_number"] = numbers_of(people["birth_date"], male[there], rng)
    _health_and_labour(people, age[there], rng)
    people["phone"] = _phones(len(people), rng)
    people.loc[age[there] < 10, "phone"] = ""
    return people.drop(columns=["head_male", "dotted", "surname", "given"])


def _households(count: int, rng: Generator) -> pd.DataFrame:
    """One row a household: where it lives, its type and income, and the name of its head."""
    places = _places(count, rng)
    weight = rng.gamma(3.0, 1.0, len(places)) + 0.3
    place = rng.choice(len(places), count, p=weight / weight.sum())
    homes = places.iloc[place].reset_index(drop=True)
    homes["place"] = place
    homes["village_group"] = [f"{n}组" for n in rng.integers(1, 11, count)]
    homes["household_id"] = [f"5329{n:08d}" for n in range(1, count + 1)]
    kind = np.full(count, "一般农户", dtype=object)
    order = rng.permutation(count)
    start = 0
    for name, share in TYPES.items():
        size = max(round(share * count), int(count >= 30))
        kind[order[start : start + size]] = name
        start += size
    homes["household_type"] = kind
    monitored = homes["household_type"].isin(MONITORED).to_numpy()
    homes["risk_removed"] = np.where(monitored, np.where(rng.random(count) < 0.5, "是", "否"), "")
    homes["income"] = _incomes(homes["household_type"].to_numpy(), rng)
    people = rng.choice(
        ["汉族", "彝族", "白族", "哈萨克族", "维吾尔族"], count, p=[0.88, 0.03, 0.02, 0.04, 0.03]
    )
    homes["ethnicity"] = people
    homes["dotted"] = homes["ethnicity"].isin(list(DOTTED))
    homes["head_male"] = rng.random(count) < 0.84
    common = 1 / (np.arange(len(names.SURNAMES)) + 8.0)
    homes["surname"] = rng.choice(names.SURNAMES, count, p=common / common.sum()).astype(object)
    homes["given"] = _given(homes["head_male"].to_numpy(), rng)
    return _share_names(homes, rng)


def _share_names(homes: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Let some heads bear the name of another head of the same village, as happens everywhere."""
    order = np.argsort(homes["place"].to_numpy(), kind="stable")
    place = homes["place"].to_numpy()[order]
    dotted = homes["dotted"].to_numpy()[order]
    able = np.flatnonzero((place[1:] == place[:-1]) & ~dotted[1:] & ~dotted[:-1])
    chosen = rng.permutation(able)[: max(2, round(0.012 * len(homes)))]
    for column in ("surname", "given", "head_male"):
        values = homes[column].to_numpy().copy()
        values[order[chosen]] = values[order[chosen + 1]]
        homes[column] = values
    return homes


def _places(households: int, rng: Generator) -> pd.DataFrame:
    """Townships and villages; a village's name may be that of a village in another township."""
    townships, villages = names.LISTS["townships"], names.LISTS["villages"]
    towns = min(len(townships), max(2, round(2 + households / 2500)))
    count = max(2 * towns, min(round(88 * (households / 40_000) ** 0.75), towns * len(villages)))
    rows: list[tuple[str, str]] = []
    for n, town in enumerate(rng.permutation(townships)[:towns]):
        own = rng.permutation(villages)[: len(range(n, count, towns))]
        rows += [(str(town), f"{village}村") for village in own]
    return pd.DataFrame(rows, columns=["township", "village"], dtype="str")


def _incomes(kinds: Array, rng: Generator) -> Array:
    """Net income in yuan a head and year, by household type."""
    middle = np.select(
        [kinds == "一般农户", kinds == "脱贫户", kinds == "突发严重困难户"],
        [16500, 12800, 11500],
        6500,
    )
    income = middle * rng.lognormal(0.0, 0.42, len(kinds))
    poor = np.isin(kinds, ["脱贫不稳定户", "边缘易致贫户"])
    income = np.where(poor, rng.uniform(4300, 9200, len(kinds)), income)
    return np.clip(income, 3200, 70_000).round().astype(np.int64)


def _ages(roles: Array, rng: Generator) -> Array:
    """Ages in whole years that fit together within a family."""
    count, width = roles.shape
    married, parents = (roles == "N").any(axis=1), np.isin(roles, ["M", "F"]).any(axis=1)
    low = np.where(married, 50, np.where((roles == "C").any(axis=1), 27, 30))
    head = rng.integers(low, np.where(parents, 67, 76))
    son = head - rng.integers(21, 28, count)

    def gap(low: int, high: int) -> Array:
        return rng.integers(low, high, (count, width))

    head, son = head[:, None], son[:, None]
    ages = [
        head + np.zeros_like(roles, dtype=np.int64),
        np.maximum(head + gap(-4, 5), 21),
        head - gap(21, 36),
        son + gap(0, 1),
        np.maximum(son + gap(-3, 4), 20),
        son - gap(20, 26),
        head + gap(19, 29),
        head + gap(20, 30),
    ]
    years: Array = np.clip(np.select([roles == r for r in "HSCNDGMF"], ages, 0), 0, 97)
    return years


def _sexes(roles: Array, homes: pd.DataFrame, rng: Generator) -> Array:
    """Whether each person is a man."""
    head = homes["head_male"].to_numpy()[:, None] & np.ones(roles.shape, dtype=bool)
    child = rng.random(roles.shape) < 0.53
    return np.select(
        [roles == "H", roles == "S", np.isin(roles, ["C", "G"])],
        [head, ~head, child],
        np.isin(roles, ["N", "F"]),
    )


def _given(male: Array, rng: Generator) -> Array:
    """Given names of one or two characters."""
    two = rng.random(male.shape) < 0.86
    out = np.full(male.shape, "", dtype=object)
    for pool, mask in ((names.MEN, male), (names.WOMEN, ~male)):
        common = 1 / (np.arange(len(pool)) + 25.0)
        first, second = (
            rng.choice(list(pool), mask.sum(), p=common / common.sum()).astype(object)
            for _ in range(2)
        )
        out[mask] = first + np.where(two[mask], second, "").astype(object)
    return out


def _names(roles: Array, male: Array, homes: pd.DataFrame, rng: Generator) -> Array:
    """Names that hang together: children bear their father's surname (or his name after the dot),
    wives their own."""
    surname = rng.choice(names.SURNAMES, roles.shape).astype(object)
    own = homes["surname"].to_numpy()
    spouse = np.where((roles == "S").any(axis=1), surname[:, 1], own)
    father = np.where(homes["head_male"], own, spouse)
    surname[:, 0] = own
    surname = np.where(np.isin(roles, ["C", "N", "G"]), father[:, None], surname)
    surname = np.where(roles == "F", own[:, None], surname)
    given = _given(male, rng)
    given[:, 0] = homes["given"].to_numpy()
    name = surname + given
    for people, (men, women) in DOTTED.items():
        rows = np.flatnonzero(homes["ethnicity"].to_numpy() == people)
        shape = (len(rows), roles.shape[1])
        first = np.where(male[rows], rng.choice(men, shape), rng.choice(women, shape)).astype(
            object
        )
        after = rng.choice(men, shape).astype(object)
        head_first = first[np.arange(len(rows)), np.where(male[rows, 0], 0, 1)]
        after = np.where(np.isin(roles[rows], ["C", "N"]), head_first[:, None], after)
        name[rows] = first + "·" + after
    return _without_twins(name, roles, male, homes["ethnicity"].to_numpy(), rng)


def _without_twins(
    name: Array, roles: Array, male: Array, ethnicity: Array, rng: Generator
) -> Array:
    """No name twice within a household."""
    while True:
        flat = pd.DataFrame(
            {"home": np.repeat(np.arange(len(name)), name.shape[1]), "name": name.ravel()}
        )
        again = flat.duplicated().to_numpy().reshape(name.shape) & (roles != " ")
        if not again.any():
            return name
        for home, column in np.argwhere(again):
            old = name[home, column]
            if ethnicity[home] in DOTTED:
                men, women = DOTTED[ethnicity[home]]
                name[home, column] = (
                    f"{rng.choice(men if male[home, column] else women)}·{old.split('·')[1]}"
                )
            else:
                name[home, column] = old[0] + _given(male[[home], [column]], rng)[0]


def _relations(roles: Array, male: Array) -> Array:
    """与户主关系 of each role."""
    wording = {
        "H": ("户主", "户主"),
        "S": ("配偶", "配偶"),
        "C": ("之子", "之女"),
        "N": ("之子", "之子"),
        "D": ("之儿媳", "之儿媳"),
        "G": ("之孙子", "之孙女"),
        "M": ("之母", "之母"),
        "F": ("之父", "之父"),
    }
    return np.select(
        [(roles == r) & male for r in wording],
        [w[0] for w in wording.values()],
        np.select([roles == r for r in wording], [w[1] for w in wording.values()], ""),
    )


def numbers_of(born: pd.Series, male: Array, rng: Generator, division: str = "") -> pd.Series:
    """Identity numbers for these birth dates and sexes, no two alike; of ``division``, or of the
    county's two."""
    count = len(born)
    places = (
        [division] * count
        if division
        else rng.choice(["532999", "513999"], count, p=[0.93, 0.07]).tolist()
    )
    start = pd.Series(places, dtype="str") + born.dt.strftime("%Y%m%d").reset_index(drop=True)

    def draw(male: Array) -> pd.Series:
        running = rng.integers(0, 500, len(male)) * 2 + male
        return pd.Series(running, dtype="int64").astype("str").str.zfill(3)

    first17 = start + draw(male)
    while (again := first17.duplicated()).any():
        first17[again] = (start[again] + draw(male[again.to_numpy()]).to_numpy()).astype("str")
    numbers: pd.Series = (first17 + check_characters(first17)).astype("str")
    return numbers


def _health_and_labour(people: pd.DataFrame, age: Array, rng: Generator) -> None:
    """健康状况 by age, 劳动能力 by age and health."""
    luck = rng.random(len(people)) * np.where(age >= 60, 0.55, np.where(age >= 40, 0.9, 1.6))
    health = np.select(
        [luck < 0.02, luck < 0.07, luck < 0.18], ["患有大病", "残疾", "长期慢性病"], "健康"
    )
    luck = rng.random(len(people)) * np.where(
        health == "健康", 1.0, np.where(health == "长期慢性病", 0.7, 0.35)
    )
    luck = np.where(age >= 60, luck * 0.85, luck)
    labour = np.select(
        [luck < 0.06, luck < 0.26, luck < 0.93],
        ["丧失劳动力", "弱劳动力或半劳动力", "普通劳动力"],
        "技能劳动力",
    )
    labour = np.where((age < 16) | (age >= 72), "无劳动力", labour)
    people["health"] = health
    people["labour"] = labour


def _phones(count: int, rng: Generator) -> pd.Series:
    """Phone numbers, no two alike."""
    drawn = pd.Series(
        rng.choice(PHONES, count * 2) * 10**8 + rng.integers(0, 10**8, count * 2)
    ).drop_duplicates()
    return drawn.iloc[:count].reset_index(drop=True).astype("str")
