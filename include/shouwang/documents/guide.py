"""The sheet 填写说明: how the form is filled in, with an example and the table of conclusions, on
one page."""

from __future__ import annotations

import datetime as dt

from shouwang.core.conclusions import BY_CODE, CONCLUSIONS
from shouwang.documents.fillin import FILL_IN
from shouwang.documents.looks import band, put, text_height, wrapped_height
from shouwang.documents.paper import Book, note
from shouwang.documents.text import lines_needed

SHEET = "填写说明"
_WIDTHS = (13, 22, 14, 11, 12, 20)
_LAST = len(_WIDTHS)
_STEPS = (
    "只填“预警名单”右侧浅橙色栏目下的六栏，其余已锁定。浅黄色的格子待填，橙色的格子是所选结论还缺的内容；颜色消失即填完。",
    "“核查结论”从下拉列表中选择，一户一个结论；按下表把结论所需内容写在“原因说明”或“拟帮扶措施”中。",
    "“核查日期”写成 {visited} 的样子；“人均纯收入”填测算的年人均数（元），只写数字；“拟帮扶措施”可选可写，可写多项。",
    "可以筛选、调整列宽行高。需要排序时，先在“审阅”中撤销工作表保护（没有密码），选中整张表再排序；线索编号请勿改动。",
    "填完后以 xlsx 格式保存，按原渠道报回；文件改名、调整顺序、删去已核查的行都不影响收回。",
    "预警等级：红Ⅰ 优先入户，黄Ⅱ 其次，蓝Ⅲ 再次。本表是风险线索，不是认定结论，是否纳入监测以核查和评议为准。",
    "本表含个人信息，仅供入户核查使用，不得公示、转发或用于其他用途。",
)
_EXAMPLE_REASON = (
    "户主住院后妻子在家照料，两人今年均未务工，自付费用由亲友垫付。监测类别、风险类型与建议一致。"
)


def write_guide(book: Book, visited: dt.date) -> None:
    """Add the sheet; ``visited`` is the day that the example names."""
    sheet, row = book.sheet(SHEET, _WIDTHS, "填写说明", landscape=False), 2
    for number, step in enumerate(_STEPS, start=1):
        row = note(sheet, row, _WIDTHS, f"{number}．{step.format(visited=visited.isoformat())}")
    row += 1
    band(sheet, row, 1, _LAST, "示例", "说明小节", 24)
    example = (
        BY_CODE["01"].choice,
        _EXAMPLE_REASON,
        visited,
        "王某、李某",
        7650,
        "健康帮扶、临时救助",
    )
    styles = ("文本", "文本", "日期", "文本居中", "整数", "文本")
    for column, (answer, value, style) in enumerate(
        zip(FILL_IN, example, styles, strict=True), start=1
    ):
        put(sheet, row + 1, column, answer.header, "填写栏目")
        put(sheet, row + 2, column, value, style)
    sheet.row_dimensions[row + 1].height = 22
    sheet.row_dimensions[row + 2].height = wrapped_height(lines_needed(_EXAMPLE_REASON, _WIDTHS[1]))
    row += 4
    band(sheet, row, 1, _LAST, "核查结论代码表", "说明小节", 24)
    row += 1
    for first, last, header in (
        (1, 1, "代码"),
        (2, 3, "核查结论"),
        (4, 4, "填在哪栏"),
        (5, 6, "需要写明"),
    ):
        band(sheet, row, first, last, header, "栏目", 22)
    for conclusion in CONCLUSIONS:
        row += 1
        put(sheet, row, 1, conclusion.code, "文本居中")
        band(sheet, row, 2, 3, conclusion.text, "文本")
        put(sheet, row, 4, conclusion.column or "—", "文本居中")
        band(
            sheet,
            row,
            5,
            6,
            conclusion.needs,
            "文本",
            text_height(conclusion.needs, _WIDTHS[4] + _WIDTHS[5], 20),
        )
    sheet.page_setup.fitToHeight = 1
