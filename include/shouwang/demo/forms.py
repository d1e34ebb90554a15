"""What each department hands over: the title of its file, its columns, their wordings, and what spoils a row.

The last two, 应急管理局 and 残联, are not among a county's five; `make_county` writes them when it is asked to.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

Cell = str | int | float | dt.date | None

NAME = ("姓名", "人员姓名", "患者姓名")
NUMBER = ("身份证号", "身份证号码", "证件号码", "公民身份号码")
TOWNSHIP = ("乡镇", "所属乡镇", "乡（镇）", "镇街")
VILLAGE = ("行政村", "村", "村（社区）", "所在村")


@dataclass(frozen=True)
class Column:
    """A canonical column: what it is called, and which kind of cell it holds."""

    name: str
    wordings: tuple[str, ...]
    kind: str = "text"


@dataclass(frozen=True)
class Form:
    """What a department hands over: the title of its file and its columns."""

    title: str
    office: str
    columns: tuple[Column, ...]


def _identity(*more_names: str) -> tuple[Column, ...]:
    return Column("written_name", NAME + more_names), Column("written_id", NUMBER)


FORMS: dict[str, Form] = {
    "medical_insurance": Form("城乡居民医保结算明细表", "县医疗保障局", (
        Column("settlement_id", ("结算流水号", "结算编号", "单据号")), *_identity(), Column("township", TOWNSHIP),
        Column("visit_type", ("就诊类别", "医疗类别", "就医类型")),
        Column("admitted", ("入院日期", "入院时间"), "date"), Column("discharged", ("出院日期", "出院时间"), "date"),
        Column("settled", ("结算日期", "结算时间"), "date"), Column("total", ("医疗总费用", "费用总额", "总费用"), "money"),
        Column("pooled_paid", ("统筹支付", "基本医保支付", "统筹基金支付"), "money"),
        Column("serious_illness_paid", ("大病保险支付", "大病支付"), "money"),
        Column("assistance_paid", ("医疗救助支付", "医疗救助"), "money"),
        Column("self_paid", ("个人自付", "个人负担", "自付金额"), "money"), Column("hospital", ("医疗机构", "就诊医院")))),
    "civil_affairs": Form("社会救助对象名册", "县民政局", (
        *_identity("户主姓名", "申请人"), Column("township", TOWNSHIP), Column("village", VILLAGE),
        Column("aid_type", ("救助类别", "救助类型", "保障类别")),
        Column("covered_persons", ("保障人数", "保障人口"), "number"),
        Column("amount", ("保障金额", "救助金额", "月保障金"), "money"),
        Column("start", ("享受起始日期", "起始日期", "批准日期"), "date"), Column("status", ("状态", "保障状态")),
        Column("stopped", ("停保日期", "停发日期"), "date"), Column("stop_reason", ("停保原因", "停发原因")))),
    "education": Form("学生就学及资助情况统计表", "县教育体育局", (
        *_identity("学生姓名"), Column("township", TOWNSHIP), Column("school", ("学校", "就读学校")),
        Column("stage", ("学段", "教育阶段")), Column("grade", ("年级",), "number"),
        Column("status", ("就学状态", "学籍状态", "在校状态")), Column("tuition", ("学费",), "money"),
        Column("boarding_fee", ("住宿费",), "money"), Column("book_fee", ("教材费", "教科书费"), "money"),
        Column("grant", ("资助金额", "资助总额"), "money"))),
    "housing": Form("农村住房安全动态监测台账", "县住房和城乡建设局", (
        *_identity("户主姓名"), Column("township", TOWNSHIP), Column("village", VILLAGE),
        Column("grade", ("鉴定等级", "房屋等级", "危房等级"), "grade"),
        Column("appraised", ("鉴定日期", "鉴定时间"), "date"), Column("sole_dwelling", ("是否唯一住房", "唯一住房")),
        Column("rebuild_status", ("改造状态", "改造情况")))),
    "water": Form("农村饮水安全台账", "县水利局", (
        Column("written_name", ("姓名", "户主姓名")), Column("township", TOWNSHIP), Column("village", VILLAGE),
        Column("phone", ("联系电话", "手机号", "电话")), Column("supply", ("供水方式",)),
        Column("litres_per_person_day", ("人均日用水量", "水量（升/人·天）"), "number"),
        Column("quality", ("水质是否达标", "水质")),
        Column("fetch_minutes", ("取水往返时间", "取水时间（分钟）"), "number"),
        Column("outage_days", ("本年累计停水天数", "停水天数"), "number"))),
    "emergency": Form("农村受灾户台账", "县应急管理局", (
        Column("disaster_id", ("灾情编号", "受灾编号")), *_identity("户主姓名"), Column("township", TOWNSHIP),
        Column("village", VILLAGE), Column("happened", ("受灾日期", "受灾时间", "发生日期"), "date"),
        Column("kind", ("灾害种类", "灾种", "灾害类型")), Column("loss", ("直接经济损失", "经济损失", "损失金额"), "money"),
        Column("houses_collapsed", ("倒塌房屋间数", "倒塌间数"), "number"),
        Column("houses_damaged", ("损坏房屋间数", "严重损坏房屋间数", "损坏间数"), "number"))),
    "disabled": Form("持证残疾人变动名册", "县残疾人联合会", (
        Column("written_name", NAME), Column("written_id", (*NUMBER, "残疾人证号")), Column("township", TOWNSHIP),
        Column("village", VILLAGE), Column("class", ("残疾类别", "残疾类型")), Column("grade", ("残疾等级", "等级")),
        Column("issued", ("发证日期", "评定日期", "办证日期"), "date"),
        Column("change", ("变动情况", "变动类型", "新办或升级")))),
}  # fmt: skip

SPOILT: dict[tuple[str, str], dict[str, tuple[Cell, ...]]] = {
    ("medical_insurance", "text"): {"self_paid": ("见附件", "待核"), "total": ("约三千元",)},
    ("medical_insurance", "sum"): {"total": ("98765.43",)},
    ("medical_insurance", "order"): {"discharged": ("2019-03-01",)},
    ("medical_insurance", "future"): {"settled": ("2031-01-05",)},
    ("medical_insurance", "unknown value"): {"visit_type": ("体检", "其他")},
    ("civil_affairs", "text"): {"amount": ("待定", "见文件")},
    ("civil_affairs", "unknown value"): {"status": ("待查",), "aid_type": ("五保户",)},
    ("education", "text"): {"tuition": ("免", "详见附表")},
    ("education", "unknown value"): {"status": ("在读？？",), "stage": ("成人教育",)},
    ("housing", "unknown value"): {"grade": ("E", "待鉴定")},
    ("water", "text"): {"litres_per_person_day": ("够用",), "fetch_minutes": ("很近",)},
    ("water", "range"): {"litres_per_person_day": (99999, -5), "outage_days": (400,), "fetch_minutes": (999,)},
    ("emergency", "text"): {"loss": ("待核定", "约三千元")},
    ("emergency", "range"): {"loss": (-500,)},
    ("emergency", "future"): {"happened": ("2031-01-05",)},
    ("emergency", "unknown value"): {"kind": ("外星人", "其他")},
    ("disabled", "future"): {"issued": ("2031-01-05",)},
    ("disabled", "unknown value"): {"grade": ("五级", "待评定"), "class": ("其他",)},
}
"""What stands in a row that has to be turned down; one of the columns, one of its values."""
