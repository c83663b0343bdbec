# SPDX-License-Identifier: Apache-2.0
"""Where the daemon's log goes, and how much it tells: the options `logger` and `debug`.

The system's log is syslog (RFC 3164 by /dev/log), with PyKota's facility. Until the configuration is read, and where
no system's log listens, lines go to standard error; so they do besides the system's log, unless standard error is the
journal, which would have every line twice (systemd.exec(5): JOURNAL_STREAM).
"""

import logging
import os
import select
import sys
from collections.abc import Mapping
from logging.handlers import SysLogHandler
from socket import socket
from types import TracebackType

from pagetoll.config.options import Logger, Settings
from pagetoll.frontends.cli.screen import printable

DEV_LOG = "/dev/log"
ROOT = "pagetoll"
PATIENCE_MS = 200
_FORMAT = "%(name)s: %(message)s"
_Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _OneLine(logging.Formatter):
    """An event is one line, whatever titles and names are in it; only the trace of a failure has more, and none of
    its lines looks like an event."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: _Failure) -> str:  # noqa: N802 - the library's name
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).splitlines())


class _SystemLog(SysLogHandler):
    socket: socket  # of the library's class, whose types leave it out

    def emit(self, record: logging.LogRecord) -> None:
        """A system's log that is away or stuck loses the line: no job waits for it."""
        if self.socket.fileno() < 0:
            self.createSocket()
        if self.socket.fileno() < 0:
            return
        poller = select.poll()
        poller.register(self.socket, select.POLLOUT)
        if poller.poll(PATIENCE_MS):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """A system's log that is away loses the line; the next one is tried again."""


def start_log() -> None:
    """What holds until the configuration is read: to standard error."""
    _use([_to_stderr()], debug=False)


def obey(settings: Settings, environ: Mapping[str, str], *, address: str = DEV_LOG) -> None:
    """Log as the settings say from now on."""
    system = _to_system(address) if settings.logger is Logger.SYSTEM else None
    both: list[logging.Handler] = [] if system is not None and is_journal(environ) else [_to_stderr()]
    _use(both if system is None else [system, *both], debug=settings.debug)


def is_journal(environ: Mapping[str, str]) -> bool:
    """Whether standard error leads to systemd's journal."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _use(handlers: list[logging.Handler], *, debug: bool) -> None:
    logger = logging.getLogger(ROOT)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    before = [handler for handler in logger.handlers if isinstance(handler.formatter, _OneLine)]
    for handler in handlers:
        handler.setFormatter(_OneLine(_FORMAT))
        logger.addHandler(handler)
    for handler in before:
        logger.removeHandler(handler)
        handler.close()


def _to_stderr() -> logging.Handler:
    return logging.StreamHandler(sys.stderr)


def _to_system(address: str) -> logging.Handler | None:
    try:
        found = _SystemLog(address, facility=SysLogHandler.LOG_LPR)
    except OSError:
        return None
    if found.socket.fileno() < 0:
        return None  # the handler keeps what went wrong to itself
    found.ident = f"pagetolld[{os.getpid()}]: "
    found.append_nul = False
    return found
