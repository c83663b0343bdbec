# SPDX-License-Identifier: Apache-2.0
"""Who may do what, as a table: a program with its options, and whom it is for (PyKota 1.27, "Who may run what").

An administrator may do all. Everybody may see the printers and the billing codes, and what is his own. What lies
between is given by roles. The first row of a program that covers the given options holds; a program without a row,
and options that no row covers, are the administrators'.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _
from pagetoll.core.roles import Role


class NotAllowed(PagetollError):
    """The caller has no right to what the command would do."""


class Right(StrEnum):
    """What somebody may do to things that are not his own."""

    SHARED = "see printers and billing codes"
    SEE = "see everything"
    PAYMENTS = "book payments"
    REFUNDS = "refund jobs"
    LIMITS = "change limits"
    EVERYTHING = "everything"


#: What everybody may, without a role.
EVERYBODY = frozenset({Right.SHARED})
RIGHTS_OF: Mapping[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.MANAGER: EVERYBODY | {Right.SEE, Right.REFUNDS, Right.LIMITS},
    Role.CASHIER: EVERYBODY | {Right.SEE, Right.PAYMENTS, Right.REFUNDS},
    Role.HELPDESK: EVERYBODY | {Right.SEE, Right.REFUNDS},
    Role.AUDITOR: EVERYBODY | {Right.SEE},
    Role.USER: EVERYBODY,
}
#: Rights that change nothing.
READING = frozenset({Right.SHARED, Right.SEE})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the login, whether he is an administrator, his roles, and the users groups of the ledger he is in."""

    name: str
    administrator: bool = False
    roles: frozenset[Role] = frozenset()
    groups: tuple[str, ...] = ()

    def may(self, right: Right) -> bool:
        """Whether he may do this to what is not his own."""
        return self.administrator or right in EVERYBODY or any(right in RIGHTS_OF[role] for role in self.roles)


@dataclass(frozen=True, slots=True)
class Row:
    """What a command line may have for this row to hold: all of `needed`, one of `one_of` at least, and nothing but
    these and `also`.

    `right` is what it takes for all; with `own` anybody may do it to what is his own: then the names are left out,
    since only his own exist for him (not where `keeps_names`), and so are the options of `dropped`, with a warning.
    """

    right: Right
    own: bool = False
    needed: frozenset[str] = frozenset()
    one_of: frozenset[str] = frozenset()
    also: frozenset[str] | None = frozenset()
    keeps_names: bool = False
    dropped: frozenset[str] = frozenset()

    def covers(self, options: frozenset[str]) -> bool:
        """Whether a command line with these options is this row's."""
        if not self.needed <= options or (self.one_of and not self.one_of & options):
            return False
        return self.also is None or options <= self.needed | self.one_of | self.also


_LIST = frozenset({"list"})
_ENTRY_LIMITS = frozenset({"softlimit", "hardlimit", "increase", "noquota", "maxjobsize"})
_QUOTA_LIMITS = frozenset({"soft", "hard", "increase", "no-limit", "max-job"})
_SHOWN = frozenset({"json"})  # of any verb
_VERB = frozenset({"json", "dry-run"})  # of any verb that changes something
_ALL_OPTIONS = None  # whatever else is given

#: The programs that the daemon runs for others than root and the home's owner, by name.
RIGHTS: Mapping[str, tuple[Row, ...]] = {
    "pkprinters": (
        Row(Right.SHARED, needed=_LIST),
        Row(Right.LIMITS, needed=frozenset({"maxjobsize"})),
    ),
    "pkbcodes": (Row(Right.SHARED, needed=_LIST),),
    "pkusers": (
        Row(Right.SEE, own=True, needed=_LIST, also=frozenset({"groups"})),
        Row(Right.PAYMENTS, needed=frozenset({"balance"}), also=frozenset({"comment"})),
        Row(Right.LIMITS, needed=frozenset({"limitby"}), also=frozenset({"groups"})),
    ),
    "edpykota": (
        Row(Right.SEE, own=True, needed=_LIST, also=frozenset({"groups", "printer"})),
        Row(Right.LIMITS, one_of=_ENTRY_LIMITS, also=frozenset({"add", "skipexisting", "groups", "printer"})),
    ),
    "dumpykota": (Row(Right.SEE, also=_ALL_OPTIONS),),
    "pkinvoice": (Row(Right.SEE, also=_ALL_OPTIONS),),
    "pkrefund": (Row(Right.REFUNDS, also=_ALL_OPTIONS),),
    "repykota": (
        Row(Right.SEE, needed=frozenset({"ingroups"}), also=_ALL_OPTIONS),
        Row(Right.SEE, own=True, also=_ALL_OPTIONS),
    ),
    "warnpykota": (Row(Right.LIMITS, own=True, also=_ALL_OPTIONS),),
    "pykotme": (Row(Right.SEE, own=True, also=_ALL_OPTIONS, keeps_names=True, dropped=frozenset({"user"})),),
    "pykosd": (Row(Right.SEE, own=True, also=_ALL_OPTIONS),),
    "pagetoll job": (Row(Right.SEE, own=True, also=_ALL_OPTIONS, keeps_names=True),),
    "pagetoll printer list": (Row(Right.SHARED, also=_SHOWN),),
    "pagetoll printer drift": (Row(Right.SEE, also=_SHOWN | {"since"}),),
    "pagetoll printer add": (),
    "pagetoll printer change": (Row(Right.LIMITS, needed=frozenset({"max-job"}), also=_VERB),),
    "pagetoll printer delete": (),
    "pagetoll printer limit": (
        Row(Right.LIMITS, one_of=frozenset({"pages", "k-octets", "period", "none"}), also=_VERB),
    ),
    "pagetoll code list": (Row(Right.SHARED, also=_SHOWN),),
    "pagetoll code add": (),
    "pagetoll code change": (Row(Right.LIMITS, one_of=frozenset({"budget", "page-budget"}), also=_VERB),),
    "pagetoll code reset": (),
    "pagetoll code delete": (),
    "pagetoll user list": (Row(Right.SEE, own=True, also=_SHOWN),),
    "pagetoll user add": (),
    "pagetoll user change": (
        Row(Right.PAYMENTS, needed=frozenset({"balance"}), also=_VERB | {"comment"}),
        Row(Right.LIMITS, needed=frozenset({"limitby"}), also=_VERB),
    ),
    "pagetoll user delete": (),
    "pagetoll user grant": (),
    "pagetoll user revoke": (),
    "pagetoll user roles": (Row(Right.SEE, own=True, also=_SHOWN),),
    "pagetoll group list": (Row(Right.SEE, own=True, also=_SHOWN),),
    "pagetoll group add": (),
    "pagetoll group change": (Row(Right.LIMITS, needed=frozenset({"limitby"}), also=_VERB),),
    "pagetoll group delete": (),
    "pagetoll group join": (),
    "pagetoll group leave": (),
    "pagetoll quota list": (Row(Right.SEE, own=True, also=_SHOWN | {"groups", "printer"}),),
    "pagetoll quota add": (
        Row(Right.LIMITS, one_of=_QUOTA_LIMITS, also=_VERB | {"groups", "printer", "skip-existing"}),
    ),
    "pagetoll quota change": (Row(Right.LIMITS, one_of=_QUOTA_LIMITS, also=_VERB | {"groups", "printer"}),),
    "pagetoll quota reset": (),
    "pagetoll quota delete": (),
    "pagetoll payment list": (Row(Right.SEE, own=True, also=_SHOWN, keeps_names=True),),
    "pagetoll payment add": (Row(Right.PAYMENTS, also=_ALL_OPTIONS),),
    "pagetoll refund list": (Row(Right.SEE, own=True, also=_ALL_OPTIONS, keeps_names=True),),
    "pagetoll refund give": (Row(Right.REFUNDS, also=_ALL_OPTIONS),),
    "pagetoll report quota": (
        Row(Right.SEE, needed=frozenset({"members-of"}), also=_ALL_OPTIONS),
        Row(Right.SEE, own=True, also=_ALL_OPTIONS),
    ),
    "pagetoll report printed": (Row(Right.SEE, also=_ALL_OPTIONS),),
    "pagetoll report refusals": (Row(Right.SEE, own=True, also=_ALL_OPTIONS, keeps_names=True),),
}


@dataclass(frozen=True, slots=True)
class Permit:
    """How far a command may go: `own_only` with what is the caller's own, `read_only` without a change.

    `drops_names` and `dropped`: which of the words are not heard.
    """

    own_only: bool = False
    read_only: bool = False
    drops_names: bool = False
    dropped: frozenset[str] = frozenset()


def permit(program: str, options: Iterable[str], caller: Caller) -> Permit:
    """What the caller may do by a program with these options (long names). Raises NotAllowed."""
    given = frozenset(options)
    row = next((row for row in RIGHTS.get(program, ()) if row.covers(given)), Row(Right.EVERYTHING))
    if caller.may(row.right):
        return Permit(read_only=row.right in READING and not caller.administrator)
    if row.own:
        return Permit(own_only=True, read_only=True, drops_names=not row.keeps_names, dropped=row.dropped & given)
    raise NotAllowed(_refusal(caller, row.right))


def _refusal(caller: Caller, right: Right) -> str:
    who = ", ".join(role for role in Role if right in RIGHTS_OF[role])
    return _("{name} : you are not allowed to do this; it takes an administrator, or one of the roles: {who}").format(
        name=caller.name, who=who
    )


#: How the words of a program name files: to be read or written.
Direction = Literal["r", "w"]


@dataclass(frozen=True, slots=True)
class FileWords:
    """Which words of a program name files: options with their direction, and whether its names are files to read."""

    options: Mapping[str, Direction]
    names: bool = False


FILE_WORDS: Mapping[str, FileWords] = {
    "dumpykota": FileWords({"output": "w"}),
    "pkinvoice": FileWords({"output": "w", "logo": "r"}),
    "pkrefund": FileWords({"output": "w", "logo": "r"}),
    "pykotme": FileWords({}, names=True),
}
