# SPDX-License-Identifier: Apache-2.0
"""A ledger filled from what the machine has: which commands make printers of CUPS's queues, users and users groups of
the system's accounts; and which accounter suits a printer.

The outcome is command lines of pkprinters, pkusers and edpykota, so that what is shown is what is done. All leave
existing things alone, so the whole may be repeated.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from pagetoll.app.names import check_new_name, matching
from pagetoll.core.errors import UsageError
from pagetoll.core.messages import _
from pagetoll.wire.device_uri import inner_uri

#: So that no line of a replay script is longer than a shell takes.
NAMES_PER_COMMAND = 500
#: The ports of network printers that understand PJL, in the order they are tried.
PJL_PORTS = (9100, 9101)
PROBED_SCHEMES = frozenset({"ipp", "http", "https", "lpd", "socket"})
SOFTWARE = "software()"
NEW_ONLY = ("--add", "--skipexisting")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine; `gid` is the primary group."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class AccountGroup:
    """A group of the machine with those members that it names itself, which are not the primary ones."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnkeyOrder:
    """What is wanted besides printers. The bounds of numbers belong to the range; no maximum is no bound."""

    users: bool = False
    groups: bool = False
    empty_groups: bool = False
    uid_min: int = 0
    uid_max: int | None = None
    gid_min: int = 0
    gid_max: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A command: its program and the words behind it."""

    program: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command as a shell reads it."""
        return shlex.join([self.program, *self.words])


@dataclass(frozen=True, slots=True)
class TurnkeyPlan:
    """The commands in their order, and sentences about what is left out."""

    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()


def matching_queues(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The queues that match, all without patterns. Raises UsageError when none does."""
    found = matching(names, patterns or ["*"], str)
    if not found:
        raise UsageError(
            _("there is no queue that matches {patterns}; list CUPS's queues with: lpstat -v").format(
                patterns=", ".join(patterns) or "*"
            )
        )
    return found


def plan_turnkey(
    order: TurnkeyOrder, queues: Sequence[str], accounts: Iterable[Account], groups: Iterable[AccountGroup]
) -> TurnkeyPlan:
    """The commands for these queues and for the accounts in the order's ranges. A name that the ledger does not take
    is left out with a remark."""
    remarks: list[str] = []
    printers = _usable("printer", queues, remarks)
    steps = _commands(
        "pkprinters", (*NEW_ONLY, "--cups", "--description", "printer created from pkturnkey"), printers
    )
    if not (order.users or order.groups) or not printers:
        return TurnkeyPlan(tuple(steps), tuple(remarks))
    chosen = [one for one in accounts if _between(one.uid, order.uid_min, order.uid_max)]
    users = _usable("user", (one.name for one in chosen), remarks)
    members = _members(order, groups, chosen, set(users)) if order.groups else {}
    named = _usable("users group", members, remarks)
    steps += _creating(named, users)
    for group in named:
        steps += _commands("pkusers", ("--ingroups", group), members[group])
    entries = (*NEW_ONLY, "--noquota", "--printer", ",".join(printers))
    steps += _commands("edpykota", entries, users)
    steps += _commands("edpykota", (*entries, "--groups"), named)
    return TurnkeyPlan(tuple(steps), tuple(remarks))


def _creating(groups: Sequence[str], users: Sequence[str]) -> list[Step]:
    unlimited = (*NEW_ONLY, "--limitby", "noquota", "--description")
    return [
        *_commands("pkusers", ("--groups", *unlimited, "group created from pkturnkey"), groups),
        *_commands("pkusers", (*unlimited, "user created from pkturnkey"), users),
    ]


def _members(
    order: TurnkeyOrder, groups: Iterable[AccountGroup], accounts: Sequence[Account], users: set[str]
) -> dict[str, list[str]]:
    """The members of each group in the order's range, among these users; those without any only where wanted."""
    primary: dict[int, list[str]] = {}
    for one in accounts:
        primary.setdefault(one.gid, []).append(one.name)
    found: dict[str, list[str]] = {}
    for group in groups:
        if _between(group.gid, order.gid_min, order.gid_max):
            known = dict.fromkeys((*found.get(group.name, ()), *primary.get(group.gid, ()), *group.members))
            found[group.name] = [name for name in known if name in users]
    return {name: members for name, members in found.items() if members or order.empty_groups}


def _between(number: int, lowest: int, highest: int | None) -> bool:
    return lowest <= number and (highest is None or number <= highest)


def _usable(kind: str, names: Iterable[str], remarks: list[str]) -> list[str]:
    usable = []
    for name in dict.fromkeys(names):
        try:
            usable.append(check_new_name(kind, name))
        except UsageError as error:
            remarks.append(_("{name} is left out: {why}").format(name=repr(name), why=error))
    return usable


def _commands(program: str, options: tuple[str, ...], names: Sequence[str]) -> list[Step]:
    portions = [names[at : at + NAMES_PER_COMMAND] for at in range(0, len(names), NAMES_PER_COMMAND)]
    return [Step(program, (*options, "--", *portion)) for portion in portions]


class CounterProbe(Protocol):
    """Asks a printer over the network; False for any fault."""

    def counts_by_snmp(self, host: str) -> bool: ...
    def counts_by_pjl(self, host: str, port: int) -> bool: ...


def accounter_for(device_uri: str, probe: CounterProbe) -> str:
    """The accounter for a queue with this device URI, by trying: SNMP, then PJL on the usual ports and the URI's own.

    A socket URI's own port is tried first: a print server with several printers has one port for each.
    """
    try:
        uri = urlsplit(inner_uri(device_uri))
        host, port = uri.hostname, uri.port
    except ValueError:
        return SOFTWARE
    if uri.scheme not in PROBED_SCHEMES or not host:
        return SOFTWARE
    if probe.counts_by_snmp(host):
        return "hardware(snmp)"
    own = [] if port is None else [port]
    for one in dict.fromkeys([*own, *PJL_PORTS] if uri.scheme == "socket" else [*PJL_PORTS, *own]):
        if probe.counts_by_pjl(host, one):
            return "hardware(pjl)" if one == PJL_PORTS[0] else f"hardware(pjl:{one})"
    return SOFTWARE
