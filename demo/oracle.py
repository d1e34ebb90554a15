"""Which warnings a month ought to give: handbook section 7 said once more, straightforwardly, over
the clean world.

It shares nothing with the rooms that it checks. Evidence that must be matched makes a signal
certain; evidence that may also have gone to a clerk makes it possible. Money is in whole cents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.people import ABLE, MONITORED
from shouwang.core.month import Month

REFERENCE_INCOME = 2_200_000
RISKS = {
    "MED": "因病",
    "CIV": "救助变动",
    "EDU": "因学",
    "HOU": "住房",
    "WAT": "饮水",
    "DIS": "因灾",
    "CJ": "因残",
}
CERTAIN, POSSIBLE = ("match",), ("match", "either", "review")

Fire = Callable[[str, Iterable[int]], None]
RowsOf = Callable[[Month, str], pd.DataFrame | None]
Evidence = dict[tuple[Month, str], pd.DataFrame]
"""The clean rows of each month and department, with ``person``, ``household`` and ``expect``."""


@dataclass(frozen=True)
class Signals:
    """Rules that fire by household, and the money that counts towards the level."""

    rules: dict[int, set[str]]
    medical: pd.Series
    fees: pd.Series


def income_line(day: dt.date) -> int:
    """The monitoring line in yuan a head and year, as of a day."""
    if day >= dt.date(2024, 3, 14):
        return 8800
    return {2023: 7500, 2024: 7500, 2022: 6700}.get(day.year, 6000)


def warnings_of(people: pd.DataFrame, evidence: Evidence, month: Month) -> pd.DataFrame:
    """``household, must_rules, may_rules, level, category, township`` of a month, a row a household
    with any rule.

    Level and category are blank where no rule is certain, the level also where money that a clerk
    may have been asked about decides it.
    """
    sure, maybe = (signals(people, evidence, month, expect) for expect in (CERTAIN, POSSIBLE))
    homes = people.drop_duplicates("household").set_index("household")
    size = people.groupby("household").size()
    able = people["labour"].isin(ABLE).groupby(people["household"]).any()
    line = income_line(month.last)
    rows = []
    for home in sorted(set(sure.rules) | set(maybe.rules)):
        must = sure.rules.get(home, set())
        may = must | maybe.rules.get(home, set())
        facts = homes.loc[[home]].iloc[0]
        risks = {RISKS[rule.partition("-")[0]] for rule in must}
        levels = {
            _level(
                facts,
                risks,
                int(side.medical.get(home, 0) + side.fees.get(home, 0)),
                int(size[home]),
                bool(able[home]),
                line,
            )
            for side in (sure, maybe)
        }
        rows.append(
            {
                "month": str(month),
                "household": facts["household_id"],
                "must_rules": " ".join(sorted(must)),
                "may_rules": " ".join(sorted(may)),
                "level": levels.pop() if must and len(levels) == 1 else "",
                "category": _category(facts, line) if must else "",
                "township": facts["township"],
            }
        )
    columns = ["month", "household", "must_rules", "may_rules", "level", "category", "township"]
    return pd.DataFrame(rows, columns=columns)


def _level(facts: pd.Series, risks: set[str], spent: int, size: int, able: bool, line: int) -> str:
    if (
        facts["income"] <= line
        or spent >= facts["income"] * 100 * size
        or not able
        or len(risks) >= 3
    ):
        return "红"
    special = facts["household_type"] != "一般农户" and facts["risk_removed"] != "是"
    return "黄" if special or len(risks) == 2 else "蓝"


def _category(facts: pd.Series, line: int) -> str:
    kind = str(facts["household_type"])
    if kind in MONITORED:
        return kind
    if facts["income"] > line:
        return "突发严重困难户"
    return "脱贫不稳定户" if kind == "脱贫户" else "边缘易致贫户"


def signals(
    people: pd.DataFrame, evidence: Evidence, month: Month, expect: tuple[str, ...]
) -> Signals:
    """Every rule that the rows with such an expectation make fire in a month."""
    homes = people.drop_duplicates("household").set_index("household")
    special = homes["household_type"] != "一般农户"
    rules: dict[int, set[str]] = {}

    def fire(rule: str, households: Iterable[int]) -> None:
        for home in households:
            rules.setdefault(int(home), set()).add(rule)

    def rows_of(when: Month, department: str) -> pd.DataFrame | None:
        rows = evidence.get((when, department))
        return None if rows is None else rows[rows["expect"].isin(expect)]

    medical = _medical(fire, rows_of, special, month)
    _assistance(fire, rows_of(month, "civil_affairs"), homes, month)
    fees = _education(fire, rows_of, people, month)
    dwellings, water = rows_of(month, "housing"), rows_of(month, "water")
    if dwellings is not None:
        bad = dwellings["grade"].isin(["C", "D"]) & (dwellings["sole_dwelling"] == "是")
        fire(
            "HOU-1",
            dwellings.loc[
                bad & dwellings["rebuild_status"].isin(["未改造", "改造中"]), "household"
            ],
        )
    if water is not None:
        fire("WAT-1", water.loc[water["litres_per_person_day"] < 35, "household"])
        fire("WAT-2", water.loc[water["quality"] == "不达标", "household"])
        fire("WAT-3", water.loc[water["fetch_minutes"] > 20, "household"])
        fire("WAT-4", water.loc[water["outage_days"] > 36, "household"])
    _added(fire, rows_of, special, month)
    return Signals(rules, medical, fees)


def _medical(fire: Fire, rows_of: RowsOf, special: pd.Series, month: Month) -> pd.Series:
    """MED-1 to MED-3; gives each household's self-paid of the year."""
    months = [
        rows_of(Month(month.year, n), "medical_insurance") for n in range(1, month.number + 1)
    ]
    given = [rows for rows in months if rows is not None]
    if not given:
        return pd.Series(dtype="int64")
    year = pd.concat(given)
    paid = year.groupby("household")["self_paid"].sum()
    rows = months[-1]
    if rows is None:
        return paid
    stays = rows[rows["visit_type"] == "住院"]
    stay = (
        stays.groupby(["household", "person", "hospital", "admitted", "discharged"])["self_paid"]
        .sum()
        .reset_index()
    )
    fire(
        "MED-1",
        stay.loc[
            stay["self_paid"] >= np.where(special.loc[stay["household"]], 600_000, 1_000_000),
            "household",
        ],
    )
    moved = rows.loc[rows["self_paid"] > 0, "household"].unique()
    share = np.where(special.loc[moved], REFERENCE_INCOME // 2, REFERENCE_INCOME)
    fire("MED-2", moved[(paid.loc[moved] >= share).to_numpy()])
    chronic = (
        rows[rows["visit_type"] == "门诊慢特病"]
        .groupby(["household", "person"])["self_paid"]
        .sum()
        .reset_index()
    )
    fire("MED-3", chronic.loc[chronic["self_paid"] >= 50_000, "household"])
    return paid


def _assistance(fire: Fire, rows: pd.DataFrame | None, homes: pd.DataFrame, month: Month) -> None:
    """CIV-1 to CIV-3."""
    if rows is None:
        return
    stopped = (rows["status"] == "停保") & ~rows["stop_reason"].isin(["死亡", "户口迁出"])
    fire("CIV-1", rows.loc[stopped, "household"])
    new = rows[
        (rows["start"] >= pd.Timestamp(month.first)) & (rows["start"] <= pd.Timestamp(month.last))
    ]
    watched = homes["household_type"].isin(MONITORED).loc[new["household"]].to_numpy()
    granted = (
        new["aid_type"].isin(["农村低保", "特困供养", "低保边缘"])
        & ~watched
        & (new["status"] == "在保")
    )
    fire("CIV-2", new.loc[granted, "household"])
    fire(
        "CIV-3", new.loc[(new["aid_type"] == "临时救助") & (new["amount"] >= 300_000), "household"]
    )


def _education(fire: Fire, rows_of: RowsOf, people: pd.DataFrame, month: Month) -> pd.Series:
    """EDU-1 and EDU-2; gives each household's fees of the school year that the month lies in."""
    rows = rows_of(month, "education")
    if rows is not None:
        out = rows[rows["status"].isin(["疑似辍学", "辍学"])]
        born = people["birth_date"].loc[out["person"]]
        age = (
            month.year
            - born.dt.year
            - ((born.dt.month * 100 + born.dt.day) > month.number * 100 + month.last.day)
        )
        fire("EDU-1", out.loc[((age >= 6) & (age <= 15)).to_numpy(), "household"])
        cost = _fees(rows)
        fire("EDU-2", cost.index[cost > 1_000_000])
    start = Month(month.year if month.number >= 9 else month.year - 1, 9)
    given = [rows_of(m, "education") for m in Month.span(start, month)]
    known = [g for g in given if g is not None]
    return (
        _fees(pd.concat(known).drop_duplicates("person", keep="last"))
        if known
        else pd.Series(dtype="int64")
    )


def _added(fire: Fire, rows_of: RowsOf, special: pd.Series, month: Month) -> None:
    """DIS-1, DIS-2 and CJ-1 of the departments added by docs/examples/departments/rules.yaml."""
    months = Month.span(month + -2, month)
    given = [rows for rows in (rows_of(when, "emergency") for when in months) if rows is not None]
    if given:
        hit = pd.concat(given)
        loss = (
            hit.loc[hit["happened"] >= pd.Timestamp(months[0].first)]
            .groupby("household")["loss"]
            .sum()
        )
        fire("DIS-1", loss.index[loss >= np.where(special.loc[loss.index], 500_000, 1_000_000)])
        now = hit["happened"] >= pd.Timestamp(month.first)
        fire("DIS-2", hit.loc[now & (hit["houses_collapsed"] > 0), "household"])
    cards = rows_of(month, "disabled")
    if cards is not None:
        fire("CJ-1", cards.loc[cards["grade"].isin(["一级", "二级"]), "household"])


def _fees(rows: pd.DataFrame) -> pd.Series:
    net = rows["tuition"] + rows["boarding_fee"] + rows["book_fee"] - rows["grant"]
    return net.groupby(rows["household"]).sum()
