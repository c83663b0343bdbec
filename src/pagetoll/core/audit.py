# SPDX-License-Identifier: Apache-2.0
"""What an audit of the books finds, and how much it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditDifference:
    """Something the books do not prove: `what` (posted, lifetime, reserved, group_sum …), which account, figures."""

    what: str
    account_id: int
    account: str
    kept: int
    derived: int

    def __str__(self) -> str:
        return (
            f"account {self.account_id} ({self.account}): {self.what} is {self.kept}, the entries say {self.derived}"
        )


@dataclass(frozen=True, slots=True)
class AuditExtent:
    """How much an audit looked at."""

    accounts: int
    entries: int
    open_reservations: int
