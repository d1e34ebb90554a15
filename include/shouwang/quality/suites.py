"""The only module that imports Great Expectations: which rows of a table fail which expectation of
a suite.

Suites lie in ``expectations/<department>.<dataset>.json`` as GX stores them. Each expectation's
``meta`` says its ``id``, its ``effect`` (`EFFECTS`), the ``columns`` to colour on the receipt and
the ``reason`` in Chinese. A first pass counts (result format BASIC) and becomes the page of Data
Docs, a second asks for row numbers of those only that reject rows and failed. No pass keeps values:
they are people's.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.core.errors import ConfigError

ROW_ID = "row_id"
REJECT_ROW, REFUSE_FILE, WARN = "reject_row", "refuse_file", "warn"
EFFECTS = (REJECT_ROW, REFUSE_FILE, WARN)
"""The severities: the row goes back, the whole file goes back, or the department and the office are
told."""


@dataclass(frozen=True)
class Failure:
    """One expectation that fails; ``rows`` are positions in the table that was validated, if its
    effect is on rows."""

    id: str
    reason: str
    columns: tuple[str, ...]
    effect: str
    rows: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Validation:
    """What a suite says of a table: every expectation that fails, in the suite's order, and the
    page of Data Docs."""

    failures: list[Failure]
    page: str


@cache
def _great_expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    bars = ("globally", "metric_calculations", "profilers")
    context.variables.progress_bars = dict.fromkeys(bars, False)
    return gx, context


def suite_path(folder: Path, slug: str) -> Path:
    """Where the suite of a dataset lies."""
    return folder / f"{slug}.json"


def load_suite(path: Path) -> Any:
    """A suite as GX's own object; `ConfigError` for an unknown expectation, argument or missing
    ``meta``."""
    gx, _ = _great_expectations()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for expectation in content["expectations"]:
            missing = {"id", "effect", "columns", "reason"} - set(expectation.get("meta", {}))
            if missing:
                raise ConfigError(
                    f"{path}: {expectation['type']}: meta lacks {', '.join(sorted(missing))}."
                )
            if (effect := expectation["meta"]["effect"]) not in EFFECTS:
                raise ConfigError(
                    f"{path}: meta.effect is “{effect}”; it may be {', '.join(EFFECTS)}."
                )
        return gx.ExpectationSuite(**content)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing; every dataset needs an expectation suite.") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: {error.msg}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: Great Expectations does not take it: {error}.") from None
    except Exception as error:  # GX raises many unrelated types for one bad suite
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"{path}: Great Expectations does not take it: {str(error)[:300]}"
        ) from None


def validate(table: pd.DataFrame, path: Path, parameters: Mapping[str, Any]) -> Validation:
    """What the suite in a file says of a table.

    ``table`` has the columns that the suite names; ``parameters`` fill its ``$PARAMETER`` places.
    """
    gx, context = _great_expectations()
    suite = load_suite(path)
    frame = table.reset_index(drop=True)
    frame[ROW_ID] = np.arange(len(frame))
    batch = _batch(context, frame)
    basic = {"result_format": "BASIC", "partial_unexpected_count": 0}
    counted = batch.validate(suite, result_format=basic, expectation_parameters=dict(parameters))
    failed = set()
    for result in counted.results:
        name, info = result.expectation_config.meta["id"], result.exception_info or {}
        nested = (entry for entry in info.values() if isinstance(entry, dict))
        if any(entry.get("raised_exception") for entry in (info, *nested)):
            raise ConfigError(
                f"{path}: the expectation “{name}” cannot be checked; does its column exist?"
            )
        failed |= set() if result.success else {name}
    failing = [e for e in suite.expectations if e.meta["id"] in failed]
    by_row = [e for e in failing if e.meta["effect"] == REJECT_ROW]
    rows: dict[str, np.ndarray[Any, Any]] = {}
    if by_row:
        again = gx.ExpectationSuite(name=f"{suite.name}.failing", expectations=by_row)
        complete = {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [ROW_ID],
            "exclude_unexpected_values": True,
            "partial_unexpected_count": 0,
        }
        detailed = _batch(context, frame).validate(
            again, result_format=complete, expectation_parameters=dict(parameters)
        )
        for result in detailed.results:
            index = result.result.get("unexpected_index_list") or [{ROW_ID: []}]
            rows[result.expectation_config.meta["id"]] = np.array(index[0][ROW_ID], dtype="int64")
    failures = [
        Failure(
            meta["id"],
            meta["reason"],
            tuple(meta["columns"]),
            meta["effect"],
            rows.get(meta["id"], np.array([], dtype="int64")),
        )
        for meta in (expectation.meta for expectation in failing)
    ]
    return Validation(failures, _page(counted, suite.name))


_OUTSIDE = re.compile(r"<(script|style|nav|footer)\b.*?</\1>|<link\b[^>]*>|<!--.*?-->", re.DOTALL)
_STYLE = """<style>
body {font: 15px/1.5 sans-serif; margin: 2em}
table {border-collapse: collapse} td, th {padding: .2em .8em}
a {color: inherit; text-decoration: none; pointer-events: none}
td {border-top: 1px solid #ccc; vertical-align: top} .btn-group, .sticky {display: none}
i.text-success::before {content: "✓"; color: #2e7d32}
i.text-danger::before {content: "✗"; color: #c00000}
</style>"""


def _page(counted: Any, title: str) -> str:
    """A page of Data Docs by itself: nothing is fetched from outside, and no moment of time is in
    it."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    for name in ("batch_markers", "batch_spec"):
        counted.meta.pop(name, None)
    html: str = DefaultJinjaPageView().render(
        ValidationResultsPageRenderer(run_info_at_end=True).render(counted)
    )
    return _OUTSIDE.sub("", html).replace("<title></title>", f"<title>{title}</title>{_STYLE}", 1)


def _batch(context: Any, frame: pd.DataFrame) -> Any:
    source = context.data_sources.add_or_update_pandas(name="reading")
    asset = source.add_dataframe_asset(name="rows")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
