"""Loading the rule book (规则库): from a county's folder to a checked `RuleBook`, or a sentence
about the mistake."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shouwang.core.errors import ConfigError
from shouwang.county.contract import Contract
from shouwang.county.yamls import Problem, Written, problems
from shouwang.screening.checking import mistakes
from shouwang.screening.rules import RuleBook

__all__ = ["RuleBook", "load_rulebook"]


def load_rulebook(
    folder: Path, rules: Path | None = None, contracts: Iterable[Contract] = ()
) -> RuleBook:
    """Read ``rules.yaml`` and ``parameters.yaml`` of a county's folder.

    ``rules`` puts another file in the place of ``rules.yaml``, to try a change; with ``contracts``,
    the registry's among them, the book is held against their columns, types and values. Raises
    `ConfigError` that lists every mistake with file, line, key, what was found, what is allowed and
    what to do.
    """
    written, dated = Written(rules or folder / "rules.yaml"), Written(folder / "parameters.yaml")
    content, parameters = written.keys, dated.keys
    stray = parameters.keys() - {"parameters"}
    if stray or "parameters" in content:
        raise ConfigError(
            f"{(dated if stray else written).name}: dated parameters, and only they, stand in "
            "parameters.yaml under 'parameters'."
        )
    try:
        book = RuleBook.model_validate({**content, **parameters})
        contracts = list(contracts)
        wrong = mistakes(book, {contract.slug: contract.columns for contract in contracts})
        wrong += [
            Problem(("datasets", each.slug, "key"), "nothing", "the key of its rows (additions)")
            for each in contracts
            if each.adds and each.slug in book.datasets and not book.datasets[each.slug].key
        ]
    except ValidationError as error:
        wrong = [*problems(error, RuleBook)]
    else:
        if not wrong:
            return book
    said = [
        (dated if problem.path[:1] == ("parameters",) else written).told(
            problem, _rule_of(problem, content)
        )
        for problem in wrong
    ]
    last = "Correct the file at these places; until then nothing is screened with it."
    raise ConfigError("\n".join([*said, last]))


def _rule_of(problem: Problem, content: dict[str, Any]) -> str:
    """The code of the rule a problem stands in, for who counts no list entries."""
    match problem.path, content.get("rules"):
        case ("rules", int(n), *_), list(rules) if n < len(rules):
            code = rules[n].get("code") if isinstance(rules[n], dict) else None
            return f" (rule {code})" if isinstance(code, str) else ""
    return ""
