"""What a township may conclude (核查结论), and what follows (handbook section 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conclusion:
    """One code: whether the case stays open, and whether the household is recognised as to be
    monitored (认定)."""

    code: str
    state: str
    stays_open: bool
    recognises: bool = False


CONCLUSIONS: dict[str, Conclusion] = {
    c.code: c
    for c in (
        Conclusion("01", "拟纳入监测", True, True),
        Conclusion("02", "帮扶中", True, True),
        Conclusion("03", "风险回退", True, True),
        Conclusion("04", "暂不纳入", True),
        Conclusion("05", "无风险", False),
        Conclusion("06", "转行业部门", True),
        Conclusion("07", "已死亡", False),
        Conclusion("08", "查无此人", False),
        Conclusion("09", "户口迁出", False),
        Conclusion("12", "不符合条件", False),
        Conclusion("13", "数据有误", False),
    )
}
"""A conclusion that closes a case keeps the same rules silent for a while (decision 0006)."""
