# SPDX-License-Identifier: Apache-2.0
"""What the old programs' dumps consist of, as tables: kinds of data, their columns in the order of PyKota's newest
SQL schema, what may filter them and what is summed up. And one request for a dump, as a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pagetoll.core.jobs import Outcome

#: A text, a number, an amount, a flag, a local time with its zone, or nothing.
Value = str | int | Decimal | datetime | None


class DumpType(StrEnum):
    """A kind of data; in the order in which a dump of all has them."""

    PRINTERS = "printers"
    PMEMBERS = "pmembers"
    USERS = "users"
    GROUPS = "groups"
    BILLINGCODES = "billingcodes"
    UMEMBERS = "umembers"
    UPQUOTAS = "upquotas"
    GPQUOTAS = "gpquotas"
    PAYMENTS = "payments"
    HISTORY = "history"


class Kind(StrEnum):
    """How the ledger's figure of a column becomes a dumped value."""

    TEXT = "text"
    MAYBE_TEXT = "maybe_text"  # an empty one is nothing
    NUMBER = "number"
    NUMBER_AS_TEXT = "number_as_text"
    CREDITS = "credits"  # from millionths
    FLAG = "flag"
    INSTANT = "instant"  # microseconds since 1970, to local time


#: CUPS tells no backend the name of a file, and nothing ever filled `pages`.
COLUMNS: Mapping[DumpType, Mapping[str, Kind]] = {
    DumpType.PRINTERS: {
        "id": Kind.NUMBER,
        "printername": Kind.TEXT,
        "description": Kind.MAYBE_TEXT,
        "priceperpage": Kind.CREDITS,
        "priceperjob": Kind.CREDITS,
        "passthrough": Kind.FLAG,
        "maxjobsize": Kind.NUMBER,
    },
    DumpType.PMEMBERS: {
        "pgroupname": Kind.TEXT,
        "printername": Kind.TEXT,
        "groupid": Kind.NUMBER,
        "printerid": Kind.NUMBER,
    },
    DumpType.USERS: {
        "id": Kind.NUMBER,
        "username": Kind.TEXT,
        "email": Kind.MAYBE_TEXT,
        "balance": Kind.CREDITS,
        "lifetimepaid": Kind.CREDITS,
        "limitby": Kind.TEXT,
        "description": Kind.MAYBE_TEXT,
        "overcharge": Kind.CREDITS,
    },
    DumpType.GROUPS: {
        "id": Kind.NUMBER,
        "groupname": Kind.TEXT,
        "description": Kind.MAYBE_TEXT,
        "limitby": Kind.TEXT,
        "balance": Kind.CREDITS,
        "lifetimepaid": Kind.CREDITS,
    },
    DumpType.BILLINGCODES: {
        "id": Kind.NUMBER,
        "billingcode": Kind.TEXT,
        "description": Kind.MAYBE_TEXT,
        "balance": Kind.CREDITS,
        "pagecounter": Kind.NUMBER,
    },
    DumpType.UMEMBERS: {
        "groupname": Kind.TEXT,
        "username": Kind.TEXT,
        "groupid": Kind.NUMBER,
        "userid": Kind.NUMBER,
    },
    DumpType.UPQUOTAS: {
        "username": Kind.TEXT,
        "printername": Kind.TEXT,
        "id": Kind.NUMBER,
        "userid": Kind.NUMBER,
        "printerid": Kind.NUMBER,
        "lifepagecounter": Kind.NUMBER,
        "pagecounter": Kind.NUMBER,
        "softlimit": Kind.NUMBER,
        "hardlimit": Kind.NUMBER,
        "datelimit": Kind.INSTANT,
        "maxjobsize": Kind.NUMBER,
        "warncount": Kind.NUMBER,
    },
    DumpType.GPQUOTAS: {
        "groupname": Kind.TEXT,
        "printername": Kind.TEXT,
        "id": Kind.NUMBER,
        "groupid": Kind.NUMBER,
        "printerid": Kind.NUMBER,
        "softlimit": Kind.NUMBER,
        "hardlimit": Kind.NUMBER,
        "datelimit": Kind.INSTANT,
        "pagecounter": Kind.NUMBER,
        "lifepagecounter": Kind.NUMBER,
    },
    DumpType.PAYMENTS: {
        "username": Kind.TEXT,
        "id": Kind.NUMBER,
        "userid": Kind.NUMBER,
        "amount": Kind.CREDITS,
        "description": Kind.MAYBE_TEXT,
        "date": Kind.INSTANT,
    },
    DumpType.HISTORY: {
        "username": Kind.TEXT,
        "printername": Kind.TEXT,
        "id": Kind.NUMBER,
        "jobid": Kind.NUMBER_AS_TEXT,
        "userid": Kind.NUMBER,
        "printerid": Kind.NUMBER,
        "pagecounter": Kind.NUMBER,
        "jobsizebytes": Kind.NUMBER,
        "jobsize": Kind.NUMBER,
        "jobprice": Kind.CREDITS,
        "action": Kind.TEXT,
        "filename": Kind.TEXT,
        "title": Kind.TEXT,
        "copies": Kind.NUMBER,
        "options": Kind.TEXT,
        "hostname": Kind.TEXT,
        "md5sum": Kind.MAYBE_TEXT,
        "pages": Kind.TEXT,
        "billingcode": Kind.MAYBE_TEXT,
        "precomputedjobsize": Kind.NUMBER,
        "precomputedjobprice": Kind.CREDITS,
        "jobdate": Kind.INSTANT,
    },
}

#: The columns that a filter may name; start and end mean the last column of those in `DATED`.
FILTER_KEYS: Mapping[DumpType, tuple[str, ...]] = {
    DumpType.PRINTERS: ("printername",),
    DumpType.PMEMBERS: ("pgroupname", "printername"),
    DumpType.USERS: ("username",),
    DumpType.GROUPS: ("groupname",),
    DumpType.BILLINGCODES: ("billingcode",),
    DumpType.UMEMBERS: ("groupname", "username"),
    DumpType.UPQUOTAS: ("username", "printername"),
    DumpType.GPQUOTAS: ("groupname", "printername"),
    DumpType.PAYMENTS: ("username",),
    DumpType.HISTORY: ("username", "printername", "hostname", "billingcode", "jobid"),
}
DATED: Mapping[DumpType, str] = {DumpType.PAYMENTS: "date", DumpType.HISTORY: "jobdate"}

#: What --sum adds up, and by which columns the sums may be told apart.
SUMMED: Mapping[DumpType, tuple[str, ...]] = {
    DumpType.PAYMENTS: ("amount",),
    DumpType.HISTORY: ("jobsize", "jobprice", "jobsizebytes", "precomputedjobsize", "precomputedjobprice"),
}
SUM_KEYS: Mapping[DumpType, tuple[str, ...]] = {
    DumpType.PAYMENTS: ("username",),
    DumpType.HISTORY: ("username", "printername", "hostname", "billingcode"),
}
#: What stands in a column that is neither summed nor a key.
NO_SUM = "*"

#: How the old history calls the end of an attempt; one that is not here was printed: WARN or ALLOW.
ACTIONS: Mapping[Outcome, str] = {
    Outcome.REFUSED: "DENY",
    Outcome.PENDING_HELD: "DENY",
    Outcome.CANCELED: "CANCEL",
    Outcome.VOIDED: "CANCEL",
    Outcome.ABORTED: "PROBLEM",
}
PRINTED, PRINTED_WITH_WARNING, REFUNDED = "ALLOW", "WARN", "REFUND"


@dataclass(frozen=True, slots=True)
class OrderField:
    """A column to sort by."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class DumpQuery:
    """Which rows of one kind of data: `names` has shell patterns by column, `start` and `end` are inclusive.

    `order` empty means the order of numbers, for memberships that of the two names. With `sums_by` there is one row
    for each combination of these columns, and only they and the summed columns have values. `unverified`: of the
    history only the jobs that were booked from a log (True), or all others (False).
    """

    data: DumpType
    names: Mapping[str, str] = field(default_factory=dict)
    job_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: tuple[OrderField, ...] = ()
    sums_by: tuple[str, ...] | None = None
    unverified: bool | None = None
