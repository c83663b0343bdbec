# SPDX-License-Identifier: Apache-2.0
"""What pagetoll cups has set up prints: with a kept password, and through a backend that is not root."""

import os
from collections.abc import Iterator

import pytest

from cli.cups_place import Place, new_place
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the backend is installed as root")

DOCUMENT = b"%!PS\nshowpage\n"
#: A device backend that keeps what it was told about its device.
PROBE = """#!/bin/sh
[ $# -eq 0 ] && exit 0
printf '%s' "$DEVICE_URI" >"{file}"
cat "$6" >/dev/null
"""


@pytest.fixture
def place() -> Iterator[Place]:
    with new_place() as place:
        (place.home / "pagetoll.toml").write_text('policy = "allow"\n')
        yield place


def test_a_kept_password_reaches_the_device_backend_and_no_log(place: Place):
    told = place.home.parent / "told"
    probe = place.home.parent / "probe"
    probe.write_text(PROBE.format(file=told))
    place.cups.install_backend("probe", probe)
    place.good("cups", "install")
    place.cups.add_queue("secret", "probe://anna:geheim@printer/")
    place.good("cups", "manage", "--keep-secret", "secret")
    place.good("daemon", "start")  # a busy machine takes longer for it than a job waits
    job_id = place.cups.submit("secret", DOCUMENT)
    assert place.cups.wait_job(job_id) is JobState.COMPLETED, place.cups.error_log()
    assert told.read_text() == "probe://anna:geheim@printer/"
    assert "geheim" not in place.good("explain", str(job_id))
    behind = place.cups.error_log().partition("Job 1")[2]
    assert "geheim" not in behind


def test_a_backend_that_runs_as_the_spoolers_user_prints(place: Place):
    place.good("cups", "install", "--as-spooler", "lp")
    place.good("daemon", "start")
    with RawSink() as sink:
        place.cups.add_queue("laser", f"socket://{sink.address}:{sink.port}")
        place.good("cups", "manage", "laser")
        job_id = place.cups.submit("laser", DOCUMENT)
        assert place.cups.wait_job(job_id) is JobState.COMPLETED, place.cups.error_log()
        assert [job.document for job in sink.wait_for_jobs(1)] == [DOCUMENT]
