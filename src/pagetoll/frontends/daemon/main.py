# SPDX-License-Identifier: Apache-2.0
"""pagetolld: runs in the foreground as the home's owner: by hand, under systemd, or on demand."""

import logging
import os
import pwd
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from pagetoll.config.create import write_thin_conf
from pagetoll.config.home import Home
from pagetoll.config.load import administrator_file, read_home
from pagetoll.config.options import Settings
from pagetoll.core.errors import DocumentError, PagetollError, StorageError, UsageError
from pagetoll.core.messages import _
from pagetoll.frontends.crashes import CrashLimit, CrashMails, limit_file
from pagetoll.frontends.daemon import logs
from pagetoll.frontends.daemon.commands import Commands
from pagetoll.frontends.daemon.instance import AlreadyRunning, is_served, listen, take_lock
from pagetoll.frontends.daemon.server import Server
from pagetoll.frontends.daemon.services import Checkpoint, build_services, in_thread, no_checkpoint
from pagetoll.frontends.identity import OWNER_UMASK, become_owner, refuse_root
from pagetoll.integrations.systemd_notify import notify, passed_sockets

log = logging.getLogger("pagetoll.daemon")

LOCK_PATIENCE_S = 4.0
OPEN_FILES = 8192
NOTICES_PATIENCE_S = 3.0


class Configuration:
    """The settings in force: read at start and on reload; a broken file leaves the old ones.

    Where thin.conf cannot be written (a full disk) the one there stays, and jobs are served all the same.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._settings = self._read()
        self._write_thin_conf()

    def __call__(self) -> Settings:
        return self._settings

    def reload(self) -> None:
        try:
            self._settings = self._read()
            logs.obey(self._settings, os.environ)
            self._write_thin_conf()
            log.info("configuration read again")
        except PagetollError as error:
            log.error("configuration not read again, the old one stays: %s", error)

    def _read(self) -> Settings:
        found = read_home(self._home)
        for warning in found.warnings:
            log.warning("%s", warning)
        return found.settings

    def _write_thin_conf(self) -> None:
        try:
            write_thin_conf(self._home, self._settings, self._home.owner())
        except PagetollError as error:
            log.error("the spooler's programs keep the settings they have: %s", error)


def run(home: Home, checkpoint: Checkpoint = no_checkpoint) -> int:
    """Serve until SIGTERM. Returns the exit status; 0 when another daemon serves this home already."""
    if not become_owner(home):
        raise UsageError(
            _("only root and {name} may run the daemon of {data_folder}; run this as one of them").format(
                name=home.owner().name, data_folder=home.data_folder
            )
        )
    refuse_root()
    os.umask(OWNER_UMASK)
    _allow_open_files()
    lock = _lock_unless_served(home)
    if lock is None:
        log.info("a daemon of %s is running already", home.data_folder)
        return 0
    configuration = Configuration(home)
    logging.getLogger(logs.ROOT).addHandler(CrashMails(configuration, CrashLimit(limit_file(home)), "pagetolld"))
    logs.obey(configuration(), os.environ)
    services = build_services(home, configuration, checkpoint, in_thread)
    _warm_up(services.counter.start, services.ledger.check)
    server = Server(
        services,
        Commands(home, admin_files=lambda: _admin_files(home, configuration())),
        may_print=lambda uid: uid in {0, home.owner().uid, _spooler_uid(configuration())},
        upkeep_every_s=lambda: float(configuration().upkeep_interval_s),
    )
    # whoever finds somebody who listens may send a signal at once
    _watch_signals(server, configuration)
    listener = _listener(home)
    notify(f"READY=1\nMAINPID={os.getpid()}", os.environ)
    log.info("serving home=%s pid=%s", home.data_folder, os.getpid())
    try:
        server.serve(listener)
    finally:
        notify("STOPPING=1", os.environ)
        if left := services.notices.wait_until_sent(NOTICES_PATIENCE_S):
            log.error("%s notices were not sent before the end; is the mail server slow?", left)
        services.counter.close()
        services.ledger.close()
        os.close(lock)
    return 0


def _admin_files(home: Home, settings: Settings) -> list[Path]:
    pykotas = administrator_file(settings)
    return [home.configuration] if pykotas is None else [home.configuration, pykotas]


def _allow_open_files() -> None:
    """A job holds up to eight descriptors, and the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _lock_unless_served(home: Home) -> int | None:
    """The home's lock; None when a daemon serves. `pagetoll upkeep` holds it for moments, which are waited for."""
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            return take_lock(home)
        except AlreadyRunning:
            if is_served(home) or time.monotonic() > deadline:
                return None
            time.sleep(0.02)


def _warm_up(*acts: Callable[[], None]) -> None:
    """What can be loaded before the first job is; what fails now is told by each job, and may mend by itself."""
    for act in acts:
        try:
            act()
        except (StorageError, DocumentError, OSError) as error:
            log.error("%s", error)


def _listener(home: Home) -> socket.socket:
    passed = passed_sockets(os.environ, os.getpid())
    return passed[0] if passed else listen(home.socket)


def _spooler_uid(settings: Settings) -> int:
    try:
        return pwd.getpwnam(settings.spooler_user).pw_uid if settings.spooler_user else -1
    except KeyError:
        return -1


def _watch_signals(server: Server, configuration: Configuration) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=configuration.reload, name="reload", daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def main() -> int:
    """The program `pagetolld`: no arguments, or --help."""
    if len(sys.argv) > 1:
        sys.stdout.write(
            "usage: pagetolld\n\nServes the home of PAGETOLL_HOME in the foreground; see: pagetoll daemon\n"
        )
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    logs.start_log()
    try:
        return run(Home.from_environment(os.environ))
    except UsageError as error:
        log.error("%s", error)
        return 2
    except PagetollError as error:
        log.error("%s", error)
        return 1
    except Exception:
        log.exception("the daemon failed; please report it")
        return 1


if __name__ == "__main__":
    sys.exit(main())
