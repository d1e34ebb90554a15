"""Grading (定级): from the signals of a household to its level, category, suggested measures, and
what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from shouwang.core.terms import LEVELS
from shouwang.screening.evidence import Evidence, amounts
from shouwang.screening.rules import Help

COLUMNS = [
    *("household_id", "township", "village", "level", "category", "rules", "risks", "over"),
    *("measures", "missing", "negatives"),
]


def warnings(signals: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """One row a household with a signal (`COLUMNS`), the most urgent first.

    By level, then those without a negative indicator, then by how far a value went beyond its
    threshold. ``category`` is null where it would have to be guessed; ``measures``, ``missing`` and
    ``negatives`` are empty texts where there is nothing to say.
    """
    book = evidence.book
    facts = _facts(signals, evidence)
    levels = pd.Series(book.levels[-1].level, index=facts.index, dtype="str")
    for level in reversed(book.levels[:-1]):
        for group in level.any:
            levels = levels.mask(evidence.holds(facts, group), level.level)
    categories = pd.Series(None, index=facts.index, dtype="str")
    for category in reversed(book.categories):
        suggested = facts["household_type"] if category.suggest is None else category.suggest
        categories = categories.mask(evidence.holds(facts, category.when), suggested)
    over = signals.groupby("household_id")["over"].max().reindex(facts.index).round(4)
    helped = ((_helped(h, signals, facts, evidence), h.words) for h in book.measures)
    missing = ((facts[fact].isna(), title) for fact, title in book.must_know.items())
    result = facts[["township", "village"]].assign(
        level=levels,
        category=categories.astype("str"),
        rules=_joined(signals, "rule", sorted(signals["rule"].unique()), " ", facts.index),
        risks=_joined(signals, "risk", book.risks, "、", facts.index),
        over=over,
        measures=_texts(helped, facts.index, "；"),
        missing=_texts(missing, facts.index, "、"),
        negatives=_texts(_negatives(facts.index, evidence), facts.index, "、"),
    )
    result = result.reset_index().assign(
        rank=result["level"].map(LEVELS.index).to_numpy(),
        negative=result["negatives"].ne("").to_numpy(),
        nearness=-over.to_numpy(),
    )
    order = ["rank", "negative", "nearness", "household_id"]
    return result.sort_values(order, kind="stable", ignore_index=True)[COLUMNS]


def _facts(signals: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """What is known of the households concerned (`conditions.FACTS`), by ``household_id``;
    ``burden``: what each has to bear (yuan)."""
    concerned = pd.Index(sorted(signals["household_id"].unique()), name="household_id")
    burden = pd.Series(0.0, index=evidence.homes.index)
    for part in evidence.book.burden:
        rows = evidence.rows(part.source, part.period)
        if len(rows):
            sums = amounts(rows, part.measure).groupby(rows["household_id"]).sum()
            burden = burden.add(sums, fill_value=0.0)
    facts = evidence.homes.reindex(concerned)
    facts["burden"] = burden.round(2).reindex(concerned).fillna(0.0)
    facts["risks"] = signals.groupby("household_id")["risk"].nunique().reindex(concerned)
    return facts


def _joined(
    signals: pd.DataFrame, column: str, order: Sequence[str], between: str, index: pd.Index
) -> pd.Series[str]:
    """The different values of a column for each household, in a given order."""
    pairs = signals[["household_id", column]].drop_duplicates()
    pairs["rank"] = pairs[column].map({value: n for n, value in enumerate(order)})
    pairs = pairs.sort_values(["household_id", "rank"], kind="stable")
    texts: dict[str, str] = {}
    # Ten times as fast as agg(join).
    for household, value in zip(pairs["household_id"], pairs[column], strict=True):
        texts[household] = f"{texts[household]}{between}{value}" if household in texts else value
    return pd.Series(texts, dtype="str").reindex(index)


def _helped(
    help_: Help, signals: pd.DataFrame, facts: pd.DataFrame, evidence: Evidence
) -> pd.Series[bool]:
    """For which households a measure is suggested."""
    if help_.household:
        return evidence.holds(facts, help_.household)
    if help_.risk is not None:
        concerned = signals[signals["risk"] == help_.risk]
    else:
        concerned = signals[signals["rule"].isin(help_.rules)]
        rows = concerned.filter(like="evidence.")
        rows = rows.rename(columns=lambda name: name.removeprefix("evidence."))
        concerned = concerned[evidence.holds(rows, help_.where)] if len(rows) else concerned
    return pd.Series(facts.index.isin(concerned["household_id"]), index=facts.index)


def _negatives(households: pd.Index, evidence: Evidence) -> Iterator[tuple[pd.Series[bool], str]]:
    """Negative indicators by the latest submission of each source up to the data month; none where
    there is no source."""
    for negative in evidence.book.negatives:
        rows = evidence.records.get(negative.source)
        if rows is None or rows.empty:
            continue
        rows = rows[rows["submission_month"] == rows["submission_month"].max()]
        rows = rows[evidence.holds(rows, negative.where)]
        yield pd.Series(households.isin(rows["household_id"]), index=households), negative.title


def _texts(
    parts: Iterable[tuple[pd.Series[bool], str]], households: pd.Index, between: str
) -> pd.Series[str]:
    """The words of all parts that hold for a household, one after the other."""
    text = pd.Series("", index=households, dtype="str")
    for holding, words in parts:
        text = text.mask(holding, text.mask(text != "", text + between) + words)
    return text
