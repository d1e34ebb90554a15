"""Words that are fixed by regulation and stand in data and on papers alike (术语)."""

from __future__ import annotations

HEAD = "户主"
"""The relation of the head of a household to itself."""

LEVELS = ("红", "黄", "蓝")
"""The levels of a warning (预警等级), the most urgent first."""

LEVEL_NAMES = {"红": "红Ⅰ", "黄": "黄Ⅱ", "蓝": "蓝Ⅲ"}
"""How a level is printed: legible without its colour."""
