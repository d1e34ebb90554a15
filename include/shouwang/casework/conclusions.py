"""What a township may conclude (核查结论), and what follows (handbook section 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conclusion:
    """One code: its wording on the form, the state the case takes, whether it stays open, what must be filled in."""

    code: str
    wording: str
    state: str
    stays_open: bool
    needs: str


CONCLUSIONS: dict[str, Conclusion] = {
    c.code: c
    for c in (
        Conclusion("01", "拟纳入监测", "拟纳入监测", True, "拟帮扶措施或原因说明中写明类别和风险"),
        Conclusion("02", "已是监测对象，补充措施", "帮扶中", True, "拟帮扶措施"),
        Conclusion("03", "已消除风险，需回退", "风险回退", True, "原因说明"),
        Conclusion("04", "存在困难但可自行应对，暂不纳入", "暂不纳入", True, "原因说明，并写明下次走访时间"),
        Conclusion("05", "未发现风险", "无风险", False, "原因说明"),
        Conclusion("06", "转行业部门办理", "转行业部门", True, "原因说明中写明部门"),
        Conclusion("07", "已死亡", "已死亡", False, "原因说明中写明日期"),
        Conclusion("08", "查无此人或身份信息有误", "查无此人", False, "原因说明中写明正确信息"),
        Conclusion("09", "户口迁出", "户口迁出", False, "原因说明中写明去向"),
        Conclusion("12", "不符合条件（负面情况属实）", "不符合条件", False, "原因说明中写明哪一项"),
        Conclusion("13", "部门数据有误", "数据有误", False, "原因说明"),
    )
}
SILENT = "05"
"""The conclusion after which the same rules stay silent for a while."""

WAITING_FOR_RELEASE, WAITING_FOR_VISIT = "待发布", "待核查"
