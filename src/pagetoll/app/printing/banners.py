# SPDX-License-Identifier: Apache-2.0
"""Banners: pages of the site's before and after a job, each sent by a run of the real backend of its own.

A banner is the output of a command, or a file as it is. It is counted like any document; what is accounted
(`accountbanner`) is charged with the job. A banner that fails is noted, and the job goes on without it.
"""

import errno
import os
import time
from datetime import timedelta
from pathlib import Path

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.device import enter_device, words_for_device
from pagetoll.app.printing.hooks import figures_of, run_hook
from pagetoll.config.options.choices import BannerShare
from pagetoll.core.copies import apply_spooler
from pagetoll.core.errors import DocumentError
from pagetoll.core.hook_variables import Phase
from pagetoll.core.lifecycle import Event
from pagetoll.core.messages import _
from pagetoll.core.site_commands import SiteCommand
from pagetoll.core.usage import Duplex
from pagetoll.ports import Note
from pagetoll.wire.frames import Banner, BannerEnded, Canceled, Started

STARTING, ENDING = "startingbanner", "endingbanner"
PHASES = {STARTING: Phase.BEFORE, ENDING: Phase.AFTER}
PAGE_OCTETS_MAX = 16 << 20
#: How soon we see that a banner has left the device after its client is gone.
LOOK_EVERY_S = 0.2
ACCOUNTED = {
    STARTING: (BannerShare.STARTING, BannerShare.BOTH),
    ENDING: (BannerShare.ENDING, BannerShare.BOTH),
}


def print_starting(services: Services, attempt: Attempt) -> None:
    """The banner before a job that is going to be printed."""
    if attempt.settings.startingbanner and not _avoided(services, attempt):
        _print(services, attempt, STARTING, Phase.BEFORE, accounted=is_accounted(attempt, STARTING))


def print_ending(services: Services, attempt: Attempt, *, accounted: bool) -> None:
    """The banner after a job that was printed, if its turn is now: an accounted one comes before the books are
    closed, another one after that."""
    due = attempt.settings.endingbanner and is_accounted(attempt, ENDING) is accounted
    if due and attempt.accounted and attempt.backend_status == 0 and not _avoided(services, attempt):
        _print(services, attempt, ENDING, Phase.AFTER, accounted=accounted)


def print_denied(services: Services, attempt: Attempt) -> None:
    """The banners of a refused job, as long as its user's entry has not had `maxdenybanners`. Raises StorageError."""
    settings = attempt.settings
    wanted = _wanted(attempt)
    entry = figures_of(services, attempt).entry if wanted and settings.maxdenybanners else None
    if entry is None or _avoided(services, attempt):
        return
    left = max(0, settings.maxdenybanners - entry.warn_banners)
    for name in wanted[:left]:
        if attempt.client_lost or attempt.canceled or enter_device(services, attempt) is not Event.DEVICE_FREE:
            return
        services.ledger.count_deny_banners(entry.account_id, 1)
        _print(services, attempt, name, PHASES[name], accounted=False)


def print_canceled(services: Services, attempt: Attempt) -> None:
    """With `printcancelledbanners`, the banners of a job that its user's answer or the site's rules canceled. None
    is charged; a job that the spooler itself takes back has no time for any."""
    if not attempt.settings.printcancelledbanners:
        return
    wanted = _wanted(attempt)
    if not wanted or _avoided(services, attempt):
        return
    for name in wanted:
        if attempt.client_lost or attempt.canceled or enter_device(services, attempt) is not Event.DEVICE_FREE:
            return
        _print(services, attempt, name, PHASES[name], accounted=False)


def _wanted(attempt: Attempt) -> list[str]:
    settings = attempt.settings
    return [name for name, what in ((STARTING, settings.startingbanner), (ENDING, settings.endingbanner)) if what]


def forgive_denied(services: Services, attempt: Attempt) -> None:
    """Begin to count the banners of refused jobs anew, since this job is not refused. Raises StorageError."""
    if attempt.settings.maxdenybanners and attempt.view is not None and attempt.view.entries:
        services.ledger.count_deny_banners(attempt.view.entries[0].account_id, 0)


def is_accounted(attempt: Attempt, name: str) -> bool:
    """Whether this banner is charged with the job."""
    return attempt.settings.accountbanner in ACCOUNTED[name]


def _avoided(services: Services, attempt: Attempt) -> bool:
    """Whether the printer's last job was of the same user, so that a banner would part nothing."""
    rule = attempt.settings.avoidduplicatebanners
    printer_id = attempt.known_ids[0]
    if rule is False or printer_id is None:
        return False
    last = services.ledger.last_attempt_on(printer_id, attempt.key)
    if last is None or last.facts.user_name != attempt.user_name:
        return False
    return rule is True or (
        last.closed_at is not None and services.clock() - last.closed_at < timedelta(seconds=rule)
    )


def _print(services: Services, attempt: Attempt, name: str, phase: Phase, *, accounted: bool) -> None:
    if attempt.client_lost or attempt.canceled:
        return
    page = _page(services, attempt, name, phase)
    if not page:
        return
    descriptor = _descriptor(page)
    try:
        impressions, sheets = _counted(services, descriptor)
        status = _send(services, attempt, descriptor)
    except ClientGone:
        attempt.client_lost = True
        status = None
    finally:
        os.close(descriptor)
    if status != 0:
        _note(services, attempt, _("{name}: the device backend ended with {status}").format(name=name, status=status))
        return
    _note(services, attempt, f"{name}: {impressions} impressions, {'accounted' if accounted else 'not accounted'}")
    if accounted:
        attempt.banner_impressions += impressions
        attempt.banner_media_sheets += sheets
    elif attempt.measured is None:
        attempt.free_banner_impressions += impressions


def _page(services: Services, attempt: Attempt, name: str, phase: Phase) -> bytes:
    """The banner's octets; nothing, with a note, where there are none or too many."""
    what = attempt.settings.startingbanner if name == STARTING else attempt.settings.endingbanner
    if isinstance(what, str):
        try:
            path = Path(what)
            if not path.is_file():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if not os.access(path, os.X_OK):
                with path.open("rb") as file:
                    return _bounded(services, attempt, name, file.read(PAGE_OCTETS_MAX + 1))
        except OSError as error:
            _note(services, attempt, f"{name}: {what}: {error.strerror}")
            return b""
        what = SiteCommand(words=(what,))
    done = run_hook(services, attempt, name, what, phase, heedless=True, output_octets_max=PAGE_OCTETS_MAX + 1)
    if done.end.status == 0 and not done.end.output:
        _note(services, attempt, _("{name}: its command wrote nothing to print").format(name=name))
    return _bounded(services, attempt, name, done.end.output) if done.end.status == 0 else b""


def _bounded(services: Services, attempt: Attempt, name: str, page: bytes) -> bytes:
    if len(page) > PAGE_OCTETS_MAX:
        text = _("{name}: it has more than {most} octets and is not printed").format(name=name, most=PAGE_OCTETS_MAX)
        _note(services, attempt, text)
        return b""
    return page


def _descriptor(page: bytes) -> int:
    """The page as an open file that has no name and can only be read."""
    writing = os.memfd_create("banner")
    try:
        left = memoryview(page)
        while left:
            left = left[os.write(writing, left) :]
        return os.open(f"/proc/self/fd/{writing}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writing)


def _counted(services: Services, descriptor: int) -> tuple[int, int]:
    """Impressions and sheets; one of each where it cannot be counted."""
    try:
        totals = apply_spooler(services.counter.count(descriptor), 1, Duplex.NONE)
    except DocumentError:
        return 1, 1
    return max(1, totals.impressions), max(1, totals.media_sheets)


def _send(services: Services, attempt: Attempt, descriptor: int) -> int | None:
    """Have the client send the page, and wait for the end of that; the backend's status. Raises ClientGone."""
    ticket = attempt.ticket
    uri = services.device_uri_of(ticket.printer, ticket.device_uri)
    user, title = words_for_device(attempt)
    order = Banner(device_uri=uri.encode(), user=user, title=title, copies=b"1", options=b"")
    attempt.client.send(order, descriptor)
    process = (0, 0)
    try:
        while True:
            received = attempt.client.receive(1.0)
            message = received[0] if received is not None else None
            if isinstance(message, BannerEnded):
                return message.status
            if isinstance(message, Started):
                process = (message.backend_pid, message.backend_start_time_ticks)
            elif isinstance(message, Canceled):
                attempt.canceled = True
    except ClientGone:
        _outlive(services, attempt, process)
        raise


def _outlive(services: Services, attempt: Attempt, process: tuple[int, int]) -> None:
    """Keep the device while a backend whose client is dead still prints there, at most `device_linger_s`."""
    deadline = services.monotonic() + attempt.settings.device_linger_s
    while services.processes.alive(*process) and services.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)


def _note(services: Services, attempt: Attempt, text: str) -> None:
    attempt.notes.append(Note(services.clock(), "banner", text))
