# SPDX-License-Identifier: Apache-2.0
"""Who is told what: by the printer's `mailto`, in the words that a site configured, by mail or by its command."""

from collections.abc import Sequence
from dataclasses import dataclass

from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core.errors import NoticeError
from pagetoll.core.messages import _
from pagetoll.core.notices import Action, Mail, Notice
from pagetoll.ports import MailSender, SiteCommands

#: The subject of what an administrator gets.
ADMIN_SUBJECT = "Print Quota"
#: How long a command of `mailto` may take.
COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells people what happened. `tell` returns what went wrong, as sentences; the others are told all the same."""

    settings: Settings
    mails: MailSender
    commands: SiteCommands

    def tell(self, notice: Notice) -> Sequence[str]:
        """Send the notice to whom the printer's `mailto` names; nobody: nothing is opened or started."""
        queue = self.settings.for_queue(notice.printer_name)
        if queue.mailto.command is not None:
            return self._by_command(notice, queue)
        failures = []
        for mail in mails_of(notice, queue):
            try:
                self.mails.send(mail)
            except NoticeError as error:
                failures.append(str(error))
        return failures

    def _by_command(self, notice: Notice, queue: QueueSettings) -> Sequence[str]:
        command = queue.mailto.command
        if command is None or not notice.text:
            return ()
        end = self.commands.run(
            command.argv(placeholders_of(notice)),
            variables_of(notice),
            timeout_s=COMMAND_TIMEOUT_S,
            output_octets_max=0,
        )
        if not end.trouble:
            return ()
        why = _("the command of mailto: {why}; look at mailto in the configuration").format(why=end.trouble)
        return (f"{notice.user_name}@{notice.printer_name}: {why}",)


def mails_of(notice: Notice, queue: QueueSettings) -> list[Mail]:
    """The mails that a notice becomes by `mailto`, the user's first."""
    mails = []
    if queue.mailto.to_user and notice.text:
        signature = _("Your print administrator: {name} <{address}>").format(
            name=queue.admin, address=queue.adminmail
        )
        body = f"{notice.text}\n\n-- \n{signature}\n"
        mails.append(Mail(queue.adminmail, notice.email, notice.subject, body))
    if queue.mailto.to_admin and notice.admin_text:
        mails.append(Mail(queue.adminmail, queue.adminmail, _(ADMIN_SUBJECT), f"{notice.admin_text}\n"))
    return mails


def placeholders_of(notice: Notice) -> dict[str, str]:
    """What may be put into a site's command."""
    return {
        "action": notice.action,
        "username": notice.user_name,
        "printername": notice.printer_name,
        "email": notice.email,
        "message": notice.text,
    }


def variables_of(notice: Notice) -> dict[str, str]:
    """The environment variables of a site's command."""
    return {
        "PYKOTAPHASE": "BEFORE",
        "PYKOTAACTION": notice.action,
        "PYKOTAREASON": notice.text,
        "PYKOTAUSERNAME": notice.user_name,
        "PYKOTAPRINTERNAME": notice.printer_name,
        **notice.variables,
    }


def address_of(user_name: str, email: str, settings: Settings) -> str:
    """A user's address: the stored one, else the login at the mail domain, else at the mail server."""
    if email:
        return email
    host = settings.smtpserver
    name, colon, port = host.rpartition(":")
    server = name if colon and port.isdecimal() else host
    return f"{user_name}@{settings.maildomain or server or 'localhost'}"


def subject_of(action: Action, *, noprint: bool = False) -> str:
    """The subject of a user's mail."""
    if noprint:
        return _("Printing denied.")
    return _("Print Quota Exceeded") if action is Action.DENY else _("Print Quota Low")


def user_text(action: Action, *, by_balance: bool, printer_name: str, settings: Settings) -> str:
    """What a user is told: the site's text as it was configured, else ours."""
    queue = settings.for_queue(printer_name)
    if action is Action.DENY:
        ours = (
            _("Your credit is used up. You cannot print on {printer} any more; please pay in.")
            if by_balance
            else _("Your print quota on {printer} is used up. You cannot print there any more.")
        )
        return queue.hardwarn or ours.format(printer=printer_name)
    if by_balance:
        text = _("Your credit is almost used up. Please pay in, so that you can go on printing on {printer}.")
        return settings.poorwarn or text.format(printer=printer_name)
    text = _("Your print quota on {printer} is almost used up. You can go on printing there for a short time only.")
    return queue.softwarn or text.format(printer=printer_name)
