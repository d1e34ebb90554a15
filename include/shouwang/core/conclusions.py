"""The conclusions of a visit (核查结论): what each needs to be complete, and what follows
(handbook section 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass

REASON, MEASURE = "原因说明", "拟帮扶措施"
CATEGORIES = ("脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
RISKS = (
    "因病",
    "因学",
    "因残",
    "因灾",
    "因意外事故",
    "住房",
    "饮水",
    "救助变动",
    "就业",
    "产业",
    "缺劳力",
    "自然灾害",
)
"""Risk types that a township may name beside those of the rules."""
CLOSED, OPEN, MONITORED = "closed", "open", "monitored"
_WHEN = r"\d\s*[-/.年月]|\d{8}|月[初中底末后]|下个?月|季度|年[底末]|[一二三四五六七八九十]+月"
_WHICH = "公职|财政供养|车|房|工商|经营|公司|企业|店|种养|大户|其他"


@dataclass(frozen=True)
class Conclusion:
    """One code: what the form says of it, and what follows for the case.

    ``state``: the state that the case takes; ``follows``: closed, stays `OPEN` for further warnings,
    or open and recognised as to be `MONITORED` (认定). ``column``: the column of the form that it
    needs filled in (none for 01), ``needs``: with what; ``pattern``: what of it a program can see,
    without which the row is sent back.
    """

    code: str
    text: str
    state: str
    follows: str
    column: str | None
    needs: str
    pattern: str = r"\w"

    @property
    def stays_open(self) -> bool:
        """Whether further warnings join the case."""
        return self.follows != CLOSED

    @property
    def recognises(self) -> bool:
        """Whether the household is recognised as to be monitored."""
        return self.follows == MONITORED

    def met(self, written: str) -> bool:
        """Whether what is written says what is needed."""
        return re.search(self.pattern, written) is not None

    @property
    def choice(self) -> str:
        """As the drop-down offers it: ``01 拟纳入监测``."""
        return f"{self.code} {self.text}"


_CATEGORY = "监测类别、风险类型：与建议一致的不用写，不一致的写明应为哪一类"
_REFUSAL = "暂不纳入的原因，以及下次走访的日期"
_IDENTITY = "正确的姓名、村组等信息（证件号码请另报县级，勿写在表里）"
_NEGATIVE = "公职人员、消费型汽车、商品房、工商经营、种养大户或其他"
_DATA = "哪一项有误、实际是多少，将退回数据部门"
_REFUSED = "存在困难但可自行应对，暂不纳入"

CONCLUSIONS = (
    Conclusion("01", "拟纳入监测", "拟纳入监测", MONITORED, None, _CATEGORY),
    Conclusion("02", "已是监测对象，补充措施", "帮扶中", MONITORED, MEASURE, "补充什么帮扶措施"),
    Conclusion("03", "已消除风险，需回退", "风险回退", MONITORED, REASON, "回退的原因"),
    Conclusion("04", _REFUSED, "暂不纳入", OPEN, REASON, _REFUSAL, _WHEN),
    Conclusion("05", "未发现风险", "无风险", CLOSED, REASON, "怎样核实的、为什么没有风险"),
    Conclusion("06", "转行业部门办理", "转行业部门", OPEN, REASON, "转给哪个部门、办什么事"),
    Conclusion("07", "已死亡", "已死亡", CLOSED, REASON, "死亡日期", _WHEN),
    Conclusion("08", "查无此人或身份信息有误", "查无此人", CLOSED, REASON, _IDENTITY),
    Conclusion("09", "户口迁出", "户口迁出", CLOSED, REASON, "迁往何处"),
    Conclusion("12", "不符合条件（负面情况属实）", "不符合条件", CLOSED, REASON, _NEGATIVE, _WHICH),
    Conclusion("13", "部门数据有误", "数据有误", CLOSED, REASON, _DATA),
)
"""A conclusion that closes a case keeps the same rules silent for a while (decision 0006)."""

BY_CODE = {conclusion.code: conclusion for conclusion in CONCLUSIONS}
WRONG_DATA = "13"

MEASURES = (
    "健康帮扶",
    "综合保障",
    "临时救助",
    "教育帮扶",
    "雨露计划",
    "住房安全保障",
    "饮水安全保障",
    "产业帮扶",
    "就业帮扶",
    "公益性岗位",
)
"""Measures that the drop-down offers; any other may be written."""
