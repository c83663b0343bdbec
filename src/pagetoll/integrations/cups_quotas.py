# SPDX-License-Identifier: Apache-2.0
"""The quotas that CUPS itself keeps for a queue (lpadmin(8): job-quota-period, job-page-limit, job-k-limit)."""

import shlex
from urllib.parse import quote

from pagetoll.core.rolling import RollingLimits
from pagetoll.integrations.ipp_client import IppClient, JobAttributes

NAMES = ("job-quota-period", "job-page-limit", "job-k-limit")


def quotas_of(client: IppClient, queue: str) -> RollingLimits | None:
    """The queue's quotas; None where CUPS enforces none: the period and one limit must be set.

    Raises what `IppClient` raises.
    """
    said = client.get_printer_attributes(f"/printers/{quote(queue, safe='')}", NAMES)
    period_s, impressions, k_octets = (_number(said, name) for name in NAMES)
    if period_s is None or (impressions is None and k_octets is None):
        return None
    return RollingLimits(period_s, impressions, k_octets)


def removal(queue: str) -> str:
    """The command, for a shell, that takes CUPS's own quotas of a queue away."""
    return shlex.join(["lpadmin", "-p", queue, *(word for name in NAMES for word in ("-o", f"{name}=0"))])


def _number(said: JobAttributes, name: str) -> int | None:
    """A figure above zero; CUPS says 0 where there is none."""
    number = next(iter(said.get(name, ())), 0)
    return number if isinstance(number, int) and number > 0 else None
