"""The township's own form (申报排查表): what farmers report and officers find, and risks that are
called removed."""

from __future__ import annotations

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.paper import Column, Paper
from shouwang.documents.saving import Target

CHANNEL, STORY, REMOVED_ON = "线索来源", "情况说明", "风险消除日期"
CHANNELS = {"农户自主申报": "SELF-1", "干部排查": "OFFI-1"}
REPORT = (
    Column(CHANNEL, "channel"),
    Column("乡镇", "township"),
    Column("村", "village"),
    Column("姓名", "name"),
    Column("证件号码（可不填）", "id_number"),
    Column("风险类型", "risk"),
    Column(STORY, "story"),
    Column("申报或排查日期", "on"),
    Column("经办人", "by"),
)
REMOVAL = (
    Column("线索编号", "clue_no"),
    Column("村", "village"),
    Column("户号", "household_id"),
    Column("认定日期", "recognised_on"),
    Column("最早可消除", "earliest"),
    Column("已有帮扶措施", "measures"),
    Column(REMOVED_ON, "on"),
    Column("补充措施", "measure"),
    Column("经办人", "by"),
)
"""The columns by which the two sheets are read again, by the headings of the template."""


class CaseFormPaper(Paper):
    """A township's own form (``receiver``)."""


def write_case_form(path: Target, paper: CaseFormPaper, helped: pd.DataFrame) -> None:
    """Write the form; ``helped``: the township's cases being helped: clue_no, village,
    household_id, recognised_on, earliest, measures."""
    fill("case_form.xlsx", paper, path, {"rows": helped})
