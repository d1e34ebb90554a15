"""Checks of the registry (数据清洗, handbook section 8) and corrections that others' data suggest:
a list, no changes.

Some things the registry cannot say. A household that was monitored in its first load was recognised
at an unknown time, and what was done for it before is not on record: checks of dates and measures
leave it out, and the list says how many they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection

from shouwang.core.identity import DAMAGED, PARTIAL, birth_dates, clean_numbers, mask_number
from shouwang.core.month import Month
from shouwang.registry.history import people_as_of
from shouwang.registry.monitoring import monitoring, since
from shouwang.store.database import frame
from shouwang.store.tables import case, signal

HEAD = "户主"
BY_INCOME = ("脱贫不稳定户", "边缘易致贫户")
SUDDEN = "突发严重困难户"
COLUMNS = (
    "check",
    "household_id",
    "township",
    "village",
    "village_group",
    "head",
    "member",
    "found",
    "remedy",
)


@dataclass(frozen=True)
class Check:
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


def check_registry(registry: Registry) -> pd.DataFrame:
    """Every finding as a row of `COLUMNS`, by township, village and household; ``found`` and
    ``remedy`` in Chinese."""
    homes = _homes(registry.people)
    found = [*_households(registry, homes), *_people(registry.people), _dead(registry)]
    rows = pd.concat([f for f in found if len(f)] or found[:1], ignore_index=True)
    rows = rows.join(homes[["township", "village", "village_group", "head"]], on="household_id")
    rows["remedy"] = rows["check"].map({code: check.remedy for code, check in CHECKS.items()})
    rows["place"] = rows["check"].map({code: place for place, code in enumerate(CHECKS)})
    order = ["township", "village", "household_id", "place"]
    return rows.sort_values(order, kind="stable", ignore_index=True)[list(COLUMNS)].astype("str")


OUT_OF_SCHOOL, HALF_A_YEAR = "EDU-1", 6
"""The rule that finds children out of school; it speaks twice a year."""


def read_registry(
    connection: Connection, month: Month, line: float, deaths: pd.DataFrame
) -> Registry:
    """What is checked of a month; ``deaths`` as `Registry.dead`."""
    helped = connection.scalars(sa.select(case.c.household_id).where(case.c.measures.is_not(None)))
    signals = frame(
        connection,
        sa.select(signal.c.household_id).where(
            signal.c.rule == OUT_OF_SCHOOL,
            signal.c.month.between(str(month + (1 - HALF_A_YEAR)), str(month)),
        ),
    )
    return Registry(
        month,
        people_as_of(connection, month),
        since(monitoring(connection, month)),
        set(helped),
        set(signals["household_id"]),
        deaths,
        line,
    )


def _homes(people: pd.DataFrame) -> pd.DataFrame:
    """One row a household: place, head's name, what is said of its income, and how many heads it
    has."""
    heads = people["relation"] == HEAD
    order = people.assign(rest=~heads).sort_values(["household_id", "rest"], kind="stable")
    first = order.drop_duplicates("household_id").set_index("household_id")
    homes = first[["township", "village", "village_group"]].assign(head=first["name"])
    homes["income"] = (
        order.dropna(subset=["income"])
        .drop_duplicates("household_id")
        .set_index("household_id")["income"]
    )
    homes["heads"] = heads.groupby(people["household_id"]).sum()
    return homes


def _households(registry: Registry, homes: pd.DataFrame) -> list[pd.DataFrame]:
    standing = registry.standing[registry.standing["monitored"].notna()]
    known = standing.join(homes[["income"]], how="inner")
    open_, income, line = ~known["removed"], known["income"], registry.line
    kind = known["monitored"]
    recognised, taken_off = _month_numbers(known["recognised"]), _month_numbers(known["taken_off"])
    measured = known.index.isin(registry.measured)
    now = registry.month.year * 12 + registry.month.number
    removed = known["removed"]
    money = income.map("{:,.2f}".format).astype("str")
    said = "人均纯收入 " + money + f" 元，监测线 {line:,.0f} 元"
    month = known["recognised"].map(_chinese, na_action="ignore").astype("str")
    off = known["taken_off"].map(_chinese, na_action="ignore").astype("str")
    of_kind = kind + "，" + said
    tests = (
        ("income_above", open_ & kind.isin(BY_INCOME) & (income > line), of_kind),
        ("income_below", open_ & (kind == SUDDEN) & (income <= line), of_kind),
        (
            "no_measure",
            open_ & ~measured & (now - recognised > 1),
            month + "纳入，至今没有措施记录",
        ),
        (
            "removed_early",
            removed & (taken_off - recognised <= 1),
            month + "纳入，" + off + "风险消除",
        ),
        (
            "removed_without_measure",
            removed & ~measured & recognised.notna(),
            month + "纳入，风险消除前没有措施记录",
        ),
        ("removed_out_of_school", removed & known.index.isin(registry.out_of_school), None),
        ("removed_income_below", removed & (income <= line), said),
    )
    found = [
        pd.DataFrame(
            {
                "check": code,
                "household_id": known.index[holds.to_numpy()],
                "member": None,
                "found": CHECKS[code].title if text is None else text[holds].to_numpy(),
            }
        )
        for code, holds, text in tests
    ]
    for code, several in (("several_heads", homes["heads"] > 1), ("no_head", homes["heads"] == 0)):
        counts = homes.loc[several, "heads"]
        text = (
            "户主 " + counts.astype("str") + " 人"
            if code == "several_heads"
            else "没有人登记为户主"
        )
        found.append(
            pd.DataFrame(
                {"check": code, "household_id": counts.index, "member": None, "found": text}
            )
        )
    return found


def _month_numbers(months: pd.Series) -> pd.Series[float]:
    """``2026-09`` as a running number, to be subtracted."""
    parts = months.astype("str").str.extract(r"(\d{4})-(\d{2})").astype("float64")
    return parts[0] * 12 + parts[1]


def _chinese(month: str) -> str:
    return Month.parse(month).chinese


def _people(people: pd.DataFrame) -> list[pd.DataFrame]:
    cleaned = clean_numbers(people["id_number"])
    number, state = cleaned["id_number"], cleaned["id_state"]
    sound = ~state.isin([DAMAGED, PARTIAL]) & number.notna()
    pairs = people.assign(number=number)[sound].drop_duplicates(["number", "household_id"])
    twice = pairs[pairs["number"].duplicated(keep=False)]
    others = (
        twice.groupby("number")["household_id"]
        .transform(lambda ids: "、".join(sorted(ids)))
        .astype("str")
    )
    born, sex = birth_dates(number.where(sound)), people["sex"]
    male = pd.to_numeric(number.where(sound).str.slice(16, 17), errors="coerce") % 2 == 1
    written = people["birth_date"]
    said: list[tuple[str, pd.Series, Callable[[pd.DataFrame], Sequence[str] | pd.Series]]] = [
        (
            "number_unsound",
            state.isin([DAMAGED, PARTIAL]),
            lambda r: "号码 " + r["id_number"].map(mask_number).astype("str"),
        ),
        (
            "birth_date",
            sound & written.notna() & (born != written),
            lambda r: (
                "号码为 "
                + born[r.index].dt.strftime("%Y-%m-%d")
                + "，登记为 "
                + r["birth_date"].dt.strftime("%Y-%m-%d")
            ),
        ),
        (
            "sex",
            sound & sex.isin(["男", "女"]) & (male != (sex == "男")),
            lambda r: (
                "登记为"
                + r["sex"]
                + "，号码为"
                + r["sex"].map({"男": "女", "女": "男"}).astype("str")
            ),
        ),
    ]
    found = [_of_members(people[holds], code, text) for code, holds, text in said]
    return [_of_members(twice, "two_households", lambda r: "登记在户 " + others[r.index]), *found]


def _of_members(
    rows: pd.DataFrame, code: str, text: Callable[[pd.DataFrame], Sequence[str] | pd.Series]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "check": code,
            "household_id": rows["household_id"],
            "member": rows["name"],
            "found": text(rows),
        }
    )


def _dead(registry: Registry) -> pd.DataFrame:
    """Members reported dead who are still registered; without a person it is the household that is
    named."""
    names = registry.people.drop_duplicates("person_id").set_index("person_id")["name"]
    dead = registry.dead[registry.dead["household_id"].isin(registry.people["household_id"])]
    return pd.DataFrame(
        {
            "check": "dead",
            "household_id": dead["household_id"],
            "member": dead["person_id"].map(names),
            "found": dead["source"],
        }
    )
