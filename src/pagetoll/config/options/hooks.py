# SPDX-License-Identifier: Apache-2.0
"""Options that let the site's own commands take part in a job, and the banners around it."""

from pagetoll.config.options.choices import BannerShare, UnknownBillingCode
from pagetoll.config.options.kinds import (
    COMMAND,
    Option,
    command,
    number_option,
    switch_option,
    text,
    word_option,
)
from pagetoll.core.site_commands import SiteCommand

YEAR_S = 31_536_000


def _command_or_none(value: object) -> SiteCommand | None:
    return None if value == [] else command()(value)


def _deny_duplicates(value: object) -> bool | SiteCommand:
    return value if isinstance(value, bool) else command()(value)


def _unknown_billing_code(value: object) -> UnknownBillingCode | SiteCommand:
    match value:
        case str():
            return UnknownBillingCode(value)
        case {"deny": told, **others} if not others:
            return command()(told)
    raise ValueError


def _banner(value: object) -> str | SiteCommand:
    if not isinstance(value, str):
        return command()(value)
    path = text(value)
    if path and not path.startswith("/"):
        raise ValueError
    return path


def _avoid_duplicates(value: object) -> bool | int:
    if isinstance(value, bool):
        return value
    if not isinstance(value, int) or not 0 < value <= YEAR_S:
        raise ValueError
    return value


def _hook(name: str, help_text: str) -> Option:
    return Option(name, _command_or_none, f"{COMMAND}; [] for none", None, "[]", True, help_text)


def _banner_option(name: str, when: str) -> Option:
    allowed = f'the absolute path of a file or program; or a command: {COMMAND}; "" for none'
    help_text = f"What is printed {when}: a file that is no program is sent as it is, of a program its output."
    return Option(name, _banner, allowed, "", '""', True, help_text)


HOOKS: tuple[Option, ...] = (
    Option(
        "unknown_billingcode",
        _unknown_billing_code,
        f'"create", "deny" or {{ deny = COMMAND }}, where COMMAND is {COMMAND}',
        UnknownBillingCode.CREATE,
        '"create"',
        True,
        "What happens to a job for a billing code that the ledger does not know: the code is made, or the job is "
        "refused, and the command run.",
    ),
    Option(
        "denyduplicates",
        _deny_duplicates,
        f"true or false; or a command: {COMMAND}",
        False,
        "false",
        True,
        "Whether a job is refused whose user printed the same document less than duplicatesdelay_s before, on any "
        "printer. A command that prints DENY refuses it.",
    ),
    number_option(
        "duplicatesdelay_s",
        60,
        (0, YEAR_S),
        "seconds",
        True,
        "How long after a job the same one counts as a duplicate.",
    ),
    _hook(
        "overwrite_jobticket",
        "A command that may change a job's user (USERNAME=…) and billing code (BILLINGCODE=…), refuse it (DENY) or "
        "cancel it (CANCEL), each with a line REASON=….",
    ),
    _hook("askconfirmation", "A command that asks the user; a line CANCEL cancels the job."),
    number_option(
        "confirm_timeout_s",
        120,
        (1, 86400),
        "seconds",
        True,
        "How long askconfirmation may take; a job that nobody has confirmed by then is canceled.",
    ),
    _hook("prehook", "A command that is run before a job is printed or refused."),
    _hook("posthook", "A command that is run when a job is booked."),
    number_option(
        "hook_timeout_s",
        60,
        (1, 3600),
        "seconds",
        True,
        "How long any other command that is run for a job may take; then it is stopped.",
    ),
    _banner_option("startingbanner", "before a job"),
    _banner_option("endingbanner", "after a job"),
    word_option(
        "accountbanner",
        BannerShare.BOTH,
        True,
        "Which banners are charged with the job.",
    ),
    number_option(
        "maxdenybanners",
        0,
        (0, 1_000_000),
        "banners",
        True,
        "How many banners a user whose jobs are refused still gets.",
    ),
    switch_option(
        "printcancelledbanners",
        False,
        True,
        "Whether a job gets its banners that the user's answer or the site's rules canceled; they are never charged.",
    ),
    Option(
        "avoidduplicatebanners",
        _avoid_duplicates,
        f"true, false, or a whole number of seconds from 1 to {YEAR_S}",
        False,
        "false",
        True,
        "Whether a job gets no banner when the printer's last job was the same user's: always, never, or when it was "
        "less than so many seconds ago.",
    ),
)
