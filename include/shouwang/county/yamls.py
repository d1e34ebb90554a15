"""YAML files into pydantic models; every mistake is told with file, line, key, what was found and
what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shouwang.core.errors import ConfigError

KeyPath = tuple[str | int, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Strict(BaseModel):
    """A model that takes no unknown key and never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


class Problem(NamedTuple):
    """One mistake: where it stands, what was found there, and what would be right."""

    path: KeyPath
    found: str
    allowed: str


class Written:
    """A YAML file as somebody wrote it: its ``content``, and the line of every key."""

    def __init__(self, path: Path) -> None:
        self.name, self.node = path.name, None
        try:
            self.node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=_LOADER)
            self._refuse_repeated_keys(self.node)
            self.content = yaml.SafeLoader("").construct_document(self.node) if self.node else None
        except FileNotFoundError:
            raise ConfigError(
                f"{self.name} is not there: it belongs into the county's folder {path.parent} "
                "(SHOUWANG_COUNTY says which)."
            ) from None
        except UnicodeDecodeError:
            raise ConfigError(f"{self.name} is not UTF-8 text; save it again as UTF-8.") from None
        except yaml.MarkedYAMLError as error:
            place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise ConfigError(
                f"{self.name}{place}: the file cannot be read as YAML ({error.problem}). Look at "
                "the indentation, colons and quotation marks of this line and the one before it; "
                "tabs are not allowed."
            ) from None
        except RecursionError:
            raise ConfigError(
                f"{self.name} has lists within lists without end; write it as the product's own is."
            ) from None
        except (yaml.YAMLError, ValueError):
            place = f", line {line}" if (line := _unreadable_line(self.node)) else ""
            raise ConfigError(
                f"{self.name}{place}: a value cannot be understood. A date is a day that exists, "
                "written 2026-09-01; a text with special characters is put in quotation marks."
            ) from None

    def _refuse_repeated_keys(self, node: yaml.Node | None) -> None:
        """YAML would silently take the last of two equal keys."""
        seen: dict[str, int] = {}
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(
                    f"{self.name}, line {line}: the key “{key.value}” stands here a second time "
                    f"(first in line {seen[key.value]}). Delete one of the two."
                )
            seen[key.value] = line
            self._refuse_repeated_keys(value)
        for item in node.value if isinstance(node, yaml.SequenceNode) else ():
            self._refuse_repeated_keys(item)

    @property
    def keys(self) -> dict[str, Any]:
        """The content, which has to be a list of keys."""
        if not isinstance(self.content, dict):
            raise ConfigError(
                f"{self.name} is empty or not a list of keys. Start from the file that the product "
                "ships with."
            )
        return self.content

    def line(self, path: KeyPath) -> int:
        """The line of the deepest part of a path that the file has."""
        node, line = self.node, 1
        for part in path:
            match node, part:
                case yaml.MappingNode(value=entries), _:
                    entry = next(((k, v) for k, v in entries if k.value == str(part)), None)
                    if entry is None:
                        break
                    line, node = entry[0].start_mark.line + 1, entry[1]
                case yaml.SequenceNode(value=items), int() if part < len(items):
                    node = items[part]
                    line = node.start_mark.line + 1
                case _:
                    break
        return line

    def told(self, problem: Problem, about: str = "") -> str:
        """A mistake in this file as a sentence; ``about`` says of what besides its key."""
        parts = (f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.path)
        key = "".join(parts).removeprefix(".") or "(the whole file)"
        place = f"{self.name}, line {self.line(problem.path)}, key {key}{about}"
        return f"{place}: found {problem.found}; allowed: {problem.allowed}."


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; `ConfigError` with the line where it cannot be read."""
    return Written(path).content


def read_model(written: Written, model: type[Model]) -> Model:
    """A YAML file as a model; `ConfigError` that lists every mistake."""
    try:
        return model.model_validate(written.keys)
    except ValidationError as error:
        raise ConfigError("\n".join(map(written.told, problems(error, model)))) from None


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Every mistake that pydantic found, in our words."""
    for mistake in error.errors(include_url=False):
        path = tuple(
            part for part in mistake["loc"] if part not in ("float", "str", "function-after")
        )
        kind, found, said = mistake["type"], mistake["input"], mistake["msg"]
        if kind == "missing":
            yield Problem(path, "nothing", "this key is needed")
        elif kind == "extra_forbidden":
            keys = _keys_at(model, path[:-1])
            near = difflib.get_close_matches(str(path[-1]), keys, 1)
            hint = f" (did you mean “{near[0]}”?)" if near else ""
            yield Problem(path, f"an unknown key{hint}", ", ".join(keys))
        elif kind == "literal_error":
            yield Problem(
                path, _shown(found), re.sub("'([^']*)'", r"“\1”", mistake["ctx"]["expected"])
            )
        elif kind == "float_type":
            yield Problem(path, _shown(found), "a number, without quotation marks or words")
        else:
            said = said.removeprefix("Value error, ").removeprefix("Input should be ")
            yield Problem(path, _shown(found), said[:1].lower() + said[1:])


def _shown(found: object) -> str:
    if isinstance(found, BaseModel | dict | list | tuple):
        named = isinstance(found, dict)
        return f"({', '.join(map(str, found)) if named else f'{len(list(found))} entries'})"
    return "an empty value" if found is None or found == "" else f"“{found}”"


def _keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that may stand at a path, found by walking the models."""
    kind: Any = model
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


def _unreadable_line(node: yaml.Node | None) -> int | None:
    """The line of the first scalar that is not what it looks like, such as the 30th of February."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.SafeLoader("").construct_document(node)
        except (yaml.YAMLError, ValueError):
            return int(node.start_mark.line) + 1
    elif isinstance(node, yaml.CollectionNode):
        entries = (entry if isinstance(entry, tuple) else (entry,) for entry in node.value)
        lines = (_unreadable_line(part) for entry in entries for part in entry)
        return next((line for line in lines if line), None)
    return None
