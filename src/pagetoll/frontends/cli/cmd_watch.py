# SPDX-License-Identifier: Apache-2.0
"""`pagetoll watch`: book what a scheduler's jobs were, as they end, without touching a queue."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Collection
from dataclasses import replace
from types import FrameType

from pagetoll.app.logged_jobs import LoggedJobs, Tally
from pagetoll.core.errors import DeviceError, ProtocolError
from pagetoll.core.logged_jobs import PageLine
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.imports import ALL_QUEUES, CREATE, SERVER, enrolling, managed_queues, server_of
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.subcommand import JSON, no_words, parse_or_show, say_done
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Session, open_session
from pagetoll.frontends.wiring import now_utc
from pagetoll.integrations.cups_events import EndedJobs
from pagetoll.integrations.cups_server import DEFAULT_SOCKET
from pagetoll.integrations.ipp_client import IppClient

INTERVAL_S = 10
COMMAND = Command(
    name="pagetoll watch",
    usage="",
    summary="Books what the jobs of a scheduler were, as they end, until it is interrupted. No queue is touched, and "
    "nothing is refused. The jobs are marked as unverified: the scheduler alone says how much it was. Jobs that "
    "ended while nobody watched are found in its history. CUPS_SERVER names another scheduler.",
    rows=(
        SERVER,
        CREATE,
        ALL_QUEUES,
        Option("i", "interval", "SECONDS", f"how often the scheduler is asked ({INTERVAL_S})"),
        Option("1", "once", "", "only book what has ended by now"),
        JSON,
    ),
)
OPTIONS = COMMAND.options


def main(arguments: list[str]) -> int:
    """Watch until interrupted. Raises UsageError, ConfigError, NotAllowed, StorageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    server = server_of(parsed)
    interval_s = values.whole(parsed, "interval")
    managed = managed_queues(server) if "all-queues" not in parsed else ()
    session = open_session(COMMAND.name, arguments)
    jobs = EndedJobs(IppClient(os.environ.get("CUPS_SERVER") or DEFAULT_SOCKET))
    watch = Watch(parsed, session, server, managed)
    try:
        if "once" in parsed:
            watch.book(jobs.all())
            return 0
        _until_stopped(watch, jobs, INTERVAL_S if interval_s is None else max(1, interval_s))
    finally:
        session.close()
    return 0


class Watch:
    """Books lines and says what came of it."""

    def __init__(self, parsed: Parsed, session: Session, server: str, managed: Collection[str]) -> None:
        self._parsed = parsed
        self._jobs = LoggedJobs(
            session.ledger, session.settings, server, now_utc, "job events", managed, 0, enrolling(parsed, session)
        )

    def book(self, lines: list[PageLine]) -> None:
        """Raises StorageError kinds; then nothing of these lines is lost: they are read again."""
        jobs = replace(self._jobs, tally=Tally())
        for line in lines:
            jobs.take(line)
        tally = jobs.finish()
        if tally.runs:
            said = _("{runs} runs of jobs booked, {impressions} impressions, {uncharged} runs uncharged")
            facts = {"runs": tally.runs, "impressions": tally.impressions, "uncharged": tally.uncharged}
            say_done(self._parsed, said.format(**facts), facts)
            sys.stdout.flush()


def _until_stopped(watch: Watch, jobs: EndedJobs, interval_s: int) -> None:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    away = False
    while not stopped.is_set():
        try:
            _look(watch, jobs)
            away = False
        except (DeviceError, ProtocolError) as error:
            if not away:
                tell("WARN", _("the scheduler cannot be asked: {error}; trying again").format(error=error))
            away = True
        stopped.wait(interval_s)
    with contextlib.suppress(DeviceError, ProtocolError):
        jobs.cancel()


def _look(watch: Watch, jobs: EndedJobs) -> None:
    """Book what has ended since the last time; all that the scheduler knows where it did not tell."""
    told = jobs.told()
    if jobs.is_told:
        watch.book(told)
        return
    jobs.subscribe()
    watch.book(jobs.all())
