# SPDX-License-Identifier: Apache-2.0
"""What is known of an attempt while it lives in the daemon, and the services its steps work with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pagetoll.app.printing.client import Client
from pagetoll.app.printing.devices import DeviceGate
from pagetoll.app.printing.floors import MeasuringFloor
from pagetoll.app.printing.glances import Glances
from pagetoll.app.printing.print_servers import ServerWatch, nobody_else
from pagetoll.app.printing.tea_run import TeaRun
from pagetoll.config.options import QueueSettings, Settings
from pagetoll.core.charging import ChargeView, Plan
from pagetoll.core.copies import Totals
from pagetoll.core.job_figures import JobFigures
from pagetoll.core.jobs import AttemptKey, Identified, Outcome, Ticket
from pagetoll.core.lifecycle import Command, State
from pagetoll.core.measure import Measured
from pagetoll.core.notices import Notice
from pagetoll.core.policy import Decision
from pagetoll.core.standings import Standings
from pagetoll.core.usage import Usage
from pagetoll.ports import (
    AttemptRecord,
    Clock,
    DocumentCounter,
    DocumentStore,
    Journal,
    Ledger,
    Note,
    Processes,
    SiteCommands,
    SpooledDocument,
    TeaHooks,
)
from pagetoll.ports.devices import DeviceMeter

EXIT_PRINTED = 0
EXIT_HOLD = 3
EXIT_CANCEL = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a thin client sent first. `document_fd` is its descriptor 0 or the open argv[6]."""

    nonce: str
    client_pid: int
    client_start_time_ticks: int
    client_uid: int
    arguments: Sequence[bytes]
    variables: Mapping[str, bytes]
    document_fd: int


@dataclass(frozen=True, slots=True)
class Adoption:
    """A backend whose daemon was lost: the client's word on it, and its descriptors."""

    ended: bool
    backend_pid: int
    backend_start_time_ticks: int
    backend_status: int | None
    canceled: bool


class NoticeDesk(Protocol):
    """Tells people, without keeping a job waiting."""

    def hand_in(self, key: AttemptKey, notice: Notice, settings: Settings, /) -> None:
        """Never waits and never raises; what cannot be told becomes a note of the attempt."""
        ...

    def wait_until_sent(self, patience_s: float, /) -> int:
        """Wait until all is sent or has failed, so long at the most; how many notices are left."""
        ...


def at_once(work: Callable[[], None]) -> None:
    """Work that may take long is done here and now."""
    work()


def no_meter(_device_uri: str, _settings: QueueSettings) -> DeviceMeter | None:
    """No device is asked."""
    return None


@dataclass(slots=True)
class Claim:
    """An attempt's place at its device. Without a meter it only keeps out of others' readings."""

    device: str
    meter: DeviceMeter | None
    spanned: bool = False  # the ledger has it among the jobs between two readings
    glances: Glances | None = None  # while the backend runs


@dataclass(frozen=True, slots=True)
class Services:
    """What the steps of an attempt work with."""

    ledger: Ledger
    counter: DocumentCounter
    store: DocumentStore
    processes: Processes
    journal: Journal
    devices: DeviceGate
    commands: SiteCommands
    notices: NoticeDesk
    settings: Callable[[], Settings]
    device_uri_of: Callable[[str, str], str]  # queue, URI as shown -> the URI with its password
    clock: Clock
    monotonic: Callable[[], float]
    spooler_host: str
    checkpoint: Callable[[Command, "Attempt"], None]  # told each command before it is performed
    meter_of: Callable[[str, QueueSettings], DeviceMeter | None] = no_meter  # of a device URI, for a queue
    floor: MeasuringFloor = field(default_factory=MeasuringFloor)
    at_devices: "dict[str, Attempt]" = field(default_factory=dict)  # of lpd's, by nonce, between its programs
    tea_hooks: TeaHooks | None = None
    aside: Callable[[Callable[[], None]], None] = at_once  # work that upkeep does not wait for
    servers: ServerWatch = field(default_factory=nobody_else)  # which of the ledger's print servers are gone
    shared_ledger: bool = False  # other print servers may have attempts in it: no file of this machine


@dataclass(slots=True)
class Attempt:
    """One process of the spooler, from its arrival to its end."""

    arrival: Arrival
    ticket: Ticket
    key: AttemptKey
    settings: QueueSettings
    user_name: str
    identified: Identified
    client: Client
    adoption: Adoption | None = None
    recalled: AttemptRecord | None = None  # what the ledger says of an attempt that another daemon began
    state: State = State.RECEIVED
    client_lost: bool = False
    canceled: bool = False
    failure: str = ""
    # what was said of the job before anything was rewritten
    original_user_name: str = ""
    original_billing_code: str = ""
    # what the site's steps came to
    accounted: bool = False  # the books know printer, user and entry: hooks and banners belong to the job
    withdrawn: bool = False  # canceled by the user's answer or the ticket command
    withdrawal: str = ""  # why, in a sentence
    copies_allowed_up_to: int = 0  # the last attempt with the same document that the site's command let pass
    silent: bool = False  # nobody is told of this decision
    told: bool = False
    prepared: bool = False  # the prehook was run
    figures: JobFigures | None = None
    quoted_price: int | None = None  # in millionths, where it is known before there is a plan
    known_ids: tuple[int | None, int | None] = (None, None)  # printer and user in the ledger
    banner_impressions: int = 0  # accounted banners that came out
    banner_media_sheets: int = 0
    free_banner_impressions: int = 0  # one that is not accounted, and lies between the device's readings
    # what was found out
    document: SpooledDocument | None = None
    usage: Usage | None = None
    uncountable: str = ""
    totals: Totals = field(default_factory=lambda: Totals(0, 0, 0, None, None))
    view: ChargeView | None = None
    plan: Plan | None = None
    decision: Decision | None = None
    would_be: Decision | None = None  # what a job met that is only watched
    standings: Standings | None = None  # how everything stood that a job asked for in vain
    attempt_id: int | None = None
    notes: list[Note] = field(default_factory=list)
    # the device backend
    life_fd: int = -1
    life_seen: bool = False  # the backend's octet was read: it was started
    backend_stderr_fd: int = -1
    backend_pid: int = 0
    backend_status: int | None = None
    reported_impressions: int | None = None
    spool_offset: int | None = None  # how far the backend read, where a journal says so
    measured: Measured | None = None
    claim: Claim | None = None
    # Tea4CUPS's hooks
    tea: TeaRun | None = None
    backend_signal: int = 0  # what killed the device backend
    instead_fd: int = -1  # printed instead of the spooler's file: what the site's filter made of it
    outcome: Outcome | None = None
    exit_status: int = EXIT_PRINTED

    @property
    def quoted_impressions(self) -> int:
        return self.plan.impressions if self.plan else 0
