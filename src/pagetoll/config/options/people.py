# SPDX-License-Identifier: Apache-2.0
"""Options about people: their names, and who is told what, and how."""

from pagetoll.config.options.choices import UsernameCase
from pagetoll.config.options.kinds import (
    COMMAND,
    Option,
    command,
    credit_option,
    message_option,
    switch_option,
    text,
    text_option,
    word_option,
)
from pagetoll.core.mail_to import PLACEHOLDERS, MailTo, Recipients

_MAIL_WORDS = tuple(word for word in Recipients if word is not Recipients.COMMAND)


def _mail_to(value: object) -> MailTo:
    if isinstance(value, str):
        if value not in _MAIL_WORDS:
            raise ValueError
        return MailTo(Recipients(value))
    return MailTo(Recipients.COMMAND, command(PLACEHOLDERS)(value))


def _host(value: object) -> str:
    name = text(value)
    host, colon, port = name.rpartition(":") if name.count(":") == 1 or name.startswith("[") else (name, "", "")
    if not (host if colon else name) or any(sign.isspace() or sign in '/@"<>' for sign in name):
        raise ValueError
    if colon and not name.endswith("]") and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError
    return name


def _aliases(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
        raise ValueError
    return {text(alias): text(name) for alias, name in value.items()}


PEOPLE: tuple[Option, ...] = (
    word_option(
        "usernamecase",
        UsernameCase.NATIVE,
        False,
        "Whether the name of the printing user is taken as it is, or made lower or upper case first.",
    ),
    text_option(
        "winbind_separator",
        "one or more signs, or empty",
        "",
        False,
        "What stands between domain and user in a job's user name; only what follows the last one is kept.",
    ),
    Option(
        "user_aliases",
        _aliases,
        'a table of names such as { "a.smith" = "anna" }',
        {},
        "{}",
        False,
        "Other names that users print under: the job is charged to the user whose name stands on the right.",
    ),
    text_option(
        "striptitle",
        "a pattern with ? * and [ ], or empty",
        "",
        True,
        "What is taken off the beginning of a job's title, such as smbprn.??????.",
    ),
    switch_option(
        "reject_unknown",
        False,
        False,
        "Whether pkusers makes only users and groups that the system knows by that name.",
    ),
    Option(
        "mailto",
        _mail_to,
        f'"nobody", "user", "admin" or "both"; or a command: {COMMAND}',
        MailTo(Recipients.BOTH),
        '"both"',
        True,
        "Who is told when a job is refused, or printed with a warning. A command gets %(action)s, %(username)s, "
        "%(printername)s, %(email)s and %(message)s put in as arguments, and %% for a percent sign.",
    ),
    text_option(
        "admin",
        "a name",
        "root",
        True,
        "The administrator's name below the mails that users get.",
    ),
    text_option(
        "adminmail",
        "a mail address",
        "root@localhost",
        True,
        "The administrator's address: the sender of mails, and the recipient of those for the administrator.",
    ),
    text_option(
        "crashrecipient",
        "a mail address, or empty",
        "",
        False,
        "Who gets a mail when Pagetoll itself fails. Empty means nobody.",
    ),
    Option(
        "smtpserver",
        _host,
        "a text: a host, or host:port",
        "localhost",
        '"localhost"',
        False,
        "The mail server that takes our mails (port 25 unless named).",
    ),
    text_option(
        "maildomain",
        "a domain, or empty",
        "",
        False,
        "What is put behind @ for a user without a mail address. Empty means the mail server's name.",
    ),
    credit_option(
        "poorman",
        1_000_000,
        "A user who pays from a balance is warned when it is at or below this.",
    ),
    message_option("poorwarn", "What a user is told whose balance is at or below poorman.", False),
    message_option("softwarn", "What a user is told who is over a soft limit.", True),
    message_option(
        "hardwarn",
        "What a user is told whose job is refused because of a hard limit, the end of the grace time or an exhausted "
        "balance.",
        True,
    ),
)
