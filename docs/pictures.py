"""Draws the papers of `docs/papers.md` (``make pictures``): made-up people, LibreOffice, and poppler's pdftoppm.

The papers are those of the golden tests (``tests/delivery/every_paper.py``), so that a picture shows what a test holds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent / "tests" / name) for name in ("delivery", "reporting")]

import every_paper  # noqa: E402 (the tests' builders are not installed)

SHOWN = {
    "township": {1: "township", 2: "township-details", 3: "township-guide"},
    "supplement": {1: "supplement"},
    "notice": {1: "notice"},
    "feedback_receipt": {1: "feedback-receipt"},
    "case_form": {1: "case-form"},
    "supervision": {1: "supervision"},
    "story": {1: "story"},
    "registry_list": {2: "registry-list"},
    "review": {1: "review"},
    "summary": {1: "summary"},
    "receipt": {1: "receipt", 2: "receipt-rejected"},
    "results": {2: "results"},
    "bulletin": {1: "bulletin-docx"},
}
"""Which pages of which paper are shown under which name."""
DOTS = "75"


def main() -> None:
    """Write every paper, print it, draw its pages in the colours that are enough for a page of text."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        papers = [str(every_paper.write(paper, folder)) for paper in SHOWN]
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        options = ["--headless", "--convert-to", "pdf", "--outdir", name, *papers]
        subprocess.run(["soffice", profile, *options], check=True, stdout=subprocess.DEVNULL)
        for paper, pages in SHOWN.items():
            for page, picture in pages.items():
                only = ["-f", str(page), "-l", str(page), "-singlefile"]
                drawn = DOCS / "pictures" / picture
                command = ["pdftoppm", "-png", "-r", DOTS, *only, str(folder / f"{paper}.pdf"), str(drawn)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
