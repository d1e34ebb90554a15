"""The notice copy (公示版): what a village may hang up. Names starred; no numbers, phones, health, amounts, reasons."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from shouwang.delivery.frames import CLUE_COLUMNS, require_columns
from shouwang.delivery.looks import Value, band, lay_out, new_workbook, protect, put, set_widths, text_height
from shouwang.delivery.saving import save
from shouwang.delivery.table import Column, write_rows
from shouwang.delivery.text import column_values, starred
from shouwang.delivery.township import ReleasePaper

COLUMNS = (
    Column("序号", "place", 8, "整数"),
    Column("村", "village", 24, "文本居中"),
    Column("组", "village_group", 14, "文本居中"),
    Column("户主", "head", 18, "文本居中"),
    Column("家庭人口", "members", 12, "整数"),
    Column("备注", "remark", 22, "文本"),
)
_WIDTH = sum(column.width for column in COLUMNS)
_TEXT = (
    "　　根据防止返贫致贫动态监测和帮扶工作要求，经数据比对，拟对下列农户入户核查，现予公示。列入本表只表示需要核查，"
    "不表示已认定为监测对象；是否纳入，以入户核查、民主评议和县级审定为准。公示期间如有异议，请向村民委员会或乡镇反映。"
)
_BLANKS = "公示时间：　　　　年　　月　　日至　　　　年　　月　　日　　　　监督电话：＿＿＿＿＿＿＿＿＿＿＿＿"


def write_notice(path: Path, release: ReleasePaper, clues: pd.DataFrame) -> None:
    """Write the notice of a township's list, by village and group."""
    require_columns(clues, CLUE_COLUMNS, "clues")
    workbook = new_workbook()
    sheet = workbook.create_sheet("公示")
    set_widths(sheet, [column.width for column in COLUMNS])
    last, head = len(COLUMNS), 4
    title = f"{release.county}{release.township}{release.month.chinese}防返贫监测拟核查农户公示"
    band(sheet, 1, 1, last, title, "标题", text_height(title, _WIDTH, 40, 18))
    band(sheet, 2, 1, last, _TEXT, "说明", text_height(_TEXT, _WIDTH, 60, 10.5) + 6)
    band(sheet, 3, 1, last, _BLANKS, "说明", 30)
    for number, column in enumerate(COLUMNS, start=1):
        put(sheet, head, number, column.header, "栏目")
    sheet.row_dimensions[head].height = 26
    turn = clues["village_group"].str.extract(r"(\d+)", expand=False).astype("float64")
    by = ["village", "turn", "village_group", "clue_no"]
    shown = clues.assign(turn=turn).sort_values(by, kind="stable", na_position="last")
    values: dict[str, list[Value]] = {
        name: [*column_values(shown[name])] for name in ("village", "village_group", "members")
    }
    values |= {
        "place": [*range(1, len(shown) + 1)],
        "head": [starred(str(name)) if name else None for name in column_values(shown["head"])],
        "remark": [None] * len(shown),
    }
    if clues.empty:
        band(sheet, head + 1, 1, last, "本期没有需要公示的农户。", "空表", 48)
    else:
        write_rows(sheet, head, COLUMNS, values, least=24)
    foot = head + max(1, len(shown)) + 1
    signed = f"{release.township}人民政府（盖章）　　　　{release.prepared_on.year}年{release.prepared_on.month}月{release.prepared_on.day}日"
    band(sheet, foot, 1, last, signed, "落款", 48)
    sheet.freeze_panes = f"A{head + 1}"
    sheet.print_area = f"A1:F{foot}"
    footer = ("公示版：姓名已作处理", f"{release.office}  {release.prepared_on.isoformat()}  第{release.version}版")
    lay_out(sheet, landscape=False, title_rows=f"{head}:{head}", footer=footer)
    protect(sheet)
    save(workbook, path, when=release.prepared_on, title=title, creator=release.office)
