# SPDX-License-Identifier: Apache-2.0
"""Where the daemon logs to and how much, and who is told of a failure of its own."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.thin_caller import start_time
from cli.site import Site
from lab.mail_server import MailServer, mail_server
from pagetoll.app.printing.client import ClientGone
from pagetoll.config.options import Logger, Settings
from pagetoll.frontends.crashes import PLACES_MAX, CrashLimit, CrashMails, place_of
from pagetoll.frontends.daemon import logs
from pagetoll.frontends.daemon.session import Session
from pagetoll.integrations.printlab.processes import accepts_connections, wait_until
from pagetoll.wire import frames


@contextmanager
def running(site: Site, program: str = "from pagetoll.frontends.daemon.main import main; main()") -> Iterator[Path]:
    """A daemon of this home; its standard error goes to the file."""
    path = site.folder / "stderr"
    with path.open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-c", program], env=site.environment, stderr=log, stdin=subprocess.DEVNULL, cwd="/"
        )
    try:
        socket_path = site.home / "pagetolld.sock"
        wait_until(lambda: accepts_connections(socket_path) or daemon.poll() is not None, 60, "the daemon")
        assert daemon.poll() is None, path.read_text()
        yield path
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)


def configure(site: Site, text: str) -> None:
    (site.home / "pagetoll.toml").write_text(text)


@pytest.mark.parametrize("debug", [False, True])
def test_the_steps_of_a_daemon_are_told_only_with_debug(site: Site, debug: bool):
    with site.books() as books:
        books.printer("laser")
    configure(site, f'logger = "stderr"\ndebug = {str(debug).lower()}\npolicy = "allow"\n')
    with running(site) as log:
        print_nothing(site)
        wait_until(lambda: "outcome=" in log.read_text(), 60, "the end of the job")
    assert ("command=spool" in log.read_text()) is debug
    assert "pagetoll.daemon: serving home=" in log.read_text()


def print_nothing(site: Site) -> None:
    """An empty job, handed in as the thin client does it."""
    job = frames.Job(
        nonce="a" * 32,
        pid=os.getpid(),
        start_time_ticks=start_time(os.getpid()),
        arguments=(b"cupspykota", b"1", b"anna", b"an evil\ntitle", b"1", b""),
        environment=((b"PRINTER", b"laser"), (b"DEVICE_URI", b"cupspykota:socket://127.0.0.1:9")),
    )
    reading, writing = os.pipe()
    os.close(writing)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(site.home / "pagetolld.sock"))
        session = Session(connection)
        session.send(job, reading)
        with suppress(ClientGone):  # that is how a daemon fails
            while (received := session.receive(20)) is not None and not isinstance(received[0], frames.Exit):
                pass


@pytest.fixture
def system_log(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "log"))
        listening.settimeout(60)
        yield listening


@pytest.fixture
def own_logger() -> Iterator[logging.Logger]:
    """The program's logger, as it was afterwards."""
    logger = logging.getLogger(logs.ROOT)
    handlers, level = logger.handlers[:], logger.level
    yield logger
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
    logger.setLevel(level)
    logger.handlers[:] = handlers


def test_the_system_log_gets_each_event_as_a_line_of_the_print_service(
    system_log: socket.socket, own_logger: logging.Logger, capfd: pytest.CaptureFixture[str]
):
    address = system_log.getsockname()
    logs.obey(Settings(), {}, address=address)
    logging.getLogger("pagetoll.printing").warning("user=%s", "an\nna\x1b[2J")
    priority = 6 * 8 + 4  # facility lpr, warning (RFC 3164)
    said = "pagetoll.printing: user=an\\nna\\x1b[2J"
    assert system_log.recv(1000).decode() == f"<{priority}>pagetolld[{os.getpid()}]: {said}"
    assert capfd.readouterr().err == said + "\n"
    logs.obey(replace(Settings(), logger=Logger.STDERR), {}, address=address)
    own_logger.getChild("x").error("only there")
    assert capfd.readouterr().err == "pagetoll.x: only there\n"
    system_log.setblocking(False)
    with pytest.raises(BlockingIOError):
        system_log.recv(1000)


def test_without_a_system_log_and_before_the_configuration_lines_go_to_standard_error(
    own_logger: logging.Logger, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    logs.start_log()
    own_logger.info("first")
    logs.obey(Settings(), {}, address=str(tmp_path / "nothing"))
    own_logger.info("second")
    own_logger.debug("a step")
    logs.obey(replace(Settings(), debug=True), {}, address=str(tmp_path / "nothing"))
    own_logger.debug("another step")
    assert capfd.readouterr().err.splitlines() == [
        f"pagetoll: {line}" for line in ("first", "second", "another step")
    ]


def test_a_system_log_that_takes_nothing_keeps_nobody_waiting(
    system_log: socket.socket, own_logger: logging.Logger, capfd: pytest.CaptureFixture[str]
):
    logs.obey(Settings(), {}, address=system_log.getsockname())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
        others.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                others.sendto(b"full", system_log.getsockname())
    writing = threading.Thread(target=own_logger.info, args=("lost there",), daemon=True)
    writing.start()
    writing.join(30)
    stuck = writing.is_alive()
    while system_log.recv(1000) == b"full" and writing.is_alive():
        pass  # else nobody could log any more
    assert not stuck
    assert capfd.readouterr().err == "pagetoll: lost there\n"


def test_without_a_system_log_lines_go_to_the_journal_that_standard_error_is(
    own_logger: logging.Logger, tmp_path: Path
):
    with (tmp_path / "journal").open("w") as journal, redirect_stderr(journal):
        found = os.fstat(journal.fileno())
        told = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        logs.obey(Settings(), told, address=str(tmp_path / "nothing"))
        own_logger.info("not lost")
    assert (tmp_path / "journal").read_text() == "pagetoll: not lost\n"


def test_the_trace_of_a_failure_begins_no_line_as_an_event_does(
    own_logger: logging.Logger, capfd: pytest.CaptureFixture[str]
):
    logs.start_log()
    title = "letter\npagetoll.printing: user='eve' outcome=completed\r\x1b[2J\x85pagetoll: more"
    try:
        raise ValueError(title)
    except ValueError:
        own_logger.exception("job %s failed", title)
    first, *trace = capfd.readouterr().err.splitlines()
    assert first.startswith("pagetoll: job letter\\npagetoll.printing: ")
    assert "Traceback" in trace[0]
    assert "ValueError: letter" in "".join(trace)
    assert all(line.startswith("  ") and line.isprintable() for line in trace)


def test_a_failure_that_cannot_be_told_is_logged_all_the_same(
    own_logger: logging.Logger, capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    def no_settings() -> Settings:
        raise RuntimeError("no settings")

    logs.start_log()
    own_logger.addHandler(CrashMails(no_settings, CrashLimit(tmp_path / "crashes"), "pagetolld"))
    try:
        int("x")
    except ValueError:
        own_logger.exception("a job failed")
    said = capfd.readouterr().err
    assert "pagetoll: a job failed" in said
    assert "no settings" in said


def test_a_line_does_not_go_to_the_journal_twice(
    system_log: socket.socket, own_logger: logging.Logger, capfd: pytest.CaptureFixture[str]
):
    found = os.fstat(sys.stderr.fileno())
    logs.obey(Settings(), {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}, address=system_log.getsockname())
    own_logger.info("once")
    assert system_log.recv(1000).endswith(b"pagetoll: once")
    assert capfd.readouterr().err == ""


HURRIED = """
import os, signal
from pagetoll.frontends.daemon import main as daemon
listen = daemon.listen
def heard_at_once(path):
    listener = listen(path)
    os.kill(os.getpid(), signal.SIGHUP)
    return listener
daemon.listen = heard_at_once
daemon.main()
"""


def test_a_reload_by_who_finds_it_listening_in_the_first_moment_is_obeyed(site: Site):
    configure(site, 'logger = "stderr"\n')
    with running(site, HURRIED) as log:
        wait_until(lambda: "configuration read again" in log.read_text(), 60, "the reload")


# --- failures of our own

FAULTY = """
from pagetoll.app.printing import run
from pagetoll.core.lifecycle import Command
def burst(_services, _attempt):
    raise ZeroDivisionError("postgresql://anna:geheim@db/x")
run.STEPS[Command.SPOOL] = burst
from pagetoll.frontends.daemon.main import main
main()
"""


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running_server:
        yield running_server


def ask_for_mails(site: Site, server: MailServer) -> None:
    configure(
        site,
        f'crashrecipient = "dev@example.org"\nadminmail = "desk@example.org"\nsmtpserver = "{server.address}"\n'
        'policy = "allow"\nlogger = "stderr"\n',
    )


def test_a_failure_in_the_daemon_is_mailed_once_with_its_trace_and_no_secret(site: Site, server: MailServer):
    ask_for_mails(site, server)
    with running(site, FAULTY):
        print_nothing(site)
        wait_until(lambda: bool(server.taken), 60, "the mail")
        print_nothing(site)
    (mail,) = server.taken
    assert mail.recipients == ("dev@example.org", "desk@example.org")
    assert str(mail.message["Subject"]) == "Pagetoll failed: pagetolld"
    assert "ZeroDivisionError" in mail.text
    assert "in burst" in mail.text
    assert "geheim" not in mail.text
    assert f"PAGETOLL_HOME={site.home}" in mail.text
    assert "CUPS_SERVER=" in mail.text
    assert "PYTHONPATH=…" in mail.text


COMMANDS = [("pagetoll", ("job", "list")), ("pkusers", ("--list",))]


@pytest.mark.parametrize(("program", "words"), COMMANDS)
def test_a_failure_of_a_command_is_mailed_within_bounds(
    site: Site, server: MailServer, program: str, words: tuple[str, ...]
):
    ask_for_mails(site, server)
    (site.folder / "sitecustomize.py").write_text(
        "import json, pagetoll.frontends.cli.options as o\no.parse = None\n"
        "import pagetoll.frontends.cli.ledger_access as a\na.parse = None\n"
    )
    path = f"{site.folder}{os.pathsep}{os.pathsep.join(sys.path)}"
    for _ in range(2):
        done = site.run(program, *words, PYTHONPATH=path, SECRET="geheim")
        assert done.status in (1, 255), done
        assert "TypeError" in done.err
    (mail,) = server.taken
    assert str(mail.message["Subject"]) == f"Pagetoll failed: {program}"
    assert f"Words of its command line: {' '.join(map(repr, (program, *words)))}" in mail.text
    assert "geheim" not in mail.text
    assert (site.home / "crashes").owner() == site.home.owner()


def test_nobody_is_told_where_nobody_is_named(site: Site, server: MailServer):
    configure(site, f'smtpserver = "{server.address}"\npolicy = "allow"\nlogger = "stderr"\n')
    with running(site, FAULTY) as log:
        print_nothing(site)
        wait_until(lambda: "ZeroDivisionError" in log.read_text(), 60, "the failure")
    assert server.taken == []


def test_each_place_is_told_once_an_hour_and_no_more_than_ten(tmp_path: Path):
    limit = CrashLimit(tmp_path / "crashes")
    assert limit.may_tell("one", 1000.0)
    assert not limit.may_tell("one", 4599.0)
    assert limit.may_tell("one", 4600.0)
    others = [limit.may_tell(f"place {number}", 4700.0) for number in range(PLACES_MAX + 5)]
    assert sum(others) == PLACES_MAX - 1
    assert CrashLimit(tmp_path / "crashes").may_tell("one", 9000.0), "of another process, later"
    assert limit.may_tell("two", 100.0), "a clock that was set back"


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"one": "x"}', '{"one": null}'])
def test_an_odd_list_of_what_was_told_is_as_good_as_none(tmp_path: Path, text: str):
    path = tmp_path / "crashes"
    path.write_text(text)
    assert CrashLimit(path).may_tell("one", 1.0)
    assert not CrashLimit(path).may_tell("one", 2.0)


def test_a_list_that_cannot_be_kept_tells_nobody(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert not CrashLimit(tmp_path / "link").may_tell("one", 1.0)
    assert not CrashLimit(tmp_path / "no folder" / "crashes").may_tell("one", 1.0)
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_is_the_kind_of_failure_and_where_it_was_raised():
    try:
        int("x")
    except ValueError as error:
        assert place_of(error).startswith(f"ValueError {__file__}:")
    assert place_of(KeyError()) == "KeyError -"
