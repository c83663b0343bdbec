# SPDX-License-Identifier: Apache-2.0
"""PCL macros: stretches of the stream that are stored, not printed, and run when they are called.

Every run counts, within bounds on runs, nesting and octets run.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

MOST_RUNS = 10_000
MOST_NESTED = 2

Body = tuple[int, int]


class Refusal(Enum):
    """Why a macro does not run: it is in the printer or nowhere, called too deep, or one run too many."""

    UNKNOWN = auto()
    TOO_DEEP = auto()
    TOO_MUCH = auto()


@dataclass(slots=True)
class Macros:
    """The macros of a stream by number; `octets` bounds what all runs together may read."""

    octets: int
    number: int = 0
    depth: int = 0
    _bodies: dict[int, Body] = field(default_factory=dict)
    _runs: int = 0

    def store(self, start: int, end: int) -> None:
        self._bodies[self.number] = (start, end)

    def delete(self, *, all_of_them: bool) -> None:
        if all_of_them:
            self._bodies.clear()
        else:
            self._bodies.pop(self.number, None)

    def call(self) -> Body | Refusal:
        """The macro of the moment, to be run now."""
        body = self._bodies.get(self.number)
        if body is None:
            return Refusal.UNKNOWN
        if self.depth >= MOST_NESTED:
            return Refusal.TOO_DEEP
        self._runs += 1
        self.octets -= body[1] - body[0]
        return Refusal.TOO_MUCH if self._runs > MOST_RUNS or self.octets < 0 else body
