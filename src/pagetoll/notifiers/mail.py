# SPDX-License-Identifier: Apache-2.0
"""Mails by SMTP (RFC 5321, 5322; automatic mails RFC 3834).

One connection is kept for all mails of a run. Addresses and subjects may be hostile: an address must be a single one,
and no text can begin a header of its own.
"""

import smtplib
import socket
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from pagetoll.core.errors import NoticeError
from pagetoll.core.messages import _
from pagetoll.core.notices import Mail
from pagetoll.core.plain_text import plain

SMTP_PORT = 25
TIMEOUT_S = 20.0
#: After so many failures to connect in a row, nobody is asked again in this run.
CONNECTS_FAILED_MAX = 3
ADDRESS_LENGTH_MAX = 254  # RFC 5321 4.5.3.1.3 with its angle brackets


class SmtpMailSender:
    """MailSender of `ports`; `server` is host or host:port. Connects when the first mail is sent, and not before."""

    def __init__(self, server: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._host, self._port = host_and_port(server)
        self._timeout_s = timeout_s
        self._connection: smtplib.SMTP | None = None
        self._connects_failed = 0

    def send(self, mail: Mail) -> None:
        """See `ports.MailSender`."""
        message = message_of(mail, datetime.now().astimezone())
        kept = self._connection is not None
        try:
            self._hand_over(message)
        except smtplib.SMTPServerDisconnected as error:
            self._drop()
            if not kept:
                raise self._failed(mail, str(error)) from error
            # A server may end an idle or long connection between two mails (RFC 5321 3.8).
            self._once_more(mail, message)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self._after_error(error)
            raise self._failed(mail, said_by(error)) from error

    def close(self) -> None:
        """Say goodbye to the server; harmless when there is no connection."""
        if self._connection is not None:
            try:
                self._connection.quit()
            except (smtplib.SMTPException, OSError):
                self._connection.close()
            self._connection = None

    def _once_more(self, mail: Mail, message: EmailMessage) -> None:
        try:
            self._hand_over(message)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self._after_error(error)
            raise self._failed(mail, said_by(error)) from error

    def _hand_over(self, message: EmailMessage) -> None:
        # The addresses as we checked them: those that smtplib would read from the headers lose their quotes.
        sender, *recipients = (
            address.addr_spec
            for name in ("From", "To", "Cc")
            if name in message
            for address in message[name].addresses
        )
        self._connected().send_message(message, sender, recipients)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            if self._connects_failed >= CONNECTS_FAILED_MAX:
                raise OSError(_("it did not answer before"))
            try:
                # Our own name is given: to look it up may take as long as a broken name server likes.
                self._connection = smtplib.SMTP(
                    self._host, self._port, local_hostname=socket.gethostname(), timeout=self._timeout_s
                )
            except (smtplib.SMTPException, OSError):
                self._connects_failed += 1
                raise
            self._connects_failed = 0
        return self._connection

    def _after_error(self, error: Exception) -> None:
        """A refused mail leaves the connection as it was (smtplib resets it); anything else ends it."""
        if not isinstance(
            error,
            smtplib.SMTPRecipientsRefused
            | smtplib.SMTPSenderRefused
            | smtplib.SMTPDataError
            | smtplib.SMTPNotSupportedError
            | UnicodeError,
        ):
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failed(self, mail: Mail, why: str) -> NoticeError:
        text = _("the mail to {address} was not taken by {server}: {why}; look at smtpserver in the configuration")
        server = f"{self._host}:{self._port}"
        return NoticeError(text.format(address=mail.recipient, server=server, why=why))


def host_and_port(server: str) -> tuple[str, int]:
    """The host and port of `smtpserver`: host, host:port, [IPv6] or [IPv6]:port."""
    name, colon, port = server.rpartition(":")
    if not colon or not port.isdecimal() or (":" in name and not name.endswith("]")):
        name, port = server, str(SMTP_PORT)
    return name.removeprefix("[").removesuffix("]"), int(port)


def message_of(mail: Mail, now: datetime) -> EmailMessage:
    """The mail as it goes over the wire. Raises NoticeError for an address that is none."""
    message = EmailMessage()
    message["From"] = single_address(mail.sender)
    message["To"] = single_address(mail.recipient)
    if mail.copy_to:
        message["Cc"] = single_address(mail.copy_to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=single_address(mail.sender).domain)
    if mail.in_reply_to:
        message["In-Reply-To"] = one_line(mail.in_reply_to)
    message["Auto-Submitted"] = "auto-replied" if mail.in_reply_to else "auto-generated"
    try:
        message.set_content(mail.body.replace("\0", ""))
    except UnicodeError:  # half of a surrogate pair
        message.set_content(mail.body.replace("\0", "").encode("utf-8", "replace").decode())
    return message


def single_address(text: str) -> Address:
    """The one address in `text`. Raises NoticeError for none, several, a comment, or a line end."""
    problem = NoticeError(
        _("{address} is no mail address; set the user's with: pkusers --email").format(address=repr(text))
    )
    if len(text) > ADDRESS_LENGTH_MAX or not text.isprintable() or text.count("@") != 1:
        raise problem
    local, _at, domain = text.partition("@")
    if not local or not domain or any(sign.isspace() or sign in '<>()[],;:\\"' for sign in domain):
        raise problem
    try:
        return Address(username=local, domain=domain)
    except (MessageError, ValueError, IndexError) as error:
        raise problem from error


def one_line(text: str) -> str:
    """A text without line ends and control characters, as a header needs it."""
    return plain(text).strip()


def said_by(error: Exception) -> str:
    """What a server answered, or why it could not be asked, on one line."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return one_line(f"{code} {said.decode(errors='replace')}")
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        shown = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
        return one_line(f"{error.smtp_code} {shown}")
    return one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)
