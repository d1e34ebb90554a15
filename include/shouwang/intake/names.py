"""File names as they may be shown, and which files are no tables."""

from __future__ import annotations

import unicodedata

NO_TABLES = frozenset(
    {".doc", ".docx", ".wps", ".pdf", ".ofd", ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ppt", ".pptx", ".md", ".db"}
)


def shown(name: str) -> str:
    """A file's name without control characters, and readable where it was written in another code page."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = name.encode("utf-8", "surrogateescape").decode("gb18030", "replace")
    return "".join(c for c in name if unicodedata.category(c)[0] != "C")[:120] or "未命名"
