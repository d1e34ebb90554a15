"""What the two added departments recorded in a month, clean: 应急管理局 and 残联
(docs/examples/departments)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.ledgers import days, heads, identity
from demo.medical import outsiders
from demo.people import Generator
from shouwang.core.month import Month

WHO = ["name", "id_number", "township", "village"]


def disasters(people: pd.DataFrame, month: Month, seed: int) -> pd.DataFrame:
    """Households hit by a disaster in the month; losses now and then just at a line."""
    rng = np.random.default_rng([seed, 11, month.year, month.number])
    able = heads(people)
    person = rng.permutation(able)[: max(40, round(0.012 * len(able)))]
    count = len(person)
    rows = pd.DataFrame({"person": person})
    rows["happened"] = _days_of(month, count, rng)
    kinds = ["洪涝", "干旱", "风雹", "低温冷冻", "地质灾害", "火灾"]
    rows["kind"] = rng.choice(kinds, count)
    loss = (rng.lognormal(8.0, 1.1, count) * 100).astype(np.int64)
    rows["loss"] = np.where(
        rng.random(count) < 0.1, rng.choice([499_999, 500_000, 999_999, 1_000_000], count), loss
    )
    rows["houses_collapsed"] = np.where(rng.random(count) < 0.08, rng.integers(1, 5, count), 0)
    rows["houses_damaged"] = np.where(rng.random(count) < 0.3, rng.integers(1, 6, count), 0)
    rows = _with_strangers(identity(rows, people, WHO), people, month, rng)
    rows.insert(
        0,
        "disaster_id",
        [f"Z{month.year}{month.number:02d}{n:05d}" for n in range(1, len(rows) + 1)],
    )
    return rows


def certificates(people: pd.DataFrame, month: Month, seed: int) -> pd.DataFrame:
    """Certificates newly issued in the month or raised to a graver grade."""
    rng = np.random.default_rng([seed, 12, month.year, month.number])
    weight = np.where(people["health"] == "残疾", 20.0, 1.0)
    count = max(40, round(0.0015 * len(people)))
    rows = pd.DataFrame(
        {"person": rng.choice(len(people), count, replace=False, p=weight / weight.sum())}
    )
    kinds = ["视力", "听力", "言语", "肢体", "智力", "精神", "多重"]
    rows["class"] = rng.choice(kinds, count, p=[0.13, 0.15, 0.03, 0.45, 0.1, 0.1, 0.04])
    rows["grade"] = rng.choice(["一级", "二级", "三级", "四级"], count, p=[0.15, 0.25, 0.3, 0.3])
    rows["issued"] = _days_of(month, count, rng)
    rows["change"] = rng.choice(["新办", "等级加重"], count, p=[0.8, 0.2])
    return _with_strangers(identity(rows, people, WHO), people, month, rng)


def _days_of(
    month: Month, count: int, rng: Generator
) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return days(rng, np.datetime64(month.first, "D"), np.datetime64(month.last, "D"), count)


def _with_strangers(
    rows: pd.DataFrame, people: pd.DataFrame, month: Month, rng: Generator
) -> pd.DataFrame:
    """And one in forty who is not in the registry, with a village that is."""
    strange = rows.iloc[rng.integers(0, len(rows), max(1, len(rows) // 40))].reset_index(drop=True)
    away = outsiders(people, len(strange), month, rng)
    strange[["name", "id_number"]] = away[["name", "id_number"]]
    strange["person"] = -1
    return pd.concat([rows, strange], ignore_index=True)
