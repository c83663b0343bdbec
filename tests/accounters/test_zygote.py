# SPDX-License-Identifier: Apache-2.0
"""The process that forks the counting children, which may be in the hands of a document's author."""

import os
import signal
import socket

import pytest

from pagetoll.accounters.software.zygote import Zygote


def test_a_child_that_asks_and_does_not_listen_keeps_nobody_waiting() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        zygote = Zygote(ours, "/nonexistent/gs")
        child = zygote._fork()
        os.kill(child.pid, signal.SIGSTOP)
        try:
            with pytest.raises(BlockingIOError):
                for _ in range(100_000):
                    zygote._give_ghostscript(child)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            child.channel.close()
            os.close(child.pidfd)
