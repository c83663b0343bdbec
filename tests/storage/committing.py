# SPDX-License-Identifier: Apache-2.0
"""Commits to the ledger of a URL until it is killed, and says each number that it got; checkpoints in between."""

import sys
import uuid

from pagetoll.core.errors import StorageConflict
from storage.directories import directory, role

made = directory(sys.argv[1])
while True:
    after = made.position()
    try:
        number = made.commit(after, uuid.uuid4().hex, [role(str(after[0] + 1), at=after[0] + 1)])
    except StorageConflict:  # the last request of one that was killed came late
        continue
    print(number, flush=True)
    if number % 3 == 0:
        made.checkpoint(large=False, deadline_s=None)
