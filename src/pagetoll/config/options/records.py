# SPDX-License-Identifier: Apache-2.0
"""Options of what is kept and shown: history, logs, folders, the web's logo, and where PyKota's files are."""

from pagetoll.config.options.choices import Logger
from pagetoll.config.options.kinds import Option, switch_option, text, word_option


def _folder(value: object) -> str:
    path = text(value)
    if path and not path.startswith("/"):
        raise ValueError
    return path


def _pykota_home(value: object) -> str:
    return "none" if value == "none" else _folder(value)


def _link(value: object) -> str:
    address = text(value)
    if address and not address.startswith(("http://", "https://", "/")):
        raise ValueError
    return address


def _link_option(name: str, help_text: str) -> Option:
    return Option(name, _link, "an http or https address, an absolute path, or empty", "", '""', False, help_text)


RECORDS: tuple[Option, ...] = (
    switch_option(
        "privacy",
        False,
        False,
        "Whether the history keeps the word hidden instead of a job's title, file name and options.",
    ),
    switch_option("disablehistory", False, False, "Whether only the last job of each printer is kept."),
    Option(
        "directory",
        _folder,
        "an absolute path, or empty",
        "",
        '""',
        True,
        "Where documents lie while their job is in hand, and stay with keepfiles. It must be closed to others, or "
        "such as /var/tmp. Empty, or a folder that cannot be used, means the spool folder of the home.",
    ),
    word_option(
        "logger",
        Logger.SYSTEM,
        False,
        "Where the daemon's log lines go: to the system's log (facility lpr) and, where that is something else, to "
        "standard error too; or to standard error alone.",
    ),
    switch_option("debug", False, False, "Whether the daemon's log tells every step of a job."),
    _link_option("logourl", "The picture at the top of the web pages."),
    _link_option("logolink", "Where a click on that picture leads."),
    Option(
        "pykota_home",
        _pykota_home,
        'an absolute path, "none", or empty',
        "",
        '""',
        False,
        "The folder of pykota.conf and pykotadmin.conf. Empty means where PyKota looked: PYKOTA_HOME, the home of "
        "the user pykota, /etc/pykota. With none they are not read.",
    ),
)
