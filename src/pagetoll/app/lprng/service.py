# SPDX-License-Identifier: Apache-2.0
"""One call of lpd's, from its frame to the status that lpd is told."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pagetoll.app.lprng import accounting_file, late, passes
from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import find_open
from pagetoll.app.lprng.start import DONE, Calling, arriving, start
from pagetoll.app.lprng.story import Story
from pagetoll.app.printing import receive
from pagetoll.app.printing.adopt import restore
from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.app.printing.client import Client
from pagetoll.app.printing.hooks import run_hook
from pagetoll.core.hook_variables import Phase
from pagetoll.core.jobs import AttemptState, ChargeRule
from pagetoll.core.lprng_records import has_counters, parse
from pagetoll.core.measure import Measured
from pagetoll.ports import AttemptRecord
from pagetoll.wire.frames import Exit
from pagetoll.wire.lprng import LpdJob, names_program, read_job, text_of
from pagetoll.wire.lprng_frames import Lprng

log = logging.getLogger("pagetoll.lprng")

#: The first words of lines that tell a job's end: lpd's own, and those of the accounting file.
ENDING_WORDS = frozenset(("jobend", "end", "fileend"))


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
            client.send(Exit(status=end(services, client, calling, job, opened.accounting)))
        case "late":
            late.book(services, client, calling, job, opened.files)
            client.send(Exit(status=DONE))
        case "lines":
            client.send(Exit(status=_line(services, client, call, calling, opened)))
        case _:
            client.send(Exit(status=_begin(services, client, call, calling, job, opened)))
    return False


def _begin(services: Services, client: Client, call: Lprng, calling: Calling, job: LpdJob, opened: Opened) -> int:
    """lpd's start program, and its line in the accounting file where the job may print."""
    book = opened.accounting
    counters = book >= 0 and has_counters(accounting_file.read_tail(book))
    begun = start(services, client, calling, job, opened.files, replace(traits_of(call), counters=counters))
    if begun.attempt is not None and book >= 0:
        record = services.ledger.attempt(begun.attempt.key)
        if record is not None:
            accounting_file.write_start(book, job, record)
    return begun.status


def _line(services: Services, client: Client, call: Lprng, calling: Calling, opened: Opened) -> int:
    """A line that lpd writes to a program or a server instead of running one: `jobstart`, `jobend`, or a site's own.

    A program finds the whole job in its environment; a server has nothing but the line."""
    first = text_of(call.standard_input).partition("\n")[0]
    record = parse(first)
    job = read_job(call.arguments, call.variables)
    if b"HF" not in call.variables:
        parts = {} if record is None else record.parts
        job = read_job([b"", *(f"-{letter}{value}".encode() for letter, value in parts.items())], {})
    if job.end or (record is not None and record.word.lower() in ENDING_WORDS):
        return end(services, client, calling, job, -1)
    traits = replace(traits_of(call), told=not call.worker_pid)
    return start(services, client, calling, job, opened.files, traits).status


def end(services: Services, client: Client, calling: Calling, job: LpdJob, book: int) -> int:
    """lpd's end program: settle by what is known, and write it into the accounting file `book` (-1: none); then the
    site's posthook. Its status means nothing to lpd."""
    record = find_open(services, job)
    if record is None:
        log.info("job=%r printer=%r has ended, nothing is open for it", job.identifier, job.queue)
    if book >= 0:
        accounting_file.settle_by_counter(services, book, job, record)
    elif record is not None:
        close(services, record, job.end, "its end was told")
    closed = services.ledger.attempt(record.facts.key) if record is not None else None
    if closed is not None and closed.state is AttemptState.CLOSED:
        _run_posthook(services, arriving(services, client, calling, job), closed)
    return DONE


def _run_posthook(services: Services, attempt: Attempt, record: AttemptRecord) -> None:
    command = attempt.settings.posthook
    if command is None:
        return
    attempt.key = record.facts.key
    restore(attempt, record, -1)
    receive.look_up(services, attempt)
    attempt.outcome, attempt.backend_status = record.outcome, record.backend_status
    attempt.measured = Measured(
        record.charged_impressions, record.charged_media_sheets, ChargeRule(record.charge_rule)
    )
    run_hook(services, attempt, "posthook", command, Phase.AFTER, heedless=True)
    services.ledger.add_notes(attempt.key, tuple(attempt.notes))


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
