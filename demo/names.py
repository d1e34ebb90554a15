"""Names of people and places that the made-up county is drawn from (``names.yaml``), and which of
them sound alike."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from shouwang.county.yamls import read_yaml

LISTS: dict[str, list[str]] = {
    name: list("".join(text.split())) if name in ("surnames", "men", "women") else text.split()
    for name, text in read_yaml(Path(__file__).with_name("names.yaml")).items()
}
SURNAMES, MEN, WOMEN = LISTS["surnames"], LISTS["men"], LISTS["women"]
SOUNDS = LISTS["sounds"]
OTHER_WRITING = {char: group.replace(char, "") for group in SOUNDS for char in group}
_SAME_SOUND = {ord(char): group[0] for group in SOUNDS for char in group}


def bare_name(name: str) -> str:
    """A name without its dot, as two writings of it are compared."""
    return name.replace("·", "")


def sound(name: str) -> str:
    """The same for every name that sounds alike, as far as `SOUNDS` goes."""
    return bare_name(name).translate(_SAME_SOUND)


def bare_names(names: pd.Series) -> pd.Series:
    """`bare_name` of a column."""
    return names.str.replace("·", "", regex=False)
