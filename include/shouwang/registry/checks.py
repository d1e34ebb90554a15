"""Checks of the registry (数据清洗, handbook section 8) and corrections that others' data suggest:
a list, no changes.

Some things the registry cannot say. A household that was monitored in its first load was recognised
at an unknown time, and what was done for it before is not on record: checks of dates and measures
leave it out, and the list says how many they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.identity import DAMAGED, PARTIAL, birth_dates, clean_numbers, mask_number
from shouwang.core.month import Month
from shouwang.core.terms import HEAD
from shouwang.registry.history import people_as_of
from shouwang.registry.households import first_said
from shouwang.registry.monitoring import monitoring, since
from shouwang.store.database import frame
from shouwang.store.tables import case, signal

BY_INCOME = ("脱贫不稳定户", "边缘易致贫户")
SUDDEN = "突发严重困难户"
OUT_OF_SCHOOL, HALF_A_YEAR = "EDU-1", 6
"""The rule that finds children out of school; it speaks twice a year."""
COLUMNS = (
    *("check", "household_id", "township", "village", "village_group", "head"),
    *("member", "found", "remedy"),
)


class Check(NamedTuple):
    """One check: its title in the list, and what the township does about it."""

    title: str
    remedy: str


CHECKS = {
    "income_above": Check(
        "收入高于监测线，仍为不稳定户或边缘户", "核实收入；属实的，按程序变更类型或标注风险消除"
    ),
    "income_below": Check(
        "收入不高于监测线，为突发严重困难户", "核实收入；属实的，改为脱贫不稳定户或边缘易致贫户"
    ),
    "no_measure": Check("纳入监测超过一个月没有帮扶措施", "落实帮扶措施并填报"),
    "removed_early": Check("纳入当月或次月即风险消除", "核实风险消除程序，不符合的回退"),
    "removed_without_measure": Check("没有帮扶措施即风险消除", "补报措施；没有落实措施的回退"),
    "removed_out_of_school": Check("风险已消除，家中有儿童失学辍学", "劝返复学，并重新研判风险"),
    "removed_income_below": Check("风险已消除，收入不高于监测线", "核实收入；属实的回退"),
    "two_households": Check("同一人登记在两户", "核实户籍和共同生活情况，保留一户"),
    "several_heads": Check("一户有两个以上户主", "确定一名户主"),
    "no_head": Check("没有户主", "补登户主"),
    "number_unsound": Check("证件号码校验不通过", "核对户口簿、身份证"),
    "birth_date": Check("证件号码与出生日期不一致", "核对户口簿、身份证"),
    "sex": Check("证件号码与性别不一致", "核对户口簿、身份证"),
    "dead": Check("成员已报死亡，仍在册", "核实后办理减员"),
}


@dataclass(frozen=True)
class Registry:
    """What is checked: ``people`` (docs/architecture.md), and beside them, by ``household_id``,

    ``standing`` (`registry.monitoring.since`), ``measured`` and ``out_of_school`` (households),
    ``dead`` (a frame: household_id, person_id, source), the income ``line`` in yuan a head and
    year, and the ``month``.
    """

    month: Month
    people: pd.DataFrame
    standing: pd.DataFrame
    measured: set[str]
    out_of_school: set[str]
    dead: pd.DataFrame
    line: float


def read_registry(
    connection: Connection, month: Month, line: float, deaths: pd.DataFrame
) -> Registry:
    """What is checked of a month; ``deaths`` as `Registry.dead`."""
    helped = sa.select(case.c.household_id).where(case.c.measures.is_not(None))
    half_a_year = signal.c.month.between(str(month + (1 - HALF_A_YEAR)), str(month))
    at_home = sa.select(signal.c.household_id).where(signal.c.rule == OUT_OF_SCHOOL, half_a_year)
    return Registry(
        month,
        people_as_of(connection, month),
        since(monitoring(connection, month)),
        set(connection.scalars(helped)),
        set(frame(connection, at_home)["household_id"]),
        deaths,
        line,
    )


def check_registry(registry: Registry) -> pd.DataFrame:
    """Every finding as a row of `COLUMNS`, by township, village and household; ``found`` and
    ``remedy`` in Chinese."""
    people = registry.people
    homes = first_said(people, ["income"])
    homes["heads"] = (people["relation"] == HEAD).groupby(people["household_id"]).sum()
    findings = [*_households(registry, homes), *_heads(homes), *_people(people), _dead(registry)]
    rows = pd.concat([part for part in findings if len(part)] or findings[:1], ignore_index=True)
    rows = rows.join(homes[["township", "village", "village_group", "head"]], on="household_id")
    rows["remedy"] = rows["check"].map({code: check.remedy for code, check in CHECKS.items()})
    rows["place"] = rows["check"].map({code: place for place, code in enumerate(CHECKS)})
    order = ["township", "village", "household_id", "place"]
    return rows.sort_values(order, kind="stable", ignore_index=True)[list(COLUMNS)].astype("str")


def _findings(
    code: str,
    households: pd.Series | pd.Index,
    found: pd.Series | np.ndarray[tuple[int], np.dtype[np.object_]] | str,
    members: pd.Series | None = None,
) -> pd.DataFrame:
    return pd.DataFrame(
        {"check": code, "household_id": households, "member": members, "found": found}
    )


def _households(registry: Registry, homes: pd.DataFrame) -> list[pd.DataFrame]:
    standing = registry.standing[registry.standing["monitored"].notna()]
    homes = standing.join(homes[["income"]], how="inner")
    kind, removed, income = homes["monitored"], homes["removed"], homes["income"]
    line = registry.line
    recognised, taken_off = homes["recognised"], homes["taken_off"]
    begun, ended = _month_numbers(recognised), _month_numbers(taken_off)
    now = registry.month.year * 12 + registry.month.number
    measured = homes.index.isin(registry.measured)
    incomes = income.map("{:,.2f}".format).astype("str")
    compared = "人均纯收入 " + incomes + f" 元，监测线 {line:,.0f} 元"
    entered = recognised.map(_chinese, na_action="ignore").astype("str") + "纳入，"
    left = taken_off.map(_chinese, na_action="ignore").astype("str")
    at_school = ~homes.index.isin(registry.out_of_school)
    title = pd.Series(CHECKS["removed_out_of_school"].title, index=homes.index)
    above, below = kind.isin(BY_INCOME) & (income > line), (kind == SUDDEN) & (income <= line)
    tests = {
        "income_above": (~removed & above, kind + "，" + compared),
        "income_below": (~removed & below, kind + "，" + compared),
        "no_measure": (~removed & ~measured & (now - begun > 1), entered + "至今没有措施记录"),
        "removed_early": (removed & (ended - begun <= 1), entered + left + "风险消除"),
        "removed_without_measure": (
            removed & ~measured & recognised.notna(),
            entered + "风险消除前没有措施记录",
        ),
        "removed_out_of_school": (removed & ~at_school, title),
        "removed_income_below": (removed & (income <= line), compared),
    }
    return [
        _findings(code, homes.index[holds.to_numpy()], text[holds].to_numpy())
        for code, (holds, text) in tests.items()
    ]


def _heads(homes: pd.DataFrame) -> list[pd.DataFrame]:
    several = homes.loc[homes["heads"] > 1, "heads"]
    return [
        _findings("several_heads", several.index, "户主 " + several.astype("str") + " 人"),
        _findings("no_head", homes.index[homes["heads"] == 0], "没有人登记为户主"),
    ]


def _month_numbers(months: pd.Series) -> pd.Series[float]:
    """``2026-09`` as a running number, to be subtracted."""
    parts = months.astype("str").str.extract(r"(\d{4})-(\d{2})").astype("float64")
    return parts[0] * 12 + parts[1]


def _chinese(month: str) -> str:
    return Month.parse(month).chinese


def _people(people: pd.DataFrame) -> list[pd.DataFrame]:
    cleaned = clean_numbers(people["id_number"])
    number, state = cleaned["id_number"], cleaned["id_state"]
    unsound = state.isin([DAMAGED, PARTIAL])
    sound = ~unsound & number.notna()
    pairs = people.assign(number=number)[sound].drop_duplicates(["number", "household_id"])
    twice = pairs[pairs["number"].duplicated(keep=False)]
    homes = twice.groupby("number")["household_id"]
    both = homes.transform(lambda ids: "、".join(sorted(ids))).astype("str")
    born, written = birth_dates(number.where(sound)), people["birth_date"]
    other_day = sound & written.notna() & (born != written)
    male = pd.to_numeric(number.where(sound).str.slice(16, 17), errors="coerce") % 2 == 1
    sex, by_number = people["sex"], pd.Series("女", index=people.index).mask(male, "男")
    other_sex = sound & sex.isin(["男", "女"]) & (sex != by_number)
    days = [day[other_day].dt.strftime("%Y-%m-%d") for day in (born, written)]
    masked = people.loc[unsound, "id_number"].map(mask_number).astype("str")
    texts = {
        "number_unsound": "号码 " + masked,
        "birth_date": "号码为 " + days[0] + "，登记为 " + days[1],
        "sex": "登记为" + sex[other_sex] + "，号码为" + by_number[other_sex],
    }
    home, name = people["household_id"], people["name"]
    return [
        _findings("two_households", twice["household_id"], "登记在户 " + both, twice["name"]),
        *(_findings(code, home[t.index], t, name[t.index]) for code, t in texts.items()),
    ]


def _dead(registry: Registry) -> pd.DataFrame:
    """Members reported dead who are still registered; without a person it is the household that is
    named."""
    names = registry.people.drop_duplicates("person_id").set_index("person_id")["name"]
    dead = registry.dead[registry.dead["household_id"].isin(registry.people["household_id"])]
    return _findings("dead", dead["household_id"], dead["source"], dead["person_id"].map(names))
