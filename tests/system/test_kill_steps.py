# SPDX-License-Identifier: Apache-2.0
"""Death in the middle of a site's own steps: a question, a hook, a banner, a pause before another try.

Each printed page of a document is charged once, nothing stays reserved, and no job is lost.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.independent_count import count_raw
from lab.site import Site
from pagetoll.core.jobs import AttemptState
from pagetoll.integrations.printlab.processes import command_line, is_alive, wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

PAGES = 3
BANNER = b"%!PS\n% banner\n" + b"%" * 3000 + b"\n72 72 moveto 99 99 lineto stroke showpage\n"


@pytest.fixture
def sink() -> Iterator[RawSink]:
    with RawSink(octets_per_s=2000) as slow:
        yield slow


@pytest.fixture
def school(site: Site, sink: RawSink) -> Site:
    site.run("pkprinters", "-a", "lab")
    site.add_user("anna", ["lab"])
    site.cups.add_queue("lab", f"cupspykota:{sink.device_uri}")
    (site.folder / "marks").mkdir()
    (site.folder / "marks").chmod(0o777)
    (site.folder / "banner.ps").write_bytes(BANNER)
    (site.folder / "banner.ps").chmod(0o644)
    return site


def hook_that_waits(site: Site) -> str:
    """A command that takes long at its first run, and can be seen to run."""
    mark = site.folder / "marks" / "runs"
    return f'{{ shell = "test -e {mark} && exit 0; echo > {mark}; sleep 30" }}'


def kill(site: Site, who: str) -> None:
    if who == "daemon":
        site.kill_daemon()
        return
    for pid in site.cups.job_pids():
        if "cupspykota" in " ".join(command_line(pid)):
            os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError("no client runs")


def end(site: Site, job_id: int) -> None:
    """Wait until the job has ended (released when it was held), and all its attempts are closed."""

    def ended() -> bool:
        state = site.cups.job_state(job_id)
        if state is JobState.PENDING_HELD:
            site.cups.release(job_id)
        return state in (JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED)

    wait_until(ended, 60, "the job ends")
    wait_until(lambda: not any(is_alive(pid) for pid in site.cups.job_pids()), 60, "its processes end")
    if site.daemon_pid() is None:
        site.start_daemon()
    site.settled()
    wait_until(lambda: all(one.state is AttemptState.CLOSED for one in site.attempts()), 60, "all is closed")


def pages_of_documents(sink: RawSink) -> int:
    return sum(count_raw(job.document).impressions for job in sink.jobs() if b"% banner" not in job.document)


def check(site: Site, sink: RawSink) -> None:
    wait_until(lambda: not sink.open_octets(), 60, "the device has it all")
    charged = sum(attempt.charged_impressions for attempt in site.attempts())
    assert charged == pages_of_documents(sink)
    site.audit()


@pytest.mark.parametrize("who", ["daemon", "client"])
@pytest.mark.parametrize("hook", ["overwrite_jobticket", "askconfirmation", "prehook", "posthook"])
def test_a_death_while_a_command_runs(school: Site, sink: RawSink, hook: str, who: str) -> None:
    school.configure(f"{hook} = {hook_that_waits(school)}")
    school.start_daemon()
    job_id = school.cups.submit("lab", postscript_document(PAGES), user="anna")
    wait_until((school.folder / "marks" / "runs").exists, 60, "the command runs")
    kill(school, who)
    end(school, job_id)
    check(school, sink)


@pytest.mark.parametrize("who", ["daemon", "client"])
@pytest.mark.parametrize("banner", ["startingbanner", "endingbanner"])
def test_a_death_while_a_banner_is_printed(school: Site, sink: RawSink, banner: str, who: str) -> None:
    school.configure(f'{banner} = "{school.folder}/banner.ps"\naccountbanner = "none"')
    school.start_daemon()
    job_id = school.cups.submit("lab", postscript_document(PAGES), user="anna")
    before = 0 if banner == "startingbanner" else 1
    wait_until(lambda: len(sink.jobs()) == before and bool(sink.open_octets()), 60, "the banner is on its way")
    kill(school, who)
    end(school, job_id)
    check(school, sink)


@pytest.mark.parametrize("who", ["daemon", "client"])
def test_a_death_before_another_try(school: Site, sink: RawSink, who: str) -> None:
    school.configure('onbackenderror = "retry:3:20"')
    backend = Path(school.cups.backend_dir) / "flaky"
    backend.write_text(f"#!/bin/sh\n[ $# -gt 0 ] || exit 0\necho > {school.folder}/marks/tried\nexit 1\n")
    backend.chmod(0o700)
    school.cups.add_queue("lab", "cupspykota:flaky://device")
    school.start_daemon()
    job_id = school.cups.submit("lab", postscript_document(PAGES), user="anna")
    wait_until((school.folder / "marks" / "tried").exists, 60, "the backend was tried")
    kill(school, who)
    wait_until(lambda: school.cups.job_state(job_id) is not JobState.PROCESSING, 60, "the job has ended or waits")
    if school.daemon_pid() is None:
        school.start_daemon()
    school.settled()
    assert sum(attempt.charged_impressions for attempt in school.attempts()) == 0
    school.audit()
