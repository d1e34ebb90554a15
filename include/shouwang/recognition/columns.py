"""Which cell column is which canonical one: words, cells, arithmetic and the registry, weighed
together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from shouwang.core.identity import mask_number
from shouwang.county.contract import NUMBERS, Balance, Contract
from shouwang.intake.sheets import Sheet
from shouwang.recognition.cells import Registered, Sampled, agreement, fit, place_fit
from shouwang.recognition.words import Wording, plain

WORDS, CELLS = 0.6, 0.4
"""How much words and cells weigh."""
ENOUGH, POSSIBLE, MARGIN = 0.55, 0.18, 0.06
"""From where on a column is taken, could be, and how far its next rival must stay behind."""
ENTIRELY = 0.9
"""How far cells must fit where they have to say what a heading's words leave open."""
ALONE = 0.25
"""What it adds that no other column looks the like, where words say nothing."""
KNOWN_BY_CELLS = frozenset({"identity", "name", "code"})
PLACES = frozenset({"township", "village"})
People = Callable[[], Registered | None]


@dataclass(frozen=True)
class Question:
    """What intake could not be sure of: a heading (``column``) or a value that may mean one of
    ``candidates``."""

    kind: str
    column: str
    heading: str
    value: str
    candidates: tuple[str, ...]
    samples: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True)
class Chosen:
    """How a sheet's columns were understood; see `headers.Header`."""

    columns: dict[str, int]
    added: dict[str, tuple[int, ...]]
    evidence: dict[str, str]
    guesses: dict[str, str]
    missing: tuple[str, ...]
    questions: tuple[Question, ...]


@dataclass
class _Candidates:
    """The evidence table: for each canonical column and cell column what words, cells and both are
    worth."""

    contract: Contract
    titles: list[str]
    contexts: list[str]
    wording: Wording
    cells: dict[int, Sampled]
    people: People
    words: dict[tuple[str, int], float] = field(default_factory=dict)
    fits: dict[tuple[str, int], float | None] = field(default_factory=dict)
    score: dict[tuple[str, int], float] = field(default_factory=dict)

    def of_column(self, name: str) -> list[tuple[float, int]]:
        """The cell columns that could be a canonical one, the best first."""
        found = [
            (score, place)
            for (n, place), score in self.score.items()
            if n == name and score >= POSSIBLE
        ]
        return sorted(found, key=lambda one: (-one[0], one[1]))


def choose(
    sheet: Sheet,
    first: int,
    titles: list[str],
    contexts: list[str],
    contract: Contract,
    wording: Wording,
    people: People,
) -> Chosen:
    """Assign cell columns to a contract's columns; ``first`` is the first row of data."""
    listed = _listed(titles, contexts, contract, wording)
    ignored = {plain(title) for title in contract.ignored}
    taken = set(listed.values())
    free = [
        p
        for p, title in enumerate(titles)
        if title and p not in taken and plain(title) not in ignored
    ]
    wanted = [name for name in contract.columns if name not in listed]
    evidence = {name: f"表头“{titles[place]}”是约定的写法" for name, place in listed.items()}
    columns, guesses = dict(listed), {}
    open_places: dict[str, list[int]] = {}
    table = None
    if wanted and free:
        table = _table(
            sheet, first, titles, contexts, contract, wording, people, wanted, free, listed
        )
        _registry(table, listed)
        found = _assign(table, wanted, free)
        found = _balanced(table, found, listed)
        for name, place in found.items():
            rivals = _rivals(table, name, place, found)
            if table.score[name, place] >= ENOUGH and not rivals:
                columns[name] = place
                evidence[name] = _reason(table, name, place)
                if wording.listed(titles[place]) != name:
                    guesses[titles[place]] = name
            else:
                open_places[name] = [place, *rivals]
    missing = _missing(contract, columns)
    questions = tuple(
        question
        for name in missing
        if (question := _question(table, name, open_places, columns, contract))
    )
    asked = {question.column for question in questions}
    added = _added(table, columns, contract) if table else {}
    return Chosen(
        columns, added, evidence, guesses, tuple(n for n in missing if n not in asked), questions
    )


def _missing(contract: Contract, columns: Mapping[str, int]) -> list[str]:
    """Required columns that were not found; of a group of which one is enough, its first."""
    grouped = {name: group for group in contract.any_of for name in group}
    return [
        name
        for name, column in contract.columns.items()
        if column.required
        and name not in columns
        and not any(n in columns for n in grouped.get(name, ()))
    ]


def _listed(
    titles: list[str], contexts: list[str], contract: Contract, wording: Wording
) -> dict[str, int]:
    """Columns whose heading the contract lists, once; where it names somebody else, only if no
    other could be meant."""
    places: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        name = wording.listed(title) if title else None
        if name and not _of_another(contexts[place], title, name, wording):
            places.setdefault(name, []).append(place)
    plainly = {
        name: [p for p in found if not wording.doubtful(titles[p], name)] or found
        for name, found in places.items()
    }
    once = {name: found[0] for name, found in plainly.items() if len(found) == 1}
    return {
        name: place
        for name, place in once.items()
        if not wording.doubtful(titles[place], name)
        or not any(
            wording.scores(title).get(name)
            for other, title in enumerate(titles)
            if title and other != place
        )
    }


def _of_another(context: str, title: str, name: str, wording: Wording) -> bool:
    """Whether the tier above a heading says that it is another person's (``监护人信息 姓名``)."""
    return (
        context != title
        and wording.doubtful(context.removesuffix(title), name)
        and name in ("name", "id_number", "phone")
    )


def _table(
    sheet: Sheet,
    first: int,
    titles: list[str],
    contexts: list[str],
    contract: Contract,
    wording: Wording,
    people: People,
    wanted: list[str],
    free: list[int],
    listed: Mapping[str, int],
) -> _Candidates:
    cells = {place: Sampled.of(sheet.columns[place], first) for place in [*free, *listed.values()]}
    table = _Candidates(contract, titles, contexts, wording, cells, people)
    spoken = {place: _spoken(table, place) for place in free}
    says_something = sum(any(spoken[place].values()) for place in free) + len(listed)
    blind = says_something * 5 <= len(free) + len(listed)
    for name in wanted:
        column = contract.columns[name]
        for place in free:
            words = spoken[place].get(name)
            known_by_cells = blind or column.type in KNOWN_BY_CELLS or name in PLACES
            if words == 0.0 or (words is None and not known_by_cells):
                continue
            fits = _fit(table, name, place)
            if (
                words
                and (fits or 0.0) < ENTIRELY
                and wording.left_to_cells((titles[place], contexts[place]), name)
            ):
                continue
            table.words[name, place], table.fits[name, place] = words or 0.0, fits
            if words:
                score = WORDS * words + CELLS * (0.5 if fits is None else fits)
                table.score[name, place] = score * (0.4 if fits is not None and fits < 0.3 else 1.0)
            elif fits is not None and fits >= 0.5:
                table.score[name, place] = CELLS * fits
    for name in wanted:
        column = contract.columns[name]
        if column.type in KNOWN_BY_CELLS or name in PLACES:
            alike = [p for p in free if (table.fits.get((name, p)) or 0) >= 0.5]
            if len(alike) == 1 and not table.words[name, alike[0]]:
                rivals = [
                    n
                    for n in wanted
                    if n != name
                    and (table.fits.get((n, alike[0])) or 0) >= 0.5
                    and contract.columns[n].type in (column.type,)
                ]
                table.score[name, alike[0]] += 0.0 if rivals else ALONE
    return table


def _spoken(table: _Candidates, place: int) -> dict[str, float]:
    """What a column's heading, alone or with the tiers above it, is worth for each canonical
    column."""
    title, context = table.titles[place], table.contexts[place]
    scores = dict(table.wording.scores(title))
    listed = table.wording.listed(title)
    if listed:
        scores[listed] = max(
            scores.get(listed, 0.0), 0.75 if table.wording.doubtful(title, listed) else 1.0
        )
    if context != title:
        for name, score in table.wording.scores(context).items():
            known = scores.get(name)
            scores[name] = (
                score
                if known is None
                else 0.0
                if score == 0.0 and not listed
                else max(score, known)
            )
    return scores


def _fit(table: _Candidates, name: str, place: int) -> float | None:
    column = table.contract.columns[name]
    if name in PLACES and column.type == "text":
        return place_fit(name, table.cells[place], table.people)
    if name in table.contract.key:
        sampled = table.cells[place]
        if sampled.counts_rows:
            return 0.0
        return (
            min(1.0, len(sampled.distinct) / max(1, int(sampled.counts.sum())))
            if sampled.distinct
            else None
        )
    return fit(column, table.cells[place], table.people, table.contract.surnames)


def _registry(table: _Candidates, listed: Mapping[str, int]) -> None:
    """In the right pair of columns name and number agree with the registry in nearly every row."""
    if not table.contract.has_identity or not ({"name", "id_number"} - listed.keys()):
        return
    names = [listed["name"]] if "name" in listed else [p for _, p in table.of_column("name")][:4]
    numbers = (
        [listed["id_number"]]
        if "id_number" in listed
        else [p for _, p in table.of_column("id_number")][:4]
    )
    people = table.people() if len(names) and len(numbers) else None
    if people is None:
        return
    shares = {
        (n, i): share
        for n, i in product(names, numbers)
        if n != i and (share := agreement(table.cells[n], table.cells[i], people)) is not None
    }
    if not shares:
        return
    for kind, place_of in (("name", 0), ("id_number", 1)):
        if kind in listed:
            continue
        for place in names if kind == "name" else numbers:
            best = max(
                (share for pair, share in shares.items() if pair[place_of] == place), default=None
            )
            if best is not None and (kind, place) in table.score:
                table.score[kind, place] += 0.3 if best >= 0.8 else -0.3 if best < 0.5 else 0.0


def _assign(table: _Candidates, wanted: list[str], free: list[int]) -> dict[str, int]:
    """The assignment of cell columns to canonical ones with the greatest sum of scores (Hungarian
    method)."""
    from scipy.optimize import linear_sum_assignment

    scores = np.array(
        [[max(0.0, table.score.get((name, place), 0.0)) for place in free] for name in wanted]
    )
    scores[scores < POSSIBLE] = 0.0
    rows, places = linear_sum_assignment(scores, maximize=True)
    return {
        wanted[r]: free[p]
        for r, p in zip(rows.tolist(), places.tolist(), strict=True)
        if scores[r, p] > 0
    }


def _balanced(
    table: _Candidates, found: dict[str, int], listed: Mapping[str, int]
) -> dict[str, int]:
    """Where sums tell the columns of money apart, those that add up."""
    for balance in table.contract.balances:
        names = [balance.total, *balance.parts]
        choices: dict[str, list[int | None]] = {}
        for name in names:
            if name in listed:
                choices[name] = [listed[name]]
                continue
            best = table.of_column(name)[:3]
            near = [place for score, place in best if score >= max(POSSIBLE, best[0][0] - 0.25)]
            required = table.contract.columns[name].required or name in balance.given
            choices[name] = [*near, *([] if required else [None])]
        if not all(choices.values()) or all(len(c) == 1 for c in choices.values()):
            continue
        if np.prod([len(c) for c in choices.values()]) > 1_500:
            choices = {
                name: [found.get(name)] if len(c) > 2 and name in found else c
                for name, c in choices.items()
            }
        best_share, best_sum, best_pick = 0.0, 0.0, None
        for pick in product(*choices.values()):
            used = [place for place in pick if place is not None]
            if len(set(used)) < len(used):
                continue
            share = round(_share(table, balance, dict(zip(names, pick, strict=True))), 2)
            worth = sum(
                table.score.get((n, p), 1.0)
                for n, p in zip(names, pick, strict=True)
                if p is not None
            )
            if (share, worth) > (best_share, best_sum):
                best_share, best_sum, best_pick = share, worth, pick
        if best_pick and best_share >= 0.9:
            adding = {
                n: p
                for n, p in zip(names, best_pick, strict=True)
                if p is not None and n not in listed
            }
            stays = {n: p for n, p in found.items() if n not in names and p not in adding.values()}
            for name, place in adding.items():
                table.score[name, place] = table.score.get((name, place), 0.0) + 0.15
            return stays | adding
    return found


def _share(table: _Candidates, balance: Balance, pick: Mapping[str, int | None]) -> float:
    """The share of rows in which a choice of columns adds up; rows in which all is 0 say
    nothing."""

    def amounts(name: str) -> Any:
        place = pick[name]
        return np.zeros(1) if place is None else table.cells[place].amounts

    total = amounts(balance.total)
    parts = sum((amounts(name) for name in balance.parts), start=np.zeros(1))
    said = np.abs(total) > 1
    return float((np.abs(total - parts)[said] <= 1.0).mean()) if said.any() else 0.0


def _rivals(table: _Candidates, name: str, place: int, found: Mapping[str, int]) -> list[int]:
    """Other cell columns that could as well be this canonical one, and are not better used
    elsewhere."""
    score = table.score[name, place]
    rivals = []
    for other_score, other in table.of_column(name):
        if other == place or other_score < score - MARGIN:
            continue
        user = next((n for n, p in found.items() if p == other), None)
        if user and table.score[user, other] >= other_score - 1e-9:
            continue
        if table.cells[other].same_as(table.cells[place]):
            continue
        rivals.append(other)
    for other_name in table.contract.columns:
        if other_name == name or found.get(other_name) is not None:
            continue
        if (
            table.score.get((other_name, place), 0.0) >= score - MARGIN
            and not table.contract.columns[other_name].several
        ):
            rivals.append(place)
    return rivals


def _added(
    table: _Candidates, columns: Mapping[str, int], contract: Contract
) -> dict[str, tuple[int, ...]]:
    """Cell columns that belong to a column of which there may be several."""
    used = set(columns.values())
    added = {}
    for name, column in contract.columns.items():
        if column.several and name in columns:
            more = [p for score, p in table.of_column(name) if p not in used and score >= ENOUGH]
            if more:
                added[name] = tuple(sorted(more))
                used |= set(more)
    return added


def _reason(table: _Candidates, name: str, place: int) -> str:
    """How a column was known, in a sentence for a clerk."""
    words, fits = table.words.get((name, place), 0.0), table.fits.get((name, place))
    told = []
    if words:
        told.append(f"表头“{table.titles[place]}”的字面含义相符")
    if fits is not None and fits >= 0.5:
        told.append(
            f"{fits:.0%}的单元格是{_KINDS.get(table.contract.columns[name].type, '相应的内容')}"
        )
    return "，".join(told) or "由其他列推定"


_KINDS = {
    "identity": "身份证号",
    "name": "姓名",
    "phone": "电话号码",
    "date": "日期",
    "code": "认得的取值",
    "yuan": "数字",
    "number": "数字",
    "integer": "数字",
}


def _question(
    table: _Candidates | None,
    name: str,
    open_places: Mapping[str, list[int]],
    columns: Mapping[str, int],
    contract: Contract,
) -> Question | None:
    """The question about a required column that stays open: its likeliest heading; None where no
    column can be it."""
    if table is None:
        return None
    used = set(columns.values())
    places = [p for p in open_places.get(name, ()) if p not in used]
    places += [p for _, p in table.of_column(name) if p not in used and p not in places]
    could_be = [
        p for p in table.cells if p not in used and table.titles[p] and _could_be(table, name, p)
    ]
    places += [p for p in could_be if p not in places]
    if not places:
        return None
    places.sort(key=lambda p: -_likeness(table, name, p))
    place = places[0]
    rivals = sorted(
        (
            n
            for n in contract.columns
            if n not in columns and n != name and table.score.get((n, place), 0.0) >= POSSIBLE
        ),
        key=lambda n: -table.score[n, place],
    )
    return Question(
        "column", name, table.titles[place], "", (name, *rivals[:2]), samples_of(table.cells[place])
    )


def _likeness(table: _Candidates, name: str, place: int) -> float:
    """How likely an open column is, for the order in which it is asked about: also by some of its
    words only."""
    title = table.titles[place]
    elsewhere = max((s for n, s in table.wording.scores(title).items() if n != name), default=0.0)
    return (
        table.score.get((name, place), 0.0)
        + 0.4 * table.wording.hint(title, name)
        - 0.2 * elsewhere
    )


def _could_be(table: _Candidates, name: str, place: int) -> bool:
    """Whether a column may be a required one that no other is: one whose words rule it out, if
    others of them name it, or its cells do."""
    column, title = table.contract.columns[name], table.titles[place]
    fits = _fit(table, name, place)
    if table.wording.scores(title).get(name) == 0.0:
        told = column.type in KNOWN_BY_CELLS or table.wording.hint(title, name) > 0
        return told and (fits or 0.0) >= 0.8
    return (fits if fits is not None else 0.5 if column.type == "text" else 0.0) >= 0.5


def samples_of(sampled: Sampled) -> tuple[str, ...]:
    """A few cells of a column, masked: enough to tell what they are, not whose."""
    return tuple(_masked(text) for text in sampled.texts[:4])


def _masked(text: str) -> str:
    digits = sum(map(str.isdigit, text))
    if digits >= 7:
        return mask_number(text)
    if len(text) <= 4 and not digits and "\u4e00" <= text[:1] <= "\u9fff":
        return text[0] + "＊" * (len(text) - 1)
    return text[:20]


def is_number(contract: Contract, name: str) -> bool:
    """Whether a column holds numbers, so that a cell merged over several rows counts once."""
    return contract.columns[name].type in NUMBERS
