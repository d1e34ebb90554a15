"""A house of two folders."""

import os
from pathlib import Path


class House:
    home = Path(os.environ.get("SHOUWANG_HOME", "var"))

    def inbox_of(self, month: str, department: str) -> Path:
        return self.home / "inbox" / month / department


def open_house() -> House:
    return House()
