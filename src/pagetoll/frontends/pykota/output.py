# SPDX-License-Identifier: Apache-2.0
"""How the PyKota-compatible commands write listings: lines, and figures in their old forms."""

import sys
from datetime import datetime

from pagetoll.core.messages import _
from pagetoll.core.money import decimal_of


def write(line: str) -> None:
    """A line of a listing."""
    sys.stdout.write(f"{line}\n")


def plain_float(millionths: int) -> str:
    """A price as the old listings show it: the shortest decimal with at least one place (0.0, 0.05, 12.5)."""
    text = format(decimal_of(millionths), "f").rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def two_places(millionths: int) -> str:
    """An amount or factor with two places."""
    return format(decimal_of(millionths), ".2f")


def three_places(millionths: int) -> str:
    """A price with three places."""
    return format(decimal_of(millionths), ".3f")


def limit(value: int | None) -> str:
    """A page limit."""
    return _("None") if value is None else str(value)


def largest_job(value: int | None) -> str:
    """A largest job size."""
    return _("Unlimited") if value is None else _("{value} pages").format(value=value)


def local_time(instant: datetime | None) -> str:
    """A date limit in local time."""
    return _("None") if instant is None else instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")
