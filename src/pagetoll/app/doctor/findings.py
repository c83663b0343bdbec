# SPDX-License-Identifier: Apache-2.0
"""What the doctor finds, as values."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is; only `bad` makes the doctor fail."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: how bad, what was found, and the command that mends it ("" when all is well)."""

    level: Level
    what: str
    mend: str = ""


def ok(what: str) -> Finding:
    """All is well there."""
    return Finding(Level.OK, what)


def warn(what: str, mend: str) -> Finding:
    """Something is doubtful."""
    return Finding(Level.WARN, what, mend)


def bad(what: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding(Level.BAD, what, mend)
