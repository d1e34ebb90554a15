"""File names as they may be shown, which files are no tables, and refusals that name a file."""

from __future__ import annotations

import re
import unicodedata

from shouwang.core.errors import FileRefused

_NO_TABLES = """
doc docx wps rtf pdf ofd ppt pptx dps md jpg jpeg png gif bmp tif tiff webp heic mp3 mp4 wav mov avi
db ini inf lnk url log exe msi dll com bat cmd vbs ttf cer p7s sig asc md5 sha1 sha256
"""
NO_TABLES = frozenset(f".{ending}" for ending in _NO_TABLES.split())
HIDDEN = (".", "~$", "thumbs.db", "desktop.ini", "__macosx")
"""How the names begin, in small letters, of what a system or an open Excel puts beside files;
nobody hands it over."""
_NUMBER = re.compile(r"(?<!\d)(?:\d{15,}[Xx]?|1[3-9]\d{9}(?!\d))")


def shown(name: str) -> str:
    """A file's name without control characters, and readable where it was written in another code
    page."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = name.encode("utf-8", "surrogateescape").decode("gb18030", "replace")
    return "".join(c for c in name if unicodedata.category(c)[0] != "C")[:120] or "未命名"


def masked(name: str) -> str:
    """The name of a file or sheet as a message may show it: of long numbers the first 6 and last 4,
    of phones 3 and 4."""
    return _NUMBER.sub(
        lambda found: _masked(found[0], 3 if len(found[0]) == 11 else 6), shown(name)
    )


def _masked(number: str, left: int) -> str:
    return number[:left] + "*" * (len(number) - left - 4) + number[-4:]


def refused(code: str, name: str, what: str, kind: str = "文件") -> FileRefused:
    """The refusal of a file: ``what`` follows its name."""
    return FileRefused(code, f"{kind}“{masked(name)}”{what}")


def damaged(name: str) -> FileRefused:
    """The refusal of a file that no library can open."""
    return refused("unreadable", name, "打不开，可能没有传完或已损坏，请重新导出后上传。")
