# SPDX-License-Identifier: Apache-2.0
"""Which jobs of this daemon are on a device.

A measured job has its device for itself: nobody else starts there from its first reading to its second, whatever
queue, port or protocol leads to it, so a device is known by its address, or by its serial number where several
addresses lead to it. Jobs that are not measured may be there together. Who has waited long enough for another to be
measured starts all the same; who shares what the device marked is in the ledger (`ports.DeviceLedger`), since jobs of
other print servers may be among them.
"""

import threading
from dataclasses import dataclass, field

from pagetoll.core.jobs import AttemptKey


@dataclass(frozen=True, slots=True)
class Member:
    """A job on a device. `parsed_impressions` is what was counted in it."""

    key: AttemptKey
    parsed_impressions: int
    measured: bool


@dataclass(slots=True)
class Party:
    """The jobs on a device, in the order of their coming."""

    members: dict[str, Member] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        return any(member.measured for member in self.members.values())


class MeasuringFloor:
    """Knows who is on which device, and what it is called."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._parties: dict[str, Party] = {}
        self._names: dict[str, str] = {}
        self._queues: dict[str, tuple[str, str]] = {}

    def learn(self, address: str, name: str) -> None:
        """The machine at this address is called so; whoever is there under another name is at the same machine."""
        with self._changed:
            before, self._names[address] = self.name_of(address), name
            known = self._parties.pop(before, None) if before != name else None
            if known is not None:
                self._parties.setdefault(name, Party()).members.update(known.members)
                self._changed.notify_all()

    def name_of(self, address: str) -> str:
        """What the machine at an address is called."""
        with self._changed:
            return self._names.get(address, f"address:{address}")

    def remember_queue(self, device: str, device_uri: str, queue: str) -> None:
        """The device was measured through this queue."""
        with self._changed:
            self._queues[device] = (device_uri, queue)

    def queue_at(self, device: str) -> tuple[str, str] | None:
        """Device URI and name of the queue that a device was last measured through; None where none was."""
        with self._changed:
            return self._queues.get(device)

    def enter(self, device: str, member: Member, wait_s: float) -> list[Member] | None:
        """Whoever else is there, when a job may start there now; None when others still have the device after
        `wait_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._may_enter(device, member), wait_s):
                return None
            return self._join(device, member)

    def join(self, device: str, member: Member) -> list[Member]:
        """The same without waiting."""
        with self._changed:
            return self._join(device, member)

    def _may_enter(self, device: str, member: Member) -> bool:
        party = self._parties.get(device)
        if party is None or member.key.nonce in party.members:
            return True
        return not member.measured and not party.measured

    def _join(self, device: str, member: Member) -> list[Member]:
        party = self._parties.setdefault(device, Party())
        party.members.setdefault(member.key.nonce, member)
        return [other for nonce, other in party.members.items() if nonce != member.key.nonce]

    def leave(self, nonce: str) -> None:
        """A job is over."""
        with self._changed:
            for party in self._parties.values():
                party.members.pop(nonce, None)
            self._parties = {device: party for device, party in self._parties.items() if party.members}
            self._changed.notify_all()
