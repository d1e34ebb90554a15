"""The county's keys: those that seal numbers and phones, and the one of the hashes (decision 0008).

They lie in the file ``keys`` of the secrets folder (mode 0600; `shouwang init` makes it), or in
``SHOUWANG_KEYS``: words ``id:base64`` of 32 bytes each. ``hash`` is the key of the hashes and never
changes. The others seal: the one with the highest number seals what is written, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from shouwang.core.errors import ConfigError
from shouwang.core.files import atomic_write

HASH = "hash"
BYTES = 32
_FILE = b"~shouwang~"
_WORD = re.compile(r"(hash|k[1-9][0-9]*):([A-Za-z0-9+/_=-]{40,50})")
_NONCE = bytes(12)
RANDOM = "32 random bytes in base64 (openssl rand -base64 32)"
HEADING = """\
# The keys of this county (守望密钥). Whoever has them and the database can read numbers and phones;
# without them nobody can. Keep a copy of this file in another place than the backups. `shouwang
# keys` says which are in use.
"""


@dataclass(frozen=True)
class Ring:
    """Keys as they are at one moment."""

    keys: Mapping[str, bytes]
    where: str

    @cached_property
    def newest(self) -> str:
        """The id of the key that seals."""
        return max((name for name in self.keys if name != HASH), key=lambda name: int(name[1:]))

    @cached_property
    def ciphers(self) -> dict[str, AESGCMSIV]:
        """What seals and opens, by key."""
        return {name: AESGCMSIV(key) for name, key in self.keys.items() if name != HASH}

    def mark(self, name: str) -> str:
        """Sixteen characters by which a key is known again; they give nothing of it away."""
        return hmac.digest(self.keys[name], b"shouwang key", "sha256").hex()[:16]

    def seal(self, content: bytes) -> bytes:
        """Sealed by the newest key: the same content gives the same bytes (RFC 8452, made for a
        nonce that recurs)."""
        return self.sealed_by(self.newest, content)

    def sealed_by(self, name: str, content: bytes) -> bytes:
        """The same by any of the keys."""
        return self.ciphers[name].encrypt(_NONCE, content, None)


@dataclass
class Keys:
    """Where a county's keys come from: ``text`` (of the environment) or else a file."""

    path: Path | None
    text: str = ""
    _known: tuple[object, Ring] | None = field(default=None, repr=False)

    @property
    def in_file(self) -> bool:
        """Whether they are ours to change."""
        return not self.text and self.path is not None

    @property
    def where(self) -> str:
        """For messages."""
        return str(self.path) if self.in_file else "SHOUWANG_KEYS"

    @property
    def ring(self) -> Ring:
        """The keys, read again whenever the file has changed; `ConfigError` if there are none or
        others may read them."""
        state = self.text if self.path is None or self.text else self._file_state(self.path)
        if self._known is None or self._known[0] != state:
            text = (
                self.path.read_text(encoding="utf-8") if self.path and not self.text else self.text
            )
            self._known = (state, Ring(_parsed(text, self.where), self.where))
        return self._known[1]

    @staticmethod
    def _file_state(path: Path) -> object:
        try:
            status = path.stat()
        except FileNotFoundError:
            raise ConfigError(
                f"The keys are missing: there is no {path}, and SHOUWANG_KEYS is empty. Put the "
                "file back from your copy; only a county that has no database yet gets new ones, "
                "by `shouwang init`."
            ) from None
        if status.st_mode & 0o077:
            raise ConfigError(f"{path} holds keys and others may read it; chmod 600 it.")
        return status.st_mtime_ns, status.st_ino, status.st_size

    def exist(self) -> bool:
        """Whether there are any."""
        return bool(self.text) or (self.path is not None and self.path.exists())

    def make(self) -> None:
        """The first keys of a county; two that make them at the same moment end with the same."""
        if self.path is None:
            raise ConfigError(
                f"SHOUWANG_KEYS is empty; put two words there, {HASH}:… and k1:…, each {RANDOM}."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write(self.path, replace=False) as part:
            part.write_text(f"{HEADING}{HASH}:{_new()}\nk1:{_new()}\n", encoding="utf-8")

    def add(self) -> str:
        """A new key, which seals from now on; its id. `ConfigError` where the keys are not in a
        file of ours."""
        ring = self.ring
        name = f"k{int(ring.newest[1:]) + 1}"
        if not self.in_file:
            raise ConfigError(
                f"The keys are in SHOUWANG_KEYS, which only you can change: add the word {name}:…, "
                f"{RANDOM}, wherever it is set, then run this again."
            )
        self._write({**ring.keys, name: secrets.token_bytes(BYTES)})
        return name

    def drop(self, name: str) -> None:
        """Take a key out of the file."""
        self._write({key: value for key, value in self.ring.keys.items() if key != name})

    def _write(self, keys: Mapping[str, bytes]) -> None:
        assert self.path is not None  # noqa: S101
        words = "".join(f"{name}:{base64.b64encode(key).decode()}\n" for name, key in keys.items())
        with atomic_write(self.path) as part:
            part.write_text(HEADING + words, encoding="utf-8")

    def open(self, name: str, sealed: bytes) -> bytes:
        """What was sealed by the key of that id; `ConfigError` when it is missing, or it or the
        content is another."""
        ring = self._known[1] if self._known and name in self._known[1].ciphers else self.ring
        if name not in ring.ciphers:
            raise ConfigError(
                f"Something is sealed with key {name}, which {self.where} does not hold. Put that "
                "key back from your copy; nothing was changed."
            )
        try:
            return ring.ciphers[name].decrypt(_NONCE, sealed, None)
        except (InvalidTag, ValueError):
            raise ConfigError(
                f"What was sealed with key {name} does not open with the {name} of {self.where}: "
                "that is another key, or the content was changed. Put the right key back from your "
                "copy; nothing was changed."
            ) from None

    def seal_file(self, content: bytes) -> bytes:
        """A file's content, sealed."""
        ring = self.ring
        return _FILE + ring.newest.encode() + b"~" + ring.seal(content)

    def open_file(self, content: bytes) -> bytes:
        """What a sealed file holds; one from before files were sealed is as it is."""
        name = key_of_file(content)
        return content if name is None else self.open(name, content[len(_FILE) + len(name) + 1 :])

    def keyed(self, digests: pd.Series) -> pd.Series:
        """Digests under the key of the hashes, sixteen hexadecimal characters each: nobody can
        enumerate without it."""
        key = self.ring.keys[HASH]
        keyed = [hmac.digest(key, text.encode(), "sha256").hex()[:16] for text in digests]
        return pd.Series(keyed, index=digests.index, dtype="str")

    def keyed_text(self, text: str) -> str:
        """The same for one text."""
        return hmac.digest(self.ring.keys[HASH], text.encode(), "sha256").hex()[:16]


def key_of_file(content: bytes) -> str | None:
    """The key that a file is sealed with, from its first bytes; None for one that is not sealed."""
    return (
        content[len(_FILE) : 40].partition(b"~")[0].decode() if content.startswith(_FILE) else None
    )


def _new() -> str:
    return base64.b64encode(secrets.token_bytes(BYTES)).decode()


def _parsed(text: str, where: str) -> dict[str, bytes]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    keys: dict[str, bytes] = {}
    for place, word in enumerate(" ".join(lines).replace(",", " ").split(), start=1):
        match, content = _WORD.fullmatch(word), b""
        if match:
            with suppress(binascii.Error):
                content = base64.b64decode(match[2].replace("-", "+").replace("_", "/"))
        if match is None or len(content) != BYTES or match[1] in keys:
            raise ConfigError(
                f"{where} cannot be read: word {place} is not id:key with the id {HASH} or k1, k2 "
                "…, each once, and a key of 32 bytes in base64. Put it back from your copy."
            )
        keys[match[1]] = content
    if HASH not in keys or len(keys) < 2:
        raise ConfigError(
            f"{where} must hold the key {HASH} and at least one of k1, k2 …; put it back from your "
            "copy."
        )
    return keys


def of_environment() -> Keys:
    """The keys of ``SHOUWANG_KEYS`` alone."""
    return Keys(None, os.environ.get("SHOUWANG_KEYS", ""))
