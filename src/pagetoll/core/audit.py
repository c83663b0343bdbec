# SPDX-License-Identifier: Apache-2.0
"""What an audit of the books finds, and how much it looked at."""

from dataclasses import dataclass

from pagetoll.core.messages import _, figure, marked
from pagetoll.core.money import Unit, credits_text

#: kept figure -> what it is proved from, with its verb
PROOFS = {
    "posted": marked("its entries say"),
    "lifetime": marked("its entries say"),
    "reserved": marked("the open reservations say"),
    "group_sum_posted": marked("its members' accounts say"),
    "group_sum_lifetime": marked("its members' accounts say"),
    "group_sum_reserved": marked("its members' accounts say"),
    "entries_of_group": marked("its entries say"),
    "reservation_state": marked("the state of its attempt says"),
    "counted_impressions": marked("its attempts say"),
    "refunded": marked("its refunds say"),
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
        return _("{whose}: {what} is {kept}, {proof} {derived}").format(
            whose=self.whose,
            what=self.what,
            kept=self._text(self.kept),
            proof=_(PROOFS[self.what]),
            derived=self._text(self.derived),
        )

    def _text(self, steps: int) -> str:
        return figure(credits_text(steps)) if self.unit is Unit.CREDITS else str(steps)


@dataclass(frozen=True, slots=True)
class AuditExtent:
    """How much an audit looked at."""

    accounts: int
    entries: int
    open_reservations: int
