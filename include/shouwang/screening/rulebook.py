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
from shouwang.screening.checking import inconsistencies
from shouwang.screening.columns import against_contracts
from shouwang.screening.rules import RuleBook

__all__ = ["RuleBook", "load_rulebook"]

RULES, PARAMETERS = "rules.yaml", "parameters.yaml"


def load_rulebook(
    folder: Path, rules: Path | None = None, contracts: Iterable[Contract] = ()
) -> RuleBook:
    """Read ``rules.yaml`` and ``parameters.yaml`` of a county's folder.

    ``rules`` puts another file in the place of ``rules.yaml``, to try a change; with ``contracts``,
    the registry's among them, the book is held against their columns, types and values. Raises
    `ConfigError` that lists every mistake with file, line, key, what was found, what is allowed and
    what to do.
    """
    files = Written(rules or folder / RULES), Written(folder / PARAMETERS)
    content, parameters = (file.keys for file in files)
    stray = parameters.keys() - {"parameters"}
    if stray or "parameters" in content:
        where = files[1 if stray else 0].name
        raise ConfigError(
            f"{where}: dated parameters, and only they, stand in {PARAMETERS} under 'parameters'."
        )
    try:
        book = RuleBook.model_validate({**content, **parameters})
    except ValidationError as error:
        raise _complaint(problems(error, RuleBook), files, content) from None
    columns = {contract.slug: contract.columns for contract in contracts}
    found = inconsistencies(book) or (against_contracts(book, columns) if columns else [])
    if found:
        raise _complaint(found, files, content)
    return book


def _complaint(
    found: Iterable[Problem], files: tuple[Written, Written], rules: dict[str, Any]
) -> ConfigError:
    told = [
        files[problem.path[:1] == ("parameters",)].told(problem, _rule(problem, rules))
        for problem in found
    ]
    return ConfigError(
        "\n".join(
            [*told, "Correct the file at these places; until then nothing is screened with it."]
        )
    )


def _rule(problem: Problem, content: dict[str, Any]) -> str:
    """The code of the rule a problem stands in, for who counts no list entries."""
    match problem.path:
        case ("rules", int(n), *_) if isinstance(content.get("rules"), list) and n < len(
            content["rules"]
        ):
            rule = content["rules"][n]
            return (
                f" (rule {rule['code']})"
                if isinstance(rule, dict) and isinstance(rule.get("code"), str)
                else ""
            )
        case _:
            return ""
