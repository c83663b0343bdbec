# SPDX-License-Identifier: Apache-2.0
"""The mail gateway: a mail whose subject is a command is answered with a mail.

An answer goes to the address that the ledger has of the sender, and nowhere else: who writes in another's name makes
that other get his own report. Mails that machines wrote are not answered (RFC 3834), so two of them cannot write to
each other for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage

from pagetoll.app.notices import address_of
from pagetoll.config.options import Settings
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.ports import CatalogueReader

#: A mail is read to here; its header is all that counts.
MAIL_OCTETS_MAX = 1 << 20
REFUSED_CHARACTERS = "/<>&\"'#!%*$,;\\"
WORDS_MAX = 100
COMMANDS = ("report",)
#: Of a header that is looked at; a person's address and a subject are shorter.
HEADER_LENGTH_MAX = 2000
_LOOKED_AT = ("from", "subject", "message-id", "auto-submitted", "precedence", "return-path")
_BULK = ("bulk", "junk", "list", "auto_reply")


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail that may be answered: from whom, its number for the answer, and the words of its subject."""

    address: str
    message_id: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: the users with an address, or the administrator, who may see everybody.

    `address` is as it is stored, not as it stands in the mail.
    """

    address: str
    users: tuple[str, ...]

    def names(self, words: tuple[str, ...]) -> list[str]:
        """Whose report he gets: his own whatever he asks for; the administrator those he named."""
        return list(self.users or words)


class NotAnswered(UsageError):
    """A mail that gets no answer; the text says why."""


def read_mail(data: bytes) -> Asked:
    """What a mail asks. Raises NotAnswered for one that no person wrote to us, or without a sender."""
    try:
        message = message_from_bytes(data[:MAIL_OCTETS_MAX], policy=policy.default)
        headers = _headers(message)
        addresses = _senders(message)
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, KeyError, RecursionError) as error:
        # The standard library's parser gives up on some broken headers with errors of many kinds.
        raise NotAnswered(_("the mail's header cannot be read; send it again as plain text")) from error
    why = _written_by_a_machine(headers)
    if why:
        raise NotAnswered(_("this mail is not answered: {why}").format(why=why))
    if len(addresses) != 1 or "@" not in addresses[0]:
        raise NotAnswered(_("this mail is not answered: it has not one sender"))
    words = tuple(headers.get("subject", "").split())[:WORDS_MAX]
    return Asked(addresses[0], headers.get("message-id", "")[:200], words)


def _headers(message: EmailMessage) -> dict[str, str]:
    """Those that we look at, by their names in small letters; of a mailing list's the names alone. Raises ValueError
    for one that is too long, which the parser would take hours for."""
    names = {name.lower() for name in message}
    if any(len(value) > HEADER_LENGTH_MAX for name, value in message.raw_items() if name.lower() in _LOOKED_AT):
        raise ValueError("a header is too long")
    found = {name: str(message[name]) for name in _LOOKED_AT if name in names}
    return dict.fromkeys((name for name in names if name.startswith("list-")), "") | found


def _senders(message: EmailMessage) -> list[str]:
    return [address.addr_spec for header in message.get_all("From", []) for address in header.addresses]


def _written_by_a_machine(headers: Mapping[str, str]) -> str:
    """Why nobody waits for an answer to a mail with these headers; "" where somebody may."""
    if headers.get("auto-submitted", "no").split(";")[0].strip().lower() != "no":
        return _("it was sent automatically")
    if headers.get("precedence", "").strip().lower() in _BULK or any(name.startswith("list-") for name in headers):
        return _("it came from a mailing list")
    if headers.get("return-path", "").strip() == "<>":
        return _("it is a delivery report")
    return ""


def sender_of(asked: Asked, catalogue: CatalogueReader, settings: Settings) -> Sender:
    """Who asks, by the addresses of the ledger. Raises NotAnswered for somebody it does not know."""
    address = asked.address.lower()
    admin = settings.defaults.adminmail
    if address == admin.lower():
        return Sender(admin, ())
    known = {user.name: address_of(user.name, user.email, settings) for user in catalogue.users()}
    users = tuple(name for name, stored in known.items() if stored.lower() == address)
    if users:
        return Sender(known[users[0]], users)
    raise NotAnswered(_("this mail is not answered: no user has its sender's address; set it with: pkusers --email"))


def command_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The names behind `report`. Raises UsageError, whose text is for the sender, for any other subject."""
    if not words or words[0].lower() not in COMMANDS:
        raise UsageError(_("The subject is no command. Write: report"))
    if any(sign in REFUSED_CHARACTERS or not sign.isprintable() for word in words for sign in word):
        raise UsageError(_("A name in the subject has characters that are not allowed there. Write: report"))
    return words[1:]
