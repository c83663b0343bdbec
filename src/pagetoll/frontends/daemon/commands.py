# SPDX-License-Identifier: Apache-2.0
"""Runs commands for people who may not open the books themselves: each in a child of its own, as the service user.

Nothing of the caller reaches the child but his words, the language he wishes, and descriptors that he opened himself.
Who he is, the child is told by the daemon, which has it from the kernel.
"""

import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pagetoll
from pagetoll.config.home import Home
from pagetoll.core.messages import marked
from pagetoll.core.rights import RIGHTS
from pagetoll.frontends.daemon.credentials import Peer, is_administrator, peer_of
from pagetoll.frontends.daemon.session import Session
from pagetoll.wire import frames
from pagetoll.wire.command_frames import STREAMS, Command

log = logging.getLogger("pagetoll.commands")

#: What the caller's program says in its user's language.
NO_SUCH_COMMAND = marked("the daemon runs no such command; run it as root")
FILES_LACK = marked("not every file of the command came with a descriptor; try again")
NO_NAME = marked("your user number has no name; ask the administrator of this machine")
TOO_LONG = marked("the command took too long; a change that was not complete was not made")
ENDED_FROM_OUTSIDE = marked("the command was ended from outside; a change that was not complete was not made")

TIME_LIMIT_S = 3600.0
AFTER_INTERRUPT_S = 3.0
_PACKAGE_ROOT = str(Path(pagetoll.__file__).parent.parent)
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from pagetoll.frontends.daemon.command_child import main; sys.exit(main(int(sys.argv[2])))"
)
#: What a child has of the daemon's own environment.
_OURS = ("PATH", "CUPS_SERVER", "PAGETOLL_HOME", "PYKOTA_HOME")
#: What it has of the caller's: forms that name no file outside the folders of locales and time zones.
_LOCALE = re.compile(rb"(?!.*\.\.)[A-Za-z0-9_.@:-]{1,100}")
_THEIRS: tuple[tuple[re.Pattern[bytes], re.Pattern[bytes]], ...] = (
    (re.compile(rb"LANG|LANGUAGE|LC_[A-Z]{1,20}"), _LOCALE),
    (re.compile(rb"TZ"), re.compile(rb"(?!.*\.\.)[A-Za-z<][A-Za-z0-9_+/,.<>-]{0,63}")),
    (re.compile(rb"COLUMNS"), re.compile(rb"[0-9]{1,4}")),
)


class Commands:
    """Runs requests; one object a daemon. `admin_files` are asked at each request, because they may change."""

    def __init__(self, home: Home, admin_files: Callable[[], Sequence[Path]]) -> None:
        self._home = home
        self._admin_files = admin_files

    def serve(self, session: Session, command: Command, descriptors: Sequence[int]) -> None:
        """Run a command to its end and tell the client its exit status. The descriptors are closed. Raises
        ClientGone."""
        try:
            answer = self._run(session, command, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        session.send(answer)

    def _run(self, session: Session, command: Command, descriptors: Sequence[int]) -> frames.Exit | frames.Failed:
        program = command.program.decode("ascii", "replace")
        if program not in RIGHTS:
            return frames.Failed(sentence=NO_SUCH_COMMAND.encode())
        if len(descriptors) != STREAMS + len(command.files):
            return frames.Failed(sentence=FILES_LACK.encode())
        peer = peer_of(session.peer_uid)
        if peer is None:
            return frames.Failed(sentence=NO_NAME.encode())
        child = self._start(peer, program, command, descriptors)
        began_s = time.monotonic()
        status = _ended(child, session, began_s + TIME_LIMIT_S)
        log.info("ran %s for %s: status=%s", program, peer.name, status)
        if status < 0:
            late = time.monotonic() - began_s > TIME_LIMIT_S
            return frames.Failed(sentence=(TOO_LONG if late else ENDED_FROM_OUTSIDE).encode())
        return frames.Exit(status=status)

    def _start(
        self, peer: Peer, program: str, command: Command, descriptors: Sequence[int]
    ) -> "subprocess.Popen[bytes]":
        files = list(descriptors[STREAMS:])
        administrator = peer.uid in (0, self._home.owner().uid) or is_administrator(peer, self._admin_files())
        request = {
            "daemon": os.getpid(),
            "caller": peer.name,
            "administrator": administrator,
            "program": program,
            "path": command.path.decode("latin-1"),
            "words": [word.decode("latin-1") for word in command.words],
            "files": [
                [file.direction, file.name.decode("latin-1"), descriptor]
                for file, descriptor in zip(command.files, files, strict=True)
            ],
        }
        told = os.memfd_create("command", os.MFD_CLOEXEC)
        try:
            with open(told, "wb", closefd=False) as file:
                file.write(json.dumps(request).encode("ascii"))
            os.lseek(told, 0, os.SEEK_SET)
            return subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, _PACKAGE_ROOT, str(told)],
                stdin=descriptors[0],
                stdout=descriptors[1],
                stderr=descriptors[2],
                pass_fds=(told, *files),
                env=self._environment(command),
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(told)

    def _environment(self, command: Command) -> dict[bytes, bytes]:
        ours = {os.fsencode(name): os.environb[os.fsencode(name)] for name in _OURS if name in os.environ}
        theirs = {
            name: value
            for name, value in command.environment
            if any(known.fullmatch(name) and allowed.fullmatch(value) for known, allowed in _THEIRS)
        }
        return {**ours, **theirs}


def _ended(child: "subprocess.Popen[bytes]", session: Session, deadline_s: float) -> int:
    """The child's exit status, negative for a signal. It is interrupted when the client leaves, killed when that does
    not help, and killed at the deadline (time.monotonic)."""
    with open(os.pidfd_open(child.pid), "rb", closefd=True) as ending:  # noqa: PTH123 - a descriptor
        poller = select.poll()
        poller.register(ending, select.POLLIN)
        poller.register(session.fileno(), select.POLLRDHUP)
        while not (happened := poller.poll(max(0.0, deadline_s - time.monotonic()) * 1000)):
            if time.monotonic() >= deadline_s:
                child.kill()
                return child.wait()
        if all(descriptor != ending.fileno() for descriptor, _ in happened):
            child.send_signal(signal.SIGINT)
            poller.unregister(session.fileno())
            if not poller.poll(AFTER_INTERRUPT_S * 1000):
                child.kill()
    return child.wait()
