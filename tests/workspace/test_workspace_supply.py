"""Every package that we run on is locked, has a licence that was agreed to, and stands in the bill
of materials."""

from __future__ import annotations

import runpy
from importlib.metadata import distribution
from pathlib import Path
from typing import Any


def test_the_bill_of_materials_is_whole_and_every_licence_agreed_to(project: Path) -> None:
    supply: dict[str, Any] = runpy.run_path(str(project / "docs" / "supply.py"))
    lock = supply["locked"]((project / "requirements.txt").read_text())
    assert all(lock.values())
    bill = supply["bill"]()
    versions = {component["name"]: component["version"] for component in bill["components"]}
    assert len(versions) > 150
    assert {"apache-airflow", "pandas", "sqlalchemy", "great-expectations"} <= set(versions)
    assert all(distribution(name).version == version for name, version in versions.items())
    assert supply["not_allowed"](bill) == []
    bill["components"][0]["licenses"] = [{"license": {"name": "AGPL-3.0-only"}}]
    assert supply["not_allowed"](bill) == [f"{bill['components'][0]['name']}: AGPL-3.0-only"]
