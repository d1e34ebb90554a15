"""The shipped county with the two departments of docs/examples/departments added, as the how-to
says."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLES = PROJECT / "docs" / "examples" / "departments"


def overlay(folder: Path) -> Path:
    """The shipped county with the examples copied in, and their rules pasted into the sections of
    the same name."""
    shutil.copytree(PROJECT / "include" / "county", folder / "county")
    shutil.copytree(PROJECT / "expectations", folder / "expectations")
    for path in (EXAMPLES / "departments").iterdir():
        shutil.copy(path, folder / "county" / "departments")
    for path in (EXAMPLES / "expectations").iterdir():
        shutil.copy(path, folder / "expectations")
    rules = folder / "county" / "rules.yaml"
    book = yaml.safe_load(rules.read_text(encoding="utf-8"))
    for key, more in yaml.safe_load((EXAMPLES / "rules.yaml").read_text(encoding="utf-8")).items():
        book[key] = {**book[key], **more} if isinstance(more, dict) else [*book[key], *more]
    rules.write_text(yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def settings_of(folder: Path) -> dict[str, str]:
    """What tells every program to work for that county."""
    return {
        "SHOUWANG_COUNTY": str(folder / "county"),
        "SHOUWANG_EXPECTATIONS": str(folder / "expectations"),
    }
