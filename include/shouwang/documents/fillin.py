"""The columns that a township fills in, by the headings under which they are read again."""

from __future__ import annotations

from shouwang.core.conclusions import MEASURE, REASON
from shouwang.documents.paper import Column

CONCLUSION = "核查结论"
FILL_IN = (
    Column(CONCLUSION, "conclusion"),
    Column(REASON, "reason"),
    Column("核查日期", "visited"),
    Column("核查人", "visitor"),
    Column("人均纯收入", "income"),
    Column(MEASURE, "measure"),
)
