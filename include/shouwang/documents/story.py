"""A household's story (户情) on one page: who they are, what was found, what was done, for an
officer who visits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from shouwang.documents.filling import fill
from shouwang.documents.paper import Paper
from shouwang.documents.saving import Target
from shouwang.documents.text import plain

_PAGE = 22
"""Lines that fit beside the members; what is older is counted, not shown."""

Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Story(Paper):
    """What the page says. ``facts``: township, village, village_group, head, household_type,
    income, clue_no, level, state; ``members``: name, relation, sex, birth year, labour;
    ``signals``: month, rule, sentence, source; ``events``: day, state, what happened, by whom; the
    newest first.
    """

    household: str
    facts: Mapping[str, object]
    members: Rows
    signals: Rows
    events: Rows
    next_step: str


def write_story(path: Target, story: Story) -> None:
    """Write the page."""
    spare = _PAGE - len(story.members)
    signals = story.signals[: spare // 2]
    events = story.events[: spare - len(signals)]
    values = {name: plain(value) for name, value in story.facts.items()} | {
        "household": plain(story.household),
        "next_step": plain(story.next_step),
        "older_signals": _older(len(story.signals) - len(signals)),
        "older_events": _older(len(story.events) - len(events)),
        "members": pd.DataFrame(
            story.members, columns=["name", "relation", "sex", "born", "labour"], dtype="object"
        ),
        "signals": pd.DataFrame(signals, columns=["month", "rule", "sentence", "source"]),
        "events": pd.DataFrame(events, columns=["day", "state", "text", "by"]),
    }
    fill("story.xlsx", story, path, values)


def _older(count: int) -> str:
    return f"（另有较早的 {count} 条未列）" if count else ""
