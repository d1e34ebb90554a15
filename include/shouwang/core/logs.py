"""Logging of the command line: one INFO line a stage of work, never anything of a person.

``--verbose`` shows them on standard error; ``SHOUWANG_LOG=json`` writes each as a line of JSON, for
a collector. Without either only warnings are shown. In Airflow's tasks Airflow sets it up.
"""

from __future__ import annotations

import json
import logging
import os
import sys


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class _StandardError(logging.Handler):
    """Writes to what standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def set_up(verbose: bool = False) -> None:
    """Show the program's own log on standard error, replacing an earlier set-up."""
    structured = os.environ.get("SHOUWANG_LOG") == "json"
    handler = _StandardError()
    plain = "%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(message)s"
    handler.setFormatter(_Json() if structured else logging.Formatter(plain))
    log = logging.getLogger("shouwang")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO if verbose or structured else logging.WARNING)
