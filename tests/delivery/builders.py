"""Small builders of the frames and papers that delivery is handed; everybody in them is made up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from shouwang.delivery.frames import CLUE_COLUMNS, DETAIL_COLUMNS
from shouwang.delivery.township import ReleasePaper
from shouwang.month import Month

DEPARTMENTS = {"medical_insurance": "医保局", "civil_affairs": "民政局", "housing": "住建局", "water": "水利局"}
_VILLAGES = ("上河村", "下河村", "柳树坪村", "石桥社区", "双龙村", "红岩村")
_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈", ("明", "秀英", "建国", "桂兰", "志强", "阿呷·木果")
_MEDICAL = "medical_insurance"
_STAY = "医保局：{who} 2026年9月住院自付 18,320.50 元，超过 10,000 元"
_YEAR = "医保局：全户2026年自付 26,410.00 元，占参考收入的 120 %，达到 50 %"
_HOUSE = "住建局：{who}家唯一住房鉴定为 C 级，尚未改造"
_AID = "民政局：{who} 2026年9月停发农村低保，原因：收入超标"
_WATER = "水利局：{who}家人均日用水量 22 升，低于 35 升"
_KINDS = (
    ("红", "突发严重困难户", "因病", "MED-1", _MEDICAL, _STAY),
    ("红", "脱贫不稳定户", "因病、饮水", "MED-2", _MEDICAL, _YEAR),
    ("黄", "脱贫户", "住房", "HOU-1", "housing", _HOUSE),
    ("蓝", "一般农户", "救助变动", "CIV-1", "civil_affairs", _AID),
    ("蓝", "一般农户", "饮水", "WAT-1", "water", _WATER),
)


def release(**changes: Any) -> ReleasePaper:
    """The list of a township of a made-up county for 2026-09."""
    facts: dict[str, Any] = {
        "county": "清源县",
        "office": "清源县农业农村局",
        "township": "大河镇",
        "month": Month(2026, 9),
        "version": 1,
        "kind": "名单",
        "prepared_on": dt.date(2026, 10, 12),
        "prepared_by": "张某",
        "due": dt.date(2026, 10, 19),
        "missing": (),
        "department_names": DEPARTMENTS,
    }
    return ReleasePaper(**{**facts, **changes})


def clue(place: int, **changes: Any) -> dict[str, Any]:
    """One household of the list, of the kind that stands at that place."""
    level, kind, risks, _, _, sentence = _KINDS[place % len(_KINDS)]
    head = _SURNAMES[place % 10] + _GIVEN[place % 6]
    reasons = sentence.format(who=head)
    if "、" in risks:
        reasons += "\n水利局：家中取水往返 45 分钟，超过 20 分钟；自填人均纯收入缺失"
    facts = {
        "clue_no": f"202609-{place + 1:04d}",
        "household_id": f"H{place:05d}",
        "township": "大河镇",
        "village": _VILLAGES[place * 7 % 6],
        "village_group": f"{place % 9 + 1}组",
        "head": head,
        "members": place % 6 + 1,
        "involved": head,
        "phone": f"1380000{place:04d}",
        "household_type": kind,
        "level": level,
        "risks": risks,
        "reasons": reasons,
        "category": "突发严重困难户" if place % 2 else "边缘易致贫户",
        "measures": "健康帮扶、综合保障（医保局、卫健局、民政局）" if "病" in risks else "住房安全保障（住建局）",
        "due": pd.Timestamp(2026, 10, 19),
        "last_conclusion": "05" if place % 7 == 3 else None,
    }
    return {**facts, **changes}


def clues(count: int) -> pd.DataFrame:
    """A list of so many households."""
    return as_clues([clue(place) for place in range(count)])


def as_clues(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of `clue` as the frame that casework hands over."""
    frame = pd.DataFrame(rows, columns=list(CLUE_COLUMNS))
    return frame.astype({name: "str" for name in CLUE_COLUMNS if name not in ("members", "due")})


def details(of: pd.DataFrame) -> pd.DataFrame:
    """One signal for each household of a list."""
    rows = []
    for place, number in enumerate(of["clue_no"]):
        _, _, risks, rule, department, sentence = _KINDS[place % len(_KINDS)]
        value, threshold = 18320.5, 10000.0
        file, sheet = f"{DEPARTMENTS[department]}2026年9月数据.xlsx", "Sheet1"
        sentence = sentence.format(who=of["head"].iloc[place])
        rows.append(
            (number, rule, risks.split("、")[0], department, "x", sentence, value, threshold, file, sheet, place + 4)
        )
    frame = pd.DataFrame(rows, columns=list(DETAIL_COLUMNS))
    return frame.astype({name: "str" for name in DETAIL_COLUMNS if name not in ("value", "threshold", "row")})
