"""A township's workbook opened with the passwords that a house keeps."""

from __future__ import annotations

import io
from pathlib import Path

from shouwang import passwords
from shouwang.delivery.sealing import open_sealed
from shouwang.house import open_house


def opened(path: Path, home: Path) -> io.BytesIO:
    """What a township sees that types its password: a workbook for openpyxl or calamine."""
    return open_sealed(path, *passwords.every(open_house({"SHOUWANG_HOME": str(home)}), path.name))
