# SPDX-License-Identifier: Apache-2.0
"""A pass of our filter: one data file goes to the device once.

The filter reads the data file itself, whose open file the daemon shares: its offset says how much was handed over,
also when the filter was killed. A queue whose only program of ours is the filter is decided at its first pass, and
settled after the last one.
"""

import os
from collections.abc import Mapping

from pagetoll.app.lprng.counting import passed
from pagetoll.app.lprng.output import close
from pagetoll.app.lprng.prior import find_open
from pagetoll.app.lprng.start import DONE, Calling, start
from pagetoll.app.lprng.story import Story, begun_note, done_note, read_story
from pagetoll.app.printing.attempt import Services
from pagetoll.app.printing.client import Client, ClientGone
from pagetoll.ports import AttemptRecord
from pagetoll.wire.frames import Ended, Exit, Go, HandedOver
from pagetoll.wire.lprng import SUCCEEDED, LpdJob, plain_name, text_of
from pagetoll.wire.lprng_frames import Lprng

LISTEN_S = 5.0


def filter_call(
    services: Services, client: Client, call: Lprng, job: LpdJob, files: Mapping[str, int], standard_input: int
) -> bool:
    """Let a filter print, and write down how far it came; whether upkeep should look at what is left.

    Raises ClientGone, PagetollError, OSError."""
    record = find_open(services, job)
    if record is None and call.role == "filter":
        calling = Calling(call.nonce, call.pid, call.worker_pid, call.worker_start_time_ticks)
        begun = start(services, client, calling, job, files, Story(ours=True))
        if begun.status != DONE:
            client.send(Exit(status=begun.status))
            return False
        record = find_open(services, job)
    if record is None:  # settled meanwhile: the paper is in the books already
        client.send(Exit(status=DONE))
        return False
    if call.role == "filtered":
        _finish(services, record, call, job, standard_input, call.read_octets)
        _settle_if_last(services, record, call)
        client.send(Exit(status=DONE))
        return False
    with services.devices.living(record.facts.key):
        return _follow(services, client, call, job, record, standard_input)


def _follow(
    services: Services, client: Client, call: Lprng, job: LpdJob, record: AttemptRecord, standard_input: int
) -> bool:
    key = record.facts.key
    services.ledger.add_notes(key, (begun_note(services.clock(), call.nonce[:8], plain_name(job.file_name)),))
    services.ledger.mark_started(key, call.pid, call.start_time_ticks)
    client.send(Go())
    read_octets, ended = 0, False
    try:
        while not ended:
            received = client.receive(LISTEN_S)
            if received is None:
                continue
            message = received[0]
            if isinstance(message, HandedOver):
                read_octets = message.document_octets
            ended = isinstance(message, Ended)
    except ClientGone:
        if standard_input < 0:
            return True  # nobody knows how far it came: the pass counts whole
    _finish(services, record, call, job, standard_input, read_octets)
    if not ended:
        return True
    _settle_if_last(services, record, call)
    client.send(Exit(status=DONE))
    return False


def _finish(
    services: Services, record: AttemptRecord, call: Lprng, job: LpdJob, standard_input: int, read_octets: int
) -> None:
    """Write down what this pass brought to the device."""
    name = plain_name(job.file_name)
    file = read_story(services.ledger.notes(record.attempt_id)).file(name)
    offset = os.lseek(standard_input, 0, os.SEEK_CUR) if standard_input >= 0 else read_octets
    came_out = passed(services, file, standard_input, offset)
    note = done_note(
        services.clock(), call.nonce[:8], name, came_out.octets, came_out.impressions, came_out.media_sheets
    )
    services.ledger.add_notes(record.facts.key, (note,))


def _settle_if_last(services: Services, record: AttemptRecord, call: Lprng) -> None:
    """Where lpd runs no end program of ours, the last whole pass is the job's end."""
    entry = text_of(call.variables.get(b"PRINTCAP_ENTRY", b""))
    if any(line.strip().startswith(":ae=") for line in entry.split("\n")):
        return
    story = read_story(services.ledger.notes(record.attempt_id))
    whole, _sheets, known = story.handed_over()
    if known and len(story.done) >= story.passes_wanted and whole >= record.quoted_impressions:
        close(services, record, SUCCEEDED, "the last pass of our filter was complete")
