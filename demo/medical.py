"""What the medical insurance office settled in a month (医保结算): the clean rows, reversals and
outsiders included.

Money is in whole cents (``int64``) throughout the clean world, so that sums are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from demo import names
from demo.people import MONITORED, Generator, numbers_of
from shouwang.core.month import Month

Array = npt.NDArray[Any]

HOSPITALS = (
    "县人民医院",
    "县中医医院",
    "县妇幼保健院",
    "中心卫生院",
    "乡镇卫生院",
    "州人民医院",
    "省第一人民医院",
)
PARTS = ["total", "pooled_paid", "serious_illness_paid", "assistance_paid", "self_paid"]


def settlements(
    people: pd.DataFrame, month: Month, before: pd.DataFrame | None, rng: Generator
) -> pd.DataFrame:
    """One row a settlement of ``month`` in no order; ``before`` are those of the month before, some
    of them refunded.

    Columns: ``person`` (running number, -1 for an outsider), ``firm`` (nothing that decides about
    the row may go wrong with it, because other rows are netted against it), then the canonical
    columns.
    """
    homes = people["household"].iloc[-1] + 1
    rows = _visits(people, month, max(12, round(0.645 * homes)), rng)
    rows["firm"] = False
    rows = pd.concat([rows, _second_parts(rows, rng)], ignore_index=True)
    rows["settlement_id"] = [
        f"YB{month.year}{month.number:02d}{n:07d}" for n in rng.permutation(len(rows)) + 1
    ]
    reversals = _reversals(rows, month, rng)
    refunds = _refunds(before, month, rng)
    away = outsiders(people, max(1, round(0.025 * homes)), month, rng)
    strange = _visits(away, month, len(away), rng).drop(columns="person")
    strange = pd.concat([strange, away[["name", "id_number", "township"]]], axis=1)
    strange["person"], strange["firm"] = -1, False
    strange["settlement_id"] = [
        f"YW{month.year}{month.number:02d}{n:06d}" for n in rng.permutation(len(strange)) + 1
    ]
    known = pd.concat([rows, reversals, refunds], ignore_index=True)
    for column in ("name", "id_number", "township"):
        known[column] = people[column].to_numpy()[known["person"]]
    return pd.concat([known, strange], ignore_index=True)


def outsiders(people: pd.DataFrame, count: int, month: Month, rng: Generator) -> pd.DataFrame:
    """People who are not in the registry: names as anybody's, numbers of division 530999."""
    age = rng.integers(1, 80, count)
    days = (age * 365.25 + rng.integers(1, 364, count)).astype(np.int64)
    born = pd.Series(
        (np.datetime64(month.first, "D") - days.astype("timedelta64[D]")).astype("datetime64[ms]")
    )
    male = rng.random(count) < 0.5
    surname = rng.choice(names.SURNAMES, count).astype(object)
    first, second = (
        np.where(male, rng.choice(names.MEN, count), rng.choice(names.WOMEN, count)).astype(object)
        for _ in range(2)
    )
    number = numbers_of(born, male, rng, "530999")
    away = pd.DataFrame(
        {"birth_date": born, "id_number": number, "name": pd.Series(surname + first + second)}
    )
    away["township"] = people["township"].to_numpy()[rng.integers(0, len(people), count)]
    away["household_type"], away["health"] = "一般农户", "健康"
    return away


def _visits(people: pd.DataFrame, month: Month, count: int, rng: Generator) -> pd.DataFrame:
    """Visits of these people; the old and the ill come more often and cost more."""
    age = month.year - people["birth_date"].dt.year.to_numpy()
    ill = (
        people["health"]
        .map({"患有大病": 5.0, "长期慢性病": 2.5, "残疾": 1.5})
        .fillna(1.0)
        .to_numpy()
    )
    weight = ill * (1 + (age > 60) + (age < 6))
    person = rng.choice(len(people), count, p=weight / weight.sum())
    luck = rng.random(count)
    kind = np.select([luck < 0.115, luck < 0.145], ["住院", "门诊慢特病"], "普通门诊")
    stay = kind == "住院"
    middle = np.select([stay, kind == "门诊慢特病"], [5200.0, 440.0], 96.0)
    spread = np.select([stay, kind == "门诊慢特病"], [0.95, 0.75], 0.5)
    total = (middle * rng.lognormal(0.0, spread) * 100).round().astype(np.int64)
    pooled = (total * rng.uniform(0.38, 0.68, count)).astype(np.int64)
    rest = total - pooled
    serious = np.where(stay, np.maximum(0, rest - 1_200_000) * 6 // 10, 0)
    rest = rest - serious
    helped = rng.random(count) < np.where(
        people["household_type"].isin(MONITORED).to_numpy()[person], 0.7, 0.1
    )
    assistance = np.where(helped, (rest * rng.uniform(0.15, 0.5, count)).astype(np.int64), 0)
    self_paid = rest - assistance
    exact = np.flatnonzero(stay)[:4]  # stays that cost the family exactly what a rule asks for
    more = np.array([600_000, 1_000_000, 599_999, 999_999])[: len(exact)] - self_paid[exact]
    total[exact] += more
    self_paid[exact] += more
    settled = np.datetime64(month.first, "D") + rng.integers(0, month.last.day, count).astype(
        "timedelta64[D]"
    )
    admitted = settled - np.where(stay, rng.integers(2, 21, count), 0).astype("timedelta64[D]")
    rows = pd.DataFrame({"person": person, "visit_type": pd.Series(kind, dtype="str")})
    for column, days in (("admitted", admitted), ("discharged", settled), ("settled", settled)):
        rows[column] = days.astype("datetime64[ms]")
    rows[PARTS] = np.column_stack([total, pooled, serious, assistance, self_paid])
    shares = [0.3, 0.12, 0.06, 0.2, 0.24, 0.06, 0.02]
    rows["hospital"] = rng.choice(HOSPITALS, count, p=shares)
    return rows


def _second_parts(rows: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Some stays are settled in two parts (分段结算): the second is taken off the first, in
    place."""
    chosen = rows.index[(rows["visit_type"] == "住院").to_numpy() & (rng.random(len(rows)) < 0.03)]
    second = rows.loc[chosen].copy()
    second[PARTS[1:]] = second[PARTS[1:]] * 4 // 10
    second["total"] = second[PARTS[1:]].sum(axis=1)
    rows.loc[chosen, PARTS] -= second[PARTS]
    return second


def _reversals(rows: pd.DataFrame, month: Month, rng: Generator) -> pd.DataFrame:
    """Rows taken back (冲销) by a negative twin; most are settled anew, some of those with more
    assistance."""
    chosen = rng.permutation(len(rows))[: max(1, round(0.005 * len(rows)))]
    rows.loc[chosen, "firm"] = True
    twin = rows.loc[chosen].copy()
    last = pd.Timestamp(month.last)
    later = twin["settled"] + pd.to_timedelta(rng.integers(0, 6, len(twin)), unit="D")
    twin["settled"] = later.where(later <= last, last).astype("datetime64[ms]")
    anew = twin.copy()
    twin[PARTS] = -twin[PARTS]
    twin["settlement_id"] += "R"
    anew["settlement_id"] += "N"
    luck = rng.random(len(anew))
    more = np.where(luck < 0.25, anew["self_paid"] // 2, 0)
    anew["assistance_paid"] += more
    anew["self_paid"] -= more
    return pd.concat([twin, anew[luck < 0.85]], ignore_index=True)


def _refunds(before: pd.DataFrame | None, month: Month, rng: Generator) -> pd.DataFrame:
    """Settlements of the month before that are taken back this month, without a new one."""
    if before is None:
        return pd.DataFrame()
    able = before[(before["person"] >= 0) & ~before["firm"] & (before["total"] > 0)]
    twin = able.iloc[rng.permutation(len(able))[: round(0.001 * len(able))]].copy()
    days = rng.integers(0, month.last.day, len(twin)).astype("timedelta64[D]")
    twin["settled"] = (np.datetime64(month.first, "D") + days).astype("datetime64[ms]")
    twin[PARTS] = -twin[PARTS]
    twin["settlement_id"] += "R"
    twin["firm"] = True
    return twin
