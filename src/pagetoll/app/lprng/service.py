# SPDX-License-Identifier: Apache-2.0
"""One call of lpd's, from its frame to the status that lpd is told."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

from pagetoll.app.lprng import passes
from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import find_open
from pagetoll.app.lprng.start import DONE, Calling, start
from pagetoll.app.lprng.story import Story
from pagetoll.app.printing.attempt import Client, Services
from pagetoll.wire.frames import Exit
from pagetoll.wire.lprng import LpdJob, names_program, read_job, text_of
from pagetoll.wire.lprng_frames import Lprng

log = logging.getLogger("pagetoll.lprng")


@dataclass(frozen=True, slots=True)
class Opened:
    """The descriptors of a call: files by name, what a filter reads (-1: no file), the accounting file (-1: none)."""

    files: dict[str, int]
    standard_input: int
    accounting: int


def serve(services: Services, client: Client, call: Lprng, descriptors: Sequence[int]) -> bool:
    """Answer a call; whether upkeep should look at what is left. Descriptors are closed. Raises ClientGone,
    PagetollError, OSError."""
    try:
        return _answer(services, client, call, _opened(call, descriptors))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(services: Services, client: Client, call: Lprng, opened: Opened) -> bool:
    job = read_job(call.arguments, call.variables)
    calling = Calling(call.nonce, call.pid, call.worker_pid, call.worker_start_time_ticks)
    match call.role:
        case "filter" | "filtered":
            return passes.filter_call(services, client, call, job, opened.files, opened.standard_input)
        case "end":
            client.send(Exit(status=end(services, job)))
        case _:
            status = start(services, client, calling, job, opened.files, traits_of(call)).status
            client.send(Exit(status=status))
    return False


def end(services: Services, job: LpdJob) -> int:
    """lpd's end program: settle by what is known. Its status means nothing to lpd."""
    record = find_open(services, job)
    if record is None:
        log.info("job=%r printer=%r has ended, nothing is open for it", job.identifier, job.queue)
        return DONE
    close(services, record, job.end, "its end was told")
    return DONE


def traits_of(call: Lprng) -> Story:
    """Who will tell what comes out, by the queue's printcap entry."""
    entry = text_of(call.variables.get(b"PRINTCAP_ENTRY", b""))
    return Story(ours=names_program(entry, text_of(call.arguments[0]) if call.arguments else ""))


def _opened(call: Lprng, descriptors: Sequence[int]) -> Opened:
    """Raises OSError where the frame has not as many descriptors as it says."""
    if len(descriptors) != len(call.documents) + call.accounting:
        raise OSError("not every file of the call came with a descriptor")
    names = [text_of(name) for name in call.documents]
    files = {name.removeprefix("<"): file for name, file in zip(names, descriptors, strict=False)}
    standard_input = next((file for name, file in zip(names, descriptors, strict=False) if name[:1] == "<"), -1)
    return Opened(files, standard_input, descriptors[-1] if call.accounting else -1)
