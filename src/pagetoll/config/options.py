# SPDX-License-Identifier: Apache-2.0
"""Every option of pagetoll.toml as one row, and what they become: `Settings` and, for each queue, `QueueSettings`.

The file is TOML 1.0. Options stand at its top; those marked per queue may be given again below `[queue.NAME]`,
where NAME is a queue or a printer group. The reference page is checked against this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pagetoll.core.errors import UsageError
from pagetoll.core.money import MILLION, micros
from pagetoll.core.policy import Enforcement, Rule

DAY_S = 86400
OCTETS_MAX = 2**50


class Policy(StrEnum):
    """What becomes of jobs whose printer, user or entry the ledger does not know."""

    DENY = "deny"
    ALLOW = "allow"


class UnknownSize(StrEnum):
    """What becomes of documents that cannot be counted."""

    HOLD = "hold"
    REFUSE = "refuse"
    ALLOW = "allow"


class OnLimit(StrEnum):
    """What becomes of jobs that are over a limit."""

    CANCEL = "cancel"
    HOLD = "hold"


class OnFailure(StrEnum):
    """What becomes of jobs while we cannot work."""

    HOLD = "hold"
    RETRY = "retry"
    CANCEL = "cancel"
    PRINT_AND_JOURNAL = "print_and_journal"


class UsernameCase(StrEnum):
    """How the name of the printing user is written before it is looked up."""

    NATIVE = "native"
    LOWER = "lower"
    UPPER = "upper"


Parser = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Option:
    """A row: `parse` takes the TOML value and raises ValueError for a wrong one; `allowed` says what is right.

    `unit` is what a number counts; `example` is the default as TOML text.
    """

    name: str
    parse: Parser
    allowed: str
    default: object
    example: str
    per_queue: bool
    help: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The options of one queue or printer group. Credits are in millionths."""

    policy: Policy = Policy.DENY
    enforcement: Enforcement = Enforcement.STRICT
    gracedelay_d: int = 7
    unknown_size: UnknownSize = UnknownSize.HOLD
    on_limit: OnLimit = OnLimit.CANCEL
    on_failure: OnFailure = OnFailure.HOLD
    wait_s: int = 5
    keepfiles: bool = False
    device_linger_s: int = 600
    max_document_octets: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `defaults` holds for every queue without a section; credits are in millionths."""

    database: str = ""
    busy_timeout_s: int = 10
    upkeep_interval_s: int = 60
    usernamecase: UsernameCase = UsernameCase.NATIVE
    balancezero: int = 0
    spooler_user: str = ""
    defaults: QueueSettings = QueueSettings()
    queues: Mapping[str, QueueSettings] = field(default_factory=dict)

    def for_queue(self, name: str) -> QueueSettings:
        """The options that hold for this queue or printer group."""
        return self.queues.get(name, self.defaults)

    def rule_for(self, name: str) -> Rule:
        """How the entries on this printer or printer group are checked."""
        queue = self.for_queue(name)
        return Rule(
            enforcement=queue.enforcement, grace_delay_s=queue.gracedelay_d * DAY_S, balancezero=self.balancezero
        )

    @property
    def rules(self) -> dict[str, Rule]:
        """The rule of each queue or printer group that has a section."""
        return {name: self.rule_for(name) for name in self.queues}

    @property
    def default_rule(self) -> Rule:
        return self.rule_for("")


# --- parsers: TOML value in, setting out, ValueError for anything else --------------------------------------------


def _choice(kind: type[StrEnum]) -> Parser:
    def parse(value: object) -> StrEnum:
        if not isinstance(value, str):
            raise ValueError
        return kind(value)

    return parse


def _integer(least: int, most: int) -> Parser:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return parse


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _credits(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError
    try:
        return micros(Decimal(value))
    except UsageError as error:
        raise ValueError(str(error)) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


def _words(kind: type[StrEnum]) -> str:
    *first, last = (f'"{word}"' for word in kind)
    return f"{', '.join(first)} or {last}"


def _word_option(name: str, default: StrEnum, per_queue: bool, help_text: str) -> Option:
    kind = type(default)
    return Option(name, _choice(kind), _words(kind), default, f'"{default}"', per_queue, help_text)


def _number_option(
    name: str, default: int, limits: tuple[int, int], unit: str, per_queue: bool, help_text: str
) -> Option:
    least, most = limits
    allowed = f"a whole number of {unit} from {least} to {most}"
    return Option(name, _integer(least, most), allowed, default, str(default), per_queue, help_text, unit)


def _credit_option(name: str, default: int, help_text: str) -> Option:
    allowed = "a number of credits, such as 0.05"
    return Option(name, _credits, allowed, default, str(Decimal(default) / MILLION), False, help_text, "credits")


OPTIONS: tuple[Option, ...] = (
    Option(
        "database",
        _text,
        "a text: an SQLAlchemy URL, or empty",
        "",
        '""',
        False,
        "Where the ledger is, as an SQLAlchemy URL. Empty means the SQLite file pagetoll.db in the home.",
    ),
    _word_option(
        "policy",
        Policy.DENY,
        True,
        "What happens to a job whose printer, user or quota entry is not in the ledger: deny cancels it, allow "
        "prints it uncharged.",
    ),
    _word_option(
        "enforcement",
        Enforcement.STRICT,
        True,
        "strict refuses a job that would go over a limit; laxist lets the last job go over it.",
    ),
    _number_option(
        "gracedelay_d",
        7,
        (0, 3650),
        "days",
        True,
        "How long a user may go on printing between the soft and the hard limit.",
    ),
    _credit_option("balancezero", 0, "The balance at which printing stops; may be negative."),
    _word_option(
        "unknown_size",
        UnknownSize.HOLD,
        True,
        "What happens to a document that cannot be counted: hold keeps the job until an administrator releases or "
        "cancels it, refuse cancels it, allow prints it and charges what the device reports.",
    ),
    _word_option(
        "on_limit",
        OnLimit.CANCEL,
        True,
        "What happens in CUPS to a job that is over a limit: it is canceled, or held until somebody releases it.",
    ),
    _word_option(
        "on_failure",
        OnFailure.HOLD,
        True,
        "What happens while Pagetoll itself cannot work: hold the job, let CUPS retry it, cancel it, or print it and "
        "book it afterwards from a journal.",
    ),
    _number_option(
        "wait_s",
        5,
        (0, 3600),
        "seconds",
        True,
        "How long a job waits for a daemon that does not answer before on_failure is followed.",
    ),
    Option(
        "keepfiles",
        _boolean,
        "true or false",
        False,
        "false",
        True,
        "Whether the spooled copy of a document stays when its job has ended.",
    ),
    _number_option(
        "device_linger_s",
        600,
        (0, 86400),
        "seconds",
        True,
        "How long at most a job waits for another one that still prints on the same device.",
    ),
    _number_option(
        "max_document_octets",
        0,
        (0, OCTETS_MAX),
        "octets",
        True,
        "Larger documents are treated as unknown_size says; 0 means no limit.",
    ),
    _number_option(
        "busy_timeout_s",
        10,
        (1, 600),
        "seconds",
        False,
        "How long a command waits for a database that another one is writing to.",
    ),
    _number_option(
        "upkeep_interval_s",
        60,
        (5, 86400),
        "seconds",
        False,
        "How often the daemon looks for attempts whose processes have died.",
    ),
    _word_option(
        "usernamecase",
        UsernameCase.NATIVE,
        False,
        "Whether the name of the printing user is taken as it is, or made lower or upper case first.",
    ),
    Option(
        "spooler_user",
        _text,
        "a text: a user name, or empty",
        "",
        '""',
        False,
        "Besides root and the home's owner, jobs are accepted from this user; `pagetoll cups install --as-spooler` "
        "sets it.",
    ),
)

OPTION_BY_NAME = {option.name: option for option in OPTIONS}
