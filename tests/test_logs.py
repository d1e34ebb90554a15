"""What the command line logs: warnings always, the stages when asked, as lines of JSON for a
collector."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest

from shouwang.core import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    log = logging.getLogger("shouwang")
    handlers, level = [*log.handlers], log.level
    yield
    log.handlers[:], log.level = handlers, level


@pytest.mark.parametrize(
    ("verbose", "shown"),
    [(False, "late\n"), (True, "INFO shouwang.store: read 3 rows\nWARNING shouwang.store: late\n")],
)
def test_stages_are_shown_when_asked(
    capsys: pytest.CaptureFixture[str], verbose: bool, shown: str
) -> None:
    logs.set_up()
    logs.set_up(verbose)
    log = logging.getLogger("shouwang.store")
    log.info("read %d rows", 3)
    log.warning("late")
    assert re.sub(r"(?m)^\d{4}-\S+ \S+ ", "", capsys.readouterr().err) == shown


def test_each_is_a_line_of_json_for_a_collector(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOUWANG_LOG", "json")
    logs.set_up()
    logging.getLogger("shouwang.store").info("read %d rows", 3)
    entry = json.loads(capsys.readouterr().err)
    assert {name: entry[name] for name in ("level", "logger", "message")} == {
        "level": "INFO",
        "logger": "shouwang.store",
        "message": "read 3 rows",
    }
