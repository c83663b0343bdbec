# SPDX-License-Identifier: Apache-2.0
"""Hostile user names and titles: printed, stored, shown, and never executed by anything on the way."""

import json
import os
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.documents import postscript_document
from lab.shared_site import shared_site
from lab.site import SCHEME, Site
from pagetoll.core.jobs import Outcome
from pagetoll.integrations.printlab.sink import RawSink
from pagetoll.wire.ipp import JobState

#: What an executed name would leave behind; nothing else is called so.
TRACE = "executed-by-mistake"
THROUGH_CUPS = [
    'o\'brien "the printer"',
    f"$(touch {TRACE})",
    f"`touch {TRACE}`",
    f"x; touch {TRACE} #",
    f"x' || touch {TRACE} || '",
    "🖨\U0001f600 Änne Ωmega",
    "DOMAIN\\eve",
    "--help",
    "%s%n%(user)s {0} ${HOME}",
    "Robert'); DROP TABLE attempts;--",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "../../../etc/passwd",
]
#: What CUPS 2.4 would not let through, as argument octets.
PAST_CUPS = {
    "newline": b"anna\nERROR: not from us\nJOBSTATE: account-closed",
    "255 characters": b"n" * 255,
    "5,000 characters": b"m" * 5000,
    "5,000 characters of four octets": "\U0001f5a8".encode() * 5000,
    "invalid UTF-8": b"\xff\xfe\xc3(\xf0\x9f",
    "terminal controls": b"\x1b]0;owned\x07\x1b[2J\r\x08\x9b31m",
    "right to left": "abc\u202ecba\u2066".encode(),
    "empty": b"",
    "a tabulator": b"anna\tben",
}

LIST = ("pagetoll", "job", "list", "--limit", "0")
AS_JSON = ("pagetoll", "jobs", "--json", "--limit", "0")
DUMP = ("dumpykota", "-d", "history")


@pytest.fixture(scope="module")
def hostile_site() -> Iterator[tuple[Site, RawSink]]:
    with shared_site('policy = "allow"') as site, RawSink() as sink:
        site.run("pkprinters", "-a", "lab")
        site.cups.add_queue("lab", f"{SCHEME}:{sink.device_uri}")
        yield site, sink
        assert traces(site) == []


def traces(site: Site) -> list[Path]:
    """Where a file of the traitorous name lies, in every folder that a program of ours or CUPS's works in."""
    working_folders = {Path("/"), Path.cwd(), Path.home(), Path("/tmp"), Path("/etc/cups"), Path("/var/spool/cups")}
    return [*site.folder.rglob(TRACE), *(folder / TRACE for folder in working_folders if (folder / TRACE).exists())]


def run_backend(
    site: Site, sink: RawSink, job_id: int, user: bytes, title: bytes
) -> subprocess.CompletedProcess[bytes]:
    """The installed backend, run as cupsd runs it for a file job."""
    document = site.folder / "direct.ps"
    document.write_bytes(postscript_document(1))
    uri = f"{SCHEME}:{sink.device_uri}"
    environment = {
        "CUPS_SERVERBIN": str(site.cups.tree.folder / "lib"),
        "CUPS_SERVER": site.cups.server,
        "DEVICE_URI": uri,
        "PRINTER": "lab",
        "CONTENT_TYPE": "application/postscript",
        "LANG": "en.UTF-8",
        "PATH": os.environ["PATH"],
    }
    options = f"job-uuid=urn:uuid:0 time-at-creation={1700000000 + job_id}".encode()
    return subprocess.run(
        [uri.encode(), str(job_id).encode(), user, title, b"1", options, os.fsencode(document)],
        executable=site.cups.backend_dir / SCHEME,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def controls(text: str) -> list[str]:
    """Characters that move a cursor or turn the direction of writing round, line ends left out."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize("name", THROUGH_CUPS)
def test_a_hostile_name_passes_cups_and_is_only_text(hostile_site: tuple[Site, RawSink], name: str) -> None:
    site, sink = hostile_site
    printed_before = len(sink.jobs())
    job_id = site.cups.submit_ipp("lab", postscript_document(1), user=name, title=name)
    assert site.cups.wait_job(job_id) is JobState.COMPLETED
    assert len(sink.jobs()) == printed_before + 1
    (attempt,) = site.attempts(job_id)
    assert (attempt.facts.user_name, attempt.facts.ticket.job_name) == (name, name)
    assert attempt.outcome is Outcome.COMPLETED
    assert traces(site) == []


@pytest.mark.parametrize("octets", PAST_CUPS.values(), ids=PAST_CUPS)
def test_what_cups_would_not_pass_is_only_text_for_the_backend_too(
    hostile_site: tuple[Site, RawSink], octets: bytes
) -> None:
    site, sink = hostile_site
    printed_before = len(sink.jobs())
    job_id = 100_000 + list(PAST_CUPS.values()).index(octets)
    done = run_backend(site, sink, job_id, octets, octets)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"\nJOBSTATE:" not in done.stderr
    assert b"not from us\n" not in done.stderr
    assert max(map(len, done.stderr.split(b"\n"))) < 2047
    assert len(sink.jobs()) == printed_before + 1
    (attempt,) = site.attempts(job_id)
    assert attempt.outcome is Outcome.COMPLETED
    assert attempt.facts.ticket.job_name == octets.decode("utf-8", "replace")


@pytest.mark.parametrize("name", ['o\'brien "the printer"', f"$(touch {TRACE})", "🖨\U0001f600 Änne", "DOMAIN\\eve"])
def test_an_account_of_a_hostile_name_is_charged_and_refused_like_any_other(
    hostile_site: tuple[Site, RawSink], name: str
) -> None:
    site, _ = hostile_site
    site.add_user(name, ["lab"], soft=1, hard=1)
    assert charged_and_refused(site, name) == [1, 0]
    assert name in site.run("pkusers", "-L", name).stdout
    assert traces(site) == []
    site.audit()


def charged_and_refused(site: Site, name: str) -> list[int]:
    first = site.cups.submit_ipp("lab", postscript_document(1), user=name, title="first")
    assert site.cups.wait_job(first) is JobState.COMPLETED
    second = site.cups.submit_ipp("lab", postscript_document(1), user=name, title="second")
    assert site.cups.wait_job(second) is JobState.CANCELED
    (message,) = site.cups.job_attributes(second)["job-printer-state-message"]
    assert f"user {name} on lab: 0 of 1 impressions left" in str(message)
    return [attempt.charged_impressions for job in (first, second) for attempt in site.attempts(job)]


def test_every_list_and_dump_shows_them_and_sends_a_terminal_nothing_it_would_obey(
    hostile_site: tuple[Site, RawSink],
) -> None:
    site, _ = hostile_site
    attempts = site.attempts()
    assert len(attempts) >= len(THROUGH_CUPS) + len(PAST_CUPS)
    printed = {program: site.run(*program) for program in (LIST, AS_JSON, DUMP)}
    for program, done in printed.items():
        assert (controls(done.stdout), done.stderr) == ([], ""), program
    shown_users = {json.loads(line)["user"] for line in printed[AS_JSON].stdout.splitlines()}
    assert shown_users == {attempt.facts.user_name for attempt in attempts}
    # like PyKota's, this dump has only users that are in the ledger
    known = [attempt for attempt in attempts if attempt.facts.user_id is not None]
    assert len(printed[DUMP].stdout.splitlines()) == len(known) + 1 > 1
    for name in (name for name in THROUGH_CUPS if "\\" not in name):
        assert name in printed[LIST].stdout


@pytest.mark.parametrize("octets", PAST_CUPS.values(), ids=PAST_CUPS)
def test_the_explanation_of_such_a_job_is_harmless(hostile_site: tuple[Site, RawSink], octets: bytes) -> None:
    site, _ = hostile_site
    explained = site.run("pagetoll", "explain", str(100_000 + list(PAST_CUPS.values()).index(octets)))
    assert (controls(explained.stdout), explained.stderr) == ([], "")
    assert "printed uncharged by policy allow" in explained.stdout


def test_nobody_saw_a_traceback(hostile_site: tuple[Site, RawSink]) -> None:
    site, _ = hostile_site
    assert "Traceback" not in site.cups.error_log()
