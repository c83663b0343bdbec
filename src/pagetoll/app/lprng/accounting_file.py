# SPDX-License-Identifier: Apache-2.0
"""The accounting file of a queue: START and END lines as LPRng's own script writes them, and the page counters that a
filter like ifhp puts between them (LPRng manual 18.7).

lpd's user opens it and passes it to the daemon. The books are changed first, and each change is harmless when
repeated; the file then gets its END lines by one write.
"""

import os
from collections.abc import Mapping, Sequence

from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import mark_of, open_on_queue, sender_of
from pagetoll.app.lprng.story import read_story, waiting_note
from pagetoll.app.printing.attempt import Services
from pagetoll.core.lprng_records import (
    BEGINS,
    ENDS,
    Finished,
    Record,
    cleaned,
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


def write_start(descriptor: int, job: LpdJob, record: AttemptRecord) -> None:
    """Append the START line of a job that may print. Raises OSError."""
    seconds = _seconds(record)
    told = (("A", job.identifier), ("P", job.queue), ("n", job.user), ("H", job.host))
    parts = (*told, ("D", seconds), ("j", str(job.number)))
    os.write(descriptor, line("START", parts).encode("utf-8", "replace"))


def settle_by_counter(services: Services, descriptor: int, job: LpdJob, record: AttemptRecord | None) -> None:
    """The end of a job whose queue may have page counters: settle every job that they settle, else this one alone.

    A job that ended without the counter of its end waits: the next job that ends well settles both. Raises
    PagetollError, OSError.
    """
    records = since_last_end(read_tail(descriptor))
    finished = recover(records)
    if finished:
        _settle_all(services, job, finished, _own(records, record), record)
        _write_ends(services, descriptor, finished)
        return
    if record is None:
        return
    reached = any(one.word in BEGINS and one.counter for one in _own(records, record))
    if reached and has_counters(records):
        services.ledger.add_notes(record.facts.key, (waiting_note(services.clock()),))
        return
    measured = close(services, record, job.end, "its end was told")
    if not has_counters(records):
        _settle_waiting(services, job)
        begun = {"A": job.identifier, "P": job.queue, "n": job.user, "H": job.host}
        alone = Finished({**begun, "D": _seconds(record), "j": str(job.number)}, 0, 0)
        _write_ends(services, descriptor, [alone], measured.impressions)


def _seconds(record: AttemptRecord) -> str:
    """What a START line has for D."""
    return str(int(record.facts.received_at.timestamp()))


def _tie(record: AttemptRecord) -> tuple[str, ...]:
    """What an attempt and its START line have in common. The identifier alone is the client's choice, and could be
    that of somebody else's job."""
    return *sender_of(record), _seconds(record), str(record.facts.key.job.job_id)


def _tie_of_line(parts: Mapping[str, str]) -> tuple[str, ...]:
    return (mark_of(parts.get("A", "")), *(cleaned(parts.get(letter, "")) for letter in "nHDj"))


def _own(records: Sequence[Record], record: AttemptRecord | None) -> Sequence[Record]:
    """The lines since this attempt's START."""
    if record is None:
        return ()
    tie = _tie(record)
    places = [place for place, one in enumerate(records) if one.word == "START" and _tie_of_line(one.parts) == tie]
    return records[places[-1] :] if places else ()


def _settle_all(
    services: Services,
    job: LpdJob,
    finished: Sequence[Finished],
    own: Sequence[Record],
    mine: AttemptRecord | None,
) -> None:
    """Each finished job's open attempt gets its pages, from the newest backwards, since lines of attempts that are
    closed already may come before. The one that lpd says succeeded, and whose filter told no counter, is charged by
    its document. An attempt that waits for a counter and has no line any more (the file was cut) waits no longer.
    """
    left = open_on_queue(services, job.queue)
    silent = not any(one.word in BEGINS | ENDS and one.counter for one in own)
    for done in reversed(finished):
        tie = _tie_of_line(done.parts)
        found = next((one for one in reversed(left) if _tie(one) == tie), None)
        if found is None:
            continue
        left.remove(found)
        is_mine = mine is not None and found.facts.key == mine.facts.key
        reported = None if is_mine and silent and job.end == SUCCEEDED else done.impressions
        why = f"the page counter went from {done.counter_before} to {done.counter_after}"
        close(services, found, job.end if is_mine else "", why, reported=reported)
    if mine in left:
        left.remove(mine)
        close(services, mine, job.end, "its end was told")
    for record in left:
        if mine is None or record.facts.received_at < mine.facts.received_at:
            _wait_no_longer(services, record, "its line is gone from the accounting file")


def _wait_no_longer(services: Services, record: AttemptRecord, why: str) -> None:
    if read_story(services.ledger.notes(record.attempt_id)).counters:
        close(services, record, "", why)


def _settle_waiting(services: Services, job: LpdJob) -> None:
    """Nobody writes counters into this file any more: those that wait for one are settled without."""
    for record in open_on_queue(services, job.queue):
        _wait_no_longer(services, record, "no page counter is written into the accounting file any more")


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
            ("j", done.parts.get("j", "")),
        )
        text += line("END", parts)
    os.write(descriptor, text.encode("utf-8", "replace"))
