# SPDX-License-Identifier: Apache-2.0
"""`pagetoll import`: book what the logs of other programs say was printed."""

import os
import sys
import time
from collections.abc import Collection

from pagetoll.app.logged_jobs import SETTLE_S, Enrolling, LoggedJobs, Tally
from pagetoll.app.page_log import OddLines, first_time, take_lines
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import DeviceError, ProtocolError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends import values
from pagetoll.frontends.cli.nouns.noun import Noun, Verb, Work
from pagetoll.frontends.cli.options import Option, Parsed
from pagetoll.frontends.cli.rows import Column, show
from pagetoll.frontends.cli.screen import printable
from pagetoll.frontends.cli.subcommand import say
from pagetoll.frontends.open_files import descriptor_to_read
from pagetoll.frontends.remarks import tell
from pagetoll.frontends.session import Session
from pagetoll.frontends.wiring import now_utc, this_server
from pagetoll.integrations.cups import Cups
from pagetoll.integrations.log_files import BrokenLog, LogFile, log_file
from pagetoll.wire.page_log import LINE_OCTETS_MAX, Format, PageLogFormat, UsualFormats

SERVER_LENGTH_MAX = 255
STANDARD_INPUT = "-"
SERVER = Option("s", "server", "NAME", "the print server that wrote them (this one); its jobs are known by it")
CREATE = Option("c", "create", "", "create users, printers and entries that are missing, without limits")
ALL_QUEUES = Option("a", "all-queues", "", "also jobs of queues that are managed here; those counted here stay out")
COLUMNS = tuple(
    Column(name, name.upper(), right=True)
    for name in ("lines", "odd", "ours", "waiting", "runs", "uncharged", "impressions")
)


def _page_log(parsed: Parsed) -> Work:
    server = server_of(parsed)
    template = parsed.text("format")
    log_format: Format = UsualFormats() if template is None else PageLogFormat(template)
    settle_s = values.whole(parsed, "settle")
    quiet_s = SETTLE_S if settle_s is None else settle_s
    if not parsed.words:
        raise UsageError(_("which {what}? give names; see --help").format(what=_("files")))
    logs = [_opened(name, quiet_s) for name in parsed.words]
    managed = managed_queues(server) if "all-queues" not in parsed else ()

    def work(session: Session) -> int:
        jobs = LoggedJobs(
            session.ledger,
            session.settings,
            server,
            now_utc,
            "page_log",
            managed,
            quiet_s,
            enrolling(parsed, session),
        )
        odd, broken = _read(jobs, logs, log_format)
        _tell(jobs.finish(), odd, parsed)
        return int(broken)

    return work


def server_of(parsed: Parsed) -> str:
    """The server that the command is about. Raises UsageError for a name that is too long or empty."""
    name = parsed.text("server")
    if name is None:
        return _own_name()
    if not name.strip() or len(name) > SERVER_LENGTH_MAX or "\0" in name:
        raise UsageError(_("--server takes the name of a print server, at most 255 characters"))
    return name


def _own_name() -> str:
    """What this server is called in the ledger. Raises ConfigError."""
    return this_server(load_home(Home.from_environment(os.environ)))


def enrolling(parsed: Parsed, session: Session) -> Enrolling | None:
    """That missing names are created, where that is wanted."""
    return Enrolling(session.catalogue, session.actor, session.act) if "create" in parsed else None


def managed_queues(server: str) -> Collection[str]:
    """The queues of this server that are behind our backend. Without a scheduler the ledger says what is ours."""
    if server != _own_name():
        return ()
    try:
        return frozenset(queue.name for queue in Cups(os.environ).queues() if queue.managed_uri is not None)
    except (DeviceError, ProtocolError) as error:
        tell("WARN", _("the scheduler does not say which queues are managed here: {error}").format(error=error))
        return ()


def _opened(name: str, quiet_s: float) -> LogFile:
    """Raises UsageError for a file that cannot be opened."""
    try:
        descriptor = os.dup(0) if name == STANDARD_INPUT else descriptor_to_read(name)
        return log_file(name, descriptor, time.time(), quiet_s)
    except OSError as error:
        raise UsageError(_("{name}: {why}").format(name=name, why=error.strerror or error)) from error


def _read(jobs: LoggedJobs, logs: list[LogFile], log_format: Format) -> tuple[list[OddLines], bool]:
    """All lines of all files, the oldest file first; the odd lines, and whether a file is broken."""
    odd, broken = [], False
    for log in sorted(logs, key=lambda log: _begins_at(log, log_format)):
        here = OddLines(log.name)
        odd.append(here)
        try:
            take_lines(jobs, log.lines(LINE_OCTETS_MAX), log_format, here)
        except BrokenLog as error:
            said = _("{name}: the rest cannot be read: {why}; what stands before was imported")
            tell("ERROR", said.format(name=printable(log.name), why=error))
            broken = True
        log.close()
    return odd, broken


def _begins_at(log: LogFile, log_format: Format) -> float:
    """Seconds since 1970, for the order of files; what cannot be read twice, or says nothing, comes last."""
    if not log.rewind():
        return sys.float_info.max
    try:
        found = first_time(log.lines(LINE_OCTETS_MAX), log_format)
    except BrokenLog:
        found = None
    log.rewind()
    return sys.float_info.max if found is None else found.timestamp()


def _tell(tally: Tally, odd: list[OddLines], parsed: Parsed) -> None:
    for here in odd:
        if here.count:
            said = _("{name}: {count} lines are none of the log and were left out: {numbers}")
            numbers = ", ".join(map(str, here.numbers)) + (", …" if here.count > len(here.numbers) else "")
            tell("WARN", said.format(name=printable(here.name), count=here.count, numbers=numbers))
    row = {
        "lines": tally.lines,
        "odd": sum(here.count for here in odd),
        "ours": tally.ours,
        "waiting": tally.waiting,
        "runs": tally.runs,
        "uncharged": tally.uncharged,
        "impressions": tally.impressions,
    }
    show(COLUMNS, [row], as_json="json" in parsed)
    if tally.waiting and "json" not in parsed:
        say(_("Lines that wait belong to jobs that may still print; import the file again later."))


NOUN = Noun(
    "import",
    "Book what the logs of print servers say was printed, each job once.",
    (
        Verb(
            "page-log",
            "FILE…",
            "Book the jobs of CUPS's page_log, plain or gzip, however often it is imported. They are marked as "
            "unverified: nothing was checked, and the log alone says how much it was. - is standard input.",
            _page_log,
            (
                SERVER,
                Option("f", "format", "TEMPLATE", "the server's PageLogFormat, where it is none of the usual ones"),
                CREATE,
                ALL_QUEUES,
                Option("", "settle", "SECONDS", f"leave jobs with a younger line for the next time ({SETTLE_S})"),
            ),
        ),
    ),
)
main = NOUN.run
