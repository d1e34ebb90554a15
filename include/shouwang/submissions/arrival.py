"""What an inbox brings: new files, an older version's files, or receipts (数据回执) that come back
corrected.

A version's content is named by what it was made of: the department's files, and each receipt that
corrected them. A receipt builds on the version that it answers, or on what was made of that since,
so that it may come alone. Where files add to a month (``submissions: additions``), a version is made
of those kept and of each new one as the next batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from shouwang.core.digests import file_digest, short_digest
from shouwang.core.errors import NotThereYet
from shouwang.intake.files import batch_name, batches_of, fingerprint, named
from shouwang.store.submissions import HELD
from shouwang.submissions.correcting import answer

Kept = list[tuple[Path, str]]
"""Files, each with the name under which the vault keeps it."""


@dataclass(frozen=True)
class Arrival:
    """What a submission is made of; ``base`` is the content that a receipt corrects, or a batch adds
    to.

    ``passed_over``: receipts that answer a version which other files have replaced since.
    """

    content: str
    base: str | None
    files: Kept
    passed_over: tuple[str, ...] = ()


def arrive(
    files: list[Path],
    versions: Sequence[dict[str, Any]],
    kept: Callable[[str], Kept],
    passwords: Sequence[str] = (),
    additions: bool = False,
) -> Arrival:
    """What these files of one department and month are, beside the versions known (the oldest
    first).

    ``kept`` gives the files of a known content. An inbox that has not changed since a version came
    into force leaves that one in force: one that was restored stays. With ``additions`` files that
    are new add to those of the version in force, or of one that waits for an answer.
    """
    inbox = fingerprint(files)
    here = named(files)
    bases = {version["content"]: version["base"] for version in versions}
    force = next((version for version in versions if version["in_force"]), None)
    if force and force["inbox"] == inbox:
        return Arrival(
            force["content"],
            force["base"],
            here if force["content"] == inbox else kept(force["content"]),
        )
    contents = {version["submission_id"]: version["content"] for version in versions}
    answered = {path: answer(path, passwords) for path in files}
    plain = [path for path in files if not answered[path]]
    heads = [
        version["content"] for version in (force, versions[-1] if versions else None) if version
    ]
    own = fingerprint(plain) if plain else None
    content = next((head for head in heads if own in lineage(head, bases)), own)
    base = bases.get(content or "")
    sources = named(plain) if content == own or not content else kept(content)
    head = versions[-1] if versions and versions[-1]["status"] == HELD else force
    if additions and head and plain:
        content, base, sources = _added(plain, head, kept(head["content"]))
        bases[content] = base
    order = {identifier: place for place, identifier in enumerate(contents)}
    passed_over = []
    receipts = {path: found for path, found in answered.items() if found}
    for path in sorted(
        receipts, key=lambda p: (max(order.get(i, -1) for i in receipts[p].submissions), p.name)
    ):
        wanted = {contents.get(identifier) for identifier in receipts[path].submissions}
        if content is None:
            content = next((head for head in heads if wanted & lineage(head, bases)), None)
            base, sources = bases.get(content or ""), kept(content) if content else []
        if content is None or not wanted & lineage(content, bases):
            passed_over.append(path.name)
            continue
        digest = _digest(path)
        if receipts[path].has_rows and digest not in {_digest(source) for source, _ in sources}:
            base, content = content, short_digest(f"{content}+{digest}")
            bases[content] = base
            sources = [*sources, (path, f"更正{len(sources)}_{path.name}")]
    return Arrival(content or inbox, base, sources, tuple(passed_over))


def _added(plain: list[Path], head: dict[str, Any], earlier: Kept) -> tuple[str, str | None, Kept]:
    """Content, base and files of a month to which files are added, as its next batch."""
    digests = {_digest(path) for path, _ in earlier}
    new = [path for path in plain if _digest(path) not in digests]
    if not new:
        return head["content"], head["base"], earlier
    number = max(batches_of(pd.Series([name for _, name in earlier], dtype="str"))) + 1
    content = short_digest(f"{head['content']}+{fingerprint(new)}")
    added = [(path, batch_name(number, name)) for path, name in named(new)]
    return content, head["content"], [*earlier, *added]


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except FileNotFoundError:
        raise NotThereYet(
            f"{path} is gone: what it was part of can no longer be corrected row by row."
        ) from None


def lineage(content: str, bases: dict[str, str | None]) -> set[str]:
    """A content and all that it was made from by receipts."""
    found: set[str] = set()
    following: str | None = content
    while following and following not in found:
        found.add(following)
        following = bases.get(following)
    return found
