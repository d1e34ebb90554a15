"""What the other four departments hold: rosters and ledgers that live on from month to month,
clean.

Every function gives a frame with ``person`` (running number, -1 for an outsider), ``firm`` (false),
the identity as written in the registry, and the canonical columns of its dataset; money in whole
cents.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.medical import outsiders
from demo.names import bare_names
from demo.people import MONITORED, Array, Generator
from shouwang.core.month import Month

SCHOOLS = {
    "学前": ("中心幼儿园", "村级幼儿园"),
    "小学": ("中心小学", "完全小学", "村小学"),
    "初中": ("第一初级中学", "第二初级中学", "九年一贯制学校"),
    "普通高中": ("县第一中学", "县第二中学"),
    "中职": ("县职业技术学校", "州民族中等专业学校"),
    "大专": ("州职业技术学院", "省内高职院校"),
    "本科": ("省内高校", "省外高校"),
}


def identity(rows: pd.DataFrame, people: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows with the identity of their person as registered."""
    for column in columns:
        rows[column] = people[column].to_numpy()[rows["person"]]
    rows["firm"] = False
    return rows.reset_index(drop=True)


def heads(people: pd.DataFrame) -> Array:
    """The running numbers of the heads of households."""
    return np.flatnonzero((people["relation"] == "户主").to_numpy())


def days(rng: Generator, first: np.datetime64, last: np.datetime64, count: int) -> Array:
    """Days drawn from first to last."""
    span = int((last - first).astype(np.int64)) + 1
    return (first + rng.integers(0, span, count).astype("timedelta64[D]")).astype("datetime64[ms]")


class Roster:
    """The social assistance roster (社会救助名册): who is on it, month after month."""

    def __init__(self, people: pd.DataFrame, first: Month, seed: int) -> None:
        self.people = people
        self.rng = np.random.default_rng([seed, 3])
        kind = people["household_type"]
        self.weight = np.where(kind.isin(MONITORED), 9.0, np.where(kind == "脱贫户", 4.0, 1.0))[
            heads(people)
        ]
        removed = people["risk_removed"].to_numpy()[heads(people)] == "是"
        self.free = np.where(
            removed, 0.0, self.weight
        )  # whether a removed risk counts as monitored is left open
        count = max(8, round(0.045 * len(self.weight)))
        start = np.datetime64(first.first, "D")
        self.rows = self._grants(
            count, start - np.timedelta64(2000, "D"), start - np.timedelta64(1, "D")
        )

    def _grants(self, count: int, first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
        """New entries of as many households, granted between two days."""
        rng = self.rng
        count = min(count, int((self.free > 0).sum()) // 2)
        household = rng.choice(len(self.free), count, replace=False, p=self.free / self.free.sum())
        self.free[household] = 0
        size = self.people.groupby("household").size().to_numpy()[household]
        covered = np.minimum(size, rng.integers(1, 7, count))
        rows = pd.DataFrame({"person": heads(self.people)[household]})
        kinds = rng.choice(["农村低保", "特困供养", "低保边缘"], count, p=[0.7, 0.13, 0.17])
        rows["aid_type"] = kinds
        rows["covered_persons"] = covered
        rows["amount"] = (covered * rng.uniform(210, 690, count) * 100).astype(np.int64)
        rows["start"] = days(rng, first, last, count)
        return rows

    def of(self, month: Month) -> pd.DataFrame:
        """The whole roster of a month: what runs on, what was stopped and granted in it, and
        临时救助 of the month."""
        rng, first, last = self.rng, np.datetime64(month.first, "D"), np.datetime64(month.last, "D")
        granted = self._grants(max(1, round(0.0012 * len(self.free))), first, last)
        stop = rng.permutation(len(self.rows))[: max(1, round(0.025 * len(self.rows)))]
        rows = self.rows.reset_index(drop=True)
        rows["status"] = pd.Series("在保", index=rows.index, dtype="str")
        rows.loc[stop, "status"] = "停保"
        rows["stopped"] = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ms]")
        rows.loc[stop, "stopped"] = days(rng, first, last, len(stop))
        reasons = ["收入超标", "动态复核退出", "自愿放弃", "死亡", "户口迁出"]
        rows["stop_reason"] = pd.Series("", index=rows.index, dtype="str")
        rows.loc[stop, "stop_reason"] = rng.choice(
            reasons, len(stop), p=[0.3, 0.25, 0.1, 0.25, 0.1]
        )
        self.rows = pd.concat(
            [rows[rows["status"] == "在保"][self.rows.columns], granted], ignore_index=True
        )
        once = self._grants(max(1, round(0.0025 * len(self.free))), first, last)
        once["aid_type"] = "临时救助"
        amounts = np.append([300_000, 299_900], rng.integers(5, 60, len(once)) * 10_000)
        once["amount"] = amounts[: len(once)]
        self.free[np.isin(heads(self.people), once["person"])] = 1.0
        fresh = pd.concat([granted, once], ignore_index=True)
        fresh["status"], fresh["stop_reason"], fresh["stopped"] = "在保", "", pd.NaT
        fresh["stopped"] = fresh["stopped"].astype("datetime64[ms]")
        rows = pd.concat([rows, fresh], ignore_index=True)
        return identity(rows, self.people, ["name", "id_number", "township", "village"])


def students(people: pd.DataFrame, month: Month, seed: int) -> pd.DataFrame:
    """Pupils and students of the school year; the same child has the same fees in September and in
    March."""
    year = month.year if month.number >= 9 else month.year - 1
    own, now = (
        np.random.default_rng([seed, 4, year]),
        np.random.default_rng([seed, 5, month.year, month.number]),
    )
    count, homes = len(people), people["household"].iloc[-1] + 1
    age = _age_at(people["birth_date"], pd.Timestamp(year, 8, 31))
    wish, branch, school, fee, help_ = own.random((5, count))
    stage = np.select(
        [
            (age >= 3) & (age < 6),
            (age >= 6) & (age < 12),
            (age >= 12) & (age < 15),
            (age >= 15) & (age < 18),
            (age >= 18) & (age < 22),
        ],
        [
            "学前",
            "小学",
            "初中",
            np.where(branch < 0.7, "普通高中", "中职"),
            np.where(branch < 0.4, "大专", "本科"),
        ],
        "",
    )
    wish = wish + np.select([stage == "学前", (age >= 18)], [0.45, 0.55], 0.0)
    able = np.flatnonzero(stage != "")
    person = able[np.argsort(wish[able], kind="stable")][: max(12, round(0.537 * homes))]
    person = now.permutation(person)
    stage, fee, help_, school = stage[person], fee[person], help_[person], school[person]
    rows = pd.DataFrame({"person": person, "stage": pd.Series(stage, dtype="str")})
    rows["school"] = [
        SCHOOLS[s][int(u * len(SCHOOLS[s]))] for s, u in zip(stage, school, strict=True)
    ]
    begin = (
        rows["stage"]
        .map({"学前": 3, "小学": 6, "初中": 12, "普通高中": 15, "中职": 15, "大专": 18, "本科": 18})
        .to_numpy()
    )
    rows["grade"] = age[person] - begin + 1
    rows["status"] = _attendance(
        _age_at(people["birth_date"], pd.Timestamp(month.last))[person], now
    )
    college = np.array([450_000, 520_000, 630_000, 860_000, 1_580_000])[(fee * 5).astype(np.int64)]
    rows["tuition"] = np.select(
        [stage == "学前", stage == "普通高中", stage == "大专", stage == "本科"],
        [120_000, 90_000, 520_000, college],
        0,
    )
    board = {"初中": 0, "普通高中": 60_000, "中职": 80_000, "大专": 100_000, "本科": 120_000}
    rows["boarding_fee"] = rows["stage"].map(board).fillna(0).astype("int64")
    books = {"普通高中": 70_000, "中职": 50_000, "大专": 70_000, "本科": 80_000}
    rows["book_fee"] = rows["stage"].map(books).fillna(0).astype("int64")
    grants = np.array([60_000, 100_000, 200_000])[(help_ * 997).astype(np.int64) % 3]
    rows["grant"] = np.where((help_ < 0.25) & (rows["tuition"] > 0) & (stage != "学前"), grants, 0)
    rows = identity(rows, people, ["name", "id_number", "township"])
    away = outsiders(people, max(1, round(0.008 * homes)), month, now)
    strange = rows.iloc[now.integers(0, len(rows), len(away))].reset_index(drop=True)
    strange[["name", "id_number", "township"]] = away[["name", "id_number", "township"]]
    strange["person"] = -1
    return pd.concat([rows, strange], ignore_index=True)


def _age_at(born: pd.Series, day: pd.Timestamp) -> Array:
    """Age in full years."""
    early = (born.dt.month * 100 + born.dt.day) > day.month * 100 + day.day
    years: Array = (day.year - born.dt.year - early).to_numpy()
    return years


def _attendance(age: Array, rng: Generator) -> Array:
    luck = rng.random(len(age)) * np.where(age >= 15, 0.6, 1.0)
    edges = [0.003, 0.0045, 0.0095, 0.0135, 0.014]
    return np.select(
        [luck < e for e in edges], ["疑似辍学", "辍学", "休学", "送教上门", "毕业"], "在读"
    )


def dwellings(people: pd.DataFrame, month: Month, seed: int) -> pd.DataFrame:
    """The ledger of dwellings (住房安全台账): the same workspaces every month, some of them rebuilt
    meanwhile."""
    own = np.random.default_rng([seed, 6])
    owners = heads(people)
    person = own.permutation(owners)[: max(12, round(0.349 * len(owners)))]
    count = len(person)
    rows = pd.DataFrame({"person": person})
    grade = own.choice(["A", "B", "C", "D"], count, p=[0.5, 0.44, 0.044, 0.016])
    rows["grade"] = grade
    rows["appraised"] = days(own, np.datetime64("2024-01-01"), np.datetime64("2025-12-31"), count)
    rows["sole_dwelling"] = np.where(own.random(count) < 0.8, "是", "否")
    step = own.choice([0, 1, 2], count, p=[0.3, 0.15, 0.55])
    pace, since = own.random(count), month.year * 12 + month.number - 2020 * 12
    step = np.minimum(step + (pace < 0.03) * ((since + (pace * 1e6).astype(np.int64)) % 12 >= 6), 2)
    status = np.array(["未改造", "改造中", "已竣工"])[step]
    rows["rebuild_status"] = np.where(np.isin(grade, ["A", "B"]), "无需改造", status)
    return identity(rows, people, ["name", "id_number", "township", "village"])


def supplies(people: pd.DataFrame, month: Month, seed: int) -> pd.DataFrame:
    """The ledger of water supplies (饮水安全台账): no identity numbers, a phone for two in
    three."""
    own, now = (
        np.random.default_rng([seed, 7, month.year]),
        np.random.default_rng([seed, 8, month.year, month.number]),
    )
    owners = heads(people)
    person = own.permutation(owners)[: max(12, round(0.506 * len(owners)))]
    count = len(person)
    rows = pd.DataFrame({"person": person})
    rows["supply"] = own.choice(["集中供水", "分散供水", "自备水源"], count, p=[0.7, 0.2, 0.1])
    dry, far, still = own.random((3, count))
    tenths = np.where(dry < 0.006, own.integers(150, 350, count), own.integers(350, 1200, count))
    rows["tenths"] = np.maximum(
        tenths + now.integers(-3, 4, count), np.where(dry < 0.006, 100, 350)
    )
    rows["quality"] = np.where(own.random(count) < 0.004, "不达标", "达标")
    near = own.choice([0, 5, 10, 15, 20], count, p=[0.42, 0.15, 0.15, 0.15, 0.13])
    rows["fetch_minutes"] = np.where(far < 0.004, own.integers(21, 60, count), near)
    usual = own.choice([0, 1, 2, 5, 12, 30, 36], count, p=[0.4, 0.12, 0.13, 0.13, 0.12, 0.06, 0.04])
    broken, days = still < 0.005, np.where(still < 0.005, own.integers(40, 90, count), usual)
    so_far = days * month.number // 9
    rows["outage_days"] = np.where(days == 36, 36, np.where(broken, so_far, np.minimum(so_far, 36)))
    rows = identity(rows, people, ["name", "township", "village", "phone"])
    rows["phone"] = rows["phone"].where(now.random(count) < 0.65, "")
    place = people["place"].to_numpy()[rows["person"]]
    alike = pd.DataFrame({"place": place, "name": bare_names(rows["name"])})
    turn = pd.concat([alike, rows[["supply", "quality", "fetch_minutes", "outage_days"]]], axis=1)
    rows["tenths"] += (
        turn.groupby(list(turn.columns)).cumcount() * 50
    )  # namesakes of a village never write the same row
    rows["litres_per_person_day"] = rows.pop("tenths") / 10
    return rows
