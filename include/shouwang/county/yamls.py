"""YAML files into pydantic models; every mistake is one `ConfigError` that names file, key and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shouwang.errors import ConfigError


class Strict(BaseModel):
    """A model that takes no unknown key and never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


class _UniqueKeys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which a key given twice is a mistake, not a silent choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"the key “{key}” stands twice", problem_mark=key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; `ConfigError` with the line where it cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing; set SHOUWANG_COUNTY to the folder with county.yaml.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it again as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{path}, line {line}: {error.problem}; mind the indentation and colons.") from None


def read_model(path: Path, model: type[Model], content: Any = None) -> Model:
    """A YAML file (or its already read ``content``) as a model."""
    content = read_yaml(path) if content is None else content
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected “key: value” lines, found {type(content).__name__}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(explain(path, error)) from None


def explain(path: Path, error: ValidationError) -> str:
    """Every mistake that pydantic found, a line each: file, key, what is wrong, what was found."""
    lines = []
    for mistake in error.errors():
        key = ".".join(str(part) for part in mistake["loc"]) or "(top level)"
        message = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "extra_forbidden":
            message = "is not a known key here; remove it or mend its spelling"
        found = mistake.get("input")
        shown = f" (found: {found!r})" if isinstance(found, str | int | float | bool) else ""
        lines.append(f"{path}: {key}: {message}{shown}")
    return "\n".join(lines)
