# SPDX-License-Identifier: Apache-2.0
"""The site's commands around a job of lpd's: one at fault is noted, and the job is printed and charged."""

import pytest

from app.lpd_calls import Queue
from app.print_shop import Shop, pages
from pagetoll.core.jobs import Outcome
from pagetoll.core.site_commands import SiteCommand


def shell(line: str) -> SiteCommand:
    return SiteCommand(shell=line)


@pytest.fixture
def queue(shop: Shop) -> Queue:
    return Queue(shop)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("PLAIN", "it ended with status 126"),
        ("kill -11 $$", "it was ended by signal 11 (SIGSEGV)"),
        ("sleep 100", "it was stopped after 1 seconds"),
        ("head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2; exit 4", "it ended with status 4"),
        ("sleep 100 & exit 0", "it ended well"),
    ],
    ids=["no execute bit", "signal", "hangs", "10 MB", "leaves a child"],
)
@pytest.mark.parametrize("hook", ["prehook", "posthook"])
def test_a_hook_at_fault_is_noted_and_the_job_is_printed_and_charged(
    shop: Shop, queue: Queue, hook: str, line: str, said: str
) -> None:
    plain = shop.folder / "plain"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)
    patience_s = 1 if "stopped" in said else 60
    shop.queue(**{hook: shell(line.replace("PLAIN", str(plain))), "hook_timeout_s": patience_s})
    assert queue.start(pages(2)) == 0
    assert queue.end() == 0
    assert (shop.posted, shop.reserved, shop.record.outcome) == (2, 0, Outcome.COMPLETED)
    (note,) = [text for text in shop.notes().splitlines() if text.startswith(f"hook: {hook}: ")]
    assert said in note
    assert len(note) < 2500
    assert shop.audit() == []
