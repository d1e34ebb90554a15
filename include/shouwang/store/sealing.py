"""Sealed columns and files: identity numbers, phones, and free text that may hold one, never lie in
plain text.

Sealing is deterministic (the same text gives the same bytes under one key), so that running again
changes nothing and equal values can be found without opening them. What is sealed begins with
``~<key>~``; everything else is as it was.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect
from sqlalchemy.types import TypeDecorator

from shouwang.core.errors import ConfigError
from shouwang.store.keys import Keys, Ring

_SEALED = re.compile(r"~(k[1-9][0-9]*)~([A-Za-z0-9+/]+=*)")
_LONG_NUMBER = re.compile(r"\d(?:[\s\-]{0,2}\d){6}")
"""Seven digits or more, gaps between them or not: a telephone number is no longer, an identity
number no shorter."""


def keys_of(where: Connection | Dialect) -> Keys:
    """The keys of the database behind a connection."""
    dialect = where.dialect if isinstance(where, Connection) else where
    found = getattr(dialect, "shouwang_keys", None)
    if not isinstance(found, Keys):
        raise ConfigError("This database was opened without its keys; open it as `Database`.")
    return found


def seal_text(ring: Ring, text: str) -> str:
    """One text, sealed by the newest key."""
    return f"~{ring.newest}~{binascii.b2a_base64(ring.seal(text.encode()), newline=False).decode()}"


def every_seal(ring: Ring, text: str) -> list[str]:
    """One text as any of the keys seals it: what to look for while a rotation is under way."""
    return [
        f"~{name}~{base64.b64encode(ring.sealed_by(name, text.encode())).decode()}"
        for name in ring.ciphers
    ]


def open_text(keys: Keys, text: str) -> str:
    """What was sealed; any other text as it is. `ConfigError` when its key is missing or wrong."""
    found = _SEALED.fullmatch(text) if text.startswith("~") else None
    return keys.open(found[1], base64.b64decode(found[2])).decode() if found else text


def may_hold_number(text: str) -> bool:
    """Whether free text is to be sealed: it may hold a number, or could be taken for something
    sealed."""
    return _LONG_NUMBER.search(text) is not None or text.startswith("~")


class Sealed(TypeDecorator[str]):
    """A column of identity numbers or phones: each of them sealed."""

    impl = sa.Text
    cache_ok = True
    sealing: ClassVar[Any] = staticmethod(lambda _text: True)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.sealed(keys_of(dialect).ring, [value])[0]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else open_text(keys_of(dialect), value)

    @classmethod
    def sealed(cls, ring: Ring, values: Iterable[str | None]) -> list[str | None]:
        """A column's values as they are written down where SQLAlchemy is passed by."""
        values = [*values]
        written = {
            v: seal_text(ring, v) if v is not None and cls.sealing(v) else v for v in set(values)
        }
        return [written[value] for value in values]


class Guarded(Sealed):
    """A column of free text: sealed where it holds what may be a number (`may_hold_number`)."""

    cache_ok = True
    sealing = staticmethod(may_hold_number)


class GuardedJSON(TypeDecorator[Any]):
    """Plain data whose texts are kept like those of a `Guarded` column."""

    impl = sa.JSON
    cache_ok = True

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return guarded(keys_of(dialect).ring, value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return opened(keys_of(dialect), value)

    @classmethod
    def sealed(cls, ring: Ring, values: Iterable[Any]) -> list[str | None]:
        """As `Sealed.sealed`: as text of JSON."""
        return [
            json.dumps(guarded(ring, value), ensure_ascii=False, default=str)
            if value is not None
            else None
            for value in values
        ]


def guarded(ring: Ring, value: Any) -> Any:
    """Plain data with its texts guarded."""
    if isinstance(value, str):
        return seal_text(ring, value) if may_hold_number(value) else value
    if isinstance(value, dict):
        return {name: guarded(ring, inner) for name, inner in value.items()}
    return [guarded(ring, inner) for inner in value] if isinstance(value, list | tuple) else value


def opened(keys: Keys, value: Any) -> Any:
    """Plain data with its texts opened."""
    if isinstance(value, str):
        return open_text(keys, value)
    if isinstance(value, dict):
        return {name: opened(keys, inner) for name, inner in value.items()}
    return [opened(keys, inner) for inner in value] if isinstance(value, list) else value
