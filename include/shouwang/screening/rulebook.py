"""Loading the rule book (规则库): from a county's folder to a checked `RuleBook`, or a sentence about the mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from shouwang.county.contract import Contract
from shouwang.errors import ConfigError
from shouwang.screening.checking import Problem, inconsistencies
from shouwang.screening.columns import against_contracts
from shouwang.screening.rules import RuleBook

__all__ = ["RuleBook", "load_rulebook"]

RULES, PARAMETERS = "rules.yaml", "parameters.yaml"


def load_rulebook(folder: Path, rules: Path | None = None, contracts: Iterable[Contract] = ()) -> RuleBook:
    """Read ``rules.yaml`` and ``parameters.yaml`` of a county's folder.

    ``rules`` puts another file in the place of ``rules.yaml``, to try a change; with ``contracts``, the registry's
    among them, the book is held against their columns, types and values. Raises `ConfigError` that lists every mistake
    with file, line, key, what was found, what is allowed and what to do.
    """
    rules = rules or folder / RULES
    files = {RULES: rules, PARAMETERS: folder / PARAMETERS}
    nodes = {name: _compose(path) for name, path in files.items()}
    content = {name: _content(files[name], node) for name, node in nodes.items()}
    stray = sorted(set(content[PARAMETERS]) - {"parameters"})
    if stray or "parameters" in content[RULES]:
        where = files[PARAMETERS].name if stray else rules.name
        raise ConfigError(f"{where}: dated parameters, and only they, stand in {PARAMETERS} under 'parameters'.")
    try:
        book = RuleBook.model_validate({**content[RULES], **content[PARAMETERS]})
    except ValidationError as error:
        problems = [_problem(dict(e)) for e in error.errors(include_url=False)]
        raise _complaint(problems, files, nodes, content[RULES]) from None
    columns = {contract.slug: contract.columns for contract in contracts}
    found = inconsistencies(book) or (against_contracts(book, columns) if columns else [])
    if found:
        raise _complaint(found, files, nodes, content[RULES])
    return book


def _compose(path: Path) -> yaml.Node | None:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ConfigError(f"{path.name} is not there. It belongs into the county's folder {path.parent}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} is not UTF-8 text. Save it again with the encoding UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        said = getattr(error, "problem", None) or "it is not YAML"
        raise ConfigError(
            f"{path.name}{place}: the file cannot be read as YAML ({said}). Look at the indentation, colons and "
            "quotation marks of this line and the one before it; tabs are not allowed."
        ) from None
    _refuse_repeated_keys(path, node)
    return node


def _refuse_repeated_keys(path: Path, node: yaml.Node | None) -> None:
    """YAML would silently take the last of two equal keys."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(
                    f"{path.name}, line {line}: the key “{key.value}” stands here a second time (first in line "
                    f"{seen[key.value]}). Delete one of the two."
                )
            seen[key.value] = line
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, item)


def _content(path: Path, node: yaml.Node | None) -> dict[str, Any]:
    try:
        content = yaml.SafeLoader("").construct_document(node) if node is not None else None
    except (yaml.YAMLError, ValueError):
        place = f", line {line}" if (line := _unreadable_line(node)) else ""
        raise ConfigError(
            f"{path.name}{place}: a value cannot be understood. A date is a day that exists, written 2026-09-01; a "
            "text with special characters is put in quotation marks."
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name} is empty or not a list of keys. Start from the file the product ships with.")
    return content


def _unreadable_line(node: yaml.Node | None) -> int | None:
    """The line of the first scalar that is not what it looks like, such as the 30th of February."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.SafeLoader("").construct_document(node)
        except (yaml.YAMLError, ValueError):
            return node.start_mark.line + 1
    elif isinstance(node, yaml.CollectionNode):
        parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        return next((line for part in parts if (line := _unreadable_line(part))), None)
    return None


def _problem(error: dict[str, Any]) -> Problem:
    """One of pydantic's errors as a problem of ours."""
    path: tuple[str | int, ...] = tuple(part for part in error["loc"] if part not in ("float", "str", "function-after"))
    kind, found = error["type"], error["input"]
    if kind == "missing":
        return Problem(path, "nothing", "this key is needed")
    if kind == "extra_forbidden":
        keys = _keys_at(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), keys, 1)
        hint = f" (did you mean “{near[0]}”?)" if near else ""
        return Problem(path, f"an unknown key{hint}", ", ".join(keys))
    if kind == "literal_error":
        return Problem(path, _shown(found), re.sub("'([^']*)'", r"“\1”", error["ctx"]["expected"]))
    if kind == "float_type":
        return Problem(path, _shown(found), "a number, without quotation marks or words")
    said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return Problem(path, _shown(found), said[:1].lower() + said[1:])


def _shown(found: object) -> str:
    if isinstance(found, BaseModel | dict | list | tuple):
        keys = ", ".join(map(str, found)) if isinstance(found, dict) else f"{len(list(found))} entries"
        return f"({keys})"
    return "an empty value" if found is None or found == "" else f"“{found}”"


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand at a path, found by walking the models."""
    kind: Any = RuleBook
    for part in path:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {field.alias or name: field for name, field in kind.model_fields.items()}
            kind = fields[str(part)].annotation if str(part) in fields else None
        else:
            kind = get_args(kind)[-1 if get_origin(kind) is dict else 0] if get_args(kind) else None
    kind = _bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _bare(kind: Any) -> Any:
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return next((_bare(k) for k in get_args(kind) if k is not type(None)), kind)
    return kind


def _complaint(
    problems: list[Problem], files: dict[str, Path], nodes: dict[str, yaml.Node | None], rules: dict[str, Any]
) -> ConfigError:
    lines = []
    for problem in problems:
        name = PARAMETERS if problem.path[:1] == ("parameters",) else RULES
        line = _line(nodes.get(name), problem.path)
        place = f"{files[name].name}{f', line {line}' if line else ''}, key {_key(problem.path)}{_rule(problem, rules)}"
        lines.append(f"{place}: found {problem.found}; allowed: {problem.allowed}.")
    return ConfigError("\n".join([*lines, "Correct the file at these places; until then nothing is screened with it."]))


def _key(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".") or "(the whole file)"


def _rule(problem: Problem, content: dict[str, Any]) -> str:
    """The code of the rule a problem stands in, for who counts no list entries."""
    match problem.path:
        case ("rules", int(n), *_) if isinstance(content.get("rules"), list) and n < len(content["rules"]):
            rule = content["rules"][n]
            return f" (rule {rule['code']})" if isinstance(rule, dict) and isinstance(rule.get("code"), str) else ""
        case _:
            return ""


def _line(node: yaml.Node | None, path: tuple[str | int, ...]) -> int | None:
    """The line of the deepest part of a path that the file has."""
    if node is None:
        return None
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
