# SPDX-License-Identifier: Apache-2.0
"""Options of the ledger and of a job's way to the device."""

import re

from pagetoll.config.options.choices import Mode, OnFailure, OnLimit, Policy, UnknownSize
from pagetoll.config.options.kinds import (
    COMMAND,
    Option,
    command,
    credit_option,
    number_option,
    switch_option,
    text_option,
    word_option,
)
from pagetoll.core.policy import Enforcement
from pagetoll.core.site_commands import SiteCommand

OCTETS_MAX = 2**50
_LANGUAGE = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
POLICY_PLACEHOLDERS = ("username", "printername")


def _policy(value: object) -> Policy | SiteCommand:
    match value:
        case str():
            return Policy(value)
        case {"external": helper, **others} if not others:
            return command(POLICY_PLACEHOLDERS)(helper)
    raise ValueError


def _languages(value: object) -> tuple[str, ...]:
    match value:
        case [*words] if all(isinstance(word, str) and _LANGUAGE.fullmatch(word) for word in words):
            return tuple(map(str, words))
    raise ValueError


PRINTING: tuple[Option, ...] = (
    text_option(
        "database",
        "an SQLAlchemy or LDAP URL, or empty",
        "",
        False,
        "Where the ledger is, as an SQLAlchemy URL or that of an entry of an LDAP directory. Empty means the SQLite "
        "file pagetoll.db in the home.",
    ),
    word_option(
        "mode",
        Mode.ENFORCE,
        True,
        "enforce refuses or holds the jobs that its rules and limits say; watch counts and charges all jobs and lets "
        "them print, and what would have become of them is in `pagetoll report refusals`.",
    ),
    Option(
        "policy",
        _policy,
        f'"deny", "allow" or {{ external = COMMAND }}, where COMMAND is {COMMAND}',
        Policy.DENY,
        '"deny"',
        True,
        "What happens to a job whose printer, user or quota entry is not in the ledger: deny cancels it, allow "
        "prints it uncharged, external runs a command that may add what is missing. The command gets %(username)s "
        "and %(printername)s put in, and %% for a percent sign.",
    ),
    word_option(
        "enforcement",
        Enforcement.STRICT,
        True,
        "strict refuses a job that would go over a limit; laxist lets the last job go over it.",
    ),
    number_option(
        "gracedelay_d",
        7,
        (0, 3650),
        "days",
        True,
        "How long a user may go on printing between the soft and the hard limit.",
    ),
    credit_option("balancezero", 0, "The balance at which printing stops; may be negative."),
    word_option(
        "unknown_size",
        UnknownSize.HOLD,
        True,
        "What happens to a document that cannot be counted: hold keeps the job until an administrator releases or "
        "cancels it, refuse cancels it, allow prints it and charges what the device reports.",
    ),
    word_option(
        "on_limit",
        OnLimit.CANCEL,
        True,
        "What happens in CUPS to a job that is over a limit: it is canceled, or held until somebody releases it.",
    ),
    word_option(
        "on_failure",
        OnFailure.HOLD,
        True,
        "What happens while Pagetoll itself cannot work: hold the job, let CUPS retry it, cancel it, or print it and "
        "book it afterwards from a journal.",
    ),
    number_option(
        "wait_s",
        5,
        (0, 3600),
        "seconds",
        True,
        "How long a job waits for a daemon that does not answer before on_failure is followed.",
    ),
    switch_option(
        "keepfiles",
        False,
        True,
        "Whether the spooled copy of a document stays when its job has ended.",
    ),
    number_option(
        "device_linger_s",
        600,
        (0, 86400),
        "seconds",
        True,
        "How long at most a job waits for another one that still prints on the same device.",
    ),
    number_option(
        "max_document_octets",
        0,
        (0, OCTETS_MAX),
        "octets",
        True,
        "Larger documents are treated as unknown_size says; 0 means no limit.",
    ),
    Option(
        "languages",
        _languages,
        'a list of languages as `pagetoll count` names them, such as ["pcl5", "pclxl", "text"]',
        (),
        "[]",
        True,
        "The languages that the printer knows; documents in others are treated as unknown_size says, because the "
        "printer would print them as text. Empty means all.",
    ),
    number_option(
        "busy_timeout_s",
        10,
        (1, 600),
        "seconds",
        False,
        "How long a command waits for a database that another one is writing to.",
    ),
    number_option(
        "upkeep_interval_s",
        60,
        (5, 86400),
        "seconds",
        False,
        "How often the daemon looks for attempts whose processes have died.",
    ),
    text_option(
        "server_name",
        "a name, or empty for the host's",
        "",
        False,
        "What this print server is called in a ledger that several share; no two may have the same.",
    ),
    number_option(
        "server_gone_s",
        600,
        (10, 86400),
        "seconds",
        False,
        "How long another print server of the ledger is silent before devices that its jobs keep are taken over.",
    ),
    text_option(
        "spooler_user",
        "a user name, or empty",
        "",
        False,
        "Besides root and the home's owner, jobs are accepted from this user; `pagetoll cups install --as-spooler` "
        "sets it.",
    ),
)
