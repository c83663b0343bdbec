# SPDX-License-Identifier: Apache-2.0
"""The zygote: one process with every parser loaded, from which each document gets a child of its own.

It has one thread, looks at no document, and does little: hands each request to a child that already waits,
forks the next one, keeps one Ghostscript waiting, ends what runs too long, and says how a child ended. It ends
with the daemon: the control socket closes, whatever killed the daemon. (The kernel's parent-death signal would
come when the daemon's *thread* that started us ends, so it is used only from here downwards.)

    daemon -> zygote   JSON [trust_dsc, look, copies rule] + document, reply socket   zygote -> daemon   "ready", once
"""

import codecs
import gc
import json
import os
import select
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pagetoll import languages
from pagetoll.accounters.software import child, ghostscript, rendering, reply
from pagetoll.accounters.software.ghostscript import Ghostscript
from pagetoll.accounters.software.lockdown import (
    become_undumpable,
    drop_root,
    prepared_parser_filter,
    time_limit_s,
)
from pagetoll.core.errors import DocumentError
from pagetoll.languages.limits import Limits
from pagetoll.languages.pclxl_tokens import BYTE_ORDERS, WATCHED, WATCHED_FOR_PAINT, WATCHED_ON_COLORED, step_pattern

READY = b"ready"
MOST_RESOLUTION_DPI = 1200


@dataclass(slots=True)
class Child:
    """A forked child: waiting while `answers` is None, else counting until `deadline_s` (time.monotonic)."""

    pid: int
    pidfd: int
    channel: socket.socket
    answers: socket.socket | None = None
    deadline_s: float = float("inf")
    timed_out: bool = False
    renderings: dict[int, Ghostscript] = field(default_factory=dict)
    renderings_begun: int = 0


class Zygote:
    """The loop over requests, children and Ghostscripts."""

    def __init__(self, control: socket.socket, ghostscript_executable: str, *, pages_seen: bool = False) -> None:
        self._control = control
        self._executable = ghostscript_executable
        self._counting_arguments = ghostscript.counting_arguments(pages_seen=pages_seen)
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self._spare: Child | None = None
        self._waiting: Ghostscript | None = None
        self._keep_waiting = True
        self._running = True

    def run(self) -> None:
        """Serve until the daemon is gone."""
        self._selector.register(self._control, selectors.EVENT_READ, self._take_request)
        self._prepare()
        self._control.send(READY)
        while self._running:
            for key, _ in self._selector.select(self._time_to_next_deadline_s()):
                act: Callable[[], None] = key.data
                act()
            self._end_overdue()
            self._prepare()
        os.killpg(0, signal.SIGKILL)

    def _prepare(self) -> None:
        """Have one child and one Ghostscript waiting.

        While a document is counted, nothing is prepared: it would take the processor and the memory bus from
        the job at hand, and a further document gets a new child all the same.
        """
        if any(counting.answers is not None for counting in self._children.values()):
            return
        if self._spare is None:
            self._spare = self._fork()
        if self._waiting is None and self._keep_waiting:
            self._start_ghostscript()

    def _take_request(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1000, 2, socket.MSG_CMSG_CLOEXEC)
        if not message or len(descriptors) != 2:
            self._running = bool(message)
            return
        trust_dsc, look, copies_rule = json.loads(message)
        document, answers = descriptors
        timeout_s = time_limit_s(os.fstat(document).st_size)
        request = json.dumps([trust_dsc, look, copies_rule, timeout_s, os.access(self._executable, os.X_OK)]).encode()
        try:
            counting = self._hand_over(request, [document, answers])
        finally:
            os.close(document)
        counting.answers = socket.socket(fileno=answers)
        counting.deadline_s = time.monotonic() + timeout_s

    def _hand_over(self, request: bytes, descriptors: list[int]) -> Child:
        """Give the document to the waiting child, or to a new one when that has died meanwhile."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(OSError):
                socket.send_fds(spare.channel, [child.DOCUMENT + request], descriptors)
                return spare
        fresh = self._fork()
        socket.send_fds(fresh.channel, [child.DOCUMENT + request], descriptors)
        return fresh

    def _fork(self) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            child.run(theirs, parent_pid)
        theirs.close()
        ours.setblocking(False)  # a child that asks and does not listen must not keep the others waiting
        forked = Child(pid, os.pidfd_open(pid), ours)
        self._children[pid] = forked
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(forked))
        self._selector.register(forked.pidfd, selectors.EVENT_READ, lambda: self._bury(forked))
        return forked

    def _hear(self, speaker: Child) -> None:
        """A counting child asks for a Ghostscript; or has closed its end, because it is about to be gone."""
        try:
            message = speaker.channel.recv(10)
        except OSError:
            message = b""
        if not message:
            self._forget_channel(speaker)
        elif message == rendering.ASK and speaker.answers is not None:
            with suppress(OSError):  # it may have been killed while asking
                self._give_ghostscript(speaker)
        elif (resolution_dpi := _pixels_asked(message)) and speaker.answers is not None:
            with suppress(OSError):
                grey = message[:1] == rendering.ASK_GREY
                self._give_pixel_ghostscript(speaker, ghostscript.pixel_arguments(resolution_dpi, grey=grey))

    def _forget_channel(self, speaker: Child) -> None:
        with suppress(KeyError, ValueError):  # its end may have been heard before
            self._selector.unregister(speaker.channel)

    def _give_ghostscript(self, speaker: Child) -> None:
        speaker.renderings_begun += 1
        if self._waiting is not None and _is_over(self._waiting.pidfd):
            self._bury_ghostscript(self._waiting)
        if speaker.renderings_begun <= rendering.RENDERINGS_PER_DOCUMENT and self._waiting is None:
            self._start_ghostscript()
        given, self._waiting = self._waiting, None
        if given is None or speaker.renderings_begun > rendering.RENDERINGS_PER_DOCUMENT:
            self._waiting = given
            speaker.channel.send(rendering.NONE)
            return
        self._keep_waiting = True
        self._hand_ghostscript(speaker, given)

    def _give_pixel_ghostscript(self, speaker: Child, arguments: tuple[str, ...]) -> None:
        """One for pictures is not kept waiting: it is started when it is asked for."""
        speaker.renderings_begun += 1
        given = None
        if speaker.renderings_begun <= rendering.RENDERINGS_PER_DOCUMENT:
            given = ghostscript.start(self._executable, arguments)
        if given is None:
            speaker.channel.send(rendering.NONE)
            return
        self._watch(given)
        self._hand_ghostscript(speaker, given)

    def _hand_ghostscript(self, speaker: Child, given: Ghostscript) -> None:
        speaker.renderings[given.pid] = given
        try:
            pipes = [given.stdin, given.stdout, given.stderr]
            socket.send_fds(speaker.channel, [rendering.ASK + b"%d" % given.pid], pipes)
        finally:
            given.release_pipes()

    def _start_ghostscript(self) -> None:
        started = self._waiting = ghostscript.start(self._executable, self._counting_arguments)
        if started is not None:
            self._watch(started)

    def _watch(self, started: Ghostscript) -> None:
        self._selector.register(started.pidfd, selectors.EVENT_READ, lambda: self._bury_ghostscript(started))

    def _bury_ghostscript(self, ended: Ghostscript) -> None:
        self._selector.unregister(ended.pidfd)
        os.close(ended.pidfd)
        _, wait_status = os.waitpid(ended.pid, 0)
        if self._waiting is ended:
            self._waiting, self._keep_waiting = (
                None,
                False,
            )  # no use starting one after the other: wait for a document
            ended.release_pipes()
        for user in self._children.values():
            if user.renderings.pop(ended.pid, None) is not None:
                with suppress(OSError):
                    user.channel.send(rendering.STATUS + b"%d %d" % (ended.pid, wait_status))

    def _bury(self, ended: Child) -> None:
        """A child is gone: say how to whoever waits for its answer, and end its Ghostscripts."""
        self._selector.unregister(ended.pidfd)
        self._forget_channel(ended)
        ended.channel.close()
        os.close(ended.pidfd)
        _, wait_status = os.waitpid(ended.pid, 0)
        del self._children[ended.pid]
        if self._spare is ended:
            self._spare = None
        for running in ended.renderings.values():
            running.kill()
        if ended.answers is not None:
            with suppress(OSError):  # the daemon had its answer and has gone on
                how = reply.EXITED + reply.encode_exit(wait_status, ended.timed_out)
                ended.answers.send(how, socket.MSG_DONTWAIT)
            ended.answers.close()

    def _time_to_next_deadline_s(self) -> float | None:
        soonest_s = min((counting.deadline_s for counting in self._children.values()), default=float("inf"))
        return None if soonest_s == float("inf") else max(0.0, soonest_s - time.monotonic())

    def _end_overdue(self) -> None:
        now_s = time.monotonic()
        for counting in self._children.values():
            if counting.deadline_s <= now_s:
                counting.timed_out = True
                counting.deadline_s = float("inf")
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(counting.pidfd, signal.SIGKILL)


def _pixels_asked(message: bytes) -> int:
    """The resolution that a child's message asks pictures of, 0 when it asks nothing of the kind."""
    kind, number = message[:1], message[1:]
    if (
        kind not in (rendering.ASK_PIXELS, rendering.ASK_GREY)
        or not number.isdigit()
        or int(number) > MOST_RESOLUTION_DPI
    ):
        return 0
    return int(number)


def main(arguments: list[str]) -> None:
    """`arguments`: control descriptor, uid and gid to count as when started by root, Ghostscript's path, and whether
    pages will be looked at (1 or 0)."""
    control_fd, uid, gid, ghostscript_executable, pages_seen = arguments
    control = socket.socket(fileno=int(control_fd))
    control.set_inheritable(False)
    drop_root(int(uid), int(gid))
    become_undumpable()
    os.chdir("/")
    _load_everything(pages_seen == "1")
    gc.collect()
    gc.freeze()  # children share these pages; a collection would write to all of them
    Zygote(control, ghostscript_executable, pages_seen=pages_seen == "1").run()


def _is_over(pidfd: int) -> bool:
    """Whether the process has ended, also when the selector has not told yet."""
    return bool(select.select([pidfd], [], [], 0)[0])


def _load_everything(pages_seen: bool) -> None:
    """Whatever a parser imports or sets up at first use: a child can open no file to do it later."""
    for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii", "latin-1", "cp1252", "cp437"):
        codecs.lookup(name)
    with suppress(OSError):  # each child will say so itself
        prepared_parser_filter()
    for order in BYTE_ORDERS:
        for watched in (WATCHED, WATCHED_FOR_PAINT, WATCHED_ON_COLORED):
            step_pattern(order, watched)
    for document in _WARM_UP:
        with suppress(DocumentError):
            look = child.inspector(["cmyk", 72, 1], None) if pages_seen else None
            languages.count(document, limits=Limits(), trust_dsc=True, render_postscript=None, inspect_pages=look)


_WARM_UP = (
    (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj "
        b"4 0 obj<</Length 19>>stream\n1 0 0 rg 0 0 9 9 re f\nendstream endobj\n"
        b"trailer<</Root 1 0 R/Size 5>>\n%%EOF\n"
    ),
    b"%PDF-1.4\nbroken",
    b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n0 0 moveto (x) show showpage\n%%EOF\n",
    b"%!PS\n{ showpage } exec\n",
    b"\x1b%-12345X@PJL ENTER LANGUAGE=PCLXL\r\n) HP-PCL XL;2;0\n",
    b"RaS2PwgRaster\0",
    b"UNIRAST\0\0\0\0\1",
    # A picture of one pixel, for what decodes pictures.
    (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
        b"\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xd0\0\0\4\x81\1\x80,U\xce\xb0\0\0\0\0IEND\xaeB`\x82"
    ),
    b"plain text\n",
    b"\0\1\2\3",
)

if __name__ == "__main__":
    main(sys.argv[1:])
