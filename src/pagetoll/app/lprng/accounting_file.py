# SPDX-License-Identifier: Apache-2.0
"""The accounting file of a queue: START and END lines as LPRng's own script writes them, and the page counters that a
filter like ifhp puts between them (LPRng manual 18.7).

lpd's user opens it and passes it to the daemon. The books are changed first, and each change is harmless when
repeated; the file then gets its END lines by one write.
"""

import os
from collections.abc import Sequence

from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import job_mark, open_on_queue
from pagetoll.app.lprng.story import read_story, waiting_note
from pagetoll.app.printing.attempt import Services
from pagetoll.core.lprng_records import (
    BEGINS,
    ENDS,
    Finished,
    Record,
    has_counters,
    line,
    parse,
    recover,
    since_last_end,
)
from pagetoll.ports import AttemptRecord
from pagetoll.wire.lprng import SUCCEEDED, LpdJob

TAIL_OCTETS = 1 << 18


def read_tail(descriptor: int) -> list[Record]:
    """The records at the file's end; what cannot be read as one is left out. Raises OSError."""
    size = os.fstat(descriptor).st_size
    begin = max(0, size - TAIL_OCTETS)
    data = os.pread(descriptor, TAIL_OCTETS, begin)
    lines = data.decode("utf-8", "replace").split("\n")
    return [record for record in map(parse, lines[1:] if begin else lines) if record is not None]


def write_start(services: Services, descriptor: int, job: LpdJob) -> None:
    """Append the START line of a job that may print. Raises OSError."""
    seconds = str(int(services.clock().timestamp()))
    parts = (("A", job.identifier), ("P", job.queue), ("n", job.user), ("H", job.host), ("D", seconds))
    os.write(descriptor, line("START", parts).encode("utf-8", "replace"))


def settle_by_counter(services: Services, descriptor: int, job: LpdJob, record: AttemptRecord | None) -> None:
    """The end of a job whose queue may have page counters: settle every job that they settle, else this one alone.

    A job that ended without the counter of its end waits: the next job that ends well settles both. Raises
    PagetollError, OSError.
    """
    records = since_last_end(read_tail(descriptor))
    finished = recover(records)
    if finished:
        _settle_all(services, job, finished, _own(records, job))
        _write_ends(services, descriptor, finished)
        return
    if record is None:
        return
    reached = any(one.word in BEGINS and one.counter for one in _own(records, job))
    if reached and has_counters(records):
        services.ledger.add_notes(record.facts.key, (waiting_note(services.clock()),))
        return
    measured = close(services, record, job.end, "its end was told")
    if not has_counters(records):
        _settle_waiting(services, job)
        alone = Finished({"A": job.identifier, "P": job.queue, "n": job.user, "H": job.host}, 0, 0)
        _write_ends(services, descriptor, [alone], measured.impressions)


def _own(records: Sequence[Record], job: LpdJob) -> Sequence[Record]:
    """The lines since this job's last START."""
    places = [place for place, one in enumerate(records) if _starts(one, job)]
    return records[places[-1] :] if places else ()


def _starts(record: Record, job: LpdJob) -> bool:
    return record.word == "START" and record.parts.get("A") == job.identifier


def _settle_all(services: Services, job: LpdJob, finished: Sequence[Finished], own: Sequence[Record]) -> None:
    """Each finished job's oldest open attempt gets its pages. One that lpd says succeeded, and whose filter told no
    counter, is charged by its document."""
    left = open_on_queue(services, job.queue)
    silent = not any(one.word in BEGINS | ENDS and one.counter for one in own)
    for place, done in enumerate(finished, 1):
        found = next((one for one in left if one.facts.ticket.job_uuid == _mark_of(done)), None)
        if found is None:
            continue
        left.remove(found)
        mine = place == len(finished) and done.parts.get("A") == job.identifier
        reported = None if mine and silent and job.end == SUCCEEDED else done.impressions
        why = f"the page counter went from {done.counter_before} to {done.counter_after}"
        close(services, found, job.end if mine else "", why, reported=reported)


def _mark_of(done: Finished) -> str:
    identifier = done.parts.get("A", "")
    return job_mark(LpdJob("", identifier, "", "", 0, "", "", 0, "", 0, ""))


def _settle_waiting(services: Services, job: LpdJob) -> None:
    """Nobody writes counters into this file any more: those that wait for one are settled without."""
    for record in open_on_queue(services, job.queue):
        if read_story(services.ledger.notes(record.attempt_id)).counters:
            close(services, record, "", "no page counter is written into the accounting file any more")


def _write_ends(services: Services, descriptor: int, finished: Sequence[Finished], pages: int | None = None) -> None:
    """Append END lines, the oldest first."""
    now = int(services.clock().timestamp())
    text = ""
    for done in finished:
        begun = done.parts.get("D", "")
        elapsed = max(0, now - int(begun)) if begun.isascii() and begun.isdigit() and len(begun) < 13 else 0
        told = tuple((letter, done.parts.get(letter, "")) for letter in "APnH")
        counted = done.impressions if pages is None else pages
        parts = (
            ("t", str(elapsed)),
            ("p", str(counted)),
            ("s", str(done.counter_before)),
            ("q", str(done.counter_after)),
            ("D", str(now)),
            *told,
            ("S", begun),
        )
        text += line("END", parts)
    os.write(descriptor, text.encode("utf-8", "replace"))
