# SPDX-License-Identifier: Apache-2.0
"""Runs commands for people who may not open the books themselves: each in a child of its own, as the service user.

Nothing of the caller reaches the child but his words, the language he wishes, and descriptors that he opened himself.
Who he is, the child is told by the daemon, which has it from the kernel.

The daemon itself receives nothing of a request, least of all a descriptor: each program that it starts would close it
on its way, and a file of the caller's own file system (fuse(4)) lets nobody go on who closes it.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pagetoll
from pagetoll.app.printing.client import ClientGone
from pagetoll.config.home import Home
from pagetoll.core.messages import marked
from pagetoll.frontends.daemon.credentials import Peer, is_administrator, peer_of
from pagetoll.frontends.daemon.session import Session
from pagetoll.wire import frames

log = logging.getLogger("pagetoll.commands")

#: What the caller's program says in its user's language.
NO_NAME = marked("your user number has no name; ask the administrator of this machine")
TOO_LONG = marked("the command took too long; a change that was not complete was not made")
ENDED_FROM_OUTSIDE = marked("the command was ended from outside; a change that was not complete was not made")

TIME_LIMIT_S = 3600.0
AFTER_INTERRUPT_S = 3.0
#: What a child has of the daemon's own environment.
OURS = ("PATH", "CUPS_SERVER", "PAGETOLL_HOME", "PYKOTA_HOME")
_PACKAGE_ROOT = str(Path(pagetoll.__file__).parent.parent)
_PROGRAM_LENGTH_MAX = 200


def child_words(module: str, descriptor: int) -> list[str]:
    """How a module of this package is started as a child, with a descriptor of what it is told."""
    boot = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from pagetoll.frontends.start import spare_the_collector; spare_the_collector(); "
        f"from pagetoll.frontends.daemon.{module} import main; sys.exit(main(int(sys.argv[2])))"
    )
    return [sys.executable, "-I", "-c", boot, _PACKAGE_ROOT, str(descriptor)]


class Commands:
    """Runs requests; one object a daemon. `admin_files` are asked at each request, because they may change."""

    def __init__(self, home: Home, admin_files: Callable[[], Sequence[Path]]) -> None:
        self._home = home
        self._admin_files = admin_files

    def serve(self, session: Session) -> None:
        """Run the command that the client announces to its end, and tell its exit status. Raises ClientGone, also
        for a client whose request was none: what was wrong with it is told to it already."""
        peer = peer_of(session.peer_uid)
        if peer is None:
            session.send(frames.Failed(sentence=NO_NAME.encode()))
            return
        told = os.memfd_create("command", os.MFD_CLOEXEC)
        try:
            child = self._start(peer, session, told)
            began_s = time.monotonic()
            status = _ended(child, session, began_s + TIME_LIMIT_S)
            program = os.pread(told, _PROGRAM_LENGTH_MAX, 0).decode("ascii", "replace")
        finally:
            os.close(told)
        if not program:
            raise ClientGone("no command was asked for")
        log.info("ran %s for %s: status=%s", program, peer.name, status)
        if status < 0:
            late = time.monotonic() - began_s > TIME_LIMIT_S
            session.send(frames.Failed(sentence=(TOO_LONG if late else ENDED_FROM_OUTSIDE).encode()))
        else:
            session.send(frames.Exit(status=status))

    def _start(self, peer: Peer, session: Session, told: int) -> "subprocess.Popen[bytes]":
        """The child, which reads in `told` who asks where, and writes there what it runs."""
        administrator = peer.uid in (0, self._home.owner().uid) or is_administrator(peer, self._admin_files())
        request = {
            "daemon": os.getpid(),
            "caller": peer.name,
            "administrator": administrator,
            "connection": session.fileno(),
        }
        with open(told, "wb", closefd=False) as file:
            file.write(json.dumps(request).encode("ascii"))
        os.lseek(told, 0, os.SEEK_SET)
        return subprocess.Popen(
            child_words("command_request", told),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(told, session.fileno()),
            env={name: os.environ[name] for name in OURS if name in os.environ},
            cwd="/",
            start_new_session=True,
        )


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
