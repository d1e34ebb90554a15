"""The content of one file → its sheets, whatever its name says. Runs in a process of its own
(``worker``)."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from shouwang.core.errors import FileRefused
from shouwang.intake.markup import (
    looks_like_markup,
    looks_like_web_archive,
    open_markup,
    open_web_archive,
)
from shouwang.intake.names import HIDDEN, NO_TABLES, damaged, masked, refused, shown
from shouwang.intake.secrets import decrypted, is_encrypted, needs_password
from shouwang.intake.sheets import Opened, Sheet
from shouwang.intake.texts import open_text
from shouwang.intake.workbooks import open_workbook

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et"})
OTHER_KINDS = {
    b"%PDF": "PDF 文件",
    b"Rar!": "RAR 压缩包",
    b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "gz 压缩包",
    b"\x89PNG": "图片",
    b"\xff\xd8\xff": "图片",
}
LEGACY = re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\x09[\0\x02\x04\x08][\x04-\x10]\0")
"""How an xls begins: with a compound file, or (Excel 2 to 4, and small programs) with the records
of a sheet alone."""
EMPTY = "empty"
"""The code of a file in which there is nothing: beside others it is passed over."""
MOST_MEMBERS = 200
MEMBER_LIMIT = 512 << 20
AES = 99
"""How a zip marks a member under AES, which the standard library does not open."""
METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, AES}
)


def open_content(
    name: str, content: bytes, passwords: Sequence[str], *, within: bool = False
) -> Opened:
    """Every sheet; `FileRefused` if the file cannot be opened. ``within`` an archive, another one
    is turned down."""
    if not content.strip(b" \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise refused(EMPTY, name, "是空的，请重新导出后上传。")
    if not content.strip(b"\0"):
        raise refused("unreadable", name, "里什么都没有，没有传完，请重新导出后上传。")
    for mark, kind in OTHER_KINDS.items():
        if content.startswith(mark):
            raise refused(
                "unreadable",
                name,
                f"是{kind}，不是表格，请上传 xlsx、xls、ods、csv 或装着它们的 zip。",
            )
    if content[:2] == b"PK":
        members = _members(name, content)
        if not any(
            m.filename.startswith(("[Content_Types]", "mimetype", "content.xml", "xl/"))
            for m in members
        ):
            if within:
                raise refused("unreadable", name, "是压缩包里的压缩包，请解开一层后重新上传。")
            return _open_archive(name, content, members, passwords)
        return open_workbook(name, content)
    if LEGACY.match(content):
        if is_encrypted(content):
            content = decrypted(name, content, passwords)
        if content[:2] == b"PK":
            return open_workbook(name, content)
        from shouwang.intake.legacy import open_legacy  # few files need it

        return open_legacy(name, content)
    if looks_like_markup(content):
        return open_markup(name, content)
    if looks_like_web_archive(content):
        return open_web_archive(name, content)
    try:
        return open_text(name, content)
    except FileRefused as refusal:
        if refusal.code == "encoding" and PurePosixPath(name).suffix.lower() in WORKBOOKS:
            raise refused(
                "unreadable", name, "不是 Excel 工作簿或已损坏，请重新导出后上传。"
            ) from None
        raise


def _members(name: str, content: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged(name) from None


def _open_archive(
    name: str, content: bytes, members: list[zipfile.ZipInfo], passwords: Sequence[str]
) -> Opened:
    """The tables of a zip, read in memory: no member ever gets a path of its own."""
    members = [m for m in members if not m.is_dir()]
    if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > MEMBER_LIMIT:
        most = f"里超过 {MOST_MEMBERS} 个文件，或展开后超过 {MEMBER_LIMIT >> 20} MiB，请分成几个压缩包上传。"
        raise refused("too_large", name, most, "压缩包")
    if any(member.compress_type not in METHODS for member in members):
        why = "用了少见的压缩方法（如 Deflate64、Zstandard），读不出来。请用压缩软件的“zip、标准”方式重新压缩后上传。"
        raise refused("unreadable", name, why, "压缩包")
    sheets: list[Sheet] = []
    ignored: list[tuple[str, str]] = []
    kind, broken = zipfile.ZipFile, zipfile.BadZipFile
    if any(member.compress_type == AES for member in members):
        import pyzipper  # few files need it

        kind, broken = pyzipper.AESZipFile, pyzipper.BadZipFile
    with kind(io.BytesIO(content)) as archive:
        for member in (m for m in archive.infolist() if not m.is_dir()):
            file = _path_within(member)
            if any(part.lower().startswith(HIDDEN) for part in file.parts):
                continue
            if file.suffix.lower() in NO_TABLES:
                ignored.append((masked(f"{name}/{file}"), "不是表格文件"))
                continue
            part = _member(name, archive, member, passwords, broken)
            try:
                opened = open_content(f"{name}/{file}", part, passwords, within=True)
            except FileRefused as refusal:
                if refusal.code != EMPTY:
                    raise
                ignored.append((masked(f"{name}/{file}"), "是空的"))
                continue
            sheets += opened.sheets
            ignored += opened.ignored
    if not sheets:
        raise refused(
            "no_rows", name, "里没有表格，请把 xlsx、xls、ods 或 csv 放进去后重新上传。", "压缩包"
        )
    return Opened(sheets, tuple(ignored))


def _path_within(member: zipfile.ZipInfo) -> PurePosixPath:
    """A member's path as it may be shown, downwards only."""
    written = member.filename
    if (
        not member.flag_bits & 0x800
    ):  # not marked as UTF-8: macOS writes it nevertheless, Windows its own code page
        raw = written.encode("cp437", "replace")
        try:
            written = raw.decode()
        except UnicodeDecodeError:
            written = raw.decode("gb18030", "replace")
    parts = [shown(part) for part in PurePosixPath(written.replace("\\", "/")).parts]
    return PurePosixPath(*(part for part in parts if part.strip("./:") and not part.endswith(":")))


def _member(
    name: str,
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    passwords: Sequence[str],
    broken: type[Exception],
) -> bytes:
    for password in passwords if member.flag_bits & 1 else (None,):
        try:
            with archive.open(member, pwd=password.encode() if password else None) as stream:
                content = stream.read(MEMBER_LIMIT + 1)
        except RuntimeError:  # a wrong password
            continue
        except NotImplementedError:
            break
        except (broken, OSError, EOFError, ValueError, zlib.error):
            if password:
                continue
            raise refused(
                "unreadable", name, "打不开，可能没有传完，请重新压缩后上传。", "压缩包"
            ) from None
        return content
    raise needs_password(name, bool(passwords))
