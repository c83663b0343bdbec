# SPDX-License-Identifier: Apache-2.0
"""Tea4CUPS's documented configuration under a real scheduler, our backend under its name: the same hook calls and
outcomes.
"""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.shared_site import shared_site
from lab.site import Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.processes import wait_until
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState, PrinterState

DOCUMENT = postscript_document(2)
NUMBERS = itertools.count(1)
#: A device backend that writes down each start, and ends with the status in the file `status`.
BACKEND = """#!/bin/sh
[ $# -eq 0 ] && exit 0
cat ${6:+"$6"} > HERE/paper
echo try >> HERE/log
exit $(cat HERE/status)
"""
#: One that takes the document and then works on until it is told to end.
SLOW = """#!/bin/sh
[ $# -eq 0 ] && exit 0
trap 'echo term >> HERE/log; exit 0' TERM
cat ${6:+"$6"} > /dev/null
echo printing >> HERE/log
while :; do sleep 0.1; done
"""


#: One that prints on until it is let go.
GATED = """#!/bin/sh
[ $# -eq 0 ] && exit 0
cat ${6:+"$6"} > /dev/null
echo printing >> HERE/log
while [ ! -e HERE/gate ]; do sleep 0.1; done
"""


class Tea:
    """A site that came from Tea4CUPS; hooks write into the file `log` of a folder that all may write to."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.folder = site.folder / "hooks"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.log = self.folder / "log"
        for name, text in (("recording", BACKEND), ("slow", SLOW), ("gated", GATED)):
            path = site.folder / name
            path.write_text(text.replace("HERE", str(self.folder)))
            site.cups.install_backend(name, path, mode=0o755)

    def begin(self, text: str, status: int = 0) -> None:
        """A new configuration and an empty log."""
        for path in self.folder.iterdir():
            path.unlink()
        self.log.touch()
        self.log.chmod(0o666)
        (self.folder / "paper").touch()
        (self.folder / "paper").chmod(0o666)
        (self.folder / "status").write_text(str(status))
        conf = self.site.cups.tree.etc / "tea4cups.conf"
        conf.unlink(missing_ok=True)
        conf.write_text("[global]\n" + text.replace("LOG", str(self.log)).replace("HERE", str(self.folder)))
        conf.chmod(0o644)

    def queue(self, device_uri: str = "tea4cups:recording:/", policy: str = "abort-job") -> str:
        name = f"q{next(NUMBERS)}"
        self.site.cups.add_queue(name, device_uri, options={"printer-error-policy": policy})
        return name

    def print(self, queue: str, **job: object) -> JobState:
        return self.site.cups.wait_job(self.site.cups.submit(queue, DOCUMENT, **job))  # type: ignore[arg-type]

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    @property
    def paper(self) -> bytes:
        return (self.folder / "paper").read_bytes()


@pytest.fixture(scope="module")
def tea() -> Iterator[Tea]:
    with shared_site() as site:
        site.run("pagetoll", "cups", "install", "--name", "tea4cups", "--backend-dir", str(site.cups.backend_dir))
        site.start_daemon()
        yield Tea(site)


ENDS = [
    ("true", "no", "a b c try post", JobState.COMPLETED),
    ("true", "yes", "a b c try post", JobState.COMPLETED),
    ("exit 255", "no", "a b c", JobState.CANCELED),
    ("exit -1", "yes", "a b c", JobState.CANCELED),
    ("exit 254", "no", "a b c", JobState.ABORTED),
    ("exit 254", "yes", "a b", JobState.ABORTED),
    ("exit 1", "no", "a b c", JobState.ABORTED),
    ("exit 77", "yes", "a b c", JobState.ABORTED),
    ("kill -9 $$", "no", "a b c", JobState.CANCELED),
    ("kill -9 $$", "yes", "a b c", JobState.ABORTED),
]


@pytest.mark.parametrize(("line", "serialize", "run", "state"), ENDS)
def test_the_end_of_a_prehook_decides_as_ever(tea: Tea, line: str, serialize: str, run: str, state: JobState) -> None:
    # dash has no negative statuses
    line = line if "-1" not in line else "bash -c 'exit -1'"
    tea.begin(
        f"serialize : {serialize}\nprehook_a : echo a >> LOG\nprehook_b : echo b >> LOG; {line}\n"
        "prehook_c : echo c >> LOG\nposthook_z : echo post >> LOG\n"
    )
    assert tea.print(tea.queue()) is state
    assert (tea.lines if serialize == "yes" else sorted(tea.lines)) == (
        run.split() if serialize == "yes" else sorted(run.split())
    )
    assert tea.paper == (DOCUMENT if state is JobState.COMPLETED else b"")
    tea.site.audit()


def test_a_failed_hook_leaves_the_queue_to_its_error_policy(tea: Tea) -> None:
    tea.begin("prehook_a : exit 1\n")
    queue = tea.queue(policy="stop-printer")
    job_id = tea.site.cups.submit(queue, DOCUMENT)
    wait_until(lambda: tea.site.cups.queue_state(queue) is PrinterState.STOPPED, 60, "the queue stops")
    tea.site.cups.cancel(job_id)


def test_a_class_jobs_hooks_are_told_class_member_and_all_the_rest(tea: Tea) -> None:
    names = "PRINTERNAME JOBSIZE MD5SUM USERNAME TITLE COPIES CONTROLFILE BILLING CLIENTHOST STATUS"
    told = " ".join(f'"$TEA{name}"' for name in names.split())
    tea.begin(f'posthook_a : printf \'%%s\\n\' {told} "$CLASS" "$DEVICE_URI" > LOG\n')
    queue = tea.queue()
    tea.site.cups.run("lpadmin", "-p", queue, "-c", f"class-{queue}")
    tea.site.cups.run("cupsaccept", f"class-{queue}")
    tea.site.cups.run("cupsenable", f"class-{queue}")
    assert tea.print(f"class-{queue}", user="berta", title="Ein Brief; $(id)") is JobState.COMPLETED
    md5 = hashlib.md5(DOCUMENT, usedforsecurity=False).hexdigest()
    assert tea.lines == [
        queue, str(len(DOCUMENT)), md5, "berta", "Ein Brief; $(id)", "1", "NotUsedAnymore", "", "localhost", "0",
        f"class-{queue}", "recording:/",
    ]  # fmt: skip


def test_hooks_run_as_the_service_user(tea: Tea) -> None:
    tea.begin("prehook_a : id -u >> LOG\n")
    assert tea.print(tea.queue()) is JobState.COMPLETED
    assert tea.lines[0] == str(tea.site.home.owner().uid)


def test_pipes_carry_more_than_a_pipe_holds(tea: Tea) -> None:
    tea.begin("prehook_x : head -c 300000 /dev/zero\nposthook_x : wc -c >> LOG\n")
    assert tea.print(tea.queue()) is JobState.COMPLETED
    assert tea.lines[-1].strip() == "300000"


def test_a_section_of_the_queue_overrides_and_empties(tea: Tea) -> None:
    queue = tea.queue()
    tea.begin(
        "prehook_a : echo global a >> LOG\nprehook_b : echo global b >> LOG\nserialize : yes\n"
        f"[{queue}]\nprehook_a : echo own a >> LOG\nprehook_b :\nposthook_none :\n"
    )
    assert tea.print(queue) is JobState.COMPLETED
    assert tea.lines == ["own a", "try"]


def test_retries_then_onfail_then_posthooks_once(tea: Tea) -> None:
    tea.begin(
        "retry : 3,1\nonfail : echo onfail >> LOG\nprehook_a : echo pre >> LOG\n"
        "posthook_a : echo post $TEASTATUS >> LOG\n",
        status=1,
    )
    assert tea.print(tea.queue()) is JobState.ABORTED
    assert tea.lines == ["pre", "try", "try", "try", "onfail", "post 1"]


def test_the_filters_output_is_printed_counted_and_charged(tea: Tea) -> None:
    tea.begin("filter : cat > /dev/null; cat HERE/other\n")
    other = postscript_document(5)
    (tea.folder / "other").write_bytes(other)
    queue = tea.queue()
    tea.site.run("pkprinters", "-a", "-c", "0.10", queue)
    tea.site.add_user("carla", [queue])
    assert tea.print(queue, user="carla") is JobState.COMPLETED
    assert tea.paper == other
    assert tea.site.attempts()[-1].charged_impressions == 5
    tea.site.audit()


def test_canceling_in_cups_ends_the_prehooks(tea: Tea) -> None:
    tea.begin("prehook_a : echo $$ >> LOG; exec sleep 600\nposthook_a : echo post >> LOG\n")
    job_id = tea.site.cups.submit(tea.queue(), DOCUMENT)
    wait_until(lambda: bool(tea.lines), 60, "the prehook runs")
    tea.site.cups.cancel(job_id)
    assert tea.site.cups.wait_job(job_id) is JobState.CANCELED
    wait_until(lambda: not Path(f"/proc/{tea.lines[0]}").exists(), 60, "the prehook is over")
    assert len(tea.lines) == 1


def test_canceling_in_cups_ends_the_printing_and_posthooks_are_told(tea: Tea) -> None:
    tea.begin("posthook_a : echo post $PAGETOLL_CANCELED >> LOG\n")
    job_id = tea.site.cups.submit(tea.queue("tea4cups:slow:/"), DOCUMENT)
    wait_until(lambda: "printing" in tea.lines, 60, "the backend prints")
    tea.site.cups.cancel(job_id)
    assert tea.site.cups.wait_job(job_id) is JobState.CANCELED
    wait_until(lambda: "post yes" in tea.lines, 60, "the posthook is told")
    assert tea.lines == ["printing", "term", "post yes"]


def test_a_daemon_that_is_started_anew_while_a_job_prints_runs_its_posthooks(tea: Tea) -> None:
    tea.begin("prehook_a : echo pre >> LOG\nposthook_a : echo post $TEASTATUS >> LOG\n")
    job_id = tea.site.cups.submit(tea.queue("tea4cups:gated:/"), DOCUMENT)
    wait_until(lambda: "printing" in tea.lines, 60, "the backend prints")
    killed = tea.site.daemon_pid()
    tea.site.kill_daemon()
    wait_until(lambda: tea.site.daemon_pid() != killed, 60, "the daemon is dead")
    tea.site.start_daemon()
    (tea.folder / "gate").touch()
    assert tea.site.cups.wait_job(job_id) is JobState.COMPLETED
    assert tea.lines == ["pre", "printing", "post 0"]
    tea.site.audit()


def test_a_hook_that_is_no_program_fails_the_job_and_says_so(tea: Tea) -> None:
    tea.begin("prehook_a : HERE/status\n")
    assert tea.print(tea.queue()) is JobState.ABORTED
    with tea.site.ledger() as ledger:
        notes = [note.text for note in ledger.notes(tea.site.attempts()[-1].attempt_id)]
    assert any("prehook_a" in text and "126" in text for text in notes)


def test_queues_that_the_ledger_does_not_know_print_uncharged(tea: Tea) -> None:
    tea.begin("")
    assert tea.print(tea.queue(), user="nobody-we-know") is JobState.COMPLETED
    record = tea.site.attempts()[-1]
    assert (record.outcome, record.charged_price) == (Outcome.COMPLETED, 0)


def test_old_forms_of_the_uri_print_as_they_did(site: Site, raw_sink: RawSink) -> None:
    """lpadmin refuses them today, old printers.conf files have them."""
    cups = site.cups
    site.run("pagetoll", "cups", "install", "--name", "tea4cups", "--backend-dir", str(cups.backend_dir))
    log = site.folder / "log"
    log.touch()
    log.chmod(0o666)
    conf = cups.tree.etc / "tea4cups.conf"
    conf.write_text(f"[global]\nposthook_a : echo $TEAPRINTERNAME $TEASTATUS >> {log}\n")
    conf.chmod(0o644)
    cups.stop()
    cups.write_queue("slashes", f"tea4cups://{raw_sink.device_uri}")
    cups.write_queue("nowhere", "tea4cups://")
    cups.start()
    site.start_daemon()
    assert cups.wait_job(cups.submit("slashes", DOCUMENT)) is JobState.COMPLETED
    assert cups.wait_job(cups.submit("nowhere", DOCUMENT)) is JobState.COMPLETED
    assert [job.document for job in raw_sink.wait_for_jobs(1)] == [DOCUMENT]
    assert log.read_text().splitlines() == ["slashes 0", "nowhere 0"]
