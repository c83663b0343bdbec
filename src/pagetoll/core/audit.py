# SPDX-License-Identifier: Apache-2.0
"""What an audit of the books finds, and how much it looked at."""

from dataclasses import dataclass

from pagetoll.core.money import Unit, credits_text

#: kept figure -> what it is proved from, with its verb
PROOFS = {
    "posted": "its entries say",
    "lifetime": "its entries say",
    "reserved": "the open reservations say",
    "group_sum_posted": "its members' accounts say",
    "group_sum_lifetime": "its members' accounts say",
    "group_sum_reserved": "its members' accounts say",
    "entries_of_group": "its entries say",
    "reservation_state": "the state of its attempt says",
    "counted_impressions": "its attempts say",
    "refunded": "its refunds say",
}


@dataclass(frozen=True, slots=True)
class AuditDifference:
    """A figure that the books do not prove: `what` (a key of PROOFS), whose, and both figures in steps of `unit`."""

    what: str
    whose: str
    kept: int
    derived: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.whose}: {self.what} is {self._text(self.kept)}, {PROOFS[self.what]} {self._text(self.derived)}"

    def _text(self, steps: int) -> str:
        return credits_text(steps) if self.unit is Unit.CREDITS else str(steps)


@dataclass(frozen=True, slots=True)
class AuditExtent:
    """How much an audit looked at."""

    accounts: int
    entries: int
    open_reservations: int
