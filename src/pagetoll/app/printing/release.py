# SPDX-License-Identifier: Apache-2.0
"""Jobs that were held for a failure of ours, given to a root client to be released (docs/reference/protocol.md).

They are listed until the client has said that it released them: one that ends before leaves them to the next.
"""

from collections.abc import Sequence

from pagetoll.app.printing.attempt import Attempt, Services
from pagetoll.wire.frames import ANSWERS, Release, Released

#: A client releases no more than this.
RELEASED_AT_ONCE = 1000
ANSWER_WITHIN_S = 10.0


def have_released(services: Services, attempt: Attempt) -> None:
    """Have the client release what is held. Raises ClientGone, OSError."""
    taker = attempt.key.nonce
    held = services.journal.take(taker)
    if not held:
        return
    now, left = held[:RELEASED_AT_ONCE], held
    try:
        attempt.client.send(Release(job_ids=tuple(now)))
        released = set(_released(services, attempt, now))
        left = tuple(job_id for job_id in held if job_id not in released)
    finally:
        services.journal.give_back(taker, left)


def _released(services: Services, attempt: Attempt, job_ids: Sequence[int]) -> Sequence[int]:
    """Those that the client says it released; all of them where it is one of before, which says nothing. Raises
    ClientGone."""
    if b"released" not in attempt.arrival.variables.get(ANSWERS, b"").split():
        return job_ids
    until_s = services.monotonic() + ANSWER_WITHIN_S
    while (left_s := until_s - services.monotonic()) > 0:
        received = attempt.client.receive(left_s)
        if received is not None and isinstance(received[0], Released):
            return received[0].job_ids
    return ()
