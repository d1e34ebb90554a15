"""The rooms' modules that commands call, each imported when it is first asked for.

`shouwang --help` needs none of them, and a command few; pandas alone takes half a second.
"""

# ruff: noqa: F401 - the imports say what types the modules have
from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shouwang.board import prefecture, runs
    from shouwang.casework import monthly, states, versioning, warnings
    from shouwang.cli import drafting, exporting
    from shouwang.compliance import backup, key_rotation, persons, trail
    from shouwang.core import files as whole_files
    from shouwang.documents import charts, rule_reports, template
    from shouwang.intake import files
    from shouwang.matching import deciding, report
    from shouwang.quality import suites
    from shouwang.release import releasing
    from shouwang.responses import collecting, following
    from shouwang.screening import explaining, hit_rates, rulebook, trials
    from shouwang.statistics import publishing
    from shouwang.store import audit, tables
    from shouwang.submissions import asking, evidence, handover, mentions
    from shouwang.transfer import dispatching, handout, passwords
    from shouwang.workspace import counties, workspace

ROOMS = {
    "board": "prefecture runs",
    "casework": "monthly states versioning warnings",
    "cli": "drafting exporting",
    "compliance": "backup key_rotation persons trail",
    "documents": "charts rule_reports template",
    "intake": "files",
    "matching": "deciding report",
    "quality": "suites",
    "release": "releasing",
    "responses": "collecting following",
    "screening": "explaining hit_rates rulebook trials",
    "statistics": "publishing",
    "store": "audit tables",
    "submissions": "asking evidence handover mentions",
    "transfer": "dispatching handout passwords",
    "workspace": "counties workspace",
}
"""Where each module is."""
RENAMED = {"whole_files": "core.files"}
"""Modules that are called as another room's is."""


def __getattr__(name: str) -> ModuleType:
    if name in RENAMED:
        return importlib.import_module(f"shouwang.{RENAMED[name]}")
    for room, modules in ROOMS.items():
        if name in modules.split():
            return importlib.import_module(f"shouwang.{room}.{name}")
    raise AttributeError(name)
