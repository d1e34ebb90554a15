"""The ways by which a file reaches a township (渠道): the outbox, a server of its own by SFTP,
mail.

Each may be taken again for the same file and then changes nothing there: the name and the content
are the same. A mail cannot be looked for on the other side: the moment in which its server says
that it took it, that is noted down in the workspace (``taken/``, apart from the database, which may
be slow or away), and what is noted is not sent again. What remains is a server that took a mail
whose answer never reached us, or our death before the note: then the same mail goes again under the
same Message-ID and date, by which servers and readers know it. SMTP allows no more.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from shouwang.core.errors import ConfigError, ShouwangError, Unreachable
from shouwang.core.files import atomic_write
from shouwang.workspace.remote import Remote
from shouwang.workspace.workspace import Workspace

PATIENCE, TAKEN = 30.0, 250
_XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HERE = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Item:
    """One file on its way: where it lies here, of which month, for whom, and when it was made."""

    path: Path
    month: str
    township: str
    fingerprint: str
    prepared_at: Any


def deliver(workspace: Workspace, item: Item) -> tuple[str, str]:
    """Bring a file to its township; the channel and what the other side answered. Raises
    `Unreachable` if it is away."""
    known = workspace.county.settings.townships.get(item.township)
    if known is None or known.channel == "folder":
        if workspace.far_outbox:
            workspace.far_outbox.send(item.path)
        return "folder", f"{item.path.stat().st_size} bytes in the outbox"
    if known.channel == "sftp":
        Remote(f"{known.to.rstrip('/')}/{item.month}", item.path.parent).send(item.path)
        return "sftp", f"{item.path.stat().st_size} bytes at {urlsplit(known.to).hostname}"
    return "mail", _mail(workspace, item, known.to)


def forget(workspace: Workspace, fingerprint: str) -> None:
    """Drop the note that a mail was taken; what the database says counts from here on."""
    (workspace.home / "taken" / fingerprint).unlink(missing_ok=True)


def letter(workspace: Workspace, item: Item, to: str) -> EmailMessage:
    """The mail that carries a file: the same for the same file, and nobody is named in it."""
    settings = workspace.county.settings
    sender = settings.delivery.mail_from
    if "@" not in sender:
        raise ConfigError(
            "county.yaml: delivery.mail_from is not an address; write the sender of mails, "
            "name@example.org."
        )
    message = EmailMessage()
    message["Subject"] = f"{settings.name}{item.path.stem}"
    message["From"], message["To"] = sender, to
    message["Date"] = format_datetime(item.prepared_at)
    message["Message-ID"] = f"<{item.fingerprint[:40]}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"{item.township}：\n\n　　现发去《{item.path.stem}》，见附件。"
        "表中含个人信息，仅供入户核查使用，不得公示、转发。\n"
        "　　名单打开时需要密码，密码由县里另行告知，请勿在邮件中询问或转告。"
        "填好后请按原渠道报回。\n\n"
        f"{settings.office}\n"
    )
    message.add_attachment(
        item.path.read_bytes(), maintype="application", subtype=_XLSX, filename=item.path.name
    )
    return message


def _mail(workspace: Workspace, item: Item, to: str) -> str:
    """Hand a letter to the mail server of ``SHOUWANG_SMTP``; what it answered."""
    address = os.environ.get("SHOUWANG_SMTP") or ""
    parts = urlsplit(address)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.password:
        raise ConfigError(
            "SHOUWANG_SMTP says by which server mails go: smtps://user@host or "
            "smtp://user@host:587, without a password; that lies in the file secrets/smtp."
        )
    message, note = letter(workspace, item, to), workspace.home / "taken" / item.fingerprint
    if note.exists():
        return note.read_text(encoding="utf-8")
    note.parent.mkdir(exist_ok=True, mode=0o700)
    try:
        with _server(parts.scheme, parts.hostname, parts.port or 0) as server:
            if parts.username:
                server.login(unquote(parts.username), next(iter(workspace.secret("smtp")), ""))
            server.note = note
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        if note.exists():  # it fell ill after it had taken the mail
            return note.read_text(encoding="utf-8")
        code = getattr(error, "smtp_code", None)
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            code = next(code for code, _ in error.recipients.values())
        server_name = f"{parts.scheme}://{parts.hostname}"
        what = f"{server_name} did not take the mail to {item.township} ({type(error).__name__}"
        if isinstance(code, int) and code >= 500:
            raise ShouwangError(
                f"{what}, {code}). Check the address in county.yaml and the server's user."
            ) from None
        raise Unreachable(
            f"{what}). Check that the server is there; then run this step again."
        ) from None
    return note.read_text(encoding="utf-8")


class _Plain(smtplib.SMTP):
    """Notes down what the server said when it took the message, before anything else can happen."""

    note = Path()

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, said = super().data(msg)
        if code == TAKEN:
            with atomic_write(self.note) as part:
                part.write_text(f"{code} {said.decode('ascii', 'replace')}"[:200], encoding="utf-8")
        return code, said


class _Tls(smtplib.SMTP_SSL, _Plain):
    """The same, encrypted from the first byte on."""


def _server(scheme: str, host: str, port: int) -> _Plain:
    """A connection that nobody can read along: plain text goes to this machine's own server
    only."""
    context = ssl.create_default_context()
    if scheme == "smtps":
        return _Tls(host, port, timeout=PATIENCE, context=context)
    server = _Plain(host, port or 587, timeout=PATIENCE)
    server.ehlo()
    if server.has_extn("starttls") or host not in _HERE:
        server.starttls(context=context)
    return server
