"""What the program is made of: a software bill of materials (CycloneDX 1.6) of the locked packages,
with licences and hashes.

    python docs/supply.py [FILE]        (make sbom: build/sbom.json)

Packages are those of requirements.txt that are installed here; the lock has some for other systems.
A licence that is not in ALLOWED ends it with 1, and so does the test.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ALLOWED = (
    "MIT",
    "BSD",
    "Apache",
    "ISC",
    "PSF",
    "Python Software Foundation",
    "MPL",
    "Mozilla",
    "LGPL",
    "Lesser General",
    "Unlicense",
    "0BSD",
    "CC0",
    "Zlib",
    "Public Domain",
    "EPL-2.0",
)
"""Words of licences under which a county may run and keep the program; weak copyleft as libraries
that are not changed."""
READ_BY_HAND = {"text-unidecode": "Artistic-1.0-Perl", "openlineage-sql": "Apache-2.0"}
"""Packages whose metadata does not say, or names several of which one is chosen; seen in their own
files or repository."""


def locked(text: str) -> dict[tuple[str, str], list[str]]:
    """SHA-256 hashes of each package and version of a lock; of some it has several, for different
    Pythons."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in re.split(r"\n(?=\w)", text):
        if head := re.match(r"([\w.-]+)(?:\[[^]]*])?==([^\s;\\]+)", block):
            found[head[1], head[2]] = re.findall(r"sha256:([0-9a-f]{64})", block)
    return found


def licence_of(name: str) -> str:
    """What a package says of its licence."""
    told = distribution(name).metadata
    classifiers = [
        c.rpartition(" :: ")[2]
        for c in told.get_all("Classifier") or []
        if c.startswith("License ::")
    ]
    said = told.get("License-Expression") or "; ".join(
        c for c in classifiers if c != "OSI Approved"
    )
    return READ_BY_HAND.get(name) or said or (told.get("License") or "").split("\n")[0].strip()


def bill() -> dict[str, object]:
    """The bill of materials."""
    components = []
    for (name, version), hashes in sorted(
        locked((PROJECT / "requirements.txt").read_text()).items()
    ):
        try:
            if distribution(name).version != version:
                continue
        except PackageNotFoundError:
            continue
        licence = licence_of(name)
        components.append(
            {
                "type": "library",
                "name": name,
                "version": version,
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"license": {"name": licence}}],
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
            }
        )
    root = {
        "type": "application",
        "name": "shouwang",
        "version": distribution("shouwang").version,
        "bom-ref": "shouwang",
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
    }


def not_allowed(told: dict[str, object]) -> list[str]:
    """Packages whose licence nobody has agreed to."""
    said = {c["name"]: c["licenses"][0]["license"]["name"] for c in told["components"]}  # type: ignore[attr-defined]
    return [
        f"{name}: {licence or 'says nothing'}"
        for name, licence in said.items()
        if name not in READ_BY_HAND and not any(word in licence for word in ALLOWED)
    ]


if __name__ == "__main__":
    made = bill()
    path = Path(sys.argv[1] if len(sys.argv) > 1 else PROJECT / "build" / "sbom.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(made['components'])} packages in {path}")  # type: ignore[arg-type]
    sys.exit("\n".join(not_allowed(made)) or None)
