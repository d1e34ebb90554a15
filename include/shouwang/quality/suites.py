"""The only module that imports Great Expectations: which rows of a table fail which expectation of a suite.

Suites lie in ``expectations/<department>.<dataset>.json`` as GX stores them. Each expectation's ``meta`` says its
``id``, its ``effect`` (``reject_row``), the ``columns`` to colour on the receipt and the ``reason`` in Chinese. A first
pass counts (result format BASIC), a second asks for row numbers of those expectations only that failed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shouwang.errors import ConfigError

ROW_ID = "row_id"


@dataclass(frozen=True)
class Failure:
    """One expectation that some rows fail; ``rows`` are positions in the table that was validated."""

    id: str
    reason: str
    columns: tuple[str, ...]
    severity: str
    rows: np.ndarray[Any, Any]


@cache
def _great_expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False, "profilers": False}
    return gx, context


def suite_path(folder: Path, slug: str) -> Path:
    """Where the suite of a dataset lies."""
    return folder / f"{slug}.json"


def load_suite(path: Path) -> Any:
    """A suite as GX's own object; `ConfigError` for an unknown expectation, argument or missing ``meta``."""
    gx, _ = _great_expectations()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for expectation in content["expectations"]:
            missing = {"id", "effect", "columns", "reason"} - set(expectation.get("meta", {}))
            if missing:
                raise ConfigError(f"{path}: {expectation['type']}: meta lacks {', '.join(sorted(missing))}.")
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
        raise ConfigError(f"{path}: Great Expectations does not take it: {str(error)[:300]}") from None


def failures(table: pd.DataFrame, path: Path, parameters: Mapping[str, Any]) -> list[Failure]:
    """Every expectation of the suite that some row fails, in the suite's order.

    ``table`` has the columns that the suite names; ``parameters`` fill its ``$PARAMETER`` places.
    """
    gx, context = _great_expectations()
    suite = load_suite(path)
    frame = table.reset_index(drop=True)
    frame[ROW_ID] = np.arange(len(frame))
    batch = _batch(context, frame)
    counted = batch.validate(suite, result_format="BASIC", expectation_parameters=dict(parameters))
    failing = set()
    for result in counted.results:
        raised = (result.exception_info or {}).get("raised_exception")
        nested = [
            v for v in (result.exception_info or {}).values() if isinstance(v, dict) and v.get("raised_exception")
        ]
        meta = result.expectation_config.meta
        if raised or nested:
            raise ConfigError(f"{path}: the expectation “{meta['id']}” cannot be checked; does its column exist?")
        if not result.success:
            failing.add(meta["id"])
    if not failing:
        return []
    again = gx.ExpectationSuite(
        name=f"{suite.name}.failing", expectations=[e for e in suite.expectations if e.meta["id"] in failing]
    )
    complete = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [ROW_ID],
        "exclude_unexpected_values": True,
        "partial_unexpected_count": 0,
    }
    detailed = _batch(context, frame).validate(again, result_format=complete, expectation_parameters=dict(parameters))
    order = {e.meta["id"]: place for place, e in enumerate(suite.expectations)}
    found = []
    for result in detailed.results:
        meta = result.expectation_config.meta
        index = result.result.get("unexpected_index_list") or []
        rows = np.array(index[0][ROW_ID] if index else [], dtype="int64")
        severity = str(getattr(result.expectation_config, "severity", None) or "critical")
        found.append(Failure(meta["id"], meta["reason"], tuple(meta["columns"]), severity, rows))
    return sorted(found, key=lambda failure: order[failure.id])


def _batch(context: Any, frame: pd.DataFrame) -> Any:
    source = context.data_sources.add_or_update_pandas(name="reading")
    asset = source.add_dataframe_asset(name="rows")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
