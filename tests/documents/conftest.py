"""Fixtures of the submission tests: a headless LibreOffice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """Open a file in LibreOffice and save it as another kind beside it, in a folder of its own."""
    program = shutil.which("soffice")
    assert program, "LibreOffice is part of the tests; .ci/run installs it"
    profile = tmp_path_factory.mktemp("profile")

    def convert(path: Path, kind: str) -> Path:
        out = path.parent / "saved"
        command = [
            program,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            kind,
        ]
        subprocess.run(
            [*command, "--outdir", str(out), str(path)],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return out / f"{path.stem}.{kind}"

    return convert
