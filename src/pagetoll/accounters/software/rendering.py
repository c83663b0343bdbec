# SPDX-License-Identifier: Apache-2.0
"""PostScript to PCL XL, or to pictures, inside a counting child, through a Ghostscript that the zygote hands over.

The child can neither execute nor connect, so it asks on its channel and gets the three pipe ends of a process
that already waits. It pumps the document in and the answer out in one loop over non-blocking pipes: writing
first and reading afterwards would block both sides as soon as two pipes are full.

    child -> zygote   G                     a Ghostscript for PCL XL, please
    child -> zygote   P DPI                 a Ghostscript for pictures of so many dots per inch, please
    child -> zygote   Q DPI                 the same for grey pictures
    zygote -> child   G SERIAL + 3 pipes    here it is;    N: there is none
    zygote -> child   S SERIAL STATUS       it ended with this wait status
"""

import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

from pagetoll.accounters.software.reply import printable
from pagetoll.core.errors import DocumentError, DocumentTooComplex, MalformedDocument

ASK, ASK_PIXELS, ASK_GREY, NONE, STATUS = b"G", b"P", b"Q", b"N", b"S"
RENDERINGS_PER_DOCUMENT = 16
TOO_LONG = (
    "the PostScript program was still running when its time (4 s and 2 s per MiB, at most 60 s) was over; "
    "print the document as PDF, or in parts"
)
_CHUNK_OCTETS = 128 * 1024
_MESSAGES_KEPT_OCTETS = 4000


class GhostscriptRenderer:
    """A `pagetoll.languages.limits.Renderer`: call it with PostScript, iterate over PCL XL. Its method `pixels` is a
    `PixelRenderer`."""

    def __init__(self, channel: socket.socket, deadline_s: float) -> None:
        """`deadline_s` by `time.monotonic`."""
        self._channel = channel
        self._deadline_s = deadline_s

    def __call__(self, document: memoryview) -> Iterator[bytes]:
        """Yields all that was rendered, then raises `DocumentTooComplex` when time or memory ran out and
        `MalformedDocument` when the program ended with an error or Ghostscript died."""
        return self._run(ASK, document)

    def pixels(self, document: memoryview, resolution_dpi: int, *, grey: bool = False) -> Iterator[bytes]:
        """The same with pictures of the pages."""
        return self._run((ASK_GREY if grey else ASK_PIXELS) + b"%d" % resolution_dpi, document)

    def _run(self, request: bytes, document: memoryview) -> Iterator[bytes]:
        for last_try in (False, True):
            serial, pipes = self._ask(request)
            messages = bytearray()
            rendered = False
            try:
                for chunk in self._pump(document, pipes, messages):
                    rendered = True
                    yield chunk
            finally:
                for end in pipes:
                    with suppress(OSError):
                        os.close(end)
            wait_status = self._wait_for_status(serial)
            # killed before it gave anything: it may have died while it waited, which is not the document's fault
            if last_try or rendered or os.waitstatus_to_exitcode(wait_status) != -signal.SIGKILL or self._is_late():
                break
        self._judge(wait_status, bytes(messages))

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline_s

    def _ask(self, request: bytes) -> tuple[bytes, list[int]]:
        self._channel.send(request)
        while True:
            message, pipes = self._receive()
            if message[:1] == ASK and len(pipes) == 3:
                return message[1:], pipes
            if message[:1] == NONE:
                raise DocumentTooComplex("Ghostscript cannot be started, or was needed too often for one document")

    def _pump(self, document: memoryview, pipes: list[int], messages: bytearray) -> Iterator[bytes]:
        stdin, stdout, stderr = pipes
        ready = select.poll()
        ready.register(stdin, select.POLLOUT)
        ready.register(stdout, select.POLLIN)
        ready.register(stderr, select.POLLIN)
        written = 0
        open_ends = {stdin, stdout, stderr}
        while stdout in open_ends or stderr in open_ends:
            for end, _ in ready.poll(self._left_ms()):
                if end == stdin:
                    written += _write(stdin, document[written : written + _CHUNK_OCTETS])
                    finished = written >= len(document)
                else:
                    chunk = os.read(end, _CHUNK_OCTETS)
                    finished = not chunk
                    if end == stdout and chunk:
                        yield chunk
                    elif len(messages) < _MESSAGES_KEPT_OCTETS:
                        messages += chunk[:_MESSAGES_KEPT_OCTETS]
                if finished:
                    ready.unregister(end)
                    open_ends.discard(end)
                    if end == stdin:
                        os.close(stdin)
                        pipes.remove(stdin)

    def _wait_for_status(self, serial: bytes) -> int:
        while True:
            message, _ = self._receive()
            if message[:1] == STATUS:
                of, _, status = message[1:].partition(b" ")
                if of == serial:  # an earlier one, closed before its end, reports late
                    return int(status)

    def _judge(self, wait_status: int, messages: bytes) -> None:
        code = os.waitstatus_to_exitcode(wait_status)
        if code == 0:
            return
        if -code == signal.SIGXCPU or (-code == signal.SIGKILL and self._is_late()):
            raise DocumentTooComplex(TOO_LONG)
        if code < 0:
            raise MalformedDocument(f"Ghostscript died by signal {signal.Signals(-code).name} on this document")
        if b"VMerror" in messages or b"insufficient memory" in messages:
            raise DocumentTooComplex(
                "the PostScript program needs more memory than allowed; split the document, or print it as PDF"
            )
        lines = messages.decode("latin-1").splitlines()
        reason = next((line for line in lines if line.startswith("Error")), f"exit status {code}")
        raise MalformedDocument(f"the PostScript program ended with an error: {printable(reason)[:120]}")

    def _receive(self) -> tuple[bytes, list[int]]:
        ready = select.poll()
        ready.register(self._channel, select.POLLIN)
        ready.poll(self._left_ms())
        message, descriptors, _, _ = socket.recv_fds(self._channel, 100, 3)
        if not message:
            raise DocumentError("the counting process ended while Ghostscript was needed")
        return message, descriptors

    def _left_ms(self) -> int:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise DocumentTooComplex(TOO_LONG)
        return int(left_s * 1000) + 1


def _write(stdin: int, piece: memoryview) -> int:
    """Octets taken; all of them when Ghostscript does not want the rest (it may stop at `quit`)."""
    try:
        return os.write(stdin, piece)
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return 2**62
