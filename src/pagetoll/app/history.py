# SPDX-License-Identifier: Apache-2.0
"""The history of print jobs as the old programs show it: one row an attempt.

Attempts of unknown users or printers and open ones have no row there; `pagetoll job list` shows them.
"""

from pagetoll.app.dumps.filters import HISTORY_KEYS as FILTER_KEYS
from pagetoll.app.dumps.filters import Asked, moment, parse_filter
from pagetoll.core.dumps import ACTIONS, PRINTED, PRINTED_WITH_WARNING, REFUNDED
from pagetoll.core.policy import Verdict
from pagetoll.ports import AttemptRecord

__all__ = ["FILTER_KEYS", "Asked", "action", "moment", "parse_filter"]


def action(row: AttemptRecord) -> str:
    """How the old history calls the end of an attempt."""
    if row.refunded:
        return REFUNDED
    if row.outcome is not None and row.outcome in ACTIONS:
        return ACTIONS[row.outcome]
    return PRINTED_WITH_WARNING if row.verdict == Verdict.WARN else PRINTED
