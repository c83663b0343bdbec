# SPDX-License-Identifier: Apache-2.0
"""The daemon's end of counting: asks the zygote for a child per document, believes little, waits with a limit.

Threads may count at the same time; each request brings its own reply socket, so answers need no sorting. What
comes out is always a `Usage` or a `DocumentError`, whatever becomes of child, zygote or Ghostscript.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pagetoll
from pagetoll.accounters.software import office, reply
from pagetoll.accounters.software.lockdown import time_limit_s
from pagetoll.core.accounting import InkAccounter
from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument, UnknownLanguage
from pagetoll.core.messages import _
from pagetoll.core.usage import Confidence, Finding, Usage
from pagetoll.languages.copies import CopiesRule

START_TIMEOUT_S = 30.0
HANG_GRACE_S = 3.0
"""How long after the time limit the zygote may take to report a child it should have ended."""
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from pagetoll.accounters.software.zygote import main; main(sys.argv[1:])"
)
_READY = b"ready"
_OF_DECLARED = frozenset(["no_stated_pages", "declared_mismatch"])
"""Findings about the number that an office document declares."""


class _ZygoteLost(Exception):
    """The zygote went away under a request that was not at fault."""


class _ChildDied(Exception):
    """The child died of the document; `error` is what to tell about it."""

    def __init__(self, error: DocumentError) -> None:
        super().__init__(str(error))
        self.error = error


class _Zygote:
    """One running zygote process and our end of its control socket."""

    def __init__(self, run_as: tuple[int, int], ghostscript_executable: str, pages_seen: bool) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._send_lock = threading.Lock()
        uid, gid = run_as
        package_root = str(Path(pagetoll.__file__).parent.parent)
        with theirs:
            arguments = [str(theirs.fileno()), str(uid), str(gid), ghostscript_executable, str(int(pages_seen))]
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, package_root, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                # a library's threads would not live through the fork of a child
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
                cwd="/",
                start_new_session=True,
            )
        self.control.settimeout(START_TIMEOUT_S)
        try:
            ready = self.control.recv(100) == _READY
        except OSError:
            ready = False
        if not ready:
            self.end()
            raise DocumentError(_("the counting process did not start; its message is in the log of pagetolld"))
        self.control.settimeout(HANG_GRACE_S)

    def send(self, request: bytes, descriptors: list[int]) -> None:
        try:
            with self._send_lock:
                socket.send_fds(self.control, [request], descriptors)
        except OSError as error:
            raise _ZygoteLost from error

    def lives(self) -> bool:
        """False once it has ended; its sockets close an instant before it can be waited for, hence the wait."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.3)
        return self.process.returncode is None

    def end(self) -> None:
        """Kill it; the kernel kills its children with it."""
        self.process.kill()
        self.process.wait()
        self.control.close()


@dataclass(frozen=True, slots=True)
class PageLook:
    """What to find out about the pages besides their number: colors, and the coverage in `space` if it is one of
    `pagetoll.languages.coverage.SPACES`; in documents of at most `most_pages`."""

    space: str | None = None
    resolution_dpi: int = 72
    most_pages: int = 1_000_000


class SoftwareCounter:
    """Counts documents in locked-down children; a `pagetoll.ports.DocumentCounter`."""

    def __init__(
        self,
        *,
        run_as: tuple[int, int] | None = None,
        ghostscript: str = "gs",
        libreoffice: str = "soffice",
        documents_at_once: int | None = None,
        pages_seen: bool = False,
    ) -> None:
        """`run_as`: uid and gid of the children where this process is root's (default: nobody); `ghostscript`: a
        program's name or path, may be missing, as may `libreoffice`, which lays out office documents;
        `documents_at_once`: the rest waits (default: two a processor);
        `pages_seen`: load what `count` needs for colors and coverage (numpy), which costs time and memory."""
        self._run_as = run_as or _unprivileged()
        self._ghostscript = shutil.which(ghostscript) or ghostscript
        self._slots = threading.BoundedSemaphore(documents_at_once or 2 * (os.cpu_count() or 1))
        self._pages_seen = pages_seen
        self._libreoffice = libreoffice
        self._office = office.find(libreoffice, self._run_as)
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._sighted: SoftwareCounter | None = None
        self._closed = False

    def start(self) -> None:
        """Load everything now, so that the first document need not wait. Raises `DocumentError`."""
        self._running_zygote()

    def close(self) -> None:
        """End the zygote and whatever it still counts."""
        with self._lock:
            self._closed = True
            if self._sighted is not None:
                self._sighted.close()
            if self._zygote is not None:
                self._zygote.end()
                self._zygote = None

    def count(
        self,
        document_fd: int,
        *,
        trust_dsc: bool = False,
        look: PageLook | None = None,
        ink: InkAccounter | None = None,
        copies_rule: CopiesRule = CopiesRule.INNER_WINS,
        meanwhile: Callable[[], object] | None = None,
    ) -> Usage:
        """What the regular file open as `document_fd` will use; its offset stays where it is.

        `trust_dsc`: a filter wrote every octet, so PostScript comments may be believed; `look`: what to find out by
        looking at the pages, only where the counter was made with `pages_seen`; `ink`: look at the coverage so, with
        a zygote of its own; `copies_rule`: what counts when PJL
        and the language both ask for copies; `meanwhile`: what the caller does while the child counts, once; what it
        raises is raised. Raises a kind of `DocumentError` when there is no
        number: the language is unknown, the data broken, a limit reached, the child died.
        """
        if ink is not None:
            wanted = PageLook(ink.space.value, ink.dpi)
            return self._seeing().count(document_fd, trust_dsc=trust_dsc, look=wanted, meanwhile=meanwhile)
        if look is not None and not self._pages_seen:
            raise ValueError("this counter was made without pages_seen")
        status = os.fstat(document_fd)
        if not stat.S_ISREG(status.st_mode):
            raise DocumentError(_("only a regular file can be counted; copy the document into one first"))
        timeout_s = time_limit_s(status.st_size) + HANG_GRACE_S
        with self._slots:
            try:
                usage = self._count(document_fd, _request(trust_dsc, look, copies_rule), timeout_s, meanwhile)
                return self._laid_out(usage, document_fd, look)
            except UnknownLanguage:
                book = self._workbook(document_fd, look)
                if book is None:
                    raise
                return book
            except _ChildDied as died:
                if look is None:
                    raise died.error from died
            # Drawing a page killed it: the count without that is still worth having.
            try:
                usage = self._count(document_fd, _request(trust_dsc, None, copies_rule), timeout_s, None)
            except _ChildDied as died:
                raise died.error from died
        return replace(usage, findings=(*usage.findings, Finding("coverage_incomplete")))

    def _seeing(self) -> "SoftwareCounter":
        """A counter that looks at pages; made when the first document wants it."""
        if self._pages_seen:
            return self
        with self._lock:
            if self._sighted is None:
                self._sighted = SoftwareCounter(
                    run_as=self._run_as,
                    ghostscript=self._ghostscript,
                    libreoffice=self._libreoffice,
                    pages_seen=True,
                )
            return self._sighted

    def _laid_out(self, declared: Usage, document_fd: int, look: PageLook | None) -> Usage:
        """An office document as LibreOffice lays it out, where it is installed; else what the document declares."""
        if self._office is None or len(declared.segments) != 1 or declared.language not in office.SUFFIXES:
            return declared
        usage = self._drawn(self._office, document_fd, office.SUFFIXES[declared.language], look)
        if usage is None:
            return declared
        (asked,), (drawn,) = declared.segments, usage.segments
        segment = replace(drawn, language=asked.language, sets=asked.sets, end_offset=asked.end_offset)
        findings = (*(one for one in declared.findings if one.code not in _OF_DECLARED), Finding("laid_out"))
        return Usage((segment,), Confidence.EXACT, findings, coverage=usage.coverage)

    def _workbook(self, document_fd: int, look: PageLook | None) -> Usage | None:
        """A workbook as LibreOffice lays it out, None where it is none or is not laid out."""
        kind = None if self._office is None else office.workbook(document_fd)
        if self._office is None or kind is None:
            return None
        language, suffix = kind
        usage = self._drawn(self._office, document_fd, suffix, look)
        if usage is None:
            return None
        segment = replace(usage.segments[0], language=language, end_offset=os.fstat(document_fd).st_size)
        return Usage((segment,), Confidence.EXACT, (Finding("laid_out"),), coverage=usage.coverage)

    def _drawn(self, converter: office.Office, document_fd: int, suffix: str, look: PageLook | None) -> Usage | None:
        """The count of the PDF that LibreOffice makes of a document, None where there is no exact one."""
        with converter.pdf(document_fd, suffix) as pdf:
            if pdf is None:
                return None
            request = _request(trust_dsc=False, look=look, copies_rule=CopiesRule.INNER_WINS)
            try:
                usage = self._count(pdf, request, time_limit_s(os.fstat(pdf).st_size) + HANG_GRACE_S, None)
            except (DocumentError, _ChildDied):
                return None
        alone = usage.language == "pdf" and len(usage.segments) == 1
        return usage if alone and usage.confidence is Confidence.EXACT else None

    def _count(
        self,
        document_fd: int,
        request: bytes,
        timeout_s: float,
        meanwhile: Callable[[], object] | None,
    ) -> Usage:
        for _attempt in range(2):
            zygote = self._running_zygote()
            try:
                return self._ask(zygote, document_fd, request, timeout_s, meanwhile)
            except _ZygoteLost:
                self._discard(zygote)
                meanwhile = None
        raise DocumentError(_("the counting process was ended twice under this document; try again"))

    def _ask(
        self,
        zygote: _Zygote,
        document_fd: int,
        request: bytes,
        timeout_s: float,
        meanwhile: Callable[[], object] | None,
    ) -> Usage:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                zygote.send(request, [document_fd, theirs.fileno()])
            if meanwhile is not None:
                meanwhile()
            try:
                return _listen(ours, time.monotonic() + timeout_s, timeout_s - HANG_GRACE_S)
            except TimeoutError as error:
                self._discard(zygote)  # it should have ended that child by now, so it hangs itself
                raise DocumentTooComplex(
                    _(
                        "counting did not end in time and was stopped; split the document, or print it as another "
                        "format"
                    )
                ) from error
            except EOFError as error:
                if not zygote.lives():
                    raise _ZygoteLost from error
                raise MalformedDocument(
                    _("the parser ended without an answer; print the document as another format")
                ) from error
            except reply.BadReply as error:
                raise MalformedDocument(_("the parser's answer was refused: {error}").format(error=error)) from error

    def _running_zygote(self) -> _Zygote:
        with self._lock:
            if self._closed:
                raise DocumentError(_("counting has been shut down; print the job again"))
            if self._zygote is None:
                self._zygote = _Zygote(self._run_as, self._ghostscript, self._pages_seen)
            return self._zygote

    def _discard(self, zygote: _Zygote) -> None:
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
                zygote.end()


def _request(trust_dsc: bool, look: PageLook | None, copies_rule: CopiesRule) -> bytes:
    """What the zygote is told about a document."""
    wanted = None if look is None else [look.space, look.resolution_dpi, look.most_pages]
    return json.dumps([trust_dsc, wanted, copies_rule]).encode()


def _unprivileged() -> tuple[int, int]:
    """Who counts: ourselves, or nobody where we are root."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _listen(answers: socket.socket, until_s: float, limit_s: float) -> Usage:
    """The child's answer. Raises `DocumentError` kinds, `_ChildDied`, `BadReply`, `EOFError` (no answer),
    `TimeoutError`."""
    pieces: list[bytes] = []
    heard_octets = 0
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        answers.settimeout(left_s)
        try:
            message = answers.recv(reply.PIECE_OCTETS + 1)
        except ConnectionResetError:
            message = b""
        kind, body = message[:1], message[1:]
        if kind == reply.PIECE:
            pieces.append(body)
            heard_octets += len(body)
            if heard_octets > reply.ANSWER_LIMIT_OCTETS:
                raise reply.BadReply("longer than any count can be")
        elif kind == reply.COMPLETE:
            return reply.decode_usage(b"".join(pieces))
        elif kind == reply.FAILURE:
            raise reply.decode_failure(body)
        elif kind == reply.EXITED:
            raise _ChildDied(_obituary(*reply.decode_exit(body), limit_s))
        elif not kind:
            raise EOFError
        else:
            raise reply.BadReply("a message of no known kind")


def _obituary(wait_status: int, timed_out: bool, limit_s: float) -> DocumentError:
    """What to tell about a child that died before its answer was complete."""
    if timed_out or (os.WIFSIGNALED(wait_status) and os.WTERMSIG(wait_status) == signal.SIGXCPU):
        return DocumentTooComplex(
            _("counting took longer than {limit_s:.0f} s; split the document, or print it as another format").format(
                limit_s=limit_s
            )
        )
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        return MalformedDocument(
            _("the parser died by signal {number} ({name}) on this document").format(
                number=number, name=signal.strsignal(number)
            )
        )
    return MalformedDocument(
        _("the parser ended with status {status} and no answer").format(status=os.waitstatus_to_exitcode(wait_status))
    )
