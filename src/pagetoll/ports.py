# SPDX-License-Identifier: Apache-2.0
"""What the use cases need from the outside, as Protocols. Adapters know one port and one foreign thing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pagetoll.core import catalogue as of
from pagetoll.core.audit import AuditDifference, AuditExtent
from pagetoll.core.charging import ChargeView, Plan
from pagetoll.core.jobs import (
    ALL_ATTEMPTS,
    AttemptKey,
    AttemptState,
    ChargeRule,
    HistoryFilter,
    Identified,
    Outcome,
    Ticket,
)
from pagetoll.core.policy import AccountState, Decision, Rule
from pagetoll.core.usage import Usage
from pagetoll.wire.frames import Ended, Job, Started

Result = TypeVar("Result")


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, in UTC, with its zone."""
        ...


class DocumentCounter(Protocol):
    """Counts a document in a child that can do nothing else."""

    def start(self) -> None: ...
    def close(self) -> None: ...

    def count(
        self, document_fd: int, *, trust_dsc: bool = False, meanwhile: Callable[[], object] | None = None
    ) -> Usage:
        """The usage of the open regular file; its offset stays. Raises DocumentError where there is no number.

        `meanwhile` is done once while the child counts; what it raises is raised.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpooledDocument:
    """A document the daemon can read. `path` is empty for file jobs, which stay where they are."""

    descriptor: int
    octets: int
    sha256: str
    md5: str
    path: str


class Interrupted(Exception):
    """A long step was given up because the caller's `interrupted()` said so."""


class DocumentStore(Protocol):
    """The spool."""

    def keep(self, key: AttemptKey, source_fd: int, interrupted: Callable[[], bool]) -> SpooledDocument:
        """Copy a stream to its end into a file of ours. Raises OSError when it cannot be kept, Interrupted."""
        ...

    def examine(self, document_fd: int) -> SpooledDocument:
        """Size and hashes of an open file that stays where it is. Raises OSError."""
        ...

    def cut_off(self, document: SpooledDocument) -> None:
        """Make the spooled file end where its readers are now."""
        ...

    def discard(self, document: SpooledDocument, *, keep_file: bool = False) -> None: ...

    def remove_stale(self, is_living: Callable[[str], bool]) -> int:
        """Remove what attempts left that nobody drives any more; `is_living` is asked with a nonce."""
        ...


class Processes(Protocol):
    """Evidence about processes: a pid with its start time (clock ticks since boot) names one for certain."""

    boot_id: str

    def alive(self, pid: int, start_time_ticks: int) -> bool: ...


class HeldJobs(Protocol):
    """Jobs that were held because we could not work."""

    def take(self) -> Sequence[int]:
        """Their numbers, once: a root client releases them now."""
        ...

    def give_back(self, job_ids: Sequence[int], /) -> None:
        """Numbers that were taken by somebody who cannot release them after all. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What a thin client wrote down without the daemon. `ended` is None while it prints, or when it died.

    `lines` are the backend's page reports.
    """

    name: str
    job: Job
    started: Started | None
    lines: tuple[bytes, ...]
    ended: Ended | None
    handed_over_octets: int | None
    document_path: str


class Journal(HeldJobs, Protocol):
    """What could not be booked when it happened."""

    def entries(self) -> Iterator[JournalEntry]:
        """Raises ProtocolError for an entry that cannot be read, after setting it aside."""
        ...

    def settlements(self) -> Iterator[tuple[str, str]]:
        """(name, text) of each settlement that waits."""
        ...

    def keep_settlement(self, key: AttemptKey, text: str) -> None: ...
    def remove(self, name: str) -> None: ...


# --- the ledger -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """What is known of an attempt when it is first written; impressions are after copies."""

    key: AttemptKey
    ticket: Ticket
    identified: Identified
    user_name: str
    user_id: int | None
    printer_id: int | None
    boot_id: str
    received_at: datetime
    client_pid: int = 0  # the thin client's process; with its start time (since boot) it is certain
    client_start_time_ticks: int = 0
    document_octets: int | None = None
    document_sha256: str = ""
    document_md5: str = ""
    declared_impressions: int | None = None
    parsed_impressions: int | None = None
    media_sheets: int | None = None
    impressions_color: int | None = None
    language: str = ""
    confidence: str = ""
    findings: tuple[str, ...] = ()
    usage_json: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an attempt's story: when, a short code, a sentence."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """A successful reserve. `in_grace` are the accounts that are over their soft limit, with their new state."""

    attempt_id: int
    in_grace: tuple[AccountState, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What really came out: posted even beyond the limit. Price in millionths."""

    impressions: int
    media_sheets: int
    price: int
    rule: ChargeRule
    outcome: Outcome
    reported_impressions: int | None = None
    backend_status: int | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """A stored attempt, as history, explanation and upkeep read it. Amounts of money in millionths."""

    attempt_id: int
    facts: AttemptFacts
    state: AttemptState
    outcome: Outcome | None
    quoted_impressions: int
    quoted_price: int
    tariff_json: str
    charged_impressions: int
    charged_media_sheets: int
    charged_price: int
    charge_rule: str
    over_reserved: bool
    reported_impressions: int | None
    verdict: str
    reason: str
    decision_text: str
    backend_pid: int | None
    backend_start_time_ticks: int | None
    backend_status: int | None
    reserved_at: datetime | None
    started_at: datetime | None
    closed_at: datetime | None
    lifetime_before: int | None = None  # the printer's counted impressions before this attempt


@dataclass(frozen=True, slots=True)
class LegRecord:
    """A leg of an attempt: the account as it is now, what was set aside and posted.

    `posted_before` is how the account stood when this attempt was posted: the sum of all earlier entries. None where
    nothing was posted by it.
    """

    account: AccountState
    reserved: int
    state: str
    checked: bool
    posted: int
    posted_before: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """An administrative act: the words of the command, and the user who gave it."""

    at: datetime
    actor: str
    text: str


class Ledger(Protocol):
    """Accounts, reservations and attempts. Every method is one short transaction; all are safe to repeat.

    Raise StorageUnavailable, StorageConflict or SchemaMismatch for the database's faults.
    """

    def charge_view(self, printer_name: str, user_name: str, rules: dict[str, Rule], default: Rule) -> ChargeView:
        """What the rules need to know of this user on this printer; `rules` by printer (group) name."""
        ...

    def reserve(self, facts: AttemptFacts, plan: Plan, decision: Decision, notes: Sequence[Note]) -> Reserved:
        """Write the attempt and set all legs aside, or nothing. Durable when it returns.

        A second call with the same key returns the first one's result. Raises LimitReached(refusal),
        AccountClosed, AlreadySettled, AlreadyVoided.
        """
        ...

    def record_unreserved(
        self, facts: AttemptFacts, decision: Decision, outcome: Outcome, notes: Sequence[Note]
    ) -> int:
        """Write an attempt that ends without a reserve (refused, held, empty, unaccounted); returns its id."""
        ...

    def post_unreserved(self, facts: AttemptFacts, plan: Plan, settlement: Settlement) -> int:
        """Book a job that was printed and journaled while the daemon was away: once by key, without a limit check.

        Settles the reservation of that key where one exists; returns the attempt's id.
        """
        ...

    def mark_starting(self, key: AttemptKey, at: datetime) -> None: ...

    def mark_started(self, key: AttemptKey, backend_pid: int, backend_start_time_ticks: int) -> None: ...

    def settle(self, key: AttemptKey, settlement: Settlement) -> None:
        """Close the attempt with what came out. Harmless when repeated; AlreadyVoided after a void."""
        ...

    def void(self, key: AttemptKey, outcome: Outcome, notes: Sequence[Note]) -> None:
        """Close the attempt with nothing charged. Harmless when repeated; AlreadySettled after a settle."""
        ...

    def add_notes(self, key: AttemptKey, notes: Sequence[Note]) -> None: ...

    def attempt(self, key: AttemptKey) -> AttemptRecord | None: ...
    def attempt_by_id(self, attempt_id: int) -> AttemptRecord | None: ...
    def open_attempts(self) -> Sequence[AttemptRecord]:
        """All that are not closed, oldest first."""
        ...

    def open_attempts_of_job(
        self, spooler_host: str, job_id: int, time_at_creation: int
    ) -> Sequence[AttemptRecord]: ...

    def history(
        self, wanted: HistoryFilter = ALL_ATTEMPTS, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[AttemptRecord]:
        """Attempts by number, read in pages; names also find those of deleted printers and users."""
        ...

    def legs(self, attempt_id: int) -> Sequence[LegRecord]: ...
    def notes(self, attempt_id: int) -> Sequence[Note]: ...

    def audit(self) -> Iterator[AuditDifference]:
        """Every figure that cannot be derived: posted and lifetime from entries, reserved from open reservations,
        group sums from present members."""
        ...

    def audit_extent(self) -> AuditExtent: ...

    def acts(self) -> Iterator[Act]:
        """What administrators did, the newest first."""
        ...

    def check(self) -> None:
        """Raise when the database cannot be used now (away, read-only, other schema)."""
        ...

    def close(self) -> None: ...


# --- the catalogue: printers, users, groups, quota entries ----------------------------------------------------


class CatalogueReader(Protocol):
    """What can be looked up of all that is not deleted, in the order of names. Raises StorageError kinds."""

    def printers(self) -> Sequence[of.PrinterRow]: ...
    def users(self) -> Sequence[of.UserRow]: ...
    def groups(self) -> Sequence[of.GroupRow]: ...

    # Pairs of a printer group and one of its direct members, by number.
    def printer_members(self) -> Sequence[tuple[int, int]]: ...

    # In the order of printer and owner name.
    def entries(self, selection: of.EntrySelection) -> Sequence[of.EntryRow]: ...


class CatalogueTransaction(CatalogueReader, Protocol):
    """Administrative changes of one invocation: all or nothing. Actor and act come with the transaction."""

    def add_printers(self, names: Sequence[str]) -> None: ...
    def change_printers(self, printer_ids: Sequence[int], change: of.PrinterChange) -> None: ...
    # Who is a member already stays one; that there is no loop is the caller's to see to.
    def join_printer_group(self, group_id: int, printer_ids: Sequence[int]) -> None: ...
    def leave_printer_group(self, group_id: int, printer_ids: Sequence[int]) -> None: ...
    def delete_printers(self, printer_ids: Sequence[int]) -> None:
        """Close the printers and all entries on them, end memberships, hide the history, free the names."""
        ...

    def add_users(self, names: Sequence[str]) -> None: ...
    def change_users(self, user_ids: Sequence[int], change: of.OwnerChange) -> None: ...
    def set_emails(self, emails: Sequence[tuple[int, str]]) -> None: ...
    def book_payments(self, user_ids: Sequence[int], balance: of.Figure, comment: str) -> None:
        """Bring balances to an absolute figure or add to them; a difference is booked as a payment entry."""
        ...

    def delete_users(self, user_ids: Sequence[int]) -> None: ...

    def add_groups(self, names: Sequence[str]) -> None: ...
    def change_groups(self, group_ids: Sequence[int], change: of.OwnerChange) -> None: ...
    def join_group(self, group_id: int, user_ids: Sequence[int]) -> None: ...
    def leave_group(self, group_id: int, user_ids: Sequence[int]) -> None: ...
    def delete_groups(self, group_ids: Sequence[int]) -> None: ...

    def ensure_entries(self, selection: of.EntrySelection) -> of.EntrySelection:
        """Create the missing entries for every pair; returns the new ones."""
        ...

    def change_entries(self, selection: of.EntrySelection, change: of.EntryChange) -> None:
        """Raises UsageError when `increase` would make a limit negative."""
        ...

    def delete_entries(self, selection: of.EntrySelection) -> None:
        """Close the entries; of users' entries hide the history of that user on that printer too."""
        ...


class Catalogue(CatalogueReader, Protocol):
    def write(self, actor: str, act: str, work: Callable[[CatalogueTransaction], Result]) -> Result:
        """Runs `work` in one transaction, committed when it returns; the act is written down with its actor.

        After a lost race the whole is run again, so `work` must be repeatable. What it raises undoes everything.
        """
        ...
