# SPDX-License-Identifier: Apache-2.0
"""`pagetoll upkeep`: one round of what the daemon does every minute, and, as root, the release of held jobs.

The ledger and the journal are the owner's, jobs are released by root. So a root process splits: a child becomes the
owner, does the upkeep and tells the numbers of the held jobs; the parent gives them to CUPS, as numbers only.
"""

import os
import socket
import subprocess
import sys
from dataclasses import asdict

from pagetoll.app.giving_up import OwnServer, give_up_server
from pagetoll.app.printing.client import ClientGone
from pagetoll.app.printing.remeasure import impatient
from pagetoll.app.upkeep import UpkeepReport, run_upkeep
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.core.errors import LedgerError, PagetollError
from pagetoll.core.messages import _
from pagetoll.frontends import identity
from pagetoll.frontends.cli.options import Command, Option, Parsed
from pagetoll.frontends.cli.screen import printable, tolerant_output
from pagetoll.frontends.cli.subcommand import JSON, no_words, parse_or_show, say, say_done
from pagetoll.frontends.daemon.instance import AlreadyRunning, take_lock
from pagetoll.frontends.daemon.services import build_services
from pagetoll.frontends.daemon.session import Session
from pagetoll.frontends.session import acting_user
from pagetoll.frontends.streams import until_reader_goes
from pagetoll.frontends.wiring import now_utc, open_storage, this_server
from pagetoll.ports import HeldJobs
from pagetoll.storage.journal_folder import JournalFolder
from pagetoll.wire import frames

COMMAND = Command(
    name="pagetoll upkeep",
    usage="[--json] [--give-up SERVER]",
    summary="Settles or voids what dead processes left behind and books what was journaled while the daemon or the "
    "database was away. As root it also releases the jobs that were held for that. The daemon does the same every "
    "minute; doing it again is harmless. Exit status 1 when something could not be done.",
    rows=(
        JSON,
        Option(
            "g", "give-up", "SERVER", "first write down that this other print server of the ledger is gone for good"
        ),
    ),
)
OPTIONS = COMMAND.options

RELEASE_TIMEOUT_S = 30.0
#: For a device that is read again; the daemon has more patience, but is kept away meanwhile.
MEASURE_MAX_S = 30
DAEMON_TIMEOUT_S = 60.0
NOTICES_PATIENCE_S = 60.0
NUMBERS_OCTETS_MAX = 1 << 20
PROGRAMS = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"


def main(arguments: list[str]) -> int:
    """1 when an attempt, an entry or a job could not be dealt with. Raises UsageError, ConfigError, StorageError."""
    parsed = parse_or_show(COMMAND, arguments)
    if parsed is None:
        return 0
    no_words(COMMAND, parsed)
    tolerant_output()
    home = Home.from_environment(os.environ)
    if os.geteuid() != 0:
        return work_as_owner(home, -1, parsed)
    status, numbers = in_child(home, parsed)
    return max(status, *(release(number, parsed) for number in numbers), 0)


def work_as_owner(home: Home, numbers_fd: int, parsed: Parsed) -> int:
    """One round; the numbers of held jobs go to `numbers_fd` where there is one. Raises what `main` raises."""
    actor = acting_user()
    if not identity.become_owner(home):
        raise LedgerError(
            _("only root and {name} may do the upkeep; run this as one of them").format(name=home.owner().name)
        )
    if (gone := parsed.text("give-up")) is not None:
        give_up(home, gone, actor)
    try:
        lock = take_lock(home)
    except AlreadyRunning:
        status = ask_daemon(home, parsed)
    else:
        status = work_alone(home, parsed)
        os.close(lock)
    if numbers_fd >= 0 and status == 0:
        write_numbers(JournalFolder(home.journal), numbers_fd)
    return status


def give_up(home: Home, server: str, actor: str) -> None:
    """The others need wait for that print server no more. Raises LedgerError, StorageError."""
    settings = load_home(home)
    ledger, _catalogue = open_storage(home, settings)
    try:
        give_up_server(ledger, server, OwnServer(this_server(settings), settings.server_gone_s), actor, now_utc())
    finally:
        ledger.close()


def work_alone(home: Home, parsed: Parsed) -> int:
    """The round in this process, which holds the daemon's lock meanwhile: two at once would guess at what the other
    one knows."""
    settings = impatient(load_home(home), MEASURE_MAX_S)
    services = build_services(home, lambda: settings)
    try:
        services.ledger.check()
        report = run_upkeep(services)
        tell(report, parsed)
        services.notices.wait_until_sent(NOTICES_PATIENCE_S)
    finally:
        services.counter.close()
        services.ledger.close()
    return int(bool(report.problems))


def ask_daemon(home: Home, parsed: Parsed) -> int:
    """The round in the running daemon, which knows which attempts live. Raises PagetollError without an answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DAEMON_TIMEOUT_S)
        try:
            connection.connect(str(home.socket))
            session = Session(connection)
            session.send(frames.Upkeep(as_json="json" in parsed))
            while (received := session.receive(DAEMON_TIMEOUT_S)) is not None:
                message, _descriptors = received
                if isinstance(message, frames.Exit):
                    return message.status
                if isinstance(message, frames.Say):
                    line = os.fsdecode(message.line)
                    say(line if "json" in parsed else printable(line))
        except (OSError, ClientGone) as error:
            raise PagetollError(
                _("the daemon did not answer ({error}); look with: pagetoll doctor").format(error=error)
            ) from error
    raise PagetollError(
        _("the daemon did not answer within {daemon_timeout_s:.0f} s; look with: pagetoll doctor").format(
            daemon_timeout_s=DAEMON_TIMEOUT_S
        )
    )


def tell(report: UpkeepReport, parsed: Parsed) -> None:
    """What was done, in a line; what was not, on stderr, for programs in the line too."""
    for problem in report.problems:
        sys.stderr.write(f"{COMMAND.name}: {printable(problem)}\n")
    say_done(parsed, str(report), asdict(report))


def write_numbers(held: HeldJobs, numbers_fd: int) -> None:
    """The held jobs, as decimal lines; the list is empty afterwards."""
    taker = f"upkeep-{os.getpid()}"
    os.write(numbers_fd, "".join(f"{number}\n" for number in held.take(taker)).encode())
    held.give_back(taker, ())


def in_child(home: Home, parsed: Parsed) -> tuple[int, list[int]]:
    """The work in a process that gives root up; its exit status and the numbers of the held jobs."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os._exit(until_reader_goes(lambda: guarded(home, writing, parsed)))
    os.close(writing)
    with open(reading, "rb") as file:  # noqa: PTH123 - a descriptor
        lines = file.read(NUMBERS_OCTETS_MAX).split()
    _pid, ended = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    return (status if status >= 0 else 1), [int(line) for line in lines if line.isdigit()]


def guarded(home: Home, numbers_fd: int, parsed: Parsed) -> int:
    """The child's exit status; it has no caller to map errors."""
    try:
        status = work_as_owner(home, numbers_fd, parsed)
    except PagetollError as error:
        sys.stderr.write("".join(f"{COMMAND.name}: {line}\n" for line in str(error).splitlines()))
        status = 1
    except Exception as error:
        sys.stderr.write(
            _("{name}: unexpected {kind}: {error}\n").format(
                name=COMMAND.name, kind=type(error).__name__, error=error
            )
        )
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def release(number: int, parsed: Parsed) -> int:
    """Let CUPS run a held job again; 1 when it does not."""
    words = ["lp", "-i", str(number), "-H", "resume"]
    environment = {name: os.environ[name] for name in ("CUPS_SERVER",) if name in os.environ}
    environment |= {"PATH": PROGRAMS, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=RELEASE_TIMEOUT_S,
            check=False,
        )
        why = (
            ""
            if done.returncode == 0
            else os.fsdecode(done.stderr).strip()
            or _("lp ended with {returncode}").format(returncode=done.returncode)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    if why:
        sys.stderr.write(
            _("{name}: job {number} stays held: {why}; try: {command}\n").format(
                name=COMMAND.name, number=number, why=printable(why), command=" ".join(words)
            )
        )
        return 1
    line = _("released job {number}").format(number=number)
    say_done(parsed, line, {"done": "released", "job_id": number})
    return 0
