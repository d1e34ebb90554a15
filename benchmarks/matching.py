"""Matching beside what a county would use instead: VLOOKUP and a reasonable Splink model, on the
same identities.

    python -m benchmarks.matching [HOUSEHOLDS…] [--charts FOLDER]      (default 40000 400000)

Every contender gets the same frames in the same process: the registry, and the identities of a
month as a perfect reader of the files would hand them over. Counted: seconds from those frames to
the matches (cleaning and indexes included), the most memory it held beyond what was there, rows put
into the right and into a wrong household, and rows that a person has to decide but it matched.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

MONTH = "2026-09"
MAKE = f"""
import sys; from pathlib import Path
from demo.county import make_county; from shouwang.core.month import Month
make_county(Path(sys.argv[1]), households=int(sys.argv[2]), months=(Month.parse("{MONTH}"),), seed=int(sys.argv[3]))
"""
REGISTRY = {
    "户编号": "household_id",
    "乡镇": "township",
    "行政村": "village",
    "姓名": "name",
    "证件号码": "id_number",
    "联系电话": "phone",
}


def read(county: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The registry's people, and the identities of the month with what is expected of them."""
    path = next((county / "registry").iterdir())
    people = (
        pd.read_csv(path, dtype=str)
        if path.suffix == ".csv"
        else pd.read_excel(path, dtype=str, engine="calamine")
    )
    people = people.rename(columns=REGISTRY)[list(REGISTRY.values())]
    people["person_id"] = people.index.astype("str")
    place = ["month", "department", "file", "sheet", "row"]
    identities = pd.read_csv(county / "truth" / "identities.csv", dtype=str)
    truth = pd.read_csv(county / "truth" / "records.csv", dtype=str)[
        [*place, "expect", "household", "defect"]
    ]
    identities = identities.rename(columns={"town": "township", "id": "id_number"})
    rows = identities.merge(truth, on=place)
    return people, rows[
        rows["expect"].isin(["match", "review", "unmatched", "either"])
    ].reset_index(drop=True)


def shouwang(people: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """The ladder of evidence, department by department on one index."""
    from shouwang.core.identity import clean_numbers
    from shouwang.matching.index import RegistryIndex
    from shouwang.matching.ladder import match

    index = RegistryIndex(people)
    found = []
    for _, part in rows.groupby("department", sort=False):
        cleaned = part[["name", "township", "village", "phone"]].join(
            clean_numbers(part["id_number"])
        )
        matches = match(cleaned, index)
        found.append(matches["household_id"].where(matches["outcome"] == "matched"))
    return pd.concat(found)


def lookup(people: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """The office's habit: VLOOKUP by number, then by name within the village."""
    by_number = people.drop_duplicates("id_number").set_index("id_number")["household_id"]
    named = people.assign(key=people["name"] + people["village"]).drop_duplicates("key", keep=False)
    by_name = named.set_index("key")["household_id"]
    found = rows["id_number"].str.strip().map(by_number)
    return found.fillna((rows["name"] + rows["village"]).map(by_name))


def splink(people: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """A reasonable Splink 5 model: numbers by edit distance, names with their frequencies, places,
    phone."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    def plain(text: pd.Series) -> pd.Series:
        return (
            text.str.normalize("NFKC").str.replace(r"[\s·•.．。・‧​﻿']", "", regex=True).str.upper()
        )

    def frame(table: pd.DataFrame) -> pd.DataFrame:
        number = plain(table["id_number"])
        number = number.mask(number.str.len() < 15)
        name = plain(table["name"])
        return pd.DataFrame(
            {
                "unique_id": table.index.astype("str"),
                "name": name,
                "surname": name.str[:1],
                "number": number,
                "born": number.where(number.str.len() == 18).str[6:14],
                "town": table["township"],
                "village": table["village"],
                "phone": table["phone"],
            }
        )

    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("name", "village"),
            block_on("name", "born"),
            block_on("name", "town"),
            block_on("substr(number,1,14)"),
        ],
        comparisons=[
            cl.LevenshteinAtThresholds("number", [1, 2, 4]),
            cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(
                term_frequency_adjustments=True
            ),
            cl.ExactMatch("village"),
            cl.ExactMatch("town"),
            cl.ExactMatch("phone"),
        ],
    )
    database = DuckDBAPI()
    left, right = (
        database.register(frame(table), dataset_display_name=name)
        for name, table in (("l", rows), ("r", people))
    )
    linker = Linker([left, right], settings)
    linker.training.estimate_probability_two_random_records_match([block_on("number")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name", "town"))
    pairs = linker.inference.predict(threshold_match_probability=0.95).as_pandas_dataframe()
    ours, theirs = ("l", "r") if pairs["source_dataset_l"].iloc[0] == "l" else ("r", "l")
    best = pairs.sort_values("match_weight", ascending=False).drop_duplicates(f"unique_id_{ours}")
    person = best.set_index(f"unique_id_{ours}")[f"unique_id_{theirs}"].astype(int)
    return person.map(people["household_id"]).reindex(rows.index.astype("str")).set_axis(rows.index)


CONTENDERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.Series]] = {
    "VLOOKUP": lookup,
    "Splink 5": splink,
    "Shouwang": shouwang,
}


def measured(work: Callable[[], pd.Series]) -> tuple[pd.Series, float, float]:
    """What the work gives, its seconds, and the MiB that it held at most beyond what was there."""
    gc.collect()
    process, peak, over = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    try:
        found = work()
    finally:
        seconds = time.perf_counter() - begun
        over.set()
        watcher.join()
    return found, seconds, peak[0] / 2**20


def score(rows: pd.DataFrame, found: pd.Series) -> dict[str, Any]:
    """Rows right and wrong, and recall of those that ought to be matched; ``blind`` are those a
    clerk should decide."""
    found = found.reindex(rows.index)
    matched, wanted = found.notna(), rows["expect"] == "match"
    right = matched & (found == rows["household"])
    return {
        "right": int(right.sum()),
        "wrong": int((matched & ~right).sum()),
        "blind": int((matched & (rows["expect"] == "review")).sum()),
        "recall": round(float((right & wanted).sum() / wanted.sum()), 5),
        "worst_department": round(float(right[wanted].groupby(rows["department"]).mean().min()), 5),
    }


def charts(results: list[dict[str, Any]], folder: Path) -> None:
    """Two pictures: seconds by size, and rows found and wrong."""
    import altair as alt

    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(results)
    frame["size"] = frame["households"].map("{:,} households".format)
    frame["missed"] = ((1 - frame["recall"]) * 10_000).round(1)
    figures = {
        "seconds": "seconds",
        "missed": "rows in 10,000 that ought to be matched and are not",
        "wrong": "rows put into a wrong household",
    }
    order = list(CONTENDERS)
    colour = alt.Color(
        "contender:N",
        sort=order,
        legend=None,
        scale=alt.Scale(range=["#9aa5b1", "#d9822b", "#1f6f54"]),
    )
    for name, title in figures.items():
        base = alt.Chart(frame).encode(
            x=alt.X(f"{name}:Q", title=title),
            y=alt.Y("contender:N", sort=order, title=None),
            color=colour,
        )
        said = base.mark_text(align="left", dx=4).encode(text=alt.Text(f"{name}:Q", format=",.4~g"))
        both = (base.mark_bar() + said).properties(width=420, height=78)
        both.facet(row=alt.Row("size:N", title=None)).resolve_scale(x="independent").save(
            str(folder / f"matching-{name}.svg")
        )


def main() -> None:
    """Run every contender on every size, print the table and the ratios."""
    parser = argparse.ArgumentParser(description="Matching beside VLOOKUP and Splink.")
    parser.add_argument("households", nargs="*", type=int, default=[40_000, 400_000])
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[1], help="another number makes another county"
    )
    parser.add_argument("--only", choices=list(CONTENDERS), help="one contender")
    parser.add_argument("--charts", type=Path, help="write pictures here")
    chosen = parser.parse_args()
    import splink as _splink  # noqa: F401 (nobody's import is counted)

    import shouwang.matching.ladder as _ladder  # noqa: F401

    logging.disable(logging.INFO)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors", flush=True)
    results: list[dict[str, Any]] = []
    for households, seed in ((size, seed) for size in chosen.households for seed in chosen.seeds):
        with tempfile.TemporaryDirectory() as name:
            subprocess.run(
                [sys.executable, "-c", MAKE, name, str(households), str(seed)], check=True
            )
            people, rows = read(Path(name))
        print(
            f"county {seed}: {households:,} households, {len(people):,} people, {len(rows):,} rows to be matched",
            flush=True,
        )
        given: dict[str, pd.Series] = {}
        for contender, work in CONTENDERS.items():
            if chosen.only in (None, contender):
                found, seconds, memory = measured(
                    lambda work=work, args=(people, rows): work(*args)
                )  # type: ignore[misc]
                given[contender], figures = found.reindex(rows.index), score(rows, found)
                results.append(
                    {
                        "households": households,
                        "contender": contender,
                        "seconds": seconds,
                        **figures,
                    }
                )
                print(
                    f"  {contender:9s} {seconds:7.2f} s {memory:7.0f} MiB  {json.dumps(figures)}",
                    flush=True,
                )
        if len(given) == len(CONTENDERS):
            open_ = given["Shouwang"].isna()
            said = given["Splink 5"][open_].dropna()
            right = int((said == rows["household"][said.index]).sum())
            print(
                f"  of {open_.sum():,} rows that Shouwang leaves open, Splink matches {right} right, {len(said) - right} wrong"
            )
    ours = {r["households"]: r["seconds"] for r in results if r["contender"] == "Shouwang"}
    for result in results:
        if result["contender"] == "Splink 5":
            print(
                f"{result['households']:,}: Splink takes {result['seconds'] / ours[result['households']]:.1f} × our time"
            )
    if len(ours) > 1:
        small, large = min(ours), max(ours)
        print(
            f"{large / small:.0f} × the households take {ours[large] / ours[small]:.1f} × the time"
        )
    if chosen.charts:
        charts(results, chosen.charts)


if __name__ == "__main__":
    main()
