# SPDX-License-Identifier: Apache-2.0
"""Every error of Pagetoll, sorted by whose fault it is.

An error carries its facts as attributes; a frontend has one table from class to exit status. A refusal to
print is no error but a `pagetoll.core.policy.Decision`.
"""

from dataclasses import dataclass


class PagetollError(Exception):
    """Base of all errors that Pagetoll raises on purpose."""


class UsageError(PagetollError):
    """The caller's words are off: a wrong option, name or value."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One wrong place of a configuration file: `file`, `line` (from 1, 0 unknown), `option`, what is wrong."""

    file: str
    line: int
    option: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.option}: {self.text}"


class ConfigError(PagetollError):
    """A configuration file is unreadable or wrong; `problems` lists every place, all at once. `closed` says that the
    file may be right, but is closed to the user who read it."""

    def __init__(self, problems: list[ConfigProblem], closed: bool = False) -> None:
        self.problems = problems
        self.closed = closed
        super().__init__("\n".join(str(problem) for problem in problems))


class PluginError(PagetollError):
    """A plug-in is missing or broken."""


class DocumentError(PagetollError):
    """A print file cannot be counted; `offset` is the octet where that showed."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self.text = text
        self.offset = offset
        super().__init__(f"{text} (at octet {offset})")


class UnknownLanguage(DocumentError):
    """No page language that can be counted was recognised."""


class TruncatedDocument(DocumentError):
    """The data ends before the first page was complete."""


class MalformedDocument(DocumentError):
    """The data breaks the grammar of its language."""


class DocumentTooComplex(DocumentError):
    """A limit on time, memory, nesting or size was reached before there was a number."""


class ProtocolError(PagetollError):
    """A peer broke a protocol (ours, IPP, SNMP, PJL, LPD); `offset` is the octet of the message."""

    def __init__(self, text: str, offset: int = 0) -> None:
        self.text = text
        self.offset = offset
        super().__init__(f"{text} (at octet {offset})")


class DeviceError(PagetollError):
    """The device could not be used."""

    retryable = False


class DeviceUnreachable(DeviceError):
    """Nobody answers there now: switched off, no network, a scheduler that does not run."""

    retryable = True


class DeviceTimeout(DeviceError):
    """It was reached, and did not answer in time."""

    retryable = True


class DeviceRefused(DeviceError):
    """It answered that it will not do this."""


class NoticeError(PagetollError):
    """Somebody could not be told: the mail server or the site's command did not do it."""


class LedgerError(PagetollError):
    """A rule of the ledger forbids the act."""


class LimitReached(LedgerError):
    """A checked leg does not fit; `refusal` (core.policy.Refusal, core.rolling.RollingRefusal) has the figures,
    `standings` (core.standings.Standings) how everything stood that the job asked for."""

    def __init__(self, refusal: object, standings: object = None) -> None:
        self.refusal = refusal
        self.standings = standings
        super().__init__(str(refusal))


class DocumentRepeated(LedgerError):
    """The user's document is printed already; `earlier` (ports.AttemptRecord) is the attempt that has it."""

    def __init__(self, earlier: object) -> None:
        self.earlier = earlier
        super().__init__("the same document is printed already")


class AccountClosed(LedgerError):
    """The account was deleted; a new one of its name is another account."""


class NoSuchAccount(LedgerError):
    """No account of that owner, scope and unit was ever made."""


class ReservationExpired(LedgerError):
    """Nothing is reserved for the attempt any more, or never was."""


class AlreadySettled(LedgerError):
    """The attempt was charged; what it posted is corrected by new entries."""


class AlreadyVoided(LedgerError):
    """The attempt was closed with nothing charged."""


class StorageError(PagetollError):
    """The ledger's database cannot be used as it is."""

    retryable = False


class StorageUnavailable(StorageError):
    """The database does not answer, is locked, full or read-only."""

    retryable = True


class StorageConflict(StorageError):
    """Another writer was faster; the whole transaction may be tried again."""

    retryable = True


class SchemaMismatch(StorageError):
    """The database's schema is of another version; says which command upgrades it."""
