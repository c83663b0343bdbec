# SPDX-License-Identifier: Apache-2.0
"""What a service tells systemd and gets from it: sd_notify(3) and sd_listen_fds(3), without its library."""

import os
import socket
from collections.abc import Mapping

FIRST_PASSED_DESCRIPTOR = 3


def notify(state: str, environ: Mapping[str, str]) -> bool:
    """Send `state` (lines such as READY=1, RELOADING=1, STATUS=…) where NOTIFY_SOCKET says.

    True when it was sent; False when nobody waits for it or the message did not get through: a service must not
    fail for that.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    name = os.fsencode(address)
    if name.startswith(b"@"):  # the abstract namespace
        name = b"\0" + name[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(state.encode(), name)
        except OSError:
            return False
    return True


def passed_sockets(environ: Mapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets systemd has opened for process `pid` (socket activation); empty when there are none."""
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID", "") != str(pid) or not count.isascii() or not count.isdigit():
        return []
    passed = []
    for descriptor in range(FIRST_PASSED_DESCRIPTOR, FIRST_PASSED_DESCRIPTOR + int(count)):
        os.set_inheritable(descriptor, False)
        passed.append(socket.socket(fileno=descriptor))
    return passed
