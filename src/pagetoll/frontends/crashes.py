# SPDX-License-Identifier: Apache-2.0
"""A mail about a failure of our own, to `crashrecipient`: what failed, where in the program, with which words.

Bounded: the same place of the program is told once an hour and ten places at the most, kept in a file of the home, so
that neither a cron job nor a daemon that is started again and again fills a mailbox. Of the environment only names
are told, and the values of variables that hold no secret; passwords in addresses are left out.
"""

import contextlib
import fcntl
import json
import logging
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from pagetoll import __version__
from pagetoll.config.home import Home
from pagetoll.config.load import load_home
from pagetoll.config.options import Settings
from pagetoll.core.errors import PagetollError
from pagetoll.core.messages import _
from pagetoll.core.notices import Mail
from pagetoll.frontends.identity import become_owner
from pagetoll.notifiers.mail import SmtpMailSender

log = logging.getLogger("pagetoll.crashes")

AGAIN_AFTER_S = 3600
PLACES_MAX = 10
FILE_OCTETS_MAX = 65536
TRACE_CHARACTERS_MAX = 32_000
WORDS_MAX, WORD_CHARACTERS_MAX = 100, 200
SEND_TIMEOUT_S = 10.0
SHOWN_VARIABLES = re.compile(r"LANG|LANGUAGE|LC_[A-Z]+|PATH|TZ|TERM|PAGETOLL_HOME|PYKOTA_HOME|CUPS_SERVER")
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")

Failure = BaseException


class CrashLimit:
    """Which places of the program were told of, and when, in a file of the home's owner."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def may_tell(self, place: str, now_s: float) -> bool:
        """Whether this place is to be told now; it is put down then. Where that cannot be, nobody is told."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(self._path, flags, 0o600), "r+", encoding="utf-8", errors="replace") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                told = _recent(file.read(FILE_OCTETS_MAX), now_s)
                if place in told or len(told) >= PLACES_MAX:
                    return False
                file.seek(0)
                file.truncate()
                json.dump(told | {place: now_s}, file)
        except OSError:
            return False
        return True


def _recent(text: str, now_s: float) -> dict[str, float]:
    """The places of the last hour; a clock that was set back forgets what lies in its future."""
    try:
        found = json.loads(text)
        return {str(name): float(at) for name, at in found.items() if 0 <= now_s - float(at) < AGAIN_AFTER_S}
    except (ValueError, TypeError, AttributeError):
        return {}


class CrashMails(logging.Handler):
    """Tells of every failure that is logged with its trace, each by a thread of its own."""

    def __init__(self, settings: Callable[[], Settings], limit: CrashLimit, program: str) -> None:
        super().__init__(logging.ERROR)
        self._settings, self._limit, self._program = settings, limit, program

    def emit(self, record: logging.LogRecord) -> None:
        """Whoever logs a failure goes on, also where it cannot be told."""
        try:
            self._tell(record)
        except Exception:
            self.handleError(record)

    def _tell(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        settings = self._settings()
        if error is None or not settings.crashrecipient:
            return
        if not self._limit.may_tell(place_of(error), time.time()):
            return
        mail = crash_mail(settings, self._program, record.getMessage(), error, sys.argv, os.environ)
        threading.Thread(target=send, args=(settings, mail), name="crash mail").start()


def tell_of_crash(program: str, words: Sequence[str], error: Exception) -> None:
    """For a command that failed: a mail where the configuration wants one and we may read it. `program` may be "",
    which is the one that runs. Raises nothing."""
    with contextlib.suppress(Exception):  # the failure itself is what is shown
        home = Home.from_environment(os.environ)
        if not become_owner(home):
            return
        settings = load_home(home)
        if settings.crashrecipient and CrashLimit(limit_file(home)).may_tell(place_of(error), time.time()):
            program = program or Path(sys.argv[0]).name
            send(settings, crash_mail(settings, program, "", error, [program, *words], os.environ))


def limit_file(home: Home) -> Path:
    """Where a home keeps what was told."""
    return home.data_folder / "crashes"


def place_of(error: Failure) -> str:
    """Where in the program it happened: the kind of failure, and the file and line that raised it."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "-"
    return f"{type(error).__name__} {where}"


def send(settings: Settings, mail: Mail) -> None:
    """Send it; what keeps it from being sent is logged."""
    sender = SmtpMailSender(settings.smtpserver, timeout_s=SEND_TIMEOUT_S)
    try:
        sender.send(mail)
    except PagetollError as error:
        log.warning("the mail about a failure was not sent: %s", error)
    finally:
        sender.close()


def crash_mail(
    settings: Settings,
    program: str,
    doing: str,
    error: Failure,
    arguments: Sequence[str],
    environ: Mapping[str, str],
) -> Mail:
    """What is told: program and version, what it was doing, the trace, its words, its environment."""
    trace = "".join(traceback.format_exception(error))
    words = [word[:WORD_CHARACTERS_MAX] for word in arguments[:WORDS_MAX]]
    variables = (f"{name}={value if SHOWN_VARIABLES.fullmatch(name) else '…'}" for name, value in environ.items())
    parts = [
        _("{program} of Pagetoll {version} failed on {host}, process {pid}.").format(
            program=program, version=__version__, host=socket.gethostname(), pid=os.getpid()
        ),
        *([doing] if doing else []),
        trace[-TRACE_CHARACTERS_MAX:],
        _("Words of its command line: {words}").format(words=" ".join(map(repr, words))),
        _("Its environment, without what may be secret:") + "\n" + "\n".join(sorted(variables)),
        _("The same failure is not told again within {minutes} minutes.").format(minutes=AGAIN_AFTER_S // 60),
    ]
    body = _PASSWORD.sub(r"\1…@", "\n\n".join(parts))
    sender = settings.defaults.adminmail
    copy = sender if sender != settings.crashrecipient else ""
    return Mail(sender, settings.crashrecipient, _("Pagetoll failed: {program}").format(program=program), body, copy)
