"""A clerk corrects the receipt in LibreOffice and drops it into the inbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from water_department import Water, rows

from services import at_libreoffice

CLERK = Path(__file__).with_name("clerk.py")


@pytest.mark.needs("libreoffice", "uno")
@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
def test_a_receipt_corrected_in_libreoffice_leaves_no_rejected_rows(
    water: Water, suffix: str
) -> None:
    water.put(rows(r5="#N/A", r9="#REF!"))
    assert water.receive()["rejected"] == 2
    (water.inbox / "台账.csv").unlink()
    words = (water.receipt(1), water.inbox / f"改好了{suffix}", "水质是否达标", "达标")
    at_libreoffice(water.home, CLERK, *words)
    done = water.receive()
    assert (done["version"], done["rows"], done["rejected"], done["matched"]) == (2, 20, 0, 20)
    lines = water.lines()
    assert lines["row"].tolist() == list(range(2, 22))
    assert lines.set_index("row")["correction"].dropna().to_dict() == {
        5: f"更正1_改好了{suffix} 退回数据 3",
        9: f"更正1_改好了{suffix} 退回数据 2",
    }
