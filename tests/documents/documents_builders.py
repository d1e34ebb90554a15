"""Small builders of the frames and papers that submission is handed; everybody in them is made up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from shouwang.core.month import Month
from shouwang.documents.frames import CLUE_COLUMNS, DEPARTMENT_COLUMNS, DETAIL_COLUMNS
from shouwang.documents.notice import NoticePaper
from shouwang.documents.receipt import (
    Counts,
    FileCounts,
    HeaderGuess,
    ReceiptPaper,
    RejectedRow,
    SheetHeader,
)
from shouwang.documents.summary import WARNING_COLUMNS, SummaryPaper
from shouwang.documents.township import ReleasePaper

DEPARTMENTS = {
    "medical_insurance": "医保局",
    "civil_affairs": "民政局",
    "housing": "住建局",
    "water": "水利局",
}
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
    return ReleasePaper(**{**_OF_A_LIST, **changes})


def notice(**changes: Any) -> NoticePaper:
    """The same list for everybody's eyes."""
    return NoticePaper(**{**_OF_A_LIST, **changes})


def headed(
    receiver: str = "大河镇", at: dt.datetime = dt.datetime(2026, 10, 12, 9, 30)
) -> dict[str, Any]:
    """What every paper says of itself."""
    return {
        "county": "清源县",
        "office": "清源县农业农村局",
        "made_at": at,
        "made_by": "张某",
        "receiver": receiver,
    }


_OF_A_LIST: dict[str, Any] = {
    **headed(),
    "month": Month(2026, 9),
    "version": 1,
    "kind": "名单",
    "due": dt.date(2026, 10, 19),
    "missing": (),
    "department_names": DEPARTMENTS,
}


def clue(place: int, **changes: Any) -> dict[str, Any]:
    """One household of the list, of the kind that stands at that place."""
    level, kind, risks, _, _, sentence = _KINDS[place % len(_KINDS)]
    head = _SURNAMES[place % 10] + _GIVEN[place % 6]
    reasons = sentence.format(who=head)
    if "、" in risks:
        reasons += "\n水利局：家中取水往返 45 分钟，超过 20 分钟；自填人均纯收入缺失"
    facts = {
        "clue_no": f"202609-{place + 1:04d}",
        "check_code": f"{place + 160:04X}",
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
        "measures": "健康帮扶、综合保障（医保局、卫健局、民政局）"
        if "病" in risks
        else "住房安全保障（住建局）",
        "due": pd.Timestamp(2026, 10, 19),
        "last_conclusion": "05" if place % 7 == 3 else None,
    }
    return {**facts, **changes}


def clues(count: int) -> pd.DataFrame:
    """A list of so many households."""
    return as_clues([clue(place) for place in range(count)])


def as_clues(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows of `clue` as the frame that casework hands over."""
    frame = pd.DataFrame(rows, columns=[*CLUE_COLUMNS, "check_code"])
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
            (
                number,
                rule,
                risks.split("、")[0],
                department,
                "x",
                sentence,
                value,
                threshold,
                file,
                sheet,
                place + 4,
            )
        )
    frame = pd.DataFrame(rows, columns=list(DETAIL_COLUMNS))
    return frame.astype(
        {name: "str" for name in DETAIL_COLUMNS if name not in ("value", "threshold", "row")}
    )


_HEADINGS = (
    "结算流水号",
    "姓名",
    "身份证号",
    "就诊类别",
    "入院日期",
    "出院日期",
    "医疗总费用（元）",
    "个人自付",
)
_FILE = "2026年9月医保结算.xlsx"


def rejected() -> list[RejectedRow]:
    """Two rejected rows of one sheet and one of another whose headings differ."""
    return [
        RejectedRow(
            _FILE,
            "大河镇",
            7,
            (
                "JS0001",
                "赵明",
                "532999198001010018",
                "住院",
                "2026-09-20",
                "2026-09-12",
                "18320.50",
                "6320.50",
            ),
            (4, 5),
            "入院日期晚于出院日期",
        ),
        RejectedRow(
            _FILE,
            "大河镇",
            12,
            (
                "=1+1",
                "钱秀英",
                "532999197505050022",
                "住院",
                "2026-09-01",
                "2026-09-05",
                "一万二",
                "-120.00",
            ),
            (6,),
            "“医疗总费用”不是金额：应写成 1234.50 的样子；总费用与各项支付之和不符",
        ),
        RejectedRow(
            _FILE,
            "石桥乡",
            5,
            ("JS0003", "孙建国", "体检"),
            (2,),
            "“就诊类别”的写法不认识：应为住院、门诊慢特病或普通门诊",
        ),
    ]


def receipt(**changes: Any) -> ReceiptPaper:
    """The receipt for the submission that `rejected` comes from."""
    facts: dict[str, Any] = {
        **headed("医保局", dt.datetime(2026, 10, 9, 14, 5)),
        "department": "医保局",
        "dataset": "医疗费用结算",
        "month": Month(2026, 9),
        "received_on": dt.date(2026, 10, 9),
        "version": 2,
        "counts": Counts(1250, 1240, 3, 7),
        "files": (
            FileCounts(_FILE, "大河镇", Counts(800, 793, 2, 5)),
            FileCounts(_FILE, "石桥乡", Counts(450, 447, 1, 2)),
        ),
        "header_guesses": (HeaderGuess(_FILE, "石桥乡", "病人自付部分", "个人自付"),),
        "ignored": ("经办人",),
        "declared": ("备注",),
        "submission": "0123456789abcdef",
        "corrected": 4,
        "warnings": ("行数 1250，上几个月一般是 2600",),
        "headers": (
            SheetHeader(_FILE, "大河镇", _HEADINGS),
            SheetHeader(_FILE, "石桥乡", ("结算流水号", "姓名", "就诊类别")),
        ),
    }
    return ReceiptPaper(**{**facts, **changes})


def summary(**changes: Any) -> SummaryPaper:
    """The county's summary of 2026-09."""
    facts: dict[str, Any] = {
        **headed("清源县农业农村局"),
        "month": Month(2026, 9),
        "version": 1,
        "missing": ("水利局",),
        "rule_titles": {
            "MED-1": "单次住院自付",
            "MED-2": "全年自付占收入",
            "HOU-1": "唯一住房 C、D 级",
        },
    }
    return SummaryPaper(**{**facts, **changes})


def warnings(count: int) -> pd.DataFrame:
    """So many warned households in three townships."""
    rows = []
    for place in range(count):
        level, _, risks, rule, _, _ = _KINDS[place % len(_KINDS)]
        rules = f"{rule} WAT-3" if "、" in risks else rule
        state = ("new", "new", "repeated", "supplement")[place % 4]
        rows.append(
            (("大河镇", "石桥乡", "双龙镇")[place % 3], level, "边缘易致贫户", risks, rules, state)
        )
    return pd.DataFrame(rows, columns=list(WARNING_COLUMNS), dtype="str")


def departments() -> pd.DataFrame:
    """One department that delivered, one that was refused, one that is missing."""
    rows = [
        ("医保局", "医疗费用结算", "已接收", 2, 1250, 1240, 3, 7, 1200, 25, 15),
        ("住建局", "农房台账", "整份退回", None, 900, 0, 0, 0, 0, 0, 0),
        ("水利局", "供水台账", "未报送", None, None, None, None, None, None, None, None),
    ]
    return pd.DataFrame(rows, columns=list(DEPARTMENT_COLUMNS))
