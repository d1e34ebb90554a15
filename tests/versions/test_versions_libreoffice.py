"""A clerk corrects the receipt in LibreOffice and drops it into the inbox."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from water_department import Water, rows

CLERK = Path(__file__).with_name("clerk.py")


@pytest.mark.needs("libreoffice", "uno")
@pytest.mark.parametrize("suffix", [".xlsx", ".xls"])
def test_a_receipt_corrected_in_libreoffice_leaves_no_rejected_rows(water: Water, soffice: str, suffix: str) -> None:
    water.put(rows(r5="不明", r9="说不清"))
    assert water.receive()["rejected"] == 2
    (water.inbox / "台账.csv").unlink()
    pipe = f"shouwang-{suffix[1:]}-{water.home.parent.name}-{water.home.name}"
    profile = (water.home / "profile").as_uri()
    options = ["--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"]
    office = subprocess.Popen([soffice, f"-env:UserInstallation={profile}", *options])
    try:
        words = [pipe, water.receipt(1), water.inbox / f"改好了{suffix}", "水质是否达标", "达标"]
        subprocess.run(["/usr/bin/python3", CLERK, *words], check=True, timeout=120)
    finally:
        try:
            office.wait(30)
        except subprocess.TimeoutExpired:
            office.terminate()
            office.wait(30)
    done = water.receive()
    assert (done["version"], done["rows"], done["rejected"], done["matched"]) == (2, 20, 0, 20)
    lines = water.lines()
    assert lines["row"].tolist() == list(range(2, 22))
    assert lines.set_index("row")["correction"].dropna().to_dict() == {
        5: f"更正1_改好了{suffix} 退回数据 3",
        9: f"更正1_改好了{suffix} 退回数据 2",
    }
