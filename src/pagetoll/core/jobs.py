# SPDX-License-Identifier: Apache-2.0
"""A print job and its attempts, in IPP's words (RFC 8011, PWG 5100.11).

Spoolers re-run jobs under the same number, so a job runs as one or more *attempts*. The job's key is (spooler
host, job-id, time-at-creation); the attempt's key is that plus 16 random bytes which the thin client draws.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Identified(StrEnum):
    """How it was known who is charged."""

    AUTHENTICATED = "authenticated"
    CLAIMED = "claimed"
    TICKET = "ticket"
    CLAIMED_IN_PERSON = "claimed_in_person"


class AttemptState(StrEnum):
    """Where an attempt stands in the ledger. Only CLOSED is final."""

    RESERVED = "reserved"  # the reservation is durable, nothing was started
    STARTING = "starting"  # the client was told to fork the device backend
    PRINTING = "printing"  # the backend's pid and start time are known
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an attempt ended: IPP job-state words; REFUSED and HELD never reached the device."""

    COMPLETED = "completed"
    CANCELED = "canceled"
    ABORTED = "aborted"
    REFUSED = "refused"
    PENDING_HELD = "pending_held"
    VOIDED = "voided"


class ChargeRule(StrEnum):
    """Which number an attempt was charged by (docs/concepts/life-of-a-job.md, How much came out)."""

    DEVICE_COUNTER = "device_counter"  # the difference of two readings of the device's counter
    SHARED_READING = "shared_reading"  # a part of such a difference: other jobs lie between the readings too
    TRUSTED_SIZE = "trusted_size"  # the device reported more than trustjobsize believes
    REPORTED_IMPRESSIONS = "reported_impressions"
    PARSED = "parsed"  # the backend ended well: what the data says
    SPOOL_OFFSET = "spool_offset"
    HANDED_OVER_UNKNOWN = "handed_over_unknown"
    NOTHING_HANDED_OVER = "nothing_handed_over"
    BACKEND_FAILED = "backend_failed"  # failed without cancel and no sign of output: 0
    UNCHARGED = "uncharged"  # nobody pays: command files, policy allow, passthrough, limitby nochange
    UNRESERVED = "unreserved"  # printed while the daemon was away, journaled and booked afterwards
    LOGGED_PAGES = "logged_pages"  # a spooler's log or its own word of a job that we only watched, page by page
    LOGGED_TOTAL = "logged_total"  # the same, by a total


#: What nobody but the spooler says: nothing was counted, checked or measured by us.
UNVERIFIED = frozenset({ChargeRule.LOGGED_PAGES, ChargeRule.LOGGED_TOTAL})


@dataclass(frozen=True, slots=True)
class JobKey:
    """Identity of a job. `spooler_host` is the server's host name (and instance when not the default)."""

    spooler_host: str
    job_id: int
    time_at_creation: int


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """Identity of one run of a job: the job, and what its spooler process drew."""

    job: JobKey
    nonce: str  # 32 hex digits drawn by the thin client

    def __str__(self) -> str:
        return f"{self.job.spooler_host}-{self.job.job_id}-{self.job.time_at_creation}-{self.nonce}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the spooler said of a job: arguments and environment, decoded (surrogates kept out by replacement)."""

    printer: str
    class_name: str
    job_originating_user_name: str
    authenticated_user_name: str
    job_name: str
    copies: int
    options: dict[str, str]
    document_from_file: bool  # seven arguments: argv[6] names an unfiltered file
    device_uri: str  # the inner one, never with our own scheme
    content_type: str
    final_content_type: str
    job_uuid: str = ""
    job_originating_host_name: str = ""
    raw_options: str = field(default="", repr=False)

    @property
    def billing_code(self) -> str:
        """The cost centre that the job names: option job-billing, else job-account-id; "" for none."""
        return self.options.get("job-billing", "").strip() or self.options.get("job-account-id", "").strip()


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which attempts of the history: equal names and numbers, None for any; times of their end are inclusive.

    `forbidden`: only those that rules or limits forbade, also where that was only watched.
    `dumped`: only what the old dumps have, the closed ones of known users and printers that no deletion hid.
    """

    user_name: str | None = None
    printer_name: str | None = None
    host_name: str | None = None
    billing_code: str | None = None
    job_id: int | None = None
    identified: Identified | None = None
    start: datetime | None = None
    end: datetime | None = None
    dumped: bool = False
    forbidden: bool = False


ALL_ATTEMPTS = HistoryFilter()
