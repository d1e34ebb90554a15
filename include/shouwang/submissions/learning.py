"""What clerks answered, written into a contract file: its lines stay as they are, and the answers
are not needed then.

A line is changed only where YAML says that it stands, and the file is kept only if it then reads as
the answers did.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from shouwang.core.errors import ConfigError
from shouwang.core.files import atomic_write
from shouwang.county.contract import Contract, read_contract, read_vocabulary, read_wordings
from shouwang.recognition.words import Wording, plain
from shouwang.submissions.questions import COLUMN, NONE, SUM, UNIT, VALUE, every_question, forget
from shouwang.workspace.workspace import Workspace

Keys = tuple[str, ...]


def learn(workspace: Workspace, department: str, by: str) -> dict[str, Any]:
    """Write what the answers add into ``departments/<department>.yaml``.

    Gives ``file``, ``written`` (the additions, ``key: entry``) and ``left`` (those that are not
    written, each as a line to put there by hand, since the file would not read as it should).
    Answers that were written are forgotten.
    """
    path = workspace.county_folder / "departments" / f"{department}.yaml"
    with workspace.database.read() as connection:
        answered = [
            row for row in every_question(connection, department) if row["answer"] is not None
        ]
    shared = read_wordings(workspace.county_folder)
    text, written, left, learnt = path.read_text(encoding="utf-8"), [], [], []
    for row in answered:
        keys, entry = _addition(row, read_contract(path, shared))
        line = f"{'.'.join(keys)}: {entry}"
        changed = _added(text, keys, entry)
        if changed is None or not _reads(path, changed, shared, row):
            left.append(line)
            continue
        text = changed
        written.append(line)
        learnt.append(row["question_id"])
    if written:
        try:
            with atomic_write(path) as part:
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written ({error.strerror}); add by hand: {'; '.join([*written, *left])}."
            ) from None
        with workspace.database.write() as connection:
            forget(connection, learnt, by)
    return {"file": str(path), "written": written, "left": left}


def _addition(row: dict[str, Any], contract: Contract) -> tuple[Keys, str]:
    """Where an answer belongs in a contract file, and what is added there."""
    answer, column = row["answer"], row["column"]
    if row["kind"] == SUM:
        return ("sums_as_they_are",), "true"
    if row["kind"] == UNIT:
        return ("units", row["heading"]), answer
    if row["kind"] == COLUMN:
        return (("ignored",) if answer == NONE else ("columns", answer, "wordings")), row["heading"]
    return ("columns", column, "meaningless") if answer == NONE else (
        "columns",
        column,
        "values",
        answer,
    ), row["value"]


def _reads(path: Path, text: str, shared: dict[str, list[str]], row: dict[str, Any]) -> bool:
    """Whether a contract file with this text reads as an answer said."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_text(text, encoding="utf-8")
        try:
            contract = read_contract(trial, shared, read_vocabulary(path.parent.parent))
        except ConfigError:
            return False
    heading, answer = row["heading"], row["answer"]
    if row["kind"] == SUM:
        return contract.sums_as_they_are
    if row["kind"] == UNIT:
        return bool(contract.units.get(heading) == answer)
    if row["kind"] == VALUE:
        column = contract.columns[row["column"]]
        return row["value"] in (
            column.meaningless if answer == NONE else column.values.get(answer, ())
        )
    if answer == NONE:
        return plain(heading) in map(plain, contract.ignored)
    wording = Wording(contract)
    return wording.listed(heading) == answer and not wording.doubtful(heading, answer)


def _added(text: str, keys: Keys, entry: str) -> str | None:
    """The text with an entry at a key: into the list there, or as a new key; None where its layout
    is not understood."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    node, deepest = root, 0
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next((value for name, value in node.value if name.value == key), None)
        if found is None:
            break
        node, deepest = found, deepest + 1
    word = entry if keys == ("sums_as_they_are",) else _quoted(entry)
    if deepest == len(keys):
        return _into_list(text, node, word) if isinstance(node, yaml.SequenceNode) else None
    if keys[0] == "units" and deepest == 0:  # the first unit that is learnt
        keys, word = keys[:1], f"{{{_quoted(keys[1])}: {word}}}"
    if deepest < len(keys) - 1 or not isinstance(node, yaml.MappingNode) or not node.value:
        return None
    default = Contract.model_fields["ignored"].default if keys == ("ignored",) else ()
    is_list = keys[0] not in ("sums_as_they_are", "units")
    said = f"[{', '.join([*map(_quoted, default), word])}]" if is_list else word
    key = _quoted(keys[-1])
    if node.flow_style:
        at = _end(node)
        return f"{text[:at]}, {key}: {said}{text[at:]}"
    indent = " " * node.value[0][0].start_mark.column
    at = _line_end(text, max(_last(value) for _, value in node.value))
    return f"{text[:at]}\n{indent}{key}: {said}{text[at:]}"


def _into_list(text: str, node: yaml.SequenceNode, word: str) -> str:
    if node.flow_style:
        at = _end(node)
        return f"{text[:at]}{', ' if node.value else ''}{word}{text[at:]}"
    at = _line_end(text, max(map(_last, node.value)))
    return f"{text[:at]}\n{' ' * node.start_mark.column}- {word}{text[at:]}"


def _end(node: yaml.Node) -> int:
    """Where the closing bracket of a list or mapping stands that is written in brackets."""
    return int(node.end_mark.index) - 1


def _last(node: yaml.Node) -> int:
    """Where the last thing of a node ends; a block's own end lies behind the empty lines after
    it."""
    inner: Iterable[yaml.Node] = ()
    if isinstance(node, yaml.MappingNode):
        inner = (value for _, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    ends = [] if getattr(node, "flow_style", None) else [_last(one) for one in inner]
    return max(ends, default=int(node.end_mark.index))


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _quoted(entry: str) -> str:
    """A text as YAML writes it within a list."""
    written = yaml.safe_dump(
        [entry], allow_unicode=True, default_flow_style=True, width=10_000
    ).strip()
    return written[1:-1]
