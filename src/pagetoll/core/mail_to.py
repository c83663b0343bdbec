# SPDX-License-Identifier: Apache-2.0
"""Who is told of a job's refusal or warning: the option `mailto`."""

from dataclasses import dataclass
from enum import StrEnum

from pagetoll.core.site_commands import SiteCommand


class Recipients(StrEnum):
    """To whom a notice goes."""

    NOBODY = "nobody"
    USER = "user"
    ADMIN = "admin"
    BOTH = "both"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class MailTo:
    """The recipients, and with `Recipients.COMMAND` the command that tells them instead of mail.

    The command's placeholders are `PLACEHOLDERS`; fill them in with `command.argv(values)`.
    """

    recipients: Recipients
    command: SiteCommand | None = None

    @property
    def to_user(self) -> bool:
        """Whether the user gets a mail."""
        return self.recipients in (Recipients.USER, Recipients.BOTH)

    @property
    def to_admin(self) -> bool:
        """Whether the administrator gets a mail (with `both`, a copy of the user's)."""
        return self.recipients in (Recipients.ADMIN, Recipients.BOTH)


PLACEHOLDERS = ("action", "username", "printername", "email", "message")

TELL_BOTH = MailTo(Recipients.BOTH)
