# SPDX-License-Identifier: Apache-2.0
"""Which jobs lie between the same two readings of a device.

A measured job has its device for itself: nobody else starts there from its first reading to its second, whatever
queue, port or protocol leads to it, so a device is known by its address, or by its serial number where several
addresses lead to it. Jobs that are not measured may be there together. Who has waited long enough for another to be
measured joins it: then what the device marked until the last of them has ended is split among them all.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pagetoll.core.readings import Difference, Reading, share


@dataclass(slots=True)
class Member:
    """A job on a device. `parsed_impressions` is what was handed over of it, as far as is known."""

    nonce: str
    parsed_impressions: int
    measured: bool
    ended: bool = False


@dataclass(slots=True)
class Party:
    """The jobs between two readings, in the order of their coming. `foreign`: a job of another server was, or may
    have been, among them."""

    device: str
    members: dict[str, Member] = field(default_factory=dict)
    before: Reading | None = None
    after: Reading | None = None
    found: Difference | None = None
    finding: bool = False
    foreign: bool = False

    @property
    def shared(self) -> bool:
        return len(self.members) > 1

    @property
    def parsed_impressions(self) -> int:
        return sum(member.parsed_impressions for member in self.members.values())

    def part_of(self, nonce: str, total: int) -> int:
        """The member's part of what came out."""
        parts = share(total, [member.parsed_impressions for member in self.members.values()])
        return parts[list(self.members).index(nonce)]


class MeasuringFloor:
    """Knows who is on which device, and what it is called."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._parties: dict[str, Party] = {}
        self._serials: dict[str, str] = {}

    def learn(self, address: str, serial: str) -> None:
        """The machine at this address says that it is this one."""
        with self._changed:
            if serial:
                self._serials[address] = f"serial:{serial}"
            else:
                self._serials.pop(address, None)

    def name_of(self, address: str) -> str:
        """What the machine at an address is called."""
        with self._changed:
            return self._serials.get(address, f"address:{address}")

    def enter(self, device: str, member: Member, wait_s: float) -> Party | None:
        """The party of a job that may start there now; None when others still have the device after `wait_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._may_enter(device, member), wait_s):
                return None
            return self._join(device, member)

    def join(self, device: str, member: Member) -> Party:
        """The same without waiting: whoever is there shares with the newcomer."""
        with self._changed:
            return self._join(device, member)

    def _may_enter(self, device: str, member: Member) -> bool:
        party = self._parties.get(device)
        if party is None or member.nonce in party.members:
            return True
        return not member.measured and not any(other.measured for other in party.members.values())

    def _join(self, device: str, member: Member) -> Party:
        party = self._parties.setdefault(device, Party(device))
        party.members.setdefault(member.nonce, member)
        return party

    def end(self, party: Party, nonce: str, handed_over_impressions: int) -> None:
        """The backend of a member is over, and this much was handed over."""
        with self._changed:
            member = party.members[nonce]
            member.ended, member.parsed_impressions = True, handed_over_impressions
            self._changed.notify_all()

    def all_ended(self, party: Party, wait_s: float) -> bool:
        """Whether the backends of all members are over; waits for that."""
        with self._changed:
            return self._changed.wait_for(lambda: all(member.ended for member in party.members.values()), wait_s)

    def settle(self, party: Party, find: Callable[[], tuple[Difference, Reading | None]]) -> Difference:
        """What the device marked for all of them: found by one of them, for the others too; found once more where
        somebody joined meanwhile. Nobody joins any more then."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not party.finding)
                if party.found is not None:
                    return party.found
                party.finding = True
                members = len(party.members)
            try:
                found, after = find()
            finally:
                with self._changed:
                    party.finding = False
                    self._changed.notify_all()
            with self._changed:
                if len(party.members) == members or found.trouble:
                    party.found, party.after = found, after
                    self._close(party)
                    return found

    def leave(self, party: Party, nonce: str) -> None:
        """A member is over; a party that nobody measures any more ends with its last member."""
        with self._changed:
            member = party.members.get(nonce)
            measured = [other for other in party.members.values() if other.measured]
            if member is not None and (not measured or (member in measured and not party.shared)):
                del party.members[nonce]
            elif member is not None and not member.ended:
                member.ended, member.parsed_impressions = True, 0
            waiting = [other for other in measured if other is not member]
            if party.found is not None or (not waiting and all(one.ended for one in party.members.values())):
                self._close(party)
            self._changed.notify_all()

    def _close(self, party: Party) -> None:
        if self._parties.get(party.device) is party:
            del self._parties[party.device]
        self._changed.notify_all()
