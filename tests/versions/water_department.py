"""A workspace with a made-up registry and one department, for tests of submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

MONTH = "2026-09"
HEADINGS = (
    "乡镇",
    "行政村",
    "户主姓名",
    "人均日用水量",
    "水质是否达标",
    "取水往返时间",
    "停水天数",
    "备注",
)
NAMES = [a + b for a in "赵钱孙李周吴郑王冯陈" for b in ("建国", "秀英")]
REGISTRY = "户编号,乡镇,行政村,村民小组,姓名,证件号码,性别,出生日期,与户主关系,民族,户类型,风险是否消除,人均纯收入,健康状况,劳动能力,联系电话"


def rows(**changes: str) -> list[list[str]]:
    """Twenty good rows; ``r5="#N/A"`` writes that into 水质 of the row on line 5."""
    found = [["大河镇", "上河村", name, "60", "达标", "5", "0", ""] for name in NAMES]
    for line, text in changes.items():
        found[int(line[1:]) - 2][4] = text
    return found


@dataclass(frozen=True)
class Water:
    """The water department of a workspace in a folder."""

    home: Path

    @property
    def inbox(self) -> Path:
        return self.home / "inbox" / MONTH / "water"

    def put(
        self,
        content: Sequence[Sequence[str]],
        name: str = "台账.csv",
        headings: Sequence[str] = HEADINGS,
    ) -> Path:
        self.inbox.mkdir(parents=True, exist_ok=True)
        path = self.inbox / name
        path.write_text(
            "\n".join(",".join(row) for row in [headings, *content]) + "\n", encoding="utf-8"
        )
        return path

    def receive(self) -> Any:
        return handover.receive(MONTH, "water")

    def receipt(self, version: int) -> Path:
        return (
            self.home
            / "outbox"
            / MONTH
            / "departments"
            / "water"
            / f"水利局数据回执_{MONTH}_第{version}版.xlsx"
        )

    def lines(self) -> pd.DataFrame:
        """The rows of the version in force."""
        with load_workspace().database.read() as connection:
            query = sa.text(
                "SELECT l.* FROM submission_row l JOIN submission d ON d.submission_id = l.submission_id"
                " WHERE d.in_force ORDER BY l.line_no"
            )
            return pd.DataFrame(connection.execute(query).mappings().all())
