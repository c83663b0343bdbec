# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at, as values: gathered by its frontend, read by the checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pagetoll.app.doctor.banners import BannerWish
from pagetoll.app.doctor.findings import Finding
from pagetoll.app.doctor.ledger import DirectoryFacts, Fault
from pagetoll.app.doctor.lprng import LpdSite


@dataclass(frozen=True, slots=True)
class Backend:
    """A file of ours among CUPS's backends. `missing_programs` are stamped paths that are not there; `current` says
    whether it is the thin client of this version, stamped for this home."""

    path: str
    uid: int
    mode: int
    socket: str
    missing_programs: tuple[str, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file of the home. `mode_most` are the bits its mode may have; uid is None when it is missing."""

    path: str
    uid: int | None
    mode: int
    mode_most: int
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """A print queue. `device` is behind us when `scheme` is one of ours; `login` is whether its users must log in,
    None when that cannot be told."""

    name: str
    scheme: str
    device: str
    login: bool | None

    @property
    def managed(self) -> bool:
        return bool(self.scheme)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks look at. An error is a sentence, "" when there was none."""

    now: datetime
    home: str
    socket: str
    owner_uid: int | None
    owner_name: str
    me_uid: int
    config_errors: tuple[str, ...]
    pykota_files: tuple[str, ...]  # PyKota's own, where they are in force
    config_warnings: tuple[str, ...]
    places: tuple[Place, ...]
    free_octets: int | None
    database_error: str
    newest_at: datetime | None
    owner_error: str  # why the owner cannot run our programs
    cups_version: str
    cups_error: str
    backend_dir: str
    backends: tuple[Backend, ...]
    backend_error: str
    queues: tuple[Queue, ...]
    programs: Mapping[str, bool]
    apparmor_mode: str  # of cupsd's profile: enforce, complain, "" none, "?" unreadable
    apparmor_lets_backends_work: bool
    daemon: str  # answers, absent, hangs, refused
    banners: tuple[BannerWish, ...] = ()
    configuration: str = "pagetoll.toml"
    lpd: LpdSite | None = None
    silent_servers: tuple[tuple[str, int], ...] = ()  # of a shared ledger, with how many open attempts
    hooks: tuple[Finding, ...] = ()  # what keeps hooks from being run
    database_fault: Fault = Fault.TABLES  # of a `database_error`
    directory: DirectoryFacts | None = None  # where the ledger is in one, and it answered

    @property
    def without_cups(self) -> bool:
        """Whether this is a print server of LPRng's alone, where nothing of CUPS is missed."""
        cups = self.programs.get("cupsd") or self.backends or any(queue.managed for queue in self.queues)
        return self.lpd is not None and not cups
