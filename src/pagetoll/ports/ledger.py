# SPDX-License-Identifier: Apache-2.0
"""The ledger: accounts, reservations, attempts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pagetoll.core.audit import AuditDifference, AuditExtent
from pagetoll.core.charging import ChargeView, CostCenter, Plan
from pagetoll.core.job_figures import JobFigures
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
from pagetoll.core.logged_jobs import KnownRun
from pagetoll.core.policy import AccountState, Decision, Rule
from pagetoll.core.rolling import Asking, RollingCheck, RollingRefusal, RollingUse
from pagetoll.core.standings import NO_STANDINGS, Standings
from pagetoll.ports.devices import DeviceLedger
from pagetoll.ports.print_servers import PrintServers


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
    usage_json: str = ""  # what has no field of its own: blank sides


@dataclass(frozen=True, slots=True)
class Note:
    """One line of an attempt's story: when, a short code, a sentence."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class NoCopy:
    """A reserve that fails where another job of the user's prints the same document, or has printed it since then;
    attempts up to `beyond` are known, and count no more."""

    since: datetime
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Reserved:
    """A successful reserve. `in_grace` are the accounts that are to be warned of (over their soft limit, or with
    little money left), with their new state."""

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
class LoggedPosting:
    """A run of a job that is known from a log: the accounts that it touches (no legs where nobody pays), what is
    booked, why nobody pays, and when the log says that it ended."""

    facts: AttemptFacts
    plan: Plan
    settlement: Settlement
    remark: str
    ended_at: datetime


#: From what the ledger has of job numbers to what is to be booked.
RunPlanner = Callable[[Mapping[int, Sequence[KnownRun]]], Sequence[LoggedPosting]]


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
    refunded_impressions: int = 0
    refunded_price: int = 0  # of charged_price; negative where that is
    rolling: tuple[RollingUse, ...] = ()  # how the rolling limits stood before it that were asked

    @property
    def refunded(self) -> bool:
        """Whether all that was charged was given back."""
        everything = (self.charged_impressions, self.charged_price)
        return everything != (0, 0) and (self.refunded_impressions, self.refunded_price) == everything


@dataclass(frozen=True, slots=True)
class Refund:
    """What one refund gave back of an attempt: impressions, and the price in millionths; 0 where nothing was left."""

    attempt_id: int
    impressions: int
    price: int


@dataclass(frozen=True, slots=True)
class UserCharges:
    """What a user's jobs were charged and not given back: jobs, impressions, price in millionths."""

    user_name: str
    jobs: int
    impressions: int
    price: int


@dataclass(frozen=True, slots=True)
class LegRecord:
    """A leg of an attempt: the account as it is now, what was set aside and posted.

    `stood` is the account when the attempt was decided on, before it: None for attempts of schema 0004 and older.
    `posted_before` is what was on it when this attempt was posted: the sum of all earlier entries. None where
    nothing was posted by it. The state is open, settled, voided, over_limit (it refused) or not_taken (another did).
    """

    account: AccountState
    reserved: int
    state: str
    checked: bool
    posted: int
    posted_before: int | None = None
    stood: AccountState | None = None
    grace_written: datetime | None = None  # the grace that this attempt began


@dataclass(frozen=True, slots=True)
class Act:
    """An administrative act: the words of the command, and the user who gave it."""

    at: datetime
    actor: str
    text: str


class Ledger(DeviceLedger, PrintServers, Protocol):
    """Accounts, reservations and attempts. Every method is one short transaction; all are safe to repeat.

    Raise StorageUnavailable, StorageConflict or SchemaMismatch for the database's faults.
    """

    def charge_view(
        self, printer_name: str, user_name: str, rules: dict[str, Rule], default: Rule, billing_code: str = ""
    ) -> ChargeView:
        """What the rules need to know of this user on this printer; `rules` by printer (group) name.

        With a `billing_code` also the cost centre of that name, where there is one.
        """
        ...

    def ensure_cost_center(self, billing_code: str) -> CostCenter:
        """The cost centre of this name, made where there is none."""
        ...

    def account_states(self, account_ids: Sequence[int]) -> Sequence[AccountState]:
        """These accounts as they stand now, in account order; unknown numbers are left out."""
        ...

    def job_figures(self, printer_id: int | None, user_id: int | None) -> JobFigures:
        """What people and the site's commands are told of this printer and user."""
        ...

    def same_document(self, key: AttemptKey, user_id: int, sha256: str, since: datetime) -> AttemptRecord | None:
        """The newest attempt of another job of this user with the same document, on any printer, that prints now or
        has printed since then; None where there is none."""
        ...

    def last_attempt_on(self, printer_id: int, key: AttemptKey) -> AttemptRecord | None:
        """The newest closed attempt on this printer, other than this one."""
        ...

    def hide_earlier(self, printer_id: int, key: AttemptKey) -> None:
        """Take the closed attempts on this printer that came before this one out of the history, and forget their
        titles and options; what they were charged stays."""
        ...

    def count_deny_banners(self, account_id: int, added: int) -> None:
        """Add to the banners that refused jobs of this entry got; with 0 begin to count anew."""
        ...

    def rolling_uses(
        self, asking: Asking, checks: Sequence[RollingCheck]
    ) -> tuple[tuple[RollingUse, ...], RollingRefusal | None]:
        """How these rolling limits stand now, and why what is asked for would not fit, if so."""
        ...

    def reserve(
        self,
        facts: AttemptFacts,
        plan: Plan,
        decision: Decision,
        notes: Sequence[Note],
        no_copy: NoCopy | None = None,
    ) -> Reserved:
        """Write the attempt and set all legs aside, or nothing. Durable when it returns.

        A second call with the same key returns the first one's result. Raises LimitReached(refusal),
        DocumentRepeated(earlier) by `no_copy`, AccountClosed, AlreadySettled, AlreadyVoided.
        """
        ...

    def record_unreserved(
        self,
        facts: AttemptFacts,
        decision: Decision,
        outcome: Outcome,
        notes: Sequence[Note],
        standings: Standings = NO_STANDINGS,
    ) -> int:
        """Write an attempt that ends without a reserve (refused, held, empty, unaccounted), and how everything stood
        that it would have touched; returns its id."""
        ...

    def post_unreserved(self, facts: AttemptFacts, plan: Plan, settlement: Settlement) -> int:
        """Book a job that was printed and journaled while the daemon was away: once by key, without a limit check.

        Settles the reservation of that key where one exists; returns the attempt's id.
        """
        ...

    def import_runs(self, server: str, job_ids: Sequence[int], planner: RunPlanner) -> Sequence[LoggedPosting]:
        """Book what is known of a spooler's jobs from its log only, without a check of limits.

        `planner` gets what the ledger has of these job numbers of that server, and says what to book; it is asked in
        the transaction, again where that is repeated, so it only computes. Returns what it said.
        """
        ...

    def mark_starting(self, key: AttemptKey, at: datetime) -> None: ...

    def mark_started(self, key: AttemptKey, backend_pid: int, backend_start_time_ticks: int) -> None: ...

    def settle(self, key: AttemptKey, settlement: Settlement) -> None:
        """Close the attempt with what came out. Harmless when repeated; AlreadyVoided after a void."""
        ...

    def void(self, key: AttemptKey, outcome: Outcome, notes: Sequence[Note], *, only_unstarted: bool = False) -> bool:
        """Close the attempt with nothing charged; False, and nothing done, where `only_unstarted` is asked and
        something was started for it. Harmless when repeated; AlreadySettled after a settle."""
        ...

    def add_notes(self, key: AttemptKey, notes: Sequence[Note]) -> None: ...

    def refund(
        self,
        attempt_id: int,
        *,
        impressions: int | None = None,
        price: int | None = None,
        reason: str,
        actor: str,
        at: datetime,
        write_id: str,
    ) -> Refund:
        """Give back a part of what a settled attempt was charged, on every account that it was posted to.

        `price` in millionths; None is all that is left of it, 0 nothing. A second call with the same `write_id`
        returns the first one's result. Raises UsageError for an attempt that was not charged, and for more than is
        left.
        """
        ...

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

    def charges_by_user(self, wanted: HistoryFilter = ALL_ATTEMPTS) -> Sequence[UserCharges]:
        """What is left of the charges of each user with such jobs, by name.

        A job counts when impressions were charged, whatever became of it then, unless it was refused, held, voided or
        given back whole.
        """
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

    def tidy(self) -> None:
        """Housekeeping of the store's own, bounded in time, for every round of upkeep."""
        ...

    def close(self) -> None: ...
