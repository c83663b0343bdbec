# SPDX-License-Identifier: Apache-2.0
"""What time it is."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, in UTC, with its zone."""
        ...
