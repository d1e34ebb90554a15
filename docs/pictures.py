"""Draws the papers of `docs/papers.md` (``make pictures``): made-up people, LibreOffice, poppler's
pdftoppm, Chromium.

The papers are those of the golden tests (``tests/documents/every_paper.py``), so that a picture
shows what a test holds.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from demo.county import make_county
from shouwang.core.month import Month
from shouwang.documents.template import SHIPPED
from shouwang.submissions import handover
from shouwang.workspace.workspace import load_workspace

DOCS = Path(__file__).parent
sys.path[:0] = [
    str(DOCS.parent / "tests" / name)
    for name in ("documents", "statistics", "questions", "board", ".")
]

import asked  # noqa: E402 (the tests' builders are not installed)
import every_paper  # noqa: E402
from test_board_pages import app_of  # noqa: E402
from test_board_seen import QUIET, reached  # noqa: E402

SHOWN = {
    "township": {1: "township", 2: "township-details", 3: "township-guide"},
    "supplement": {1: "supplement"},
    "notice": {1: "notice"},
    "feedback_receipt": {1: "feedback-receipt"},
    "case_form": {1: "case-form"},
    "supervision": {1: "supervision"},
    "supervision_township": {1: "supervision-township"},
    "story": {1: "story"},
    "registry_list": {2: "registry-list"},
    "review": {1: "review"},
    "summary": {1: "summary"},
    "receipt": {1: "receipt", 2: "receipt-rejected"},
    "results": {2: "results"},
    "bulletin": {1: "bulletin-docx", 2: "bulletin-docx-annex"},
}
"""Which pages of which paper are shown under which name."""
DOTS = "110"


def draw(pdf: Path, page: int, picture: Path) -> None:
    """Draw one page of a document as a PNG with a palette: sixteen shades of each colour are enough
    for text, at a fifth of the size."""
    command = [
        "pdftoppm",
        "-r",
        DOTS,
        "-f",
        str(page),
        "-l",
        str(page),
        "-singlefile",
        str(pdf),
        str(pdf.with_suffix("")),
    ]
    subprocess.run(command, check=True)
    _, size, _, pixels = pdf.with_suffix(".ppm").read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    shades = (np.frombuffer(pixels, np.uint8).reshape(-1, 3).astype(int) * 15 + 127) // 255
    codes, places = np.unique(shades @ np.array([256, 16, 1]), return_inverse=True)
    if len(codes) > 256:
        raise ValueError(f"{picture.name} has {len(codes)} colours; a palette holds 256")
    palette = np.stack([codes // 256, codes // 16 % 16, codes % 16], axis=1).astype(np.uint8) * 17
    rows = np.insert(places.reshape(height, width).astype(np.uint8), 0, 0, axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    png = b"".join(
        struct.pack(">I", len(said)) + name + said + struct.pack(">I", zlib.crc32(name + said))
        for name, said in parts
    )
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + png)


def photograph_questions(folder: Path, browser: str, picture: Path) -> None:
    """The page of questions, of a county in which a held file and a strange value wait."""
    os.environ |= {"SHOUWANG_HOME": str(folder / "home"), "SHOUWANG_TODAY": "2026-10-08"}
    county = make_county(folder / "county", households=60, months=(Month(2026, 9),), seed=4)
    handover.init()
    handover.load_registry(str(county.registry), asked.MONTH)
    asked.hand_over(folder / "home" / "inbox", asked.ledger(county, value=asked.STRANGE))
    handover.receive(asked.MONTH, asked.WHO)
    with reached(app_of(load_workspace())) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=QUIET)
        headers = {"who": "clerk"}
        page = chromium.new_page(
            viewport={"width": 900, "height": 700}, locale="zh-CN", extra_http_headers=headers
        )
        page.goto(f"{address}/questions")
        page.locator("input").first.check()
        page.screenshot(path=picture, full_page=True)
        chromium.close()


def main() -> None:
    """Write every paper, print it and a template, draw their pages; photograph the questions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        papers = [str(every_paper.write(paper, folder)) for paper in SHOWN]
        papers.append(shutil.copy(SHIPPED / "township.xlsx", folder / "template.xlsx"))
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        options = ["--headless", "--convert-to", "pdf", "--outdir", name, *papers]
        subprocess.run(["soffice", profile, *options], check=True, stdout=subprocess.DEVNULL)
        for paper, pages in (SHOWN | {"template": {1: "template"}}).items():
            for page, picture in pages.items():
                draw(folder / f"{paper}.pdf", page, DOCS / "pictures" / f"{picture}.png")
        browser = next(
            filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        )
        photograph_questions(folder, browser, DOCS / "pictures" / "questions-zh.png")


if __name__ == "__main__":
    main()
