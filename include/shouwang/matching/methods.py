"""Every way in which a row can end, from ``methods.yaml``: its code, how sure it is, and what a
clerk is told (handbook section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

MATCHED, REVIEW, UNMATCHED = "matched", "review", "unmatched"


@dataclass(frozen=True)
class Method:
    """One way to an outcome; ``confidence`` is 0 to 1 and says how far the outcome can be relied
    on."""

    code: str
    outcome: str
    confidence: float
    sentence: str


_TABLE = yaml.safe_load(Path(__file__).with_name("methods.yaml").read_text(encoding="utf-8"))
METHODS = {code: Method(code, *entry) for code, entry in _TABLE.items()}
"""By code."""
