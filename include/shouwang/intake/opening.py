"""The content of one file → its sheets, whatever its name says. Runs in a process of its own (``worker``)."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from shouwang.errors import FileRefused
from shouwang.intake.markup import looks_like_markup, looks_like_web_archive, open_markup, open_web_archive
from shouwang.intake.names import NO_TABLES, shown
from shouwang.intake.secrets import decrypted, is_encrypted, needs_password
from shouwang.intake.sheets import Opened, Sheet
from shouwang.intake.texts import open_text
from shouwang.intake.workbooks import OLE_MARK, open_workbook

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".et"})
OTHER_KINDS = {
    b"%PDF": "PDF 文件", b"Rar!": "RAR 压缩包", b"7z\xbc\xaf": "7z 压缩包", b"\x1f\x8b": "gz 压缩包",
    b"\x89PNG": "图片", b"\xff\xd8\xff": "图片",
}  # fmt: skip
MOST_MEMBERS = 200
MEMBER_LIMIT = 512 << 20
AES = 99
"""How a zip marks a member under AES, which the standard library does not open."""


def open_content(name: str, content: bytes, passwords: Sequence[str], *, within: bool = False) -> Opened:
    """Every sheet; `FileRefused` if the file cannot be opened. ``within`` an archive, another one is turned down."""
    if not content.strip(b"\0 \r\n\t"):
        raise FileRefused("empty", f"文件“{name}”是空的，请重新导出后上传。")
    for mark, kind in OTHER_KINDS.items():
        if content.startswith(mark):
            raise FileRefused(
                "unreadable", f"文件“{name}”是{kind}，不是表格，请上传 xlsx、xls、ods、csv 或装着它们的 zip。"
            )
    if content[:2] == b"PK":
        members = _members(name, content)
        if not any(m.filename.startswith(("[Content_Types]", "mimetype", "content.xml", "xl/")) for m in members):
            if within:
                raise FileRefused("unreadable", f"文件“{name}”是压缩包里的压缩包，请解开一层后重新上传。")
            return _open_archive(name, content, members, passwords)
        return open_workbook(name, content)
    if content[:8] == OLE_MARK:
        if is_encrypted(content):
            content = decrypted(name, content, passwords)
        return open_workbook(name, content)
    if looks_like_markup(content):
        return open_markup(name, content)
    if looks_like_web_archive(content):
        return open_web_archive(name, content)
    if PurePosixPath(name).suffix.lower() in WORKBOOKS and (b"\0" in content or b"\t" not in content[:4000]):
        raise FileRefused("unreadable", f"文件“{name}”不是 Excel 工作簿或已损坏，请重新导出后上传。")
    return open_text(name, content)


def _members(name: str, content: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRefused("unreadable", f"文件“{name}”打不开，可能没有传完或已损坏，请重新导出后上传。") from None


def _open_archive(name: str, content: bytes, members: list[zipfile.ZipInfo], passwords: Sequence[str]) -> Opened:
    """The tables of a zip, read in memory: no member ever gets a path of its own."""
    members = [m for m in members if not m.is_dir()]
    if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > MEMBER_LIMIT:
        raise FileRefused(
            "too_large",
            f"压缩包“{name}”里超过 {MOST_MEMBERS} 个文件，或展开后超过 {MEMBER_LIMIT >> 20} MiB，请分几次上传。",
        )
    sheets: list[Sheet] = []
    ignored: list[tuple[str, str]] = []
    kind, broken = zipfile.ZipFile, zipfile.BadZipFile
    if any(member.compress_type == AES for member in members):
        import pyzipper  # few files need it

        kind, broken = pyzipper.AESZipFile, pyzipper.BadZipFile
    with kind(io.BytesIO(content)) as archive:
        for member in (m for m in archive.infolist() if not m.is_dir()):
            written = member.filename
            if not member.flag_bits & 0x800:  # not marked as UTF-8: Windows writes its own code page
                written = written.encode("cp437", "replace").decode("gb18030", "replace")
            parts = [shown(part) for part in PurePosixPath(written.replace("\\", "/")).parts]
            safe = "/".join(part for part in parts if part.strip("./:") and not part.endswith(":"))
            file = PurePosixPath(safe)
            if file.name.startswith((".", "~$")) or file.parts[:1] == ("__MACOSX",):
                continue
            if file.suffix.lower() in NO_TABLES:
                ignored.append((f"{name}/{safe}", "不是表格文件"))
                continue
            opened = open_content(
                f"{name}/{safe}", _member(name, archive, member, passwords, broken), passwords, within=True
            )
            sheets += opened.sheets
    if not sheets:
        raise FileRefused("no_rows", f"压缩包“{name}”里没有表格，请把 xlsx、xls、ods 或 csv 放进去后重新上传。")
    return Opened(sheets, tuple(ignored))


def _member(
    name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, passwords: Sequence[str], broken: type[Exception]
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
            raise FileRefused("unreadable", f"压缩包“{name}”打不开，可能没有传完，请重新压缩后上传。") from None
        return content
    raise needs_password(name, bool(passwords))
