"""Files under a password: opened with what the county has stored for the department, in memory."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from shouwang.core.errors import FileRefused
from shouwang.intake.names import refused

USUAL = "VelvetSweatshop"
"""With this one Excel encrypts by itself, when only the structure of a workbook is protected
([MS-OFFCRYPTO])."""
_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_FILE_PASS = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)


def is_encrypted(content: bytes) -> bool:
    """Whether a compound file is an encrypted xlsx, or an xls with the record FILEPASS."""
    return _PACKAGE in content or bool(_FILE_PASS.search(content))


def decrypted(name: str, content: bytes, passwords: Sequence[str]) -> bytes:
    """The workbook inside; `FileRefused` where no password opens it."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    for password in (*passwords, USUAL):
        out = io.BytesIO()
        try:
            book = msoffcrypto.OfficeFile(io.BytesIO(content))
            book.load_key(password=password)
            book.decrypt(out)
        except InvalidKeyError:
            continue
        except (
            DecryptionError,
            FileFormatError,
            ParseError,
            OSError,
            ValueError,
            TypeError,
            KeyError,
        ) as error:
            if "password" in str(error).lower():
                continue
            raise refused(
                "unreadable", name, "加密的内容读不出来，请取消密码后重新上传。"
            ) from None
        if out.getvalue()[:2] == b"PK" or out.getvalue()[:4] == content[:4]:
            return out.getvalue()
    raise needs_password(name, bool(passwords))


def needs_password(name: str, tried: bool) -> FileRefused:
    """The refusal of a file that stays closed."""
    why = "县里存的密码打不开" if tried else "县里没有存这个部门的密码"
    return refused(
        "encrypted",
        name,
        f"有密码，{why}。请取消密码后重新上传，或请县里的管理员存入（更正）这个部门的密码。",
    )
