"""Made-up people and rows for the tests of matching."""

from __future__ import annotations

from typing import Any

import pandas as pd

from shouwang.core.identity import check_characters, clean_numbers
from shouwang.matching.index import RegistryIndex
from shouwang.matching.ladder import match

PERSON = ("person_id", "household_id", "township", "village", "name", "id_number", "phone")
ROW = ("name", "township", "village", "phone")


def number(division: str, born: str, sequence: int) -> str:
    """A sound identity number."""
    first17 = f"{division}{born}{sequence:03d}"
    return first17 + check_characters(pd.Series([first17]))[0]


def people(*persons: dict[str, Any]) -> pd.DataFrame:
    """The ``people`` frame of some persons."""
    return pd.DataFrame(list(persons), columns=list(PERSON)).astype("str")


def rows(*written: dict[str, Any]) -> pd.DataFrame:
    """Accepted rows as a perfect reader gives them; ``id_number`` is what was written."""
    frame = pd.DataFrame(list(written), columns=[*ROW, "id_number"])
    return frame[list(ROW)].astype("str").join(clean_numbers(frame["id_number"]))


def matched(
    registry: pd.DataFrame, accepted: pd.DataFrame, former: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The ``matches`` of rows against a registry, and those whom earlier registries had."""
    return match(accepted, RegistryIndex(registry, former))
