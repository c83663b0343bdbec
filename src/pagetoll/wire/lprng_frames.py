# SPDX-License-Identifier: Apache-2.0
"""The frame by which LPRng's programs (thin/lprngpykota.py) tell the daemon how lpd called them."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["start", "end", "filter", "filtered", "lines", "late"]
ROLES: tuple[Role, ...] = get_args(Role)
LPRNG_VERSION = 1
#: Data files of a job that are passed; LPRng itself has 52 names a job.
FILES_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Lprng:
    """A call of lpd's. Descriptors: each of `documents`, then, where `accounting`, the accounting file.

    `worker_*` name the process of lpd that drives the job: its death is the evidence that no end will be told.
    `read_octets` is how much a filter has read of what is no file; `standard_input` what came in as lines.
    """

    role: Role
    nonce: str
    pid: int
    start_time_ticks: int
    worker_pid: int
    worker_start_time_ticks: int
    read_octets: int
    accounting: bool
    standard_input: bytes
    documents: tuple[bytes, ...]
    arguments: tuple[bytes, ...]
    environment: tuple[tuple[bytes, bytes], ...]

    @property
    def variables(self) -> dict[bytes, bytes]:
        """The environment to look up names in."""
        return dict(self.environment)


def fields_of(call: Lprng) -> list[bytes]:
    """The frame's fields behind the verb."""
    numbers = (
        call.pid,
        call.start_time_ticks,
        call.worker_pid,
        call.worker_start_time_ticks,
        call.read_octets,
        int(call.accounting),
    )
    return [
        b"%d" % LPRNG_VERSION,
        call.role.encode(),
        call.nonce.encode(),
        *(b"%d" % number for number in numbers),
        call.standard_input,
        b"%d" % len(call.documents),
        *call.documents,
        b"%d" % len(call.arguments),
        *call.arguments,
        *(name + b"=" + value for name, value in call.environment),
    ]
