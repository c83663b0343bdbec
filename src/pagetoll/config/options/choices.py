# SPDX-License-Identifier: Apache-2.0
"""The words that options choose from."""

from enum import StrEnum


class Policy(StrEnum):
    """What becomes of jobs whose printer, user or entry the ledger does not know."""

    DENY = "deny"
    ALLOW = "allow"


class Mode(StrEnum):
    """Whether jobs are refused, or only watched."""

    ENFORCE = "enforce"
    WATCH = "watch"


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


class UnknownBillingCode(StrEnum):
    """What becomes of jobs for a cost centre that the ledger does not know."""

    CREATE = "create"
    DENY = "deny"


class OnAccounterError(StrEnum):
    """What becomes of a job whose measuring fails."""

    STOP = "stop"
    CONTINUE = "continue"


class BannerShare(StrEnum):
    """Which banners belong to the job that is charged."""

    NONE = "none"
    BOTH = "both"
    STARTING = "starting"
    ENDING = "ending"


class Logger(StrEnum):
    """Where the daemon's log lines go."""

    STDERR = "stderr"
    SYSTEM = "system"
