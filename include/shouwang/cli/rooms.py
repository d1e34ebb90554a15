"""The rooms' modules that commands call, each imported when it is first asked for.

`shouwang --help` needs none of them, and a command few; pandas alone takes half a second.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

ROOMS = {
    "board": "prefecture runs",
    "casework": "monthly states versioning warnings",
    "cli": "drafting exporting",
    "compliance": "backup key_rotation persons trail",
    "documents": "charts rule_reports",
    "intake": "files",
    "matching": "deciding report",
    "quality": "suites",
    "release": "releasing",
    "responses": "collecting following",
    "screening": "backtest explaining hit_rates rulebook trials",
    "statistics": "publishing",
    "store": "audit tables",
    "submissions": "asking evidence handover mentions",
    "transfer": "dispatching handout passwords",
    "workspace": "counties workspace",
}
"""Where each module is."""
RENAMED = {"plain_report": "documents.report", "whole_files": "core.files"}
"""Modules that are called as another room's is."""


def __getattr__(name: str) -> ModuleType:
    if name in RENAMED:
        return importlib.import_module(f"shouwang.{RENAMED[name]}")
    for room, modules in ROOMS.items():
        if name in modules.split():
            return importlib.import_module(f"shouwang.{room}.{name}")
    raise AttributeError(name)
